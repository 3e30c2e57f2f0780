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


def test_a_generator_stays_close_to_the_images_of_its_anchor():
    keras.utils.set_random_seed(0)
    red = ops.convert_to_tensor(np.float32([0.8, -0.8, -0.8]))

    def anchor(inputs):
        return ops.ones((ops.shape(inputs["noise"])[0], 32, 32, 3)) * red

    small = Generator(**SHAPE, refined_size=0)
    gan = ConditionalGAN(
        small,
        Discriminator(**SHAPE),
        Generator.from_config(small.get_config()),
        anchor=anchor,
    )
    # A discriminator that does not learn: the anchor makes training a regression.
    gan.compile(
        keras.optimizers.Adam(5e-3),
        keras.optimizers.SGD(0.0),
        GanObjective(anchor_weight=100.0),
    )
    chance = np.random.default_rng(0)
    distances = []
    for _ in range(40):
        batch = {
            "image": chance.integers(256, size=(8, 32, 32, 3)).astype("uint8"),
            "sentence": chance.normal(size=(8, 3)).astype("float32"),
            "mismatched": chance.normal(size=(8, 1, 3)).astype("float32"),
            "noise": chance.normal(size=(8, small.latent_dim)).astype("float32"),
            "uniform": chance.random((8, 2, 8)).astype("float32"),
        }
        logs = gan.train_on_batch(batch, return_dict=True)
        distances.append(float(logs["anchor_distance"]))
    assert distances[0] > 0.5 and distances[-1] < 0.1, distances
