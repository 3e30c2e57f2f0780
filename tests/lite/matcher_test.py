"""A matcher without TensorFlow."""

import io
from unicodedata import normalize

import jax.numpy as jnp
import numpy as np
import pytest

from keras_imgdesc import ImageTextMatcher, InputError
from keras_imgdesc.errors import ImageError, UnknownWordsWarning
from keras_imgdesc.lite import LiteMatcher
from keras_imgdesc.lite.text_file import read_words
from keras_imgdesc.text.standardization import standardize_list

TEXTS = [
    "A man's T-shirt, 2 dogs!",
    "",
    "two\tlines\nof text\x00and a zero",
    "caf\u00e9 cafe\u0301 \u0301lone mark",
    "\u0130stanbul ISTANBUL \u03a3\u03a3",
    "\u0915\u0941\u0924\u094d\u0924\u093e \u72d7 \U0001f415\ufe0f dog\u200ds",
    "`quoted\u00b4 soft\u00adhyphen 1\u20dd",
    "semi;colon_under-score \u2026 \u00bd",
    "J\u030c e\u200d\u0301 \u212b Gro\u0308\u00dfe Ti\u1ebfng Vi\u1ec7t",
    "\u4e24\u53eaDogs\uff0c\u5728\u8dd1 \u30b3\u30fc\u30d2\u30fc \ud55c\uad6d\uc5b4",
    "\u0e41\u0e21\u0e27\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48 a\u0e48 2\u53ea",
]


@pytest.mark.parametrize("split", ["words", "characters"])
def test_words_are_those_of_the_tokenizer(split):
    forms = [normalize(form, text) for form in ("NFC", "NFD") for text in TEXTS]
    expected = standardize_list(forms, split)
    assert [" ".join(read_words(text, split)) for text in forms] == expected
    assert expected[: len(TEXTS)] == expected[len(TEXTS) :]


@pytest.fixture(scope="module")
def matcher(matcher_forms) -> ImageTextMatcher:
    return ImageTextMatcher.from_preset(matcher_forms["Python"].path)


@pytest.fixture(scope="module")
def lite(matcher_forms) -> LiteMatcher:
    return LiteMatcher(matcher_forms["tflite float32"].path)


@pytest.mark.slow
def test_scores_are_those_of_python(matcher, lite, toy_image, save_image):
    path = save_image("photo.png", toy_image)
    images = [path, toy_image[::-1]]
    texts = ["A red dog.", "a man's", "dog " * 50]
    np.testing.assert_allclose(
        lite.score(images, texts), matcher.score(images, texts), atol=1e-3
    )
    batch = np.stack([toy_image, toy_image[::-1]])
    expected = lite.score(images, texts)
    for several in (
        batch,
        jnp.asarray(batch),
        [io.BytesIO(path.read_bytes()), batch[1]],
    ):
        np.testing.assert_array_equal(lite.score(several, texts), expected)
        np.testing.assert_array_equal(lite.score(several[0], texts), expected[:1])
    np.testing.assert_array_equal(
        lite.score(images, texts[0]), lite.score(images, texts[:1])
    )


@pytest.mark.slow
def test_token_ids_are_those_of_the_tokenizer(matcher, lite):
    for text in filter(str.strip, TEXTS):
        expected = matcher.text_encoder.tokenize(text)
        np.testing.assert_array_equal(lite.tokenize(text), expected)


@pytest.mark.slow
def test_an_empty_text_is_refused(lite, toy_image):
    with pytest.raises(InputError, match="text"):
        lite.score([toy_image], [" "])


def test_unknown_words_are_named_and_refused_as_in_python(matcher, lite, toy_image):
    texts = ["a zebra", "two big dog"]
    scores = []
    for either in (matcher, lite):
        with pytest.warns(UnknownWordsWarning, match="the matcher: zebra, big"):
            scores.append(either.score([toy_image], texts))
        assert either.find_unknown([*texts, " "]) == ["zebra", "big"]
        with pytest.raises(InputError, match="the matcher knows.*'zebra!'.*'mans'"):
            either.probabilities([toy_image], "zebra!")
        assert len(either.embed_texts("zebra", allow_unknown=True)) == 1
    np.testing.assert_allclose(*scores, atol=1e-3)


def test_texts_that_are_cut_are_counted_as_in_python(matcher, lite, toy_image, caplog):
    length = matcher.text_encoder.tokenizer.sequence_length
    said = []
    for either in (matcher, lite):
        caplog.clear()
        either.score([toy_image], ["a dog " * (length // 2 - 1), "dog"])
        assert not caplog.records
        either.score([toy_image], ["a dog " * length, "dog"])
        said.append([record.getMessage() for record in caplog.records])
    assert said[0] == said[1] and "1 of 2 texts (50.00 %)" in said[0][0]


@pytest.mark.slow
def test_a_file_of_another_task_is_refused():
    from keras_imgdesc.lite.captioner import LITE_FILE
    from keras_imgdesc.presets.folders import find_preset

    with pytest.raises(InputError, match="matcher"):
        LiteMatcher(find_preset("flickr8k_efficientnet_lstm") / LITE_FILE)


@pytest.mark.slow
def test_embeddings_are_those_of_python(matcher, lite, toy_image):
    images, texts = [toy_image, toy_image[::-1]], ["a red dog", "two cats run"]
    found, expected = lite.embed_images(images), matcher.embed_images(images)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-4)
    np.testing.assert_allclose(found.regions, expected.regions, atol=1e-4)
    text, whole = lite.embed_texts(texts), matcher.embed_texts(texts)
    np.testing.assert_allclose(text.vectors, whole.vectors, atol=1e-4)
    np.testing.assert_array_equal(text.padding_mask, whole.padding_mask)
    # Either takes what the other embedded.
    np.testing.assert_allclose(
        lite.score(expected, whole), matcher.score(found, text), atol=1e-3
    )
    np.testing.assert_allclose(
        lite.probabilities(images, texts[0]),
        matcher.probabilities(images, texts[0]),
        atol=1e-3,
    )
    ranked = [index for index, _ in lite.rank(images, texts[1])]
    assert ranked == [index for index, _ in matcher.rank(images, texts[1])]
    assert lite.embedding_dim == matcher.embedding_dim
    assert lite.use_local == matcher.use_local
    assert lite.global_scale == pytest.approx(matcher.global_scale)


@pytest.mark.slow
def test_an_index_serves_files_with_the_same_vectors_only(matcher, matcher_forms):
    fingerprints = {
        form: LiteMatcher(matcher_forms[f"tflite {form}"].path).fingerprint()
        for form in ("float32", "float16", "dynamic", "int8")
    }
    assert fingerprints["float32"] == fingerprints["float16"] == matcher.fingerprint()
    assert len(set(fingerprints.values())) == 3


@pytest.mark.slow
def test_a_file_of_an_earlier_version_has_no_fingerprint(matcher_forms):
    lite = LiteMatcher(matcher_forms["tflite float32"].path)
    del lite.metadata["fingerprint"]
    with pytest.raises(InputError, match="earlier version"):
        lite.fingerprint()


@pytest.mark.slow
def test_there_must_be_an_image(lite):
    with pytest.raises(InputError, match="There must be an image"):
        lite.score([], ["a dog"])


@pytest.mark.slow
def test_a_stream_of_several_processes_is_that_of_one(lite, toy_image, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.lite.parallel.PATIENCE", 0.0)
    sources = [toy_image, b"broken", toy_image[::-1]] * 30
    one, two = (
        list(lite.embed_images_stream(sources, num_workers=number)) for number in (1, 2)
    )
    for (_, expected), (_, found) in zip(one, two, strict=True):
        if isinstance(expected, ImageError):
            assert str(found) == str(expected)
        else:
            np.testing.assert_array_equal(found[0], expected[0])
            np.testing.assert_array_equal(found[1], expected[1])
