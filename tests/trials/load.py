"""Part: load on the SavedModel and on LiteRT, from several threads.

Threads ask for batches of intact, broken and odd-sized images, again and again. Every
answer must be the one that a single thread got first, and the memory must not grow.
"""

from __future__ import annotations

import io
import json
import os
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cases import Chain, Job
from children import PAGE
from image_forms import LITE_PRESET
from image_mutants import mutants, seeds
from lab import Lab
from PIL import Image
from reports import Report
from world import World

# Seconds for each of the two.
SIZES = {"small": 2.0, "half": 180.0, "full": float(os.environ.get("LOAD", 1800))}
THREADS = 4
BATCHES = 12
# Seconds after which the memory counts, and by how much it may grow from there.
SETTLED, GROWTH = 120.0, 0.05
FAULTS = ("crashes", "different answers", "memory grown")
# Of a request: its answer, as arrays or texts by name.
Ask = Callable[[int], dict[str, Any]]


def run(lab: Lab, world: World, size: str) -> Report:
    """Ask both for the same, again and again."""
    report = Report("load")
    report.expect_none(*FAULTS)
    seconds = SIZES[size]
    subjects: dict[str, Any] = {"LiteCaptioner": _lite}
    if size != "small":  # an export takes long
        _ = world.saved_model
        subjects["SavedModel"] = _saved_model
    jobs = [
        Job(
            name,
            lambda name=name, open_it=open_it: _load(
                open_it(world), seconds, lab.folder / f"{name}.json"
            ),
            lab.folder,
            limit=seconds + 600,
        )
        for name, open_it in subjects.items()
    ]
    for ended in lab.run_chains([_one_after_the_other(jobs)]):
        if ended.code != 0:
            said = f"{ended.job.name}: signal {ended.signal}: {ended.err[-800:]}"
            report.fault("crashes", said)
            continue
        found = json.loads((lab.folder / f"{ended.job.name}.json").read_text())
        report.cases += found["requests"]
        for difference in found["differences"]:
            report.fault("different answers", f"{ended.job.name}: {difference}")
        report.facts[f"{ended.job.name}: requests"] = found["requests"]
        if found["settled"]:
            growth = found["largest"] / found["settled"] - 1
            report.facts[f"{ended.job.name}: memory grown by"] = f"{growth:.1%}"
            if growth > GROWTH:
                report.fault("memory grown", f"{ended.job.name}: by {growth:.1%}")
    return report


def _one_after_the_other(jobs: list[Job]) -> Chain:
    for job in jobs:
        _ = yield job


def _batches() -> list[list[bytes]]:
    """Return batches of intact, broken and odd-sized images."""
    intact = list(seeds().values())
    odd = [_image(size) for size in ((1, 1), (1, 700), (900, 3), (333, 77))]
    broken = [mutant.content for mutant in mutants(BATCHES, 90_000)]
    broken += [b"", b"text", b"\xff\xd8\xff\xe0"]
    random = np.random.default_rng(0)
    everything = intact + odd + broken
    return [
        [everything[i] for i in random.permutation(len(everything))[: 1 + number % 7]]
        for number in range(BATCHES)
    ]


def _image(size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _saved_model(world: World) -> Callable[[], Ask]:
    """Load the SavedModel once; all threads share it."""
    import tensorflow as tf

    model = tf.saved_model.load(str(world.saved_model))
    batches = _batches()
    pixels = np.random.default_rng(1).integers(0, 256, (2, 40, 30, 3), np.uint8)
    names = ("serving_default", "pixels", "score", "encode")

    def ask(number: int) -> dict[str, Any]:
        name, batch = names[number % len(names)], batches[number % BATCHES]
        inputs: dict[str, Any] = {"image_bytes": tf.constant(batch)}
        if name == "pixels":
            inputs = {"image": tf.constant(pixels)}
        if name == "score":
            inputs["caption"] = tf.constant(["a red picture"] * len(batch))
        outputs = model.signatures[name](**inputs)
        return {key: value.numpy() for key, value in outputs.items()}

    return lambda: ask


def _lite(world: World) -> Callable[[], Ask]:
    """Open the file anew in each thread, as an interpreter is of one thread."""
    from keras_imgdesc.lite import LiteCaptioner

    batches = _batches()

    def open_one() -> Ask:
        captioner = LiteCaptioner.from_preset(LITE_PRESET, num_threads=1)

        def ask(number: int) -> dict[str, Any]:
            batch = batches[number % BATCHES]
            return {
                str(i): str(captioner.generate(image, on_error="return"))
                for i, image in enumerate(batch)
            }

        return ask

    return open_one


def _load(open_one: Callable[[], Ask], seconds: float, place: Path) -> None:
    """Ask from several threads; write what came to a JSON file."""
    warnings.simplefilter("ignore")  # of damage
    requests = BATCHES
    first = open_one()
    expected = [first(number) for number in range(requests)]
    stop = threading.Event()
    counts, differences = [0] * THREADS, list[str]()

    def work(thread: int) -> None:
        ask, random = open_one(), np.random.default_rng(thread)
        while not stop.is_set():
            number = int(random.integers(requests))
            try:
                difference = _difference(ask(number), expected[number])
            except Exception as error:
                difference = repr(error)
            counts[thread] += 1
            if difference:
                differences.append(f"request {number}: {difference}")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    settled, largest, start = 0, 0, time.monotonic()
    while time.monotonic() < start + seconds:
        time.sleep(0.5)
        if time.monotonic() > start + SETTLED:
            settled = settled or _resident()
            largest = max(largest, _resident())
    stop.set()
    for thread in threads:
        thread.join()
    found = {"requests": sum(counts), "differences": differences[:20]}
    found |= {"settled": settled, "largest": largest}
    place.write_text(json.dumps(found))


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> str:
    """Return the name of an output that differs, or nothing."""
    for name, value in expected.items():
        is_number = getattr(value, "dtype", np.dtype(object)).kind == "f"
        if is_number and np.allclose(found[name], value, rtol=1e-4, atol=1e-5):
            continue
        if is_number or not np.array_equal(found[name], value):
            return name
    return ""


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
