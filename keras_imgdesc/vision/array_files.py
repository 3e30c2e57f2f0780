"""Named arrays from `.npz` files."""

import zipfile
from collections.abc import Mapping

import numpy as np

from keras_imgdesc.errors import InputError

# Three times the arrays of VGG16.
_MOST_BYTES = 2 << 30


def read_npz(path: str, network: str) -> dict[str, np.ndarray]:
    """Read the arrays of numbers in an `.npz` file, without pickles.

    Args:
        path: path of the file.
        network: the network whose weights the file should hold, for messages.

    Raises:
        InputError: the file is no readable `.npz`.
    """
    try:
        _check_sizes(path)
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
    # Besides OSError, NumPy raises what zipfile and its own header parser raise.
    except Exception as error:
        raise InputError(
            f"The weights file must be an .npz with the arrays of {network}",
            f"Use a readable file; reading this one failed: {error}",
            weights=path,
        ) from error
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise InputError(
                "Weights must be numbers",
                f"Use the file of {network}",
                weights=path,
                array=name,
                dtype=str(array.dtype),
            )
    return arrays


def _check_sizes(path: str) -> None:
    """Refuse an archive that becomes too large when it is unpacked."""
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > _MOST_BYTES:
        raise ValueError(f"its arrays have {size:,} bytes, more than {_MOST_BYTES:,}")


def check_arrays(
    arrays: Mapping[str, np.ndarray],
    expected: Mapping[str, tuple[int, ...]],
    path: str,
    network: str,
) -> None:
    """Refuse arrays that are not those of a network, or not finite.

    Args:
        arrays: arrays by name. Further arrays are allowed.
        expected: shape of each needed array, by name.
        path: path of the file, for messages.
        network: the network whose weights the file should hold, for messages.

    Raises:
        InputError: an array is missing, has another shape or a value that is not
            finite.
    """
    for name, shape in expected.items():
        found = tuple(arrays[name].shape) if name in arrays else None
        if found != shape:
            raise InputError(
                f"The weights file must hold the arrays of {network}",
                f"Use the file of {network}; in this one {name!r} "
                + (f"has shape {found}, not {shape}" if found else "is missing"),
                weights=path,
            )
        check_finite(name, arrays[name], path)


def check_finite(name: str, array: np.ndarray, path: str) -> None:
    """Refuse an array with a value that is not finite.

    Args:
        name: name of the array, for the message.
        array: the array.
        path: path of its file, for the message.

    Raises:
        InputError: a value is infinite or not a number.
    """
    if not np.isfinite(array).all():
        raise InputError(
            "Weights must be finite",
            "Use another file; this one is damaged, or its training diverged",
            weights=path,
            array=name,
        )
