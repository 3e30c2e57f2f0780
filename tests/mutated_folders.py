"""Folders of this package with one drawn change each, and what reading them does.

    python tests/mutated_folders.py index 1000 --seed 1

Each case is a copy of a good folder in which a value, a file or its kind has changed,
with checksums that fit in most cases, as somebody would send it. It is read, and
written to as its owner would. Prints one JSON object per fault: an exception other than
`InputError`, a file outside of the folder that was opened, or a canary that changed.
"""

import argparse
import copy
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ml_dtypes
import numpy as np
from PIL import Image

from keras_imgdesc.data import CaptionCollection, CaptionedImage, feature_cache
from keras_imgdesc.data.text_cache import cached_texts
from keras_imgdesc.errors import InputError
from keras_imgdesc.images import load_image
from keras_imgdesc.matching.index.files import write_manifest
from keras_imgdesc.matching.index.search_index import SearchIndex
from keras_imgdesc.text.text_encoder import TextEmbeddings
from keras_imgdesc.training.best import Best
from keras_imgdesc.training.run_data import RunData
from keras_imgdesc.training.run_directory import RunDirectory
from keras_imgdesc.visualization.training_curves import read_metrics

SECONDS = 10


class Matcher:
    """The vector of an image is its mean colour."""

    embedding_dim, global_scale, use_local = 3, 1.0, False

    def fingerprint(self) -> str:
        return "colour"

    def embed_images(self, sources: Any) -> Any:
        vectors = [found[0] for _, found in self.embed_images_stream(sources)]
        return SimpleNamespace(vectors=np.stack(vectors))

    def embed_images_stream(self, sources: Any, batch_size: int = 1) -> Iterator[Any]:
        for source in sources:
            vector = np.asarray(load_image(source)).mean(axis=(0, 1)) + 1
            yield source, (vector / np.linalg.norm(vector), None)


class Encoder:
    """The map of an image is a part of it."""

    image_size, feature_map_shape = 8, (2, 2, 3)

    def fingerprint(self) -> str:
        return "part"

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        return batch[:, :2, :2].astype(ml_dtypes.bfloat16).view(np.uint16)


class TextEncoder:
    """Zeros."""

    sequence_length, embedding_dim = 4, 3

    def fingerprint(self) -> str:
        return "zeros"

    def encode(self, texts: list[str], batch_size: int) -> TextEmbeddings:
        words = np.zeros((len(texts), 4, 3), np.float32)
        return TextEmbeddings(words[:, 0], words, words[..., 0] == 0)


RECIPE = {"epochs": 3, "seed": 1, "rate": 0.5}
TEXTS = ["a red bird", "a blue bird"]
EXAMPLES = CaptionCollection(
    [
        CaptionedImage(n, None, ("A bird.",), np.zeros((8, 8, 3), "u1"), {"label": 1})
        for n in "abc"
    ]
)
ROWS = [{"epoch": n, "loss": 1 / n, "score": n} for n in (1, 2)]


def use_index(folder: Path, photos: Path) -> None:
    index = SearchIndex(folder)
    for hit in index.search_vectors(np.eye(3), k=9)[0]:
        os.path.lexists(hit.path)
    index.update(Matcher(), photos, folder, shard_size=2, progress=False)
    SearchIndex(folder, Matcher()).search(image=photos / "0.png")
    index.relocate(folder, photos, f"{photos}2")


def use_run(folder: Path, photos: Path) -> None:
    run = RunDirectory(folder, RECIPE)
    data = RunData(folder, is_begun=run.is_begun)
    data.match(label="label", train=EXAMPLES)
    data.match_words(vocabulary=["a", "bird"])
    run.load_checkpoint()
    row = {"epoch": 3, "loss": 0.1, "score": 3}
    best = Best("score", ties=(("loss", False),))
    best.is_improved_by(row, run.metrics())
    best.is_over(run.metrics(), 1)
    run.save_checkpoint({"w": np.ones(3, "f4")}, {"epochs_done": 3}, row)
    read_metrics(folder)


def use_features(folder: Path, photos: Path) -> None:
    feature_cache._compiled = lambda encoder: encoder  # without Keras
    sources = sorted(photos.glob("*.png"))
    names = [path.name for path in sources]
    found = feature_cache.extract_features(
        Encoder(), sources, names, folder, shard_size=2, progress=False
    )
    found.gather(np.arange(len(found)))
    feature_cache.FeatureCache(folder)


def use_texts(folder: Path, photos: Path) -> None:
    cached_texts(TextEncoder(), TEXTS, folder, progress=False)  # type: ignore[arg-type]


KINDS: dict[str, Callable[[Path, Path], None]] = {
    "index": use_index,
    "run": use_run,
    "features": use_features,
    "texts": use_texts,
}


def make(kind: str, folder: Path, photos: Path) -> None:
    """Make the good folder of a kind."""
    if kind == "index":
        SearchIndex.update(Matcher(), photos, folder, shard_size=3, progress=False)
    elif kind == "run":
        run = RunDirectory(folder, RECIPE)
        data = RunData(folder, is_begun=False)
        data.match(label="label", train=EXAMPLES)
        data.match_words(vocabulary=["a", "bird"])
        for row in ROWS:
            state = {"w": np.ones(3, "f4"), "n": np.ones((), "i4")}
            run.save_checkpoint(state, {"epochs_done": row["epoch"]}, row)
    else:
        KINDS[kind](folder, photos)


def mutate(folder: Path, canary: Path, draw: random.Random) -> str:
    """Change a file of a folder, and return what was changed."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != ".lock")
    file = draw.choice(files)
    how = draw.choice(["content"] * 6 + ["missing", "folder", "pipe", "link", "lost"])
    if how == "content":
        content = file.read_bytes()
        change = _of_json if file.suffix == ".json" else _of_array
        is_text = file.suffix not in (".json", ".npy", ".npz")
        how, new = (_of_bytes if is_text or draw.random() < 0.2 else change)(
            content, canary, draw
        )
        file.write_bytes(new)
        if draw.random() < 0.8:
            _fit(folder, file, hashlib.sha256(content).hexdigest())
    else:
        outside = canary.with_name("outside")
        shutil.copy(file, outside)
        file.unlink()
        if how == "folder":
            file.mkdir()
        elif how == "pipe":
            os.mkfifo(file)
        elif how in ("link", "lost"):
            # To a file that would be right.
            file.symlink_to(outside if how == "link" else f"{outside}-not")
    return f"{file.relative_to(folder)}: {how}"


def _of_bytes(content: bytes, canary: Path, draw: random.Random) -> tuple[str, bytes]:
    place = draw.randrange(len(content) + 1)
    return draw.choice(
        [
            ("empty", b""),
            ("cut", content[:place]),
            ("longer", content + b"\0" * draw.choice([1, 5000])),
            ("other", draw.randbytes(200)),
            ("byte", content[:place] + draw.randbytes(1) + content[place + 1 :]),
        ]
    )


def _of_json(content: bytes, canary: Path, draw: random.Random) -> tuple[str, bytes]:
    value = json.loads(content)
    places = list(_places(value))
    if not places:
        return "list", b'["more"]'
    holder, key = draw.choice(places)
    deep: Any = []
    for _ in range(draw.choice([5, 40, 900])):
        deep = [deep]
    others = [None, True, -1, 0, 2**70, 1.5, 1e308, float("nan"), "", "x" * 9000]
    others += ["\0", "../canary", str(canary), f"../{canary.name}", "a/../b", [], {}]
    others += [[None], {"a": {}}, deep, "\ud800", ["a"] * 999, -(10**300)]
    if draw.random() < 0.2:
        del holder[key]
        how = "key removed"
    elif draw.random() < 0.1 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
        how = "item twice"
    else:
        holder[key] = draw.choice(others)
        how = f"{key} = {str(holder[key])[:60]!r}"
    return how, json.dumps(value).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _of_array(content: bytes, canary: Path, draw: random.Random) -> tuple[str, bytes]:
    if content[:2] == b"PK":
        with np.load(io.BytesIO(content)) as archive:
            arrays = dict(archive)
        name = draw.choice(sorted(arrays))
        how = draw.choice(["renamed", "compressed", "twice", "array", "huge"])
        if how == "renamed":
            arrays["other"] = arrays.pop(name)
        elif how == "array":
            how, arrays[name] = _other_array(arrays[name], draw)
        file = io.BytesIO()
        save = np.savez_compressed if how == "compressed" else np.savez
        save(file, **arrays)
        if how in ("twice", "huge"):
            with zipfile.ZipFile(file, "a") as archive:
                member = io.BytesIO()
                np.save(member, arrays[name])
                new = member.getvalue()
                if how == "huge":
                    new, name = _with_shape(new, (2**40,)), "more"
                import warnings

                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    archive.writestr(f"{name}.npy", new)
        return how, file.getvalue()
    array = np.load(io.BytesIO(content))
    if draw.random() < 0.3:
        shape = draw.choice([(2**40, 3), (-1, 3), (0,), (2**62, 2**62), ()])
        return f"shape {shape}", _with_shape(content, shape)
    how, array = _other_array(array, draw)
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return how, file.getvalue()


def _other_array(array: np.ndarray, draw: random.Random) -> tuple[str, np.ndarray]:
    changed = np.array(array, copy=True)
    return draw.choice(
        [
            ("float64", array.astype("f8")),
            ("complex", array.astype("c8")),
            ("objects", np.array([None, {}], object)),
            ("texts", np.full(array.shape, "x")),
            ("more", np.concatenate([array.reshape(-1), array.reshape(-1)])),
            ("less", array.reshape(-1)[1:]),
            ("void", np.zeros(array.shape, "V4")),
            ("nan", np.full(array.shape, np.nan, "f4").astype(changed.dtype)),
        ]
    )


def _with_shape(content: bytes, shape: tuple[int, ...]) -> bytes:
    """Return an `.npy` file with the header of another shape."""
    file = io.BytesIO(content)
    np.lib.format.read_magic(file)
    _, _, dtype = np.lib.format.read_array_header_1_0(file)
    new = io.BytesIO()
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(new, header)
    return new.getvalue() + file.read()


def _fit(folder: Path, file: Path, before: str) -> None:
    """Write the digest of a changed file wherever that of the former one is."""
    after = hashlib.sha256(file.read_bytes()).hexdigest()
    for other in folder.rglob("*.json"):
        content = other.read_bytes()
        if other != file and before.encode() in content:
            other.write_bytes(content.replace(before.encode(), after.encode()))
    manifest = folder / "manifest.json"
    try:
        content = json.loads(manifest.read_bytes())
        if "format_version" in content:
            content.pop("sha256", None)
            write_manifest(folder, content)
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        pass


class Watch:
    """What the process opens, removes or makes while `allowed` is a folder."""

    def __init__(self) -> None:
        self.allowed: list[str] = []
        self.found: list[str] = []
        self.is_on = False
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        kinds = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.listdir")
        if self.is_on and event in (*kinds, "os.symlink", "os.link", "socket.connect"):
            for path in arguments[: 2 if event == "os.rename" else 1]:
                if not isinstance(path, str | bytes | os.PathLike):
                    continue
                place = os.path.realpath(os.path.dirname(os.fsdecode(path)))
                place = os.path.join(place, os.path.basename(os.fsdecode(path)))
                # A link within the folder leads to where it is opened.
                if event == "open":
                    place = os.path.realpath(place)
                if not any(place.startswith(each) for each in self.allowed):
                    self.found.append(f"{event} {place}")

    @contextmanager
    def on(self, *allowed: Path) -> Iterator[None]:
        self.allowed = [str(path) for path in (*allowed, "/proc", sys.prefix)]
        self.allowed += [sys.base_prefix, str(Path(__file__).parents[1])]
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False


def draw_photos(place: Path) -> Path:
    """Write five images, and the same ones into a folder `photos2`."""
    photos = place / "photos"
    photos.mkdir()
    for number, colour in enumerate(["red", "green", "blue", "white", "black"]):
        Image.new("RGB", (8, 8), colour).save(photos / f"{number}.png")
    shutil.copytree(photos, f"{photos}2")
    return photos


def faults(kind: str, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the faults of some cases; see the module."""
    watch = Watch()

    def late(*_: Any) -> None:
        raise TimeoutError(f"more than {SECONDS} seconds")

    signal.signal(signal.SIGALRM, late)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(os.path.realpath(temporary))
        photos, good, canary = draw_photos(place), place / "good", place / "canary"
        canary.write_text("alive")
        make(kind, good, photos)
        KINDS[kind](good, photos)  # so that all is imported, and the good one is good
        shutil.rmtree(good)
        make(kind, good, photos)
        for number in range(count):
            case, name = place / "case", f"{kind} {seed} {number}"
            shutil.copytree(good, case, symlinks=True)
            how = mutate(case, canary, random.Random(name))
            watch.found = []
            problem = None
            signal.alarm(SECONDS)
            try:
                with watch.on(case, photos, Path(f"{photos}2")):
                    KINDS[kind](case, photos)
            except InputError as error:
                if not str(error).strip() or not error.received:
                    problem = f"It names nothing: {error}"
            except BaseException:
                problem = traceback.format_exc()
            signal.alarm(0)
            if canary.read_text() != "alive":
                problem = "The canary changed"
            if problem or watch.found:
                yield {
                    "case": name,
                    "change": how,
                    "problem": problem,
                    "outside": watch.found,
                }
            shutil.rmtree(case)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", help=f"some of {','.join(KINDS)}")
    parser.add_argument("count", type=int, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for kind in options.kinds.split(","):
        for fault in faults(kind, options.count, options.seed):
            print(json.dumps(fault), flush=True)


if __name__ == "__main__":
    main()
