"""Every notebook runs from its first cell to its last."""

from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"


@dataclass(frozen=True)
class Expected:
    """What a test replaces in a notebook, and the outputs that it expects.

    Args:
        shorter: code that would take minutes, and its replacement.
        images: minimum number of images in the outputs.
        tables: minimum number of tables in the outputs.
    """

    shorter: dict[str, str]
    images: int
    tables: int = 0


NOTEBOOKS = {
    "01_describe_images": Expected(
        {
            "NUM_IMAGES, EPOCHS = 2000, 3": "NUM_IMAGES, EPOCHS = 60, 1",
            'draw("validation", 200)': 'draw("validation", 20)',
        },
        images=6,
    ),
    "02_paint_from_words": Expected(
        {
            "NUM_IMAGES, NUM_TRAINING_IMAGES, EPOCHS = 32, 2000, 4": (
                "NUM_IMAGES, NUM_TRAINING_IMAGES, EPOCHS = 6, 64, 1"
            )
        },
        images=6,
        tables=1,
    ),
    "03_export_and_serve": Expected(
        {
            '"../examples/photos/astronaut.jpg"': '"../examples/pictures/scene_1.png"',
            '"flickr8k_efficientnet_lstm"': '"scenes_lstm"',
            "NUM_IMAGES = 12": "NUM_IMAGES = 3",
            "random_crops(40, seed=1)": "random_crops(8, seed=1)",
        },
        images=3,
        tables=4,
    ),
    "04_match_and_search": Expected(
        {"NUM_IMAGES = 200": "NUM_IMAGES = 40"}, images=3, tables=2
    ),
}


def test_every_notebook_is_tested():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_runs(name):
    expected = NOTEBOOKS[name]
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    for long, short in expected.shorter.items():
        assert sum(cell.source.count(long) for cell in notebook.cells) == 1, long
        for cell in notebook.cells:
            cell.source = cell.source.replace(long, short)
    for cell in notebook.cells:
        assert not cell.get("outputs"), "notebooks are committed without their outputs"
    client = NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    shown = [
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    ]
    assert shown.count("image/png") >= expected.images
    assert shown.count("text/markdown") >= expected.tables
