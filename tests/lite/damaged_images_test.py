"""Damaged images in LiteRT, in this process and in others."""

from pathlib import Path

import pytest

from keras_imgdesc.errors import DamagedImageWarning, ImageError
from keras_imgdesc.lite import LiteCaptioner

PHOTO = Path(__file__).parents[2] / "examples/photos/cat.jpg"


@pytest.fixture(scope="module")
def captioner(scenes_forms) -> LiteCaptioner:
    return LiteCaptioner(scenes_forms["tflite float32"].path, num_threads=1)


@pytest.fixture
def half(tmp_path) -> Path:
    whole = PHOTO.read_bytes()
    path = tmp_path / "half.jpg"
    path.write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")
    return path


def test_a_caption_says_that_its_image_is_damaged(captioner, half):
    with pytest.warns(DamagedImageWarning, match="half.jpg"):
        captions = captioner.generate([PHOTO, half], return_details=True)
    assert [caption.damaged for caption in captions] == [False, True]


def test_a_damaged_image_is_refused(captioner, half):
    with pytest.raises(ImageError, match="The image is damaged.*half.jpg"):
        captioner.generate(half, on_damaged="refuse")
    found = captioner.generate(
        [PHOTO, half, PHOTO], on_damaged="refuse", on_error="return"
    )
    assert [isinstance(x, ImageError) for x in found] == [False, True, False]


def test_words_of_a_damaged_image_come_with_a_warning(captioner, half):
    with pytest.warns(DamagedImageWarning, match="half.jpg"):
        assert list(captioner.stream_words(half))


def test_other_processes_say_it_too(captioner, half, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.lite.parallel.PATIENCE", 0.0)
    sources = [PHOTO, half] * 12
    with pytest.warns(DamagedImageWarning) as warned:
        found = list(captioner.generate_stream(sources, num_workers=2))
    assert [caption.damaged for _, caption in found] == [False, True] * 12
    assert {warning.message.image for warning in warned} == {str(half)}
