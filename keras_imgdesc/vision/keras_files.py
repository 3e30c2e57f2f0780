"""Files of weights that Keras reads."""

from pathlib import Path

from keras_imgdesc.presets.stored_arrays import check_dataset, datasets_of, open_hdf5


def check_keras_file(path: str) -> None:
    """Refuse a file of weights that takes values from other files or needs plugins.

    Keras' own reader refuses most of these as well, each in its own words.

    Args:
        path: a Keras `.h5` or `.weights.h5`.

    Raises:
        InputError: it is no HDF5 file, is damaged, or has a link or an array that a
            preset must not have. The message names the array.
    """
    with open_hdf5(Path(path)) as file:
        for _, dataset in datasets_of(file, Path(path)):
            check_dataset(dataset, Path(path))
