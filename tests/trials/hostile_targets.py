"""What a stranger may hand over, and the verbs that read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cases import command
from world import World

# Of the world, what the stranger gave, and a folder to write into.
Arguments = Callable[[World, Path, Path], list[object]]
TENSORFLOW = ("--runtime", "tensorflow")


@dataclass(frozen=True)
class Target:
    """A thing that a stranger may hand over.

    Attributes:
        name: what it is called in reports.
        good: function of the world that returns the folder or file to change a copy of.
        verbs: commands that read it.
    """

    name: str
    good: Callable[[World], Path]
    verbs: tuple[Arguments, ...]


def _photo(world: World) -> Path:
    return next((world.photos / "red").glob("*.png"))


def _captioner(world: World) -> Path:
    return world.presets["captioner"]


def _results(world: World) -> Path:
    """Captions in COCO's format for the photos."""
    place = world.folder / "results.json"
    names = [str(p.relative_to(world.photos)) for p in world.photos.glob("*/*")]
    rows = [{"image_id": name, "caption": "a red picture"} for name in sorted(names)]
    place.write_text(json.dumps(rows))
    return place


def _json_lines(world: World) -> Path:
    place = world.folder / "captions.jsonl"
    rows = [
        {"image": row["image_id"], "caption": row["caption"], "split": "train"}
        for row in json.loads(_results(world).read_text())
    ]
    place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return place


def _karpathy(world: World) -> Path:
    place = world.folder / "karpathy.json"
    rows = json.loads(_results(world).read_text())
    images = [
        {
            "filename": row["image_id"],
            "split": "train",
            "imgid": i,
            "sentences": [{"raw": row["caption"], "sentid": i}],
        }
        for i, row in enumerate(rows)
    ]
    place.write_text(json.dumps({"images": images, "dataset": "toy"}))
    return place


def _coco(world: World) -> Path:
    place = world.folder / "coco.json"
    rows = json.loads(_results(world).read_text())
    images = [{"id": i, "file_name": row["image_id"]} for i, row in enumerate(rows)]
    captions = [
        {"id": i, "image_id": i, "caption": row["caption"]}
        for i, row in enumerate(rows)
    ]
    place.write_text(json.dumps({"images": images, "annotations": captions}))
    return place


def _tokens(world: World) -> Path:
    place = world.folder / "tokens.txt"
    rows = json.loads(_results(world).read_text())
    place.write_text("".join(f"{r['image_id']}#0\t{r['caption']}\n" for r in rows))
    return place


def _recipe(world: World) -> Path:
    world.training("captioner-frozen", world.folder)  # writes the recipe
    return world.folder / "captioner-frozen.json"


def _features(world: World) -> Path:
    place = world.folder / "features"
    if not place.exists():
        arguments = [*("extract", world.photos, "-o", place, "--preset")]
        world.lab.build("features", command(*arguments, world.presets["captioner"]))
    return place


def _described(*options: str) -> Arguments:
    return lambda w, given, out: ["describe", _photo(w), "--preset", given, *options]


def _with_captions(world: World, given: Path, out: Path) -> list[object]:
    """Score good captions against the stranger's references."""
    captions = ["--annotations", given, "--images", world.photos]
    results = ["--results", world.folder / "results.json", "--resamples", 0]
    return ["evaluate", "captions", *results, *captions]


def _trained_on(world: World, given: Path, out: Path) -> list[object]:
    arguments = world.training("captioner-frozen", out / "run")
    arguments[arguments.index("--annotations") + 1] = given
    return arguments


def _by_recipe(world: World, given: Path, out: Path) -> list[object]:
    arguments = world.training("captioner-frozen", out / "run")
    arguments[arguments.index("--recipe") + 1] = given
    return arguments


def _continued(world: World, given: Path, out: Path) -> list[object]:
    return [*world.training("captioner", given), "--set", "epochs=1"]


def _matcher(world: World) -> list[object]:
    return ["--preset", world.presets["matcher"]]


def _indexed(world: World, given: Path, out: Path) -> list[object]:
    preset = ["--preset", world.presets["matcher"], *TENSORFLOW]
    return ["index", world.photos, "-o", given, *preset]


def _relocated(world: World, given: Path, out: Path) -> list[object]:
    return ["index", "-o", given, "--relocate", "/elsewhere", world.photos]


CAPTIONER = (
    _described("--json", *TENSORFLOW),
    _described(*TENSORFLOW),
    lambda w, given, out: ["extract", _photo(w), "--preset", given, "-o", out / "f"],
    lambda w, given, out: ["export", "tflite", "--preset", given, "-o", out / "a"],
    lambda w, given, out: [
        *("evaluate", "captioner", "--preset", given, *w.captioned, "--limit", 1),
    ],
    lambda w, given, out: ["presets"],
)
MATCHER = (
    lambda w, given, out: [
        *("score", _photo(w), "-t", "red", "--preset", given, *TENSORFLOW),
    ],
    lambda w, given, out: ["search", w.index, "red", "--preset", given],
    lambda w, given, out: [
        *("index", w.photos / "red", "-o", out / "index", "--preset", given),
    ],
    lambda w, given, out: ["presets"],
)
PAINTER = (
    lambda w, given, out: [
        *("paint", "red", "-n", 1, "--sheet", out / "a.png", "--preset", given),
    ],
    lambda w, given, out: ["export", "saved-model", "--preset", given, "-o", out / "a"],
)
CLASSIFIER = (
    lambda w, given, out: ["classify", _photo(w), "--preset", given, "--json"],
    lambda w, given, out: ["presets"],
)
INDEX = (
    lambda w, given, out: [
        *("search", given, "red", "--sheet", out / "hits.png", *_matcher(w)),
    ],
    lambda w, given, out: [
        *("search", given, "red", "--json", "--rerank", 0, *_matcher(w)),
    ],
    lambda w, given, out: ["search", given, "red"],
    _indexed,
    _relocated,
)
CAPTIONS = (*(_with_captions,) * 4, _trained_on)

TARGETS = (
    Target("captioner", _captioner, CAPTIONER),
    Target("matcher", lambda w: w.presets["matcher"], MATCHER),
    Target("painter", lambda w: w.presets["painter"], PAINTER),
    Target("classifier", lambda w: w.presets["classifier"], CLASSIFIER),
    Target("index", lambda w: w.index, INDEX),
    Target(
        "run directory",
        lambda w: w.run_dir,
        (
            _continued,
            lambda w, given, out: ["curves", given, "--output", out / "c.png"],
        ),
    ),
    Target("captioner.tflite", lambda w: w.lite_captioner, (_described("--json"),) * 2),
    Target("recipe", _recipe, (_by_recipe,)),
    Target(
        "feature cache",
        _features,
        (
            lambda w, given, out: [
                *("extract", w.photos, "--preset", w.presets["captioner"], "-o", given),
            ],
        ),
    ),
    Target("captions.csv", lambda w: w.captions, CAPTIONS),
    Target("captions.jsonl", _json_lines, CAPTIONS),
    Target("karpathy.json", _karpathy, CAPTIONS),
    Target("coco.json", _coco, CAPTIONS),
    Target("tokens.txt", _tokens, CAPTIONS),
    Target(
        "matcher.tflite",
        lambda w: w.lite_matcher,
        (lambda w, given, out: ["score", _photo(w), "-t", "red", "--preset", given],),
    ),
)
# Those that need neither an export nor a training.
_SLOW = ("run directory", "captioner.tflite", "matcher.tflite")
QUICK = tuple(t for t in TARGETS if t.name not in _SLOW)
