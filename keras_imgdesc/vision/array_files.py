"""Named arrays from `.npz` files."""

from collections.abc import Mapping

import numpy as np

from keras_imgdesc.errors import InputError


def read_npz(path: str, network: str) -> dict[str, np.ndarray]:
    """Read all arrays of an `.npz` file, without pickles.

    Args:
        path: path of the file.
        network: the network whose weights the file should hold, for messages.

    Raises:
        InputError: the file is no readable `.npz`.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    # Besides OSError, NumPy raises what zipfile and its own header parser raise.
    except Exception as error:
        raise InputError(
            f"The weights file must be an .npz with the arrays of {network}",
            f"Use a readable file; reading this one failed: {error}",
            weights=path,
        ) from error


def check_shapes(
    arrays: Mapping[str, np.ndarray],
    expected: Mapping[str, tuple[int, ...]],
    path: str,
    network: str,
) -> None:
    """Refuse arrays that are not those of a network.

    Args:
        arrays: arrays by name. Further arrays are allowed.
        expected: shape of each needed array, by name.
        path: path of the file, for messages.
        network: the network whose weights the file should hold, for messages.

    Raises:
        InputError: an array is missing or has another shape.
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
