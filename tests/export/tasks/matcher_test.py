"""A matcher as a SavedModel and as a .tflite file."""

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from keras_imgdesc import ImageTextMatcher
from keras_imgdesc.errors import InputError, UnknownWordsWarning
from keras_imgdesc.export import export_saved_model, export_tflite
from keras_imgdesc.export.tasks.matcher import signatures
from keras_imgdesc.images import resize_image
from keras_imgdesc.lite.model_file import read_model_file

TEXTS = ["A red dog!", "two cats run", "a man's dog"]


@pytest.fixture(scope="module")
def matcher(matcher_forms) -> ImageTextMatcher:
    return ImageTextMatcher.from_preset(matcher_forms["Python"].path)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (3, 32, 32, 3)).astype("uint8")


@pytest.fixture(scope="module")
def served(matcher_forms):
    return tf.saved_model.load(str(matcher_forms["SavedModel"].path))


@pytest.mark.slow
def test_the_saved_model_scores_as_python(matcher, images, served):
    content = tf.stack([tf.io.encode_png(p) for p in images])
    outputs = served.signatures["serving_default"](
        image_bytes=content, text=tf.constant(TEXTS)
    )
    expected = matcher.score(images, TEXTS)
    np.testing.assert_allclose(outputs["score"], expected, atol=1e-3)
    np.testing.assert_allclose(
        outputs["image_probability"][:, 1],
        matcher.probabilities(images, TEXTS[1]),
        atol=1e-4,
    )
    np.testing.assert_allclose(
        outputs["text_probability"][2],
        matcher.text_probabilities(images[2], TEXTS),
        atol=1e-4,
    )


@pytest.mark.slow
def test_a_broken_image_does_not_affect_the_others(matcher, images, served):
    good = [tf.io.encode_png(p).numpy() for p in images[:2]]
    outputs = served.signatures["score"](
        image_bytes=tf.constant([good[0], b"not an image", good[1]]),
        text=tf.constant(TEXTS),
    )
    assert [bool(e) for e in outputs["error"].numpy()] == [False, True, False]
    np.testing.assert_allclose(
        outputs["image_probability"].numpy()[[0, 2], 0],
        matcher.probabilities(images[:2], TEXTS[0]),
        atol=1e-4,
    )
    assert (outputs["score"][1].numpy() == 0).all()
    np.testing.assert_allclose(outputs["image_probability"][1], 0.0)


def test_unknown_words_do_not_affect_the_others(matcher, images):
    served = signatures(matcher)
    content = tf.stack([tf.io.encode_png(p) for p in images[:2]])
    texts = ["a zebra", "zebra", "two dog", " "]
    outputs = served["score"].function(content, tf.constant(texts))
    unknown = [words.decode() for words in outputs["unknown_words"].numpy()]
    assert unknown == ["zebra", "zebra", "", ""]
    errors = [error.decode() for error in outputs["text_error"].numpy()]
    assert errors[0] == errors[2] == ""
    assert "the matcher knows" in errors[1] and "words in it" in errors[3]
    with pytest.warns(UnknownWordsWarning, match="zebra"):
        expected = matcher.score(images[:2], [texts[0], texts[2]])
    scores = outputs["score"].numpy()
    np.testing.assert_allclose(scores[:, ::2], expected, atol=1e-3)
    assert (
        not scores[:, 1::2].any()
        and not outputs["image_probability"][:, 1].numpy().any()
    )
    np.testing.assert_allclose(
        outputs["text_probability"].numpy().sum(axis=1), 1, rtol=1e-5
    )
    np.testing.assert_allclose(outputs["text_probability"].numpy()[:, 1::2], 0)

    embedded = served["embed_text"].function(tf.constant(texts))
    assert embedded["error"].numpy().tolist() == outputs["text_error"].numpy().tolist()
    assert (
        not embedded["vector"].numpy()[1].any() and embedded["vector"][0].numpy().any()
    )


@pytest.mark.slow
def test_embeddings_are_served(matcher, images, served):
    content = tf.stack([tf.io.encode_png(p) for p in images])
    found = served.signatures["embed_image"](image_bytes=content)
    expected = matcher.embed_images(images)
    np.testing.assert_allclose(found["vector"], expected.vectors, atol=1e-4)
    np.testing.assert_allclose(found["regions"], expected.regions, atol=1e-4)
    found = served.signatures["embed_text"](text=tf.constant(TEXTS))
    texts = matcher.embed_texts(TEXTS)
    np.testing.assert_allclose(found["vector"], texts.vectors, atol=1e-4)
    np.testing.assert_array_equal(found["padding_mask"], texts.padding_mask)


def lite_scores(path, matcher, images):
    interpreter = Interpreter(model_path=str(path))
    run = interpreter.get_signature_runner
    embedded = [
        run("embed_image")(image=np.asarray(resize_image(p, 32))[None]) for p in images
    ]
    ids = matcher.text_encoder.tokenize(TEXTS)
    texts = [run("embed_text")(token_ids=row[None]) for row in ids]
    return np.array(
        [
            [
                run("score")(
                    image_vector=i["vector"],
                    regions=i["regions"],
                    text_vector=t["vector"],
                    words=t["words"],
                    padding_mask=t["padding_mask"],
                )["score"][0]
                for t in texts
            ]
            for i in embedded
        ]
    )


@pytest.mark.parametrize(
    "form, tolerance",
    [
        ("tflite float32", 1e-3),
        ("tflite float16", 0.05),
        ("tflite dynamic", 1.5),
        ("tflite int8", 3.0),
    ],
)
def test_lite_scores_as_python(matcher, images, matcher_forms, form, tolerance):
    path = matcher_forms[form].path
    found = lite_scores(path, matcher, images)
    expected = matcher.score(images, TEXTS)
    np.testing.assert_allclose(found, expected, atol=tolerance)
    opened = read_model_file(path)
    metadata, tokens = opened.metadata, opened.tokens
    assert metadata["task"] == "ImageTextMatcher" and metadata["name"] == path.stem
    assert tokens == list(matcher.text_encoder.tokenizer.vocabulary.tokens)
    assert not _custom_operations(path)


def test_a_captioners_settings_are_refused(matcher, tmp_path):
    with pytest.raises(InputError, match="num_beams"):
        export_tflite(matcher, tmp_path / "m.tflite", num_beams=3)
    with pytest.raises(InputError, match="num_beams"):
        export_saved_model(matcher, tmp_path / "m", num_beams=3)
    assert not list(tmp_path.iterdir())


def _custom_operations(path):
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    return [code.customCode for code in model.operatorCodes if code.customCode]
