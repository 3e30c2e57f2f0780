import numpy as np
from PIL import Image

from keras_imgdesc.visualization.sample_grid import LINE, write_sample_grid


def test_a_row_shows_the_real_image_and_then_the_painted_ones(tmp_path):
    real = np.stack([np.full((16, 16, 3), value, np.uint8) for value in (10, 20)])
    painted = np.arange(60, 120, 10, np.uint8).reshape(2, 3, 1, 1, 1)
    painted = np.broadcast_to(painted, (2, 3, 16, 16, 3))
    path = tmp_path / "sheet.png"
    write_sample_grid(path, ["a", "a very long text " * 20], painted, real)
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet)
    assert pixels.shape == (2 * (16 + LINE + 4), 4 * 18 + 6, 3)
    for row in range(2):
        middle = row * (16 + LINE + 4) + LINE + 8
        found = pixels[middle, [8, 18 + 14, 36 + 14, 54 + 14], 0].tolist()
        assert found == [real[row, 0, 0, 0], *painted[row, :, 0, 0, 0]]
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.png"]
