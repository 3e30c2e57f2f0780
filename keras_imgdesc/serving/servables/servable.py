"""What all models have in common."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from keras_imgdesc.serving.tensor_spec import SignatureSpec

Arrays = dict[str, np.ndarray]


class Servable(Protocol):
    """A model that answers requests.

    Attributes:
        signatures: what it takes and returns, by the name of the signature.
        gains_by_batches: whether several rows at once take less time than one by one.
    """

    signatures: dict[str, SignatureSpec]
    gains_by_batches: bool

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        """Compute the outputs of a signature, by name.

        Args:
            signature: its name, one of `signatures`.
            inputs: arrays as the signature takes them; strings are objects, bytes.

        Raises:
            RestError: the inputs cannot be used.
        """
