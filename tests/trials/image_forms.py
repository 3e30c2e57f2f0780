"""One captioner in each form that it is used in: what it says of image files."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cases import command
from world import World

# For each file: its caption and whether it was called damaged; or an error.
Answer = dict[str, Any]
# Of the world, and of files to caption; writes a list of answers to the other path.
Form = Callable[[World, list[Path], Path], None]
BATCH = 50
LITE_PRESET = "scenes_lstm"  # which ships with a .tflite file


def python(world: World, files: list[Path], answers: Path) -> None:
    """Caption files through `ImageCaptioner`; each is also read by `load_image`."""
    from keras_imgdesc import ImageCaptioner
    from keras_imgdesc.errors import ImageError
    from keras_imgdesc.images import load_image

    captioner = ImageCaptioner.from_preset(world.presets["captioner"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damage, which captions tell, too
        found = captioner.generate(
            list(map(str, files)), return_details=True, on_error="return"
        )
        for file, caption in zip(files, found):
            try:
                pixels = load_image(file)
                is_read = pixels.dtype == np.uint8 and pixels.shape[2:] == (3,)
            except ImageError:
                is_read = False
            assert is_read != isinstance(caption, ImageError), file
    _save(answers, [_answer(caption) for caption in found])


def lite(world: World, files: list[Path], answers: Path) -> None:
    """Caption files through `LiteCaptioner`, in this process."""
    from keras_imgdesc.lite import LiteCaptioner

    captioner = LiteCaptioner.from_preset(LITE_PRESET, num_threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = captioner.generate(
            list(map(str, files)), return_details=True, on_error="return"
        )
    _save(answers, [_answer(caption) for caption in found])


def command_line(world: World, files: list[Path], answers: Path) -> None:
    """Caption files through `describe --json`; its output is in the case's own."""
    preset = ["--preset", world.presets["captioner"], "--runtime", "tensorflow"]
    command("describe", *files, *preset, "--json")()


def from_lines(printed: str, files: list[Path]) -> list[Answer]:
    """Return the answers of `describe --json`, in the order of the files."""
    rows = [json.loads(line) for line in printed.splitlines()]
    by_path = {
        row["path"]: {"error": row["error"]}
        if "error" in row
        else _captioned(row["caption"], row["log_prob"], row.get("damaged"))
        for row in rows
    }
    return [by_path[str(file)] for file in files]


def saved_model(world: World, files: list[Path], answers: Path) -> None:
    """Caption files through the SavedModel, in TensorFlow's Python."""
    import tensorflow as tf

    model = tf.saved_model.load(str(world.saved_model))
    serve, found = model.signatures["serving_default"], []
    for start in range(0, len(files), BATCH):
        contents = [file.read_bytes() for file in files[start : start + BATCH]]
        outputs = serve(image_bytes=tf.constant(contents))
        found += served({name: value.numpy() for name, value in outputs.items()})
    _save(answers, found)


def c_library(world: World, files: list[Path], answers: Path) -> None:
    """Caption files through the SavedModel in TensorFlow's C library."""
    from keras_imgdesc.verification.runners.running import run_c_library

    batches = [
        np.array([file.read_bytes() for file in files[start : start + BATCH]], object)
        for start in range(0, len(files), BATCH)
    ]
    reply = run_c_library(
        world.saved_model,
        "serving_default",
        [{"image_bytes": batch} for batch in batches],
        ("caption", "log_prob", "error", "damaged"),
    )
    _save(answers, [a for outputs in reply["answers"] for a in served(outputs)])


def served(outputs: dict[str, Any]) -> list[Answer]:
    """Return the answers in the outputs of a SavedModel."""
    return [
        {"error": error.decode()}
        if error
        else _captioned(caption.decode(), log_prob, is_damaged)
        for error, caption, log_prob, is_damaged in zip(
            *(outputs[name] for name in ("error", "caption", "log_prob", "damaged"))
        )
    ]


def _answer(caption: Any) -> Answer:
    if isinstance(caption, Exception):
        return {"error": str(caption)}
    is_damaged = caption.damaged
    return _captioned(caption.text, caption.log_prob, is_damaged)


def _captioned(text: str, log_prob: float, is_damaged: Any) -> Answer:
    # In a batch of another size, sums may be added in another order.
    return {
        "caption": text,
        "log_prob": round(float(log_prob), 3),
        "damaged": bool(is_damaged),
    }


def _save(place: Path, answers: list[Answer]) -> None:
    place.write_text(json.dumps(answers), "utf-8")


FORMS: dict[str, Form] = {
    "Python": python,
    "command line": command_line,
    "SavedModel": saved_model,
    "C library": c_library,
    "LiteRT": lite,
}
