import h5py
import numpy as np

from keras_imgdesc.presets.weights import write_weights


def test_weights_are_compressed_without_loss(tmp_path):
    values = np.random.default_rng(0).normal(0, 0.02, (256, 512)).astype("float16")
    expected = {"decoder/kernel": values, "decoder/bias": values[0, :8]}
    write_weights(expected, tmp_path / "weights.h5")
    assert (tmp_path / "weights.h5").stat().st_size < 0.96 * values.nbytes
    with h5py.File(tmp_path / "weights.h5") as file:
        for path, array in expected.items():
            np.testing.assert_array_equal(file[path][()], array)
            assert file[path].dtype == array.dtype
