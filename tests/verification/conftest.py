"""The forms that every task is verified in."""

import pytest


@pytest.fixture(scope="session")
def form_names() -> list[str]:
    """The names of the forms, in the order of the table."""
    return [
        "Python",
        "SavedModel",
        "C loader",
        "tflite float32",
        "tflite float16",
        "tflite dynamic",
        "tflite int8",
    ]
