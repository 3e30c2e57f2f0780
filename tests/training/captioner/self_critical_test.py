import keras
import numpy as np
import pytest

from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.scenes import make_scene
from keras_imgdesc.data.scenes.caption_writing import caption_scene
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.self_critical import SelfCritical, stop_dropout
from keras_imgdesc.training.captioner.train import train_captioner

LABELS = ("a small red square", "a large blue circle", "one green star")


@pytest.fixture(scope="module")
def captioner() -> ImageCaptioner:
    return ImageCaptioner.from_preset("scenes_lstm")


def test_captions_better_than_the_others_get_positive_weights(captioner):
    references = np.asarray(captioner.tokenizer(list(LABELS)))[:, None]
    training = SelfCritical(captioner, references, num_samples=4, seed=1)
    features = np.random.default_rng(0).normal(
        size=(3, *captioner.decoder.feature_map_shape)
    )

    def gather(which):
        return features[which].astype(np.float32)

    (batch, reward), *rest = training.batches(gather, 3, 2, epoch=0)
    assert not rest  # an incomplete batch is dropped
    inputs, token_ids, weights = batch
    vocabulary = captioner.tokenizer.vocabulary
    assert inputs["feature_map"].shape[0] == 2 and token_ids.shape[0] == 8
    assert (inputs["token_ids"][:, 0] == vocabulary.start_id).all()
    np.testing.assert_array_equal(inputs["token_ids"][:, 1:], token_ids[:, :-1])
    assert not weights[token_ids == vocabulary.pad_id].any()
    # The weights of an image's captions sum to zero.
    np.testing.assert_allclose(weights[:, 0].reshape(2, 4).sum(1), 0, atol=1e-5)
    assert np.isfinite(reward)
    again = next(training.batches(gather, 3, 2, epoch=0))[0]
    np.testing.assert_array_equal(again[1], token_ids)
    other = next(training.batches(gather, 3, 2, epoch=1))[0]
    assert not np.array_equal(other[1], token_ids)


def test_samples_at_a_low_temperature_are_the_most_likely_captions(captioner):
    images = np.stack([make_scene("test", i)[1] for i in range(3)])
    features = np.asarray(captioner.image_encoder(images))
    references = np.asarray(captioner.tokenizer(list(LABELS)))[:, None]
    training = SelfCritical(captioner, references, 2, seed=0, temperature=1e-3)
    ((_, token_ids, _), _), *_ = training.batches(features.__getitem__, 3, 3, epoch=0)
    texts = captioner.tokenizer.detokenize(token_ids)
    likeliest = captioner.generate(images, num_beams=1)
    assert sorted(texts) == sorted(2 * likeliest)


def test_without_dropout_training_and_sampling_have_the_same_logits():
    decoder = LSTMDecoder(
        9, (2, 2, 8), 8, 8, 2, dropout=0.5, feature_dropout=0.5, feature_dim=8
    )
    inputs = {
        "feature_map": np.ones((2, 2, 2, 8), "float32"),
        "token_ids": np.ones((2, 3), "int32"),
    }

    def change() -> float:
        keras.utils.set_random_seed(0)
        logits = [decoder(inputs, training=mode)["logits"] for mode in (True, False)]
        return float(np.abs(np.subtract(*map(np.asarray, logits))).max())

    assert change() > 0
    stop_dropout(decoder)
    assert change() == 0
    assert decoder.get_config()["dropout"] == 0.5  # as it was built


@pytest.mark.slow
def test_it_raises_the_score_of_the_samples(tmp_path, captioner):
    # The preset knows five templates; only captions of the first are rewarded here.
    train, validation = (
        CaptionCollection(
            [
                CaptionedImage(str(i), None, tuple(caption_scene(scene)[:1]), image)
                for i, (scene, image) in enumerate(scenes)
            ]
        )
        for scenes in (
            [make_scene("train", i) for i in range(48)],
            [make_scene("validation", i) for i in range(4)],
        )
    )
    folder = tmp_path / "start"
    captioner.save_to_preset(folder)
    recipe = CaptionRecipe(
        encoder_options={"trainable_from": "none"},
        start_from=str(folder),
        objective="self_critical",
        captions_per_image=4,
        batch_size=96,
        epochs=4,
        learning_rate=3e-4,
        weight_decay=0.0,
        average_decay=0.5,
        metric="cider_d",
        validation_images=4,
        precision="float32",
    )
    train_captioner(recipe, tmp_path / "run", train, validation, progress=False)
    lines = (tmp_path / "run/metrics.csv").read_text().splitlines()
    column = lines[0].split(",").index("reward")
    rewards = [float(line.split(",")[column]) for line in lines[1:]]
    assert rewards[-1] > rewards[0], rewards


def test_unsuitable_recipes_are_refused(tmp_path):
    with pytest.raises(InputError, match="start_from=None"):
        CaptionRecipe(objective="self_critical", captions_per_image=5, batch_size=60)
    with pytest.raises(InputError, match="objective='rl'"):
        CaptionRecipe(objective="rl")
    with pytest.raises(InputError, match="temperature=0"):
        CaptionRecipe(temperature=0)
