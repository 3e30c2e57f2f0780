"""Captioned images for the tests of metrics."""

import shutil

import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage

REFERENCES = [
    ["A dog runs on the grass.", "the brown dog is running"],
    ["Two men play soccer", "two men are playing football in a park"],
    ["A cat on a sofa", "the cat sleeps", "a cat is asleep on the couch"],
]


@pytest.fixture
def java():
    """Skip a test where Java is not installed."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")


@pytest.fixture
def references():
    return REFERENCES


@pytest.fixture
def collection():
    return CaptionCollection(
        [
            CaptionedImage(str(number), None, tuple(captions), b"jpeg")
            for number, captions in enumerate(REFERENCES)
        ]
    )


@pytest.fixture
def repeat():
    """Return captions and images repeated as a resample draws them."""

    def call(captions, collection, counts):
        drawn = np.repeat(np.arange(len(counts)), counts)
        examples = [collection[int(index)] for index in drawn]
        return [captions[index] for index in drawn], CaptionCollection(examples)

    return call


@pytest.fixture
def without_java(monkeypatch, tmp_path):
    """Hide Java."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
