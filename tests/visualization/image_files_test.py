import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.visualization.image_files import file_stem, save_images


def greys(*values: int) -> np.ndarray:
    return np.stack([np.full((8, 8, 3), value, np.uint8) for value in values])


def test_numbers_continue_and_no_file_is_replaced(tmp_path):
    first = save_images(greys(1, 2), "a red bird", tmp_path / "new")
    again = save_images(greys(3), "A RED bird.", tmp_path / "new")
    assert [p.name for p in (*first, *again)] == [
        f"a-red-bird-00{number}.png" for number in (1, 2, 3)
    ]
    for value, path in zip((1, 2, 3), (*first, *again), strict=True):
        with Image.open(path) as image:
            assert np.asarray(image).max() == value and image.size == (8, 8)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\x\0y", "c-x-y"),
        ("?!", "picture"),
        ("ein roter Vogel, süß", "ein-roter-vogel-süß"),
        ("a " * 500, "a-" * 29 + "a"),
    ],
)
def test_any_text_gives_a_file_name_without_a_folder(text, name, tmp_path):
    assert file_stem(text) == name
    (path,) = save_images(greys(0), text, tmp_path)
    assert path.parent == tmp_path and path.exists()


def test_a_long_text_of_four_byte_letters_gives_a_valid_file_name(tmp_path):
    (path,) = save_images(greys(0), "\U00020000" * 500, tmp_path)
    assert path.exists()


def test_a_failed_write_leaves_no_file(tmp_path, monkeypatch):
    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def write(self, content):
            raise OSError(28, "No space left on device")

    def opened(path, mode):
        path.touch(exist_ok=False)
        return Full()

    monkeypatch.setattr("pathlib.Path.open", opened)
    with pytest.raises(OSError, match="No space"):
        save_images(greys(0), "a bird", tmp_path)
    assert list(tmp_path.iterdir()) == []
