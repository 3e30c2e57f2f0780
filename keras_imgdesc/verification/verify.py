"""Compare a task in every exported form."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.presets.folders import find_preset
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.verification.forms import ModelForm, export_forms, shipped_form
from keras_imgdesc.verification.parity import Parity
from keras_imgdesc.verification.runners.running import run_form
from keras_imgdesc.verification.tasks import check_of
from keras_imgdesc.verification.tasks.task_check import Request, TaskCheck

# Scenes that are drawn when the caller gives no collection.
NUM_SCENES = 20


def verify(
    preset: str | PathLike[str],
    collection: CaptionCollection | None = None,
    *,
    representative_images: Iterable[Any] | None = None,
    representative_texts: Iterable[str] | None = None,
    num_threads: int = 2,
    progress: bool = True,
) -> Parity:
    """Export a task to every form and give each form the same requests.

    The forms are Python, a SavedModel in TensorFlow's Python, the same SavedModel in
    TensorFlow's C library (which TensorFlow Serving loads models with), and `.tflite`
    files of float32, float16, dynamic int8 and full int8 in LiteRT. If the preset ships
    with a `.tflite` file, this one comes last, loaded as `keras_imgdesc.load` does.
    Each form runs in a process of its own and answers one request at a time. Exported
    files go to a temporary folder, which is removed.

    A captioner describes the images. A matcher scores each image with the first
    caption of every image. A painter paints one caption per image, the first with
    seed 0, the second with seed 1, and so on; it ignores the images. A classifier
    computes the probabilities of the images' classes.

    Args:
        preset: name or folder of a preset, of any task.
        collection: images with captions, at least two; None means 20 test images of
            Scenes.
        representative_images: for dynamic and full int8 of a task that takes images,
            see `export_tflite`.
        representative_texts: for full int8 of a painter, see `export_tflite`.
        num_threads: number of threads of LiteRT. TensorFlow uses all cores.
        progress: whether to show a progress bar.

    Returns:
        The comparison. `print` it for a table.

    Raises:
        InputError: there is no such preset, fewer than two images can be read (or
            there are fewer than two texts), the painter knows no word of a text, the
            task does not take representative inputs of this kind, or the `.tflite`
            file that the preset ships with is damaged or belongs to other weights.

    Example, which takes a minute:

        parity = keras_imgdesc.verify("scenes_lstm")
        assert parity.is_exact
        print(printable_lines(parity.table()))
    """
    folder = find_preset(preset)
    shipped = shipped_form(folder)  # a broken one is found before the work starts
    task: Any = load_preset(folder)
    check = check_of(type(task).__name__)
    if collection is None:
        collection = draw_scenes("test", NUM_SCENES)
    with tempfile.TemporaryDirectory() as temporary:
        requests = check.requests(task, collection, Path(temporary))
        forms = export_forms(
            task,
            folder,
            Path(temporary),
            representative_images=representative_images,
            representative_texts=representative_texts,
        )
        if shipped is not None:
            forms.append(shipped)
        return compare_forms(check, requests, forms, num_threads, progress)


def compare_forms(
    check: TaskCheck,
    requests: list[Request],
    forms: list[ModelForm],
    num_threads: int = 2,
    progress: bool = True,
) -> Parity:
    """Give several forms of a task the same requests.

    Args:
        check: the check of the task.
        requests: the requests.
        forms: the forms, Python first.
        num_threads: number of threads of LiteRT.
        progress: whether to show a progress bar.
    """
    results = [
        run_form(form, check, requests, num_threads)
        for form in tqdm(forms, disable=not progress, unit="form")
    ]
    return Parity(check, requests, results)
