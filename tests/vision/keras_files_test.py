import h5py
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder
from keras_imgdesc.vision.keras_files import check_keras_file

SHAPE = (3, 3, 3, 64)


def external(file):
    place = [(file.filename + ".other", 0, 4 * int(np.prod(SHAPE)))]
    file.create_dataset("layer/kernel", SHAPE, "float32", external=place)


def virtual(file):
    layout = h5py.VirtualLayout(SHAPE, "float32")
    layout[...] = h5py.VirtualSource(file.filename + ".other", "x", SHAPE)
    file.create_virtual_dataset("layer/kernel", layout)


def linked(file):
    file["layer/kernel"] = h5py.ExternalLink(file.filename + ".other", "x")


def packed(file):
    file.create_dataset("layer/kernel", data=np.ones(SHAPE), compression="lzf")


@pytest.mark.parametrize("encoder", [VGG16Encoder, MobileNetEncoder])
@pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
@pytest.mark.parametrize("make", [external, virtual, linked, packed])
def test_values_in_other_files_are_refused_by_name(tmp_path, encoder, suffix, make):
    path = tmp_path / f"downloaded{suffix}"
    with h5py.File(path, "w") as file:
        make(file)
    with pytest.raises(InputError) as caught:
        encoder(image_size=32, weights=str(path))
    assert caught.value.received["weight"] == "layer/kernel"


def test_integers_of_an_optimizer_are_no_problem(tmp_path):
    path = tmp_path / "trained.weights.h5"
    with h5py.File(path, "w") as file:
        file["optimizer/vars/0"] = np.int64(3)
        file["layers/dense/vars/0"] = np.ones(SHAPE, "float32")
    check_keras_file(str(path))
