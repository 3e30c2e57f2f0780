import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import (
    EfficientNetLiteEncoder,
    VGG16Encoder,
    load_efficientnet_lite_head,
)

# The stride of each block of Lite0, as the paper's table has them.
STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
# Inputs, expanded channels, outputs and kernel of each block.
SHAPES = [
    (32, 32, 16, 3),
    (16, 96, 24, 3),
    (24, 144, 24, 3),
    (24, 144, 40, 5),
    (40, 240, 40, 5),
    (40, 240, 80, 3),
    (80, 480, 80, 3),
    (80, 480, 80, 3),
    (80, 480, 112, 5),
    (112, 672, 112, 5),
    (112, 672, 112, 5),
    (112, 672, 192, 5),
    (192, 1152, 192, 5),
    (192, 1152, 192, 5),
    (192, 1152, 192, 5),
    (192, 1152, 320, 3),
]


def port_arrays() -> dict[str, np.ndarray]:
    """Random arrays with the names and layouts of the PyTorch port of Lite0."""
    chance = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}

    def add(name: str, norm: str, outputs: int, inputs: int, kernel: int) -> None:
        shape = (outputs, inputs, kernel, kernel)
        scale = (2 / (inputs * kernel**2)) ** 0.5
        arrays[f"{name}.weight"] = chance.normal(0, scale, shape).astype("float16")
        for key, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -0.2, 0.2),
            ("running_mean", -0.1, 0.1),
            ("running_var", 0.5, 1.5),
        ):
            values = chance.uniform(low, high, outputs)
            arrays[f"{norm}.{key}"] = values.astype("float32")

    add("_conv_stem", "_bn0", 32, 3, 3)
    for n, (inputs, expanded, outputs, kernel) in enumerate(SHAPES):
        b = f"_blocks.{n}."
        if expanded != inputs:
            add(f"{b}_expand_conv", f"{b}_bn0", expanded, inputs, 1)
        add(f"{b}_depthwise_conv", f"{b}_bn1", expanded, 1, kernel)
        add(f"{b}_project_conv", f"{b}_bn2", outputs, expanded, 1)
    add("_conv_head", "_bn1", 1280, 320, 1)
    arrays["_fc.weight"] = chance.normal(0, 0.1, (1000, 1280)).astype("float16")
    arrays["_fc.bias"] = chance.normal(0, 0.1, 1000).astype("float32")
    return arrays


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The arrays, and the path of their file."""
    arrays = port_arrays()
    path = tmp_path_factory.mktemp("port") / "lite0.npz"
    np.savez(path, **arrays)
    return arrays, str(path)


def expected_maps(arrays: dict, image: np.ndarray) -> dict[str, np.ndarray]:
    """The network with its normalizations, padded by hand: the map of each block."""

    def convolve(x, name: str, norm: str, stride: int = 1, relu: bool = True):
        kernel = arrays[f"{name}.weight"].astype("float32")
        size = x.shape[1]
        total = max((-(-size // stride) - 1) * stride + kernel.shape[2] - size, 0)
        pad = (total // 2, total - total // 2)
        x = np.pad(x, ((0, 0), pad, pad, (0, 0)))
        if kernel.shape[1] == 1 and x.shape[-1] > 1:
            x = ops.depthwise_conv(x, kernel.transpose(2, 3, 0, 1), strides=stride)
        else:
            x = ops.conv(x, kernel.transpose(2, 3, 1, 0), strides=stride)
        x = ops.convert_to_numpy(x)
        w, b, m, v = (
            arrays[f"{norm}.{k}"]
            for k in ("weight", "bias", "running_mean", "running_var")
        )
        x = (x - m) / np.sqrt(v + 1e-3) * w + b
        return np.clip(x, 0, 6) if relu else x

    maps = {}
    x = convolve((image.astype("float32") - 127) / 128, "_conv_stem", "_bn0", 2)
    for n, stride in enumerate(STRIDES):
        b, before = f"_blocks.{n}.", x
        if f"{b}_expand_conv.weight" in arrays:
            x = convolve(x, f"{b}_expand_conv", f"{b}_bn0")
        x = convolve(x, f"{b}_depthwise_conv", f"{b}_bn1", stride)
        x = convolve(x, f"{b}_project_conv", f"{b}_bn2", relu=False)
        if x.shape == before.shape:
            x = x + before
        maps[f"block{n + 1}"] = x
    maps["head_conv"] = convolve(x, "_conv_head", "_bn1")
    return maps


@pytest.mark.parametrize("image_size", [64, 70])
def test_folded_weights_give_the_features_of_the_port(port, image_size):
    arrays, path = port
    shape = (2, image_size, image_size, 3)
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    maps = expected_maps(arrays, image)
    for layer in ("block3", "head_conv"):
        encoder = EfficientNetLiteEncoder("lite0", image_size, layer, weights=path)
        given = ops.convert_to_numpy(encoder(image))
        scale = maps[layer].std()
        assert scale > 0.05
        assert encoder.trainable_from == "none"
        np.testing.assert_allclose(given, maps[layer], rtol=1e-3, atol=1e-3 * scale)


def test_the_head_of_the_port_classifies_the_mean_of_the_map(port):
    arrays, path = port
    feature_map = np.random.default_rng(2).uniform(0, 6, (2, 3, 3, 1280))
    mean = feature_map.reshape(2, 9, 1280).sum(axis=1) / 9
    logits = mean @ arrays["_fc.weight"].astype("float64").T + arrays["_fc.bias"]
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    head = load_efficientnet_lite_head(path)
    given = ops.convert_to_numpy(head.probabilities(feature_map))
    np.testing.assert_allclose(given, expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("variant", "image_size", "count", "shape"),
    [
        ("lite0", 224, 16, (7, 7, 1280)),
        ("lite2", 260, 21, (9, 9, 1280)),
    ],
)
def test_a_variant_has_its_own_size_and_depth(variant, image_size, count, shape):
    encoder = EfficientNetLiteEncoder(variant)
    assert encoder.image_size == image_size
    assert encoder.feature_map_shape == shape
    depthwise = [x for x in encoder.layers if x.name.endswith("_depthwise")]
    assert len(depthwise) == count


def test_from_scratch_the_map_starts_at_a_trainable_scale():
    keras.utils.set_random_seed(0)
    encoder = EfficientNetLiteEncoder(image_size=64)
    image = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    features = ops.convert_to_numpy(encoder(image))
    assert 0.1 < features.std() < 3


def test_training_from_inside_a_residual_block_cuts_before_the_block():
    encoder = EfficientNetLiteEncoder(
        image_size=32, feature_layer="block5", trainable_from="block5_project"
    )
    frozen, trained = encoder.split()
    # What enters block 5 is what block 4 gives: 40 channels, an eighth of the side.
    assert frozen.feature_map_shape == (4, 4, 40)
    assert frozen.layers[-1].name == "block4_project"
    names = [layer.name for layer in trained.layers if layer.weights]
    assert names == ["block5_expand", "block5_depthwise", "block5_project"]
    assert [v.path for v in trained.trainable_variables] == [
        "block5_project/kernel",
        "block5_project/bias",
    ]


@pytest.mark.parametrize(
    ("kwargs", "received"),
    [
        ({"variant": "lite9"}, "lite9.*lite0"),
        ({"feature_layer": "block17"}, "block17.*head_conv"),
        ({"image_size": 31}, "image_size=31"),
        ({"weights": "nowhere.npz"}, "nowhere.npz"),
    ],
)
def test_bad_arguments_are_named(kwargs, received):
    with pytest.raises(InputError, match=received):
        EfficientNetLiteEncoder(**kwargs)


def test_a_file_of_another_network_is_refused(port, tmp_path):
    _, path = port
    with pytest.raises(InputError, match=r"EfficientNet-Lite2.*lite0\.npz"):
        EfficientNetLiteEncoder("lite2", weights=path)
    with pytest.raises(InputError, match=r"VGG16.*lite0\.npz"):
        VGG16Encoder(weights=path)
    other = tmp_path / "other.npz"
    np.savez(other, kernel=np.zeros(3))
    with pytest.raises(InputError, match=r"EfficientNet-Lite.*other\.npz"):
        load_efficientnet_lite_head(str(other))
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"not an archive")
    with pytest.raises(InputError, match=r"broken\.npz"):
        EfficientNetLiteEncoder(weights=str(broken))
    with pytest.raises(InputError, match=r"missing\.npz"):
        load_efficientnet_lite_head(str(tmp_path / "missing.npz"))
