import io
import threading

import jax.numpy as jnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_imgdesc.captioning import Caption, GenerationSettings, ImageCaptioner
from keras_imgdesc.errors import ImageError, InputError, UnknownWordsWarning
from keras_imgdesc.text import CaptionTokenizer, Vocabulary

CAPTIONS = ["a red dog runs", "two cat", "a dog", "big cat sleeps", "a cat runs"]


@pytest.fixture
def files(photos, tmp_path):
    paths = []
    for i, photo in enumerate(photos):
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(photo).save(paths[-1])
    return paths


def test_generate_answers_in_kind(toy_captioner, photos, files):
    expected = toy_captioner.generate(list(photos))
    assert len(expected) == 5 and all(isinstance(text, str) for text in expected)
    assert len(set(expected)) > 1
    assert toy_captioner.generate(photos) == expected
    assert toy_captioner.generate(files) == expected
    assert toy_captioner.generate(str(files[1])) == expected[1]
    assert toy_captioner.generate(files[1].read_bytes()) == expected[1]
    assert toy_captioner.generate(Image.fromarray(photos[1])) == expected[1]
    assert toy_captioner.generate(photos[1]) == expected[1]
    assert toy_captioner.generate(files[1:2]) == expected[1:2]
    assert toy_captioner.generate(iter(files)) == expected
    assert toy_captioner.generate([]) == []


def test_generate_takes_file_objects_tensors_and_arrays_of_paths(
    toy_captioner, photos, files
):
    expected = toy_captioner.generate(photos)
    memory = [io.BytesIO(file.read_bytes()) for file in files]
    assert toy_captioner.generate(memory[1]) == expected[1]
    assert toy_captioner.generate(memory) == expected
    names = np.array([str(file) for file in files])
    several = (tf.constant(photos), jnp.asarray(photos), names, names.astype(object))
    for inputs in (*several, tf.constant(names)):
        assert toy_captioner.generate(inputs) == expected
        assert toy_captioner.generate(inputs[1]) == expected[1]
    captions = ["a dog"] * len(photos)
    scored = toy_captioner.score(photos, captions)
    for inputs in (memory, *several):
        found = toy_captioner.score(inputs, captions)
        assert [c.log_prob for c in found] == [c.log_prob for c in scored]


def test_generate_takes_data_sets(toy_captioner, photos, files):
    expected = toy_captioner.generate(photos)
    images = tf.data.Dataset.from_tensor_slices(photos)
    assert toy_captioner.generate(images) == expected
    assert toy_captioner.generate(images.batch(2)) == expected
    assert toy_captioner.generate(images.map(lambda x: {"image": x})) == expected
    paths = tf.data.Dataset.from_tensor_slices([str(path) for path in files])
    assert toy_captioner.generate(paths) == expected
    assert toy_captioner.generate(paths.batch(3)) == expected
    with pytest.raises(InputError, match="images, paths, or dicts"):
        toy_captioner.generate(images.map(lambda x: {"pixels": x}))


def test_a_caption_has_log_probabilities_and_attention(toy_captioner, photos):
    captions = toy_captioner.generate(photos, return_attention=True)
    for caption in captions:
        assert isinstance(caption, Caption)
        n = len(caption.token_ids)
        assert caption.attention.shape == (n, 2, 2)
        assert caption.token_log_probs.shape == (n,)
        np.testing.assert_allclose(
            caption.token_log_probs.sum(), caption.log_prob, rtol=1e-5
        )
        is_finished = caption.token_ids[-1] == 3
        assert len(caption.words) == n - is_finished
    assert toy_captioner.generate(photos[0], return_details=True).attention is None


def test_score_and_generate_agree(toy_captioner, photos):
    captions = toy_captioner.generate(photos, return_attention=True, length_penalty=0.0)
    finished = [i for i, c in enumerate(captions) if c.token_ids[-1] == 3]
    assert finished
    images = [photos[i] for i in finished]
    texts = [captions[i].text for i in finished]
    scored = toy_captioner.score(images, texts, return_attention=True)
    for i, again in zip(finished, scored, strict=True):
        assert again.text == captions[i].text
        np.testing.assert_array_equal(again.token_ids, captions[i].token_ids)
        np.testing.assert_allclose(
            again.token_log_probs, captions[i].token_log_probs, atol=1e-4
        )
        np.testing.assert_allclose(again.attention, captions[i].attention, atol=1e-5)


def test_score_of_several_captions_for_one_image(toy_captioner, photos):
    scored = toy_captioner.score(photos[0], CAPTIONS, batch_size=2)
    for text, caption in zip(CAPTIONS, scored, strict=True):
        alone = toy_captioner.score(photos[0], text)
        assert alone.text == text
        np.testing.assert_allclose(caption.log_prob, alone.log_prob, rtol=1e-4)
    pairs = toy_captioner.score(photos, CAPTIONS, batch_size=2)
    for image, text, caption in zip(photos, CAPTIONS, pairs, strict=True):
        alone = toy_captioner.score(image, text)
        np.testing.assert_allclose(caption.log_prob, alone.log_prob, rtol=1e-4)


def test_score_takes_long_and_unknown_captions(toy_captioner, photos):
    long = " ".join(["a dog"] * 12)
    caption = toy_captioner.score(photos[0], long)
    assert caption.text == long
    assert len(caption.token_log_probs) == 25
    with pytest.warns(UnknownWordsWarning, match="of the captioner: zebra"):
        assert toy_captioner.score(photos[0], "A zebra!").text == "a [UNK]"
    with pytest.raises(InputError, match="word that the captioner knows.*'Zebras!'"):
        toy_captioner.score(photos[0], ["a dog", "Zebras!"])
    assert toy_captioner.score(photos[0], "").token_ids.tolist() == [3]
    with pytest.raises(InputError, match="as many captions as images"):
        toy_captioner.score(photos, CAPTIONS[:2])
    with pytest.raises(InputError, match="batch_size=0"):
        toy_captioner.score(photos[0], "a dog", batch_size=0)


def test_a_broken_file_does_not_affect_others(toy_captioner, files):
    expected = toy_captioner.generate(files)
    data = files[2].read_bytes()
    files[2].write_bytes(data[: len(data) // 2])
    got = toy_captioner.generate(files, on_error="return")
    assert isinstance(got[2], ImageError)
    assert str(files[2]) in str(got[2])
    assert [x for x in got if isinstance(x, str)] == expected[:2] + expected[3:]
    with pytest.raises(ImageError, match=r"2\.png"):
        toy_captioner.generate(files)
    assert isinstance(toy_captioner.generate(files[2], on_error="return"), ImageError)
    with pytest.raises(InputError, match="on_error"):
        toy_captioner.generate(files, on_error="skip")
    with pytest.raises(ImageError, match=r"2\.png"):
        toy_captioner.score(files, CAPTIONS)


def test_captions_do_not_depend_on_the_batch_size(toy_captioner, photos):
    expected = toy_captioner.generate(photos, batch_size=32)
    for batch_size in (1, 2, 3):
        assert toy_captioner.generate(photos, batch_size=batch_size) == expected


def test_a_function_is_traced_once(fresh_captioner, photos):
    def traces():
        functions = fresh_captioner._generator._functions.values()
        return sum(f.experimental_get_tracing_count() for f in functions)

    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function")
    for _ in range(2):
        for penalty in (0.5, 1.0):
            fresh_captioner.generate(photos, batch_size=2, length_penalty=penalty)
    assert traces() == 1
    for temperature, top_k, seed in ((0.5, 3, 0), (1.0, None, 1)):
        fresh_captioner.generate(
            photos, batch_size=2, temperature=temperature, top_k=top_k, seed=seed
        )
    assert traces() == 2


def test_beams_length_penalty_and_max_length_reach_the_search(toy_captioner, photos):
    greedy = toy_captioner.generate(photos, num_beams=1, return_details=True)
    wide = toy_captioner.generate(
        photos, num_beams=8, length_penalty=0.0, return_details=True
    )
    assert all(w.log_prob >= g.log_prob - 1e-5 for g, w in zip(greedy, wide))
    assert sum(w.log_prob for w in wide) > sum(g.log_prob for g in greedy) + 0.1
    short = toy_captioner.generate(photos, max_length=2, return_details=True)
    assert max(len(c.token_ids) for c in short) == 2


def test_captions_obey_words(toy_captioner, photos):
    plain = toy_captioner.generate(photos)
    found = toy_captioner.generate(
        photos,
        prefix="A big",
        require=["sleeps", "two"],
        avoid=["cat"],
        return_details=True,
        length_penalty=0.0,
    )
    for caption in found:
        assert caption.text.startswith("a big")
        assert {"sleeps", "two"} <= set(caption.words) and "cat" not in caption.words
    finished = [i for i, c in enumerate(found) if c.token_ids[-1] == 3]
    scored = toy_captioner.score(
        [photos[i] for i in finished], [found[i].text for i in finished]
    )
    assert finished
    for i, again in zip(finished, scored, strict=True):
        np.testing.assert_allclose(
            again.token_log_probs, found[i].token_log_probs, atol=1e-4
        )
    assert toy_captioner.generate(photos) == plain


def test_sampled_captions_obey_words(toy_captioner, photos):
    found = toy_captioner.generate(
        photos, prefix="two red", avoid=["a", "dog"], temperature=2.0, seed=1
    )
    assert len(set(found)) > 1
    for text in found:
        assert text.startswith("two red") and not {"a", "dog"} & set(text.split())
    with pytest.raises(InputError, match="searched, not sampled"):
        toy_captioner.generate(photos, require=["dog"], seed=1)


def test_wrong_words_are_refused_before_images_are_read(toy_captioner):
    def sources():
        raise AssertionError("read")
        yield

    with pytest.raises(InputError, match="Instead of 'sleep', use sleeps"):
        toy_captioner.generate_stream(sources(), require=["sleep"])


def test_other_words_are_not_traced_again(fresh_captioner, photos):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function")
    for word in ("dog", "cat"):
        for prefix in (None, "two"):
            fresh_captioner.generate(photos, require=[word], prefix=prefix)
    fresh_captioner.generate(photos, avoid=["dog"])
    fresh_captioner.generate(photos)
    functions = fresh_captioner._generator._functions.values()
    assert [f.experimental_get_tracing_count() for f in functions] == [1, 1, 1]


def test_sampled_captions_depend_on_seed_and_index(toy_captioner, photos):
    sampled = toy_captioner.generate(photos, temperature=2.0, seed=1)
    assert toy_captioner.generate(photos, temperature=2.0, seed=1) == sampled
    again = toy_captioner.generate(photos, temperature=2.0, seed=1, batch_size=2)
    assert again == sampled
    assert toy_captioner.generate(photos, temperature=2.0, seed=2) != sampled
    same = toy_captioner.generate([photos[0]] * 8, temperature=3.0, seed=0)
    assert len(set(same)) > 1
    assert toy_captioner.generate(photos, top_k=1) == toy_captioner.generate(
        photos, num_beams=1
    )
    with pytest.raises(InputError, match="either searched"):
        toy_captioner.generate(photos, num_beams=3, seed=0)


def test_a_stream_reads_only_a_few_images_ahead(toy_captioner, photos):
    taken = []

    def sources():
        for i in range(10_000):
            taken.append(i)
            yield photos[i % 5]

    expected = toy_captioner.generate(photos)
    stream = toy_captioner.generate_stream(sources(), batch_size=4)
    for i in range(9):
        source, caption = next(stream)
        assert source is photos[i % 5] or (source == photos[i % 5]).all()
        assert caption.text == expected[i % 5]
    assert len(taken) <= 12 + 2 * 4 + 4
    before = threading.active_count()
    stream.close()
    assert threading.active_count() < before


def test_an_error_of_the_source_reaches_the_caller(toy_captioner, photos):
    def sources():
        yield photos[0]
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        toy_captioner.generate(sources())


def test_fit_takes_images_with_captions(fresh_captioner, photos):
    data = {"image": photos, "caption": CAPTIONS}
    # A few eager steps take less time than tracing one.
    fresh_captioner.compile(keras.optimizers.Adam(0.005), run_eagerly=True)
    history = fresh_captioner.fit(
        data, batch_size=5, epochs=3, validation_data=data, verbose=0
    ).history
    assert history["loss"][2] < history["loss"][0]
    assert {"cross_entropy", "token_accuracy", "val_loss"} <= set(history)
    logs = fresh_captioner.evaluate(data, verbose=0, return_dict=True)
    assert logs["cross_entropy"] == pytest.approx(
        history["val_cross_entropy"][-1], rel=1e-5
    )


def test_features_and_images_have_the_same_loss(fresh_captioner, photos):
    prepared = fresh_captioner.preprocessor({"image": photos, "caption": CAPTIONS})
    inputs, token_ids, weights = tf.nest.map_structure(lambda x: x.numpy(), prepared)
    features = fresh_captioner.image_encoder(inputs["image"])
    model = fresh_captioner.feature_model
    for part in (fresh_captioner, model):
        part.compile("sgd")
    steps = []
    callback = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: steps.append(batch)
    )
    fresh_captioner.fit(
        inputs, token_ids, batch_size=2, verbose=0, callbacks=[callback]
    )
    assert steps == [0, 1, 2]
    images = fresh_captioner.test_on_batch(inputs, token_ids, weights, return_dict=True)
    inputs = {"feature_map": features, "token_ids": inputs["token_ids"]}
    cached = model.test_on_batch(inputs, token_ids, weights, return_dict=True)
    assert images == pytest.approx(cached, rel=1e-5)


def test_changed_weights_take_effect_immediately(fresh_captioner, photos):
    before = fresh_captioner.generate(photos)
    bias = fresh_captioner.decoder.word_embedding.output_bias
    bias.assign(bias + 1000.0 * (np.arange(12) == 6))
    after = fresh_captioner.generate(photos)
    assert after == ["cat cat cat cat cat cat cat"] * 5 != before


def test_new_words_take_little_from_the_others(toy_captioner, photos, tmp_path):
    larger = toy_captioner.with_words(["zebra", "bus"])
    assert larger.vocabulary.tokens == (
        *toy_captioner.vocabulary.tokens,
        "zebra",
        "bus",
    )
    assert larger.image_encoder is toy_captioner.image_encoder
    before = toy_captioner.score(photos, CAPTIONS)
    after = larger.score(photos, CAPTIONS)
    for old, new in zip(before, after, strict=True):
        change = new.token_log_probs - old.token_log_probs
        # 8 words are known, 2 are new.
        assert (change <= 1e-5).all() and (change >= np.log(8 / 10) - 1e-5).all()
    larger.save_to_preset(tmp_path / "larger")
    again = ImageCaptioner.from_preset(tmp_path / "larger")
    assert again.generate(photos, require=["bus"]) == larger.generate(
        photos, require=["bus"]
    )


def test_a_keras_file_keeps_captions_and_settings(fresh_captioner, photos, tmp_path):
    fresh_captioner.generation = GenerationSettings(
        num_beams=2, max_length=5, prefix="a", require=["dog"], avoid=["cat"]
    )
    fresh_captioner.save(tmp_path / "captioner.keras")
    again = keras.models.load_model(tmp_path / "captioner.keras")
    assert isinstance(again, ImageCaptioner)
    assert again.generation == fresh_captioner.generation
    assert again.generate(photos) == fresh_captioner.generate(photos)


def test_mixed_bfloat16(toy_captioner, photos, mixed_bfloat16):
    again = ImageCaptioner.from_config(toy_captioner.get_config())
    assert again.image_encoder.compute_dtype == "bfloat16"
    for old, new in zip(toy_captioner.weights, again.weights, strict=True):
        new.assign(old)
    scored = again.score(photos, CAPTIONS)
    expected = toy_captioner.score(photos, CAPTIONS)
    for low, high in zip(scored, expected, strict=True):
        np.testing.assert_allclose(low.log_prob, high.log_prob, rtol=0.15)
    assert len(again.generate(photos)) == 5
    again.compile("sgd", run_eagerly=True)
    again.fit({"image": photos, "caption": CAPTIONS}, verbose=0)


def test_parts_that_do_not_fit_are_refused(toy_captioner):
    encoder, decoder = toy_captioner.image_encoder, toy_captioner.decoder
    tokenizer = CaptionTokenizer(Vocabulary(["a"]))
    with pytest.raises(InputError, match="tokenizer's vocabulary"):
        ImageCaptioner(encoder, decoder, tokenizer)
    config = decoder.get_config() | {"feature_map_shape": (3, 3, 8)}
    with pytest.raises(InputError, match="encoder's feature map"):
        ImageCaptioner(encoder, type(decoder)(**config), toy_captioner.tokenizer)


@pytest.mark.parametrize(
    "setting",
    [{"num_beams": 0}, {"max_length": 0}, {"temperature": 0}, {"batch_size": 0}],
    ids=str,
)
def test_settings_out_of_range_are_refused(toy_captioner, photos, setting):
    (name,) = setting
    with pytest.raises(InputError, match=name):
        toy_captioner.generate(list(photos) * 2, **setting)


@pytest.mark.parametrize("kind", [np.array, tf.constant])
def test_captions_to_score_may_be_arrays_and_tensors(toy_captioner, photos, kind):
    expected = toy_captioner.score(photos[0], "a red dog").log_prob
    assert toy_captioner.score(photos[0], kind("a red dog")).log_prob == expected
    assert toy_captioner.score(photos[:1], kind(["a red dog"]))[0].log_prob == expected
