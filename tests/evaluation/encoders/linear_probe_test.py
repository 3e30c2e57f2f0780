import numpy as np
from PIL import Image

from keras_imgdesc.evaluation.encoders.linear_probe import linear_probe, pooled_features
from keras_imgdesc.vision import VGG16Encoder


def test_the_accuracy_is_that_of_the_features(tmp_path):
    generator = np.random.default_rng(0)
    pairs = []
    for i in range(24):
        noise = generator.integers(0, 60, (32, 32, 3))
        noise[..., i % 2 * 2] += 150
        path = tmp_path / f"{i}.png"
        Image.fromarray(noise.astype(np.uint8)).save(path)
        pairs.append((path, i % 2))
    encoder = VGG16Encoder(image_size=32, width=0.25)
    features = pooled_features(encoder, [p for p, _ in pairs], batch_size=7)
    assert features.shape == (24, 128) and features.dtype == np.float32
    assert linear_probe(encoder, pairs[:16], pairs[16:]) == 1.0
    lies = [(path, int(generator.integers(2))) for path, _ in pairs[16:]]
    assert linear_probe(encoder, pairs[:16], lies) < 1.0
