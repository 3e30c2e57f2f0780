"""The licences that cards, packages and documents name agree."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CARDS = sorted(ROOT.glob("saved_models/*/README.md"))
# Terms of the data sets, and the names that packages have for the licences of weights.
TERMS = {
    "Flickr8k": "research use",
    "Flickr30k": "research use",
    "ImageNet": "research use",
    "Oxford-102": "research use",
    "Scenes": "Apache-2.0",
}
WEIGHTS = {
    "Apache-2.0": {"Apache-2.0"},
    "Apache-2.0, and CC BY 4.0 for the layers of VGG16": {"Apache-2.0", "CC-BY-4.0"},
}
# Extras whose packages have a licence that asks more of who passes them on.
COPYLEFT = {"pyexiv2": "GPL", "pillow-jxl-plugin": "GPL", "pycocoevalcap": "GPL"}


def terms_of(card: Path) -> str:
    """Return the section of the terms; each card has one."""
    (section,) = re.findall(
        r"^## Data and terms\n(.*?)^## ", card.read_text("utf-8"), re.M | re.S
    )
    return section


def licences_of(card: Path) -> set[str]:
    (line,) = re.findall(r"^Licence of the weights: (.+)\.$", terms_of(card), re.M)
    return WEIGHTS[line]


def metadata_of(folder: Path, tmp_path: Path) -> dict[str, list[str]]:
    """Return what the package of a folder says of itself when it is built."""
    copy = tmp_path / "copy"
    copy.mkdir()
    ignored = shutil.ignore_patterns(
        "*.h5", "*.tflite", ".*", "tests", "build", "*.egg-info", "*.ipynb"
    )
    for name in ("setup.py", "packaging", "recipes", "saved_models", "keras_imgdesc"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy(source, copy / name)
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    # Those with a file for LiteRT are in the small package.
    for file in ROOT.glob("saved_models/*/*.tflite"):
        (copy / file.relative_to(ROOT)).touch()
    subprocess.run(
        [sys.executable, "setup.py", "-q", "egg_info", "-e", str(tmp_path)],
        cwd=copy / folder,
        check=True,
        capture_output=True,
    )
    (info,) = tmp_path.glob("*.egg-info/PKG-INFO")
    found: dict[str, list[str]] = {}
    for line in info.read_text("utf-8").split("\n\n")[0].splitlines():
        name, _, value = line.partition(": ")
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_a_card_states_the_licence_of_weights_and_data_in_one_form(card):
    assert licences_of(card)
    (line,) = re.findall(r"^Data they were trained on: (.+)\.$", terms_of(card), re.M)
    found = dict(re.findall(r"([\w-]+) \(([^)]+)\)", line))
    assert line == ", ".join(f"{name} ({terms})" for name, terms in found.items())
    assert found == {name: TERMS[name] for name in found} and found
    # What is named above is in the line, and the other way round.
    text = terms_of(card).partition("Licence of the weights:")[0]
    assert {name for name in TERMS if name in text} <= found.keys()
    # No other sentence says the same in other words.
    assert not re.search(r"released under|like the\s+package|Research use", text)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_layers_of_vgg16_keep_their_licence(card):
    recipe = json.loads((card.parent / "recipe.json").read_text("utf-8"))
    held = json.loads((card.parent / "config.json").read_text("utf-8"))
    whose = (held.get("shared_weights") or {}).get("preset", "")
    weights = str(recipe.get("encoder_options", {}).get("weights", ""))
    is_vgg16 = "flickr8k_vgg16" in (card.parent.name + whose) or "vgg16" in weights
    assert ("CC-BY-4.0" in licences_of(card)) == is_vgg16
    if is_vgg16:
        assert "https://creativecommons.org/licenses/by/4.0/" in terms_of(card)


def presets_of(folder: str) -> set[str]:
    """Return the names of the presets of which a package has files."""
    if folder == "packaging/lite":
        return {path.parent.name for path in ROOT.glob("saved_models/*/*.tflite")}
    shipped = runpy.run_path(str(ROOT / "packaging/shipped_presets.py"))
    files = shipped["main_files" if folder == "." else "more_files"]()
    return {file.partition("/")[0] for file in files}


@pytest.mark.parametrize("folder", [".", "packaging/lite", "packaging/presets"])
def test_a_package_names_the_licences_of_what_is_in_it(folder, tmp_path):
    found = metadata_of(Path(folder), tmp_path)
    names = presets_of(folder)
    cards = [card for card in CARDS if card.parent.name in names]
    assert len(cards) == len(names) > 1
    expected = {"Apache-2.0"}.union(*map(licences_of, cards))
    (named,) = found.get("License-Expression") or found["License"]
    assert set(named.split(" AND ")) == expected
    assert found["License-File"] == ["LICENSE"]
    assert (ROOT / folder / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_the_readme_says_what_the_cards_say():
    text = (ROOT / "README.md").read_text("utf-8").partition("## License")[2]
    assert "Apache-2.0" in text
    for card in CARDS:
        assert (f"`{card.parent.name}`" in text) == ("CC-BY-4.0" in licences_of(card))
    for name, terms in TERMS.items():
        assert name in text, terms


def test_extras_name_a_licence_of_the_gpl():
    code = (ROOT / "setup.py").read_text("utf-8")
    for package, licence in COPYLEFT.items():
        above = code.partition(f'"{package}>=')[0].rsplit("#", 1)[1]
        assert licence in above, package
    text = (ROOT / "docs/describe.md").read_text("utf-8")
    assert re.search(r"pyexiv2.*?licence is the GPL", text, re.S)
    assert re.search(r"pillow-jxl-plugin` \| GPL", text)
