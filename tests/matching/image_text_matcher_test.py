"""The matcher as a task."""

import io

import jax.numpy as jnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_imgdesc import (
    ImageCaptioner,
    ImageError,
    ImageTextMatcher,
    InputError,
    VGG16Encoder,
)
from keras_imgdesc.errors import UnknownWordsWarning
from keras_imgdesc.matching import ImageTower, PairScore, TextTower
from keras_imgdesc.matching.similarity_distillation import similarity_distillation

TEXTS = ["a red circle", "a blue square above a red circle", "green"]


def test_scores_of_all_pairs(toy_matcher, photos):
    scores = toy_matcher.score(photos, TEXTS)
    assert scores.shape == (5, 3) and scores.dtype == np.float32
    alone = toy_matcher.score(photos[3], TEXTS[1])
    np.testing.assert_allclose(alone[0, 0], scores[3, 1], rtol=1e-4)


def test_embeddings_score_like_their_sources(toy_matcher, photos):
    images, texts = toy_matcher.embed_images(photos), toy_matcher.embed_texts(TEXTS)
    np.testing.assert_allclose(
        toy_matcher.score(images, texts), toy_matcher.score(photos, TEXTS), rtol=1e-4
    )
    np.testing.assert_allclose(np.linalg.norm(images.vectors, axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(texts.words, axis=2), 1, rtol=1e-4)


def test_scores_do_not_depend_on_blocks(toy_matcher, photos, monkeypatch):
    images = toy_matcher.embed_images(photos)
    expected = toy_matcher.score(images, TEXTS)
    monkeypatch.setattr("keras_imgdesc.matching.matching_functions.LARGEST_BLOCK", 100)
    np.testing.assert_allclose(toy_matcher.score(images, TEXTS), expected, rtol=1e-4)


def test_the_global_term_alone(fresh_matcher, photos):
    matcher = fresh_matcher(use_local=False)
    images, texts = matcher.embed_images(photos), matcher.embed_texts(TEXTS)
    np.testing.assert_allclose(
        matcher.score(photos, TEXTS),
        matcher.global_scale * images.vectors @ texts.vectors.T,
        rtol=1e-4,
    )
    with pytest.raises(InputError, match="local term"):
        matcher.explain(photos[0], TEXTS[0])


def test_probabilities_are_the_softmax_of_scores(toy_matcher, photos):
    scores = toy_matcher.score(photos, TEXTS)
    odds = np.exp(scores[:, 0])
    found = toy_matcher.probabilities(photos, TEXTS[0])
    np.testing.assert_allclose(found, odds / odds.sum(), rtol=1e-3)
    odds = np.exp(scores[2])
    found = toy_matcher.text_probabilities(photos[2], TEXTS)
    np.testing.assert_allclose(found, odds / odds.sum(), rtol=1e-3)


def test_rank_is_by_probability(toy_matcher, photos):
    ranked = toy_matcher.rank(photos, TEXTS[0])
    found = toy_matcher.probabilities(photos, TEXTS[0])
    assert [i for i, _ in ranked] == list(np.argsort(-found))
    np.testing.assert_allclose([p for _, p in ranked], np.sort(found)[::-1], rtol=1e-5)


def test_explain_gives_one_map_per_word(toy_matcher, photos):
    with pytest.warns(UnknownWordsWarning, match="of the matcher: zebra"):
        maps = toy_matcher.explain(photos[0], "A red circle above zebra!")
    assert maps.words == ["a", "red", "circle", "above", "[UNK]"]
    assert maps.attention.shape == (5, 2, 2)
    np.testing.assert_allclose(maps.attention.sum(axis=(1, 2)), 1, rtol=1e-4)
    assert (np.abs(maps.similarities) <= 1.001).all()


def test_pooling_makes_fewer_regions(toy_matcher, photos):
    pooled = ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=64, width=0.0625),
        toy_matcher.text_encoder,
        embedding_dim=8,
        pool_size=2,
    )
    assert pooled.explain(photos[0], "a red circle").attention.shape == (3, 2, 2)
    tower = pooled.image_tower
    again = ImageTower.from_config(tower.get_config())
    again.set_weights(tower.get_weights())
    feature_map = np.random.default_rng(0).random((1, 4, 4, 32), np.float32)
    blocks = feature_map.reshape(1, 2, 2, 2, 2, 32).max(axis=(2, 4))
    spread = blocks.repeat(2, axis=1).repeat(2, axis=2)
    found, same = again({"feature_map": feature_map}), tower({"feature_map": spread})
    np.testing.assert_allclose(found["regions"], same["regions"], atol=1e-6)


@pytest.mark.parametrize("pool_size", [0, 3])
def test_pool_sizes_out_of_range_are_refused(pool_size):
    with pytest.raises(InputError, match="pool_size must be from 1"):
        ImageTower((2, 4, 8), 8, pool_size=pool_size)


def test_a_broken_image_does_not_affect_others(toy_matcher, photos, tmp_path):
    paths = []
    for number, photo in enumerate(photos):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(photo).save(paths[-1])
    paths[2].write_bytes(b"not an image")
    found = list(toy_matcher.embed_images_stream(paths, batch_size=2))
    assert [source for source, _ in found] == paths
    assert isinstance(found[2][1], ImageError) and "2.png" in str(found[2][1])
    expected = toy_matcher.embed_images(photos[3]).vectors[0]
    np.testing.assert_allclose(found[3][1][0], expected, atol=1e-4)
    with pytest.raises(ImageError, match="2.png"):
        toy_matcher.embed_images(paths)


def test_a_preset_keeps_every_score(toy_matcher, photos, tmp_path):
    toy_matcher.save_to_preset(tmp_path / "m")
    again = ImageTextMatcher.from_preset(tmp_path / "m")
    again.save_to_preset(tmp_path / "n")
    twice = ImageTextMatcher.from_preset(tmp_path / "n")
    scores = again.score(photos, TEXTS)
    # Rounded to float16 once.
    np.testing.assert_allclose(scores, toy_matcher.score(photos, TEXTS), atol=0.05)
    np.testing.assert_array_equal(twice.score(photos, TEXTS), scores)
    assert twice.fingerprint() == again.fingerprint() == toy_matcher.fingerprint()


def test_a_preset_of_another_task_is_refused(toy_matcher, tmp_path):
    toy_matcher.save_to_preset(tmp_path / "m")
    with pytest.raises(InputError, match="ImageTextMatcher.from_preset"):
        ImageCaptioner.from_preset(tmp_path / "m")


def test_the_config_builds_the_same_model(toy_matcher, photos):
    again = ImageTextMatcher.from_config(toy_matcher.get_config())
    again.set_weights(toy_matcher.get_weights())
    np.testing.assert_array_equal(
        again.score(photos, TEXTS), toy_matcher.score(photos, TEXTS)
    )


@pytest.mark.slow
def test_fit_learns_which_text_belongs_to_which_image(fresh_matcher):
    matcher = fresh_matcher(shake=False, embedding_dim=16)
    colours = ("red", "blue", "green")
    images = np.zeros((3, 32, 32, 3), "uint8")
    images[0, :16], images[1, :, :16], images[2, 16:, 16:] = 255, 255, 255
    captions = [[f"a {c} circle", f"{c} square"] for c in colours]
    data = {"image": images, "caption": captions}
    matcher.compile(keras.optimizers.Adam(0.006))
    before = matcher.evaluate(data, verbose=0, return_dict=True)
    # A dataset of many epochs, because each call of fit costs more than its steps.
    matcher.fit(data, batch_size=3, epochs=1, verbose=0)
    repeated = tf.data.Dataset.from_tensor_slices(data).repeat(49)
    matcher.fit(repeated, batch_size=3, epochs=1, verbose=0)
    after = matcher.evaluate(data, verbose=0, return_dict=True)
    assert after["loss"] < 0.3 * before["loss"]
    assert after["text_accuracy"] == 1.0
    scores = matcher.score(images, ["a red square", "a blue square", "a green square"])
    assert (scores.argmax(axis=0) == [0, 1, 2]).all()


def test_copies_of_an_image_are_not_negatives(fresh_matcher):
    matcher = fresh_matcher(dropout=0.0)
    matcher.compile("adam")
    image = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3)).astype("uint8")
    image[1] = image[0]
    data = {"image": image, "caption": ["a red circle", "a blue square"]}
    as_two = matcher.evaluate(data, verbose=0, return_dict=True)["loss"]
    as_one = matcher.evaluate(
        data | {"image_id": np.array([4, 4])}, verbose=0, return_dict=True
    )["loss"]
    assert as_one < 1e-3 < as_two


@pytest.mark.parametrize("texts", ["", ["a", "  "], []])
def test_empty_texts_are_refused(toy_matcher, photos, texts):
    with pytest.raises(InputError, match="text"):
        toy_matcher.score(photos, texts)


def test_no_image_is_refused(toy_matcher):
    with pytest.raises(InputError, match="must be an image"):
        toy_matcher.score([], "red")


def test_several_images_are_refused_where_one_is_expected(toy_matcher, photos):
    with pytest.raises(InputError, match="takes one image"):
        toy_matcher.text_probabilities(photos, TEXTS)


def test_unusual_texts_have_finite_scores(toy_matcher, photos):
    texts = ["red " * 10_000, "zebra", "\U0001f426\U0001f426", "красный круг"]
    embedded = toy_matcher.embed_texts(texts, allow_unknown=True)
    assert np.isfinite(toy_matcher.score(photos, embedded)).all()


@pytest.mark.parametrize("method", ["score", "probabilities", "rank", "explain"])
def test_a_text_of_unknown_words_alone_is_refused(toy_matcher, photos, method):
    with pytest.raises(InputError, match="the matcher knows.*'two zebras'.*'red'"):
        getattr(toy_matcher, method)(photos[0], "two zebras")


def test_images_of_every_kind_are_scored(toy_matcher, toy_image, save_image):
    path = save_image("a.png", toy_image)
    batch = np.stack([toy_image, toy_image])
    expected = toy_matcher.score(batch, TEXTS)
    files = [io.BytesIO(path.read_bytes()) for _ in range(2)]
    for images in (
        files,
        tf.constant(batch),
        jnp.asarray(batch),
        np.array([str(path)] * 2),
    ):
        np.testing.assert_array_equal(toy_matcher.score(images, TEXTS), expected)
        np.testing.assert_allclose(
            toy_matcher.score(images[0], TEXTS), expected[:1], rtol=1e-5
        )


def test_fit_reads_images_and_refuses_what_it_cannot_use(fresh_matcher, toy_image):
    matcher = fresh_matcher()
    matcher.compile("sgd")
    file = io.BytesIO()
    Image.fromarray(toy_image).save(file, "PNG")
    captions = ["a red circle", "a blue square"]
    matcher.fit({"image": [file, toy_image], "caption": captions}, verbose=0)
    batch = np.stack([toy_image, toy_image])
    data = {"image": batch.astype("float32"), "caption": captions}
    for floats in (data, tf.data.Dataset.from_tensor_slices(data)):
        with pytest.raises(InputError, match="must be uint8") as caught:
            matcher.fit(floats, verbose=0)
        assert '`array.astype("uint8")`' in str(caught.value)
    for method in (matcher.fit, matcher.evaluate):
        with pytest.raises(InputError, match='"caption": captions'):
            method(batch, captions)


def test_parts_that_do_not_fit_are_refused(toy_matcher):
    with pytest.raises(InputError, match="feature map"):
        ImageTextMatcher(
            toy_matcher.image_encoder,
            toy_matcher.text_encoder,
            ImageTower((3, 3, 8), 8),
            TextTower(16, 8, 8),
            PairScore(),
        )


def test_distillation_is_zero_for_equal_similarities():
    vectors = np.random.default_rng(0).normal(size=(6, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    turned = vectors @ np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    assert abs(float(similarity_distillation(turned, vectors))) < 1e-4
    assert float(similarity_distillation(vectors[::-1].copy(), vectors)) > 0.1
