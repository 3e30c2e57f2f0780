"""The verbs of the command line that write, each with the arguments of a small case."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cases import command
from world import World

Arguments = list[object]


@dataclass(frozen=True)
class Verb:
    """A command that writes into the folder `out`, and nowhere else.

    Attributes:
        name: what it is called in reports.
        arguments: function of the world and the folder `out`.
        prepare: function of the same that makes what is there before the command runs;
            it is called in a child.
        refuses_done: whether the command refuses to replace its own finished result.
        adds: whether the command keeps the files that are there and writes all of its
            own again, under new names.
    """

    name: str
    arguments: Callable[[World, Path], Arguments]
    prepare: Callable[[World, Path], object] | None = None
    refuses_done: bool = False
    adds: bool = False


def _train(kind: str) -> Verb:
    return Verb(f"train {kind}", lambda w, out: w.training(kind, out / "run"))


def _describe(name: str, *options: str, copied: bool = False) -> Verb:
    """Caption photos; `OUT` in an option stands for the folder."""

    def arguments(world: World, out: Path) -> Arguments:
        photos = out / "photos" if copied else world.photos
        filled = [option.replace("OUT", str(out)) for option in options]
        preset = ["--preset", world.presets["captioner"], "--runtime", "tensorflow"]
        return ["describe", photos, *preset, *filled]

    return Verb(f"describe {name}", arguments, _copy_photos if copied else None)


def _copy_photos(world: World, out: Path) -> None:
    shutil.copytree(world.photos, out / "photos")


def _index(world: World, out: Path) -> Arguments:
    preset = ["--preset", world.presets["matcher"], "--runtime", "tensorflow"]
    return ["index", out / "photos", "-o", out / "index", *preset]


def _run(arguments: Arguments) -> None:
    try:
        command(*arguments)()
    except SystemExit as stop:
        if stop.code:
            raise


def _prepare_update(world: World, out: Path) -> None:
    """Index some photos, then change, remove and add others."""
    _copy_photos(world, out)
    shutil.move(out / "photos" / "red", out / "red")
    _run(_index(world, out))
    shutil.move(out / "red", out / "photos" / "red")
    changed, removed = sorted((out / "photos" / "blue").glob("*"))[:2]
    removed.unlink()
    shutil.copy(next((out / "photos" / "green").glob("*.png")), changed)


def _prepare_relocation(world: World, out: Path) -> None:
    _copy_photos(world, out)
    _run(_index(world, out))
    shutil.move(out / "photos", out / "moved")


def _relocate(world: World, out: Path) -> Arguments:
    return [
        *("index", "-o", out / "index", "--relocate"),
        out / "photos",
        out / "moved",
    ]


def _paint(name: str, *words: str, adds: bool = False) -> Verb:
    def arguments(world: World, out: Path) -> Arguments:
        options = ["--preset", world.presets["painter"], "--runtime", "tensorflow"]
        if words[0] == "roundtrip":
            options += ["--matcher", world.presets["matcher"]]
            options += ["--captioner", world.presets["captioner"]]
        return [*(word.replace("OUT", str(out)) for word in words), *options]

    return Verb(name, arguments, adds=adds)


def _preset(world: World, task: str) -> Arguments:
    return ["--preset", world.presets[task]]


def _into_preset(world: World, out: Path) -> Arguments:
    return ["export", "tflite", "--preset", out / "captioner", "--into-preset"]


def _copy_preset(world: World, out: Path) -> None:
    shutil.copytree(world.presets["captioner"], out / "captioner")


def _scenes(world: World, out: Path) -> Arguments:
    scenes = ["--scenes", "--scenes-config", "tiny", "--data-dir", out / "data"]
    return ["evaluate", "matcher", *_preset(world, "matcher"), *scenes, "--limit", 4]


VERBS = (
    _describe("--csv", "--csv", "OUT/captions.csv", "--skip-existing"),
    _describe("--sidecar", "--sidecar", "json", "--skip-existing", copied=True),
    _describe("--xmp", "--xmp", "OUT/xmp", "--skip-existing"),
    _describe("--attention-dir", "--attention-dir", "OUT/maps"),
    Verb("index", _index, _copy_photos),
    Verb("index, update", _index, _prepare_update),
    Verb("index --relocate", _relocate, _prepare_relocation, refuses_done=True),
    Verb(
        "search --sheet",
        lambda w, out: [
            *("search", w.index, "red", "--sheet", out / "hits.png"),
            *_preset(w, "matcher"),
        ],
    ),
    Verb(
        "extract",
        lambda w, out: [
            *("extract", w.photos, *_preset(w, "captioner"), "-o", out / "features"),
        ],
    ),
    _paint(
        "paint",
        *("paint", "red", "blue", "-n", "2", "--output-dir", "OUT/p"),
        adds=True,
    ),
    _paint("paint --sheet", "paint", "red", "-n", "2", "--sheet", "OUT/sheet.webp"),
    _paint(
        "interpolate",
        *("interpolate", "red", "blue", "--steps", "3"),
        *("--sheet", "OUT/way.jpg", "--output-dir", "OUT/way"),
        adds=True,
    ),
    _paint("roundtrip", "roundtrip", "red", "-n", "3", "--sheet", "OUT/trip.png"),
    Verb(
        "export tflite",
        lambda w, out: [
            *("export", "tflite", *_preset(w, "captioner"), "-o", out / "a.tflite"),
        ],
        refuses_done=True,
    ),
    Verb("export tflite --into-preset", _into_preset, _copy_preset),
    Verb(
        "export saved-model",
        lambda w, out: [
            *("export", "saved-model", *_preset(w, "classifier")),
            *("-o", out / "model", "--version", "1"),
        ],
        refuses_done=True,
    ),
    Verb(
        "evaluate captioner --report FOLDER",
        lambda w, out: [
            *("evaluate", "captioner", *_preset(w, "captioner"), *w.captioned),
            *("--report", out / "report", "--save-results", out / "results.json"),
        ],
    ),
    Verb(
        "evaluate captioner --report FILE",
        lambda w, out: [
            *("evaluate", "captioner", *_preset(w, "captioner"), *w.captioned),
            *("--report", out / "report.html"),
        ],
    ),
    Verb(
        "evaluate painter --report",
        lambda w, out: [
            *("evaluate", "painter", *_preset(w, "painter"), *w.captioned),
            *("--matcher", w.presets["matcher"], "--report", out / "report"),
        ],
    ),
    Verb("scenes", _scenes),
    Verb("curves", lambda w, out: ["curves", w.run_dir, "--output", out / "c.png"]),
    _train("captioner"),
    _train("captioner-frozen"),
    _train("matcher"),
    _train("classifier"),
    _train("vae"),
    _train("dcgan"),
    _train("encoder"),
)
