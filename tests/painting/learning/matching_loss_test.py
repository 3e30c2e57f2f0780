import keras
import numpy as np
from keras import ops

from keras_imgdesc.painting import (
    ConditionalGAN,
    Discriminator,
    GanObjective,
    Generator,
)

SHAPE = {"sentence_dim": 3, "resolution": 32, "width": 4}


def test_a_matcher_scores_some_augmented_images_and_all_texts_of_the_batch():
    keras.utils.set_random_seed(0)
    calls = []

    def matching(pixels, token_ids):
        calls.append([ops.convert_to_numpy(x) for x in (pixels, token_ids)])
        return ops.zeros((pixels.shape[0], token_ids.shape[0])) + ops.mean(pixels)

    gan = ConditionalGAN(
        Generator(**SHAPE), Discriminator(**SHAPE), Generator(**SHAPE), matching
    )
    objective = GanObjective(matching_weight=1.0, matching_images=2, translation=0.125)
    gan.compile("adam", "adam", objective, run_eagerly=True)
    chance = np.random.default_rng(0)
    chances = np.full((4, 2, 8), 0.5, "float32")
    chances[:, 1, 4] = 0.0  # four pixels down
    ids = np.arange(12, dtype="int32").reshape(4, 3)
    batch = {
        "image": chance.integers(256, size=(4, 32, 32, 3)).astype("uint8"),
        "sentence": chance.normal(size=(4, 3)).astype("float32"),
        "mismatched": chance.normal(size=(4, 1, 3)).astype("float32"),
        "noise": chance.normal(size=(4, gan.generator.latent_dim)).astype("float32"),
        "uniform": chances,
        "token_ids": ids,
        "mismatched_ids": ids + 20,
        "text_id": np.array([0, 1, 2, 0], "int32"),
    }
    tensors = {name: ops.convert_to_tensor(value) for name, value in batch.items()}
    logs = gan.train_on_batch(tensors, return_dict=True)
    ((pixels, token_ids),) = calls
    assert pixels.shape == (2, 32, 32, 3)
    assert not pixels[:, :4].any() and pixels[:, 4:].all(axis=-1).mean() > 0.9
    np.testing.assert_array_equal(token_ids, np.concatenate([ids, ids[:2] + 20]))
    # All scores are alike, and the fourth text is the first picture's own, too.
    of_texts = (np.log(5) + np.log(6)) / 2
    np.testing.assert_allclose(
        logs["matching_loss"], (of_texts + np.log(2)) / 2, rtol=1e-5
    )
