"""Every notebook runs from its first cell to its last."""

from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"


@dataclass(frozen=True)
class Expected:
    """What is replaced in a notebook for the test, and what must come out.

    Args:
        shorter: what would take minutes, and what stands for it here; everything else
            runs as it is.
        pictures: how many cells draw one, at least.
        tables: how many cells show one, at least.
    """

    shorter: dict[str, str]
    pictures: int
    tables: int = 0


NOTEBOOKS = {
    "01_describe_images": Expected(
        {
            "PICTURES, EPOCHS = 2000, 3": "PICTURES, EPOCHS = 60, 1",
            'drawn("validation", 200)': 'drawn("validation", 20)',
        },
        pictures=5,
    ),
    "02_paint_from_words": Expected(
        {
            "PICTURES, TRAINED_ON, EPOCHS = 32, 2000, 4": (
                "PICTURES, TRAINED_ON, EPOCHS = 6, 64, 1"
            )
        },
        pictures=6,
        tables=1,
    ),
    "03_export_and_serve": Expected(
        {
            '"../examples/photos/astronaut.jpg"': '"../examples/pictures/scene_1.png"',
            '"flickr8k_mobilenet_lstm"': '"scenes_lstm"',
            "PICTURES = 12": "PICTURES = 3",
            "parts(40, seed=1)": "parts(8, seed=1)",
        },
        pictures=3,
        tables=4,
    ),
    "04_match_and_search": Expected(
        {"PICTURES = 200": "PICTURES = 40"}, pictures=3, tables=2
    ),
}


def test_every_notebook_is_run():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs(name):
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
    assert shown.count("image/png") >= expected.pictures
    assert shown.count("text/markdown") >= expected.tables
