import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.captioning import Caption
from keras_imgdesc.errors import ImageError
from keras_imgdesc.visualization.attention_maps import (
    attention_names,
    draw_attention,
    overlay,
    save_attention,
)


def caption(maps: np.ndarray) -> Caption:
    words = [f"w{i}" for i in range(len(maps) - 1)]
    ids = np.arange(len(maps))
    return Caption(" ".join(words), -1.0, ids, np.zeros(len(maps)), maps)


def test_high_attention_is_bright():
    maps = np.zeros((6, 6), np.float32)
    maps[0, 5] = 0.8
    square = Image.new("RGB", (120, 120), (90, 90, 90))
    result = np.asarray(overlay(square, maps)).astype(int).sum(axis=-1)
    assert result[5, 115] > 2 * result[115, 5]
    flat = np.asarray(overlay(square, np.zeros((6, 6), np.float32)))
    assert flat.std() == 0


def test_the_drawing_has_one_tile_for_the_image_and_one_per_word():
    image = np.full((50, 80, 3), 128, np.uint8)
    one = draw_attention(image, caption(np.full((2, 4, 4), 1 / 16)))
    many = draw_attention(image, caption(np.full((8, 4, 4), 1 / 16)))
    assert one.width < many.width and one.height < many.height


def test_saving_leaves_only_the_finished_file(tmp_path):
    source = tmp_path / "photo.jpg"
    Image.new("RGB", (40, 40), "red").save(source)
    maps = np.random.default_rng(0).random((3, 4, 4)).astype(np.float32)
    path = tmp_path / "maps" / "a.png"
    save_attention(source, caption(maps), path)
    with Image.open(path) as drawn:
        assert drawn.format == "PNG"
    assert [p.name for p in (tmp_path / "maps").iterdir()] == [path.name]


def test_a_failed_drawing_leaves_no_file(tmp_path):
    with pytest.raises(ImageError):
        save_attention(tmp_path / "none.jpg", None, tmp_path / "maps" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_images_of_equal_stems_get_different_file_names():
    sources = ["a/cat.jpg", "b/cat.jpg", "Cat.png", "cat-2.gif"]
    names = attention_names(sources)
    assert names[0] == "cat.attention.png"
    assert len({name.casefold() for name in names}) == len(sources)
