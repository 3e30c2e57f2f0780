"""What the server tells of its models: status and metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keras_imgdesc.serving.tensor_spec import (
    PREDICT,
    TENSORFLOW_DTYPES,
    SignatureSpec,
    TensorSpec,
)


def status_document(versions: Iterable[int]) -> dict[str, Any]:
    """Return TensorFlow Serving's `GetModelStatusResponse` of available versions.

    Args:
        versions: the versions; the newest comes first.
    """
    return {
        "model_version_status": [
            {
                "version": str(version),
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
            for version in sorted(versions, reverse=True)
        ]
    }


def metadata_document(
    name: str, version: int, signatures: Mapping[str, SignatureSpec]
) -> dict[str, Any]:
    """Return TensorFlow Serving's `GetModelMetadataResponse` of a version.

    Args:
        name: name of the model.
        version: its version.
        signatures: its signatures by name.
    """
    return {
        "model_spec": {
            "name": name,
            "signature_name": "",
            "version": str(version),
        },
        "metadata": {
            "signature_def": {
                "signature_def": {
                    key: {
                        "inputs": _tensors(spec.inputs, f"{key}_"),
                        "outputs": _tensors(spec.outputs, f"{key}_call_"),
                        "method_name": PREDICT,
                        "defaults": {},
                    }
                    for key, spec in signatures.items()
                }
            }
        },
    }


def _tensors(specs: dict[str, TensorSpec], prefix: str) -> dict[str, Any]:
    return {
        name: {
            "dtype": TENSORFLOW_DTYPES[spec.dtype],
            "tensor_shape": {
                "dim": [
                    {"size": str(-1 if size is None else size), "name": ""}
                    for size in spec.shape or ()
                ],
                "unknown_rank": spec.shape is None,
            },
            "name": f"{prefix}{name}:0",
        }
        for name, spec in specs.items()
    }
