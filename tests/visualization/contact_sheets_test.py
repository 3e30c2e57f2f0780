import numpy as np
import pytest
from PIL import Image, ImageFont

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.visualization.contact_sheets import (
    GAP,
    draw_sheet,
    save_sheet,
    wrap_text,
)

COLOURS = np.array([[255, 0, 0], [0, 160, 0], [0, 0, 255]], np.uint8)


def squares(size: int = 16) -> np.ndarray:
    return np.broadcast_to(COLOURS[:, None, None], (3, size, size, 3)).copy()


def test_images_are_drawn_row_by_row():
    sheet = np.asarray(draw_sheet(squares(), columns=2, tile=32))
    assert sheet.shape == (2 * 32 + 3 * GAP, 2 * 32 + 3 * GAP, 3)
    step = 32 + GAP
    for index, (row, column) in enumerate([(0, 0), (0, 1), (1, 0)]):
        part = sheet[
            GAP + row * step : GAP + row * step + 32,
            GAP + column * step : GAP + column * step + 32,
        ]
        assert (part == COLOURS[index]).all()
    assert (sheet[-step:, -step:] == 255).all()


def test_images_keep_their_aspect_ratio(tmp_path):
    path = tmp_path / "wide.png"
    Image.new("RGB", (40, 20), "blue").save(path)
    sheet = np.asarray(draw_sheet([path], tile=64))
    blue = (sheet == (0, 0, 255)).all(axis=-1)
    assert blue.sum() == 64 * 32
    with pytest.raises(ImageError):
        draw_sheet([path, tmp_path / "none.png"])


def test_the_longest_caption_decides_the_height():
    bare = draw_sheet(squares(), columns=1, tile=64)
    one = draw_sheet(squares(), ["a", "b", "c"], columns=1, tile=64)
    more = draw_sheet(squares(), ["a", "b " * 40, "c"], columns=1, tile=64)
    assert bare.height < one.height < more.height
    under = np.asarray(one)[GAP + 64 : 2 * GAP + 64 + 10]
    assert under.min() < 100  # letters


def test_lines_fit_and_end_in_dots_where_they_are_cut():
    font = ImageFont.load_default(size=14)
    text = "a small red circle left of a large blue star over a green cross"
    lines = wrap_text(text, 100, font, 9)
    assert " ".join(lines) == text
    short = wrap_text(text, 100, font, 2)
    assert len(short) == 2 and short[1].endswith("...")
    for line in [*lines, *short, *wrap_text("extraordinarily" * 3, 100, font, 2)]:
        assert font.getlength(line) <= 100
    assert wrap_text("", 100, font, 2) == [""]


def test_saving_leaves_only_the_finished_file(tmp_path):
    path = save_sheet(draw_sheet(squares()), tmp_path / "sheets" / "a.jpg")
    with Image.open(path) as saved:
        assert saved.format == "JPEG"
    assert [p.name for p in path.parent.iterdir()] == ["a.jpg"]
    with pytest.raises(InputError, match="a.txt"):
        save_sheet(draw_sheet(squares()), tmp_path / "a.txt")
    path.unlink()
    (path.parent / "b.png").mkdir()
    with pytest.raises(OSError):
        save_sheet(draw_sheet(squares()), path.parent / "b.png")
    assert [p.name for p in path.parent.iterdir()] == ["b.png"]


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        ([], {}, "at least one image"),
        (squares(), {"captions": ["one"]}, "captions=1"),
        (squares(), {"columns": 0}, "columns=0"),
        (squares(), {"tile": -1}, "tile=-1"),
    ],
)
def test_wrong_arguments_are_refused(images, options, message):
    with pytest.raises(InputError, match=message):
        draw_sheet(images, **options)


def test_names_are_drawn_printable():
    images = np.zeros((1, 8, 8, 3), "uint8")
    strange = draw_sheet(images, ["a\u202e\udcff"], title="b\n\x1b[2J")
    expected = draw_sheet(images, ["a\\u202e\\udcff"], title="b\\n\\x1b[2J")
    assert np.array_equal(strange, expected)
