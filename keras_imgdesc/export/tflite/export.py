"""A task as one file for phones and browsers."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc import __version__
from keras_imgdesc.atomic_files import atomic_path, write_atomically
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.export.lite_model import LiteModel
from keras_imgdesc.export.signature import Examples
from keras_imgdesc.export.tflite.conversion import LiteConversion
from keras_imgdesc.export.tflite.dynamic_int8 import (
    quantize_to_dynamic,
    wants_examples,
)
from keras_imgdesc.export.tflite.full_int8 import quantize_to_int8
from keras_imgdesc.lite.model_file import METADATA_FILE, VOCABULARY_FILE

QUANTIZATIONS = (None, "float16", "dynamic", "int8")


def export_tflite(
    task: Any,
    path: str | PathLike[str],
    *,
    quantize: str | None = None,
    representative_images: Iterable[Any] | None = None,
    representative_texts: Iterable[str] | None = None,
    name: str | None = None,
    **settings: Any,
) -> Path:
    """Write a task as a `.tflite` file of built-in operations alone.

    A captioner has three signatures, which share their weights:

    | signature | takes | gives |
    |---|---|---|
    | `describe` | `image` | `token_ids`, `log_probs`, `attention` |
    | `encode` | `image` | what an image is to `step`: `keys`, `hidden`, ... |
    | `step` | `token_id` and those | `log_probs`, `attention`, `next_hidden`, ... |

    The first describes an image whole, by a beam search inside of it, and is what
    runs when no signature is named. With the other two an app shows words as they
    come. A matcher has

    | signature | takes | gives |
    |---|---|---|
    | `embed_image` | `image` | `vector`, `regions` |
    | `embed_text` | `token_ids` | `vector`, `words`, `padding_mask` |
    | `score` | `image_vector`, `regions`, `text_vector`, `words`, ... | `score`, ... |

    and a painter

    | signature | takes | gives |
    |---|---|---|
    | `paint` | `token_ids`, `noise` | `image` |

    `image` is uint8 (1, image_size, image_size, 3), RGB, upright; one that goes in is
    stretched to the square. `token_ids` is int32 (1, words), the end token and padding
    after them; `noise` float32 (1, latent_dim), standard normal, of a seed as
    `keras_imgdesc.noise` draws it; `log_probs` float32 (1, words), of each token, 0 at
    padding, and in `step` (1, vocabulary_size); `attention` float32 (1, words, rows,
    columns).

    `vocabulary.txt` (a token a line, the number of the line being its id) is written
    beside the file, and travels inside it with a description of all tensors,
    `keras_imgdesc.json`: the file is also a zip archive of these two.

    Args:
        task: an `ImageCaptioner`, an `ImageTextMatcher` or a `TextToImage`.
        path: the file; there must be none, and in its folder no `vocabulary.txt` of
            another model.
        quantize: None for float32; `"float16"` for weights of half the size;
            `"dynamic"` for matrices of int8, a quarter of the size; `"int8"` where
            what goes from convolution to convolution is int8 too, the fastest. What a
            painter reads words with is float16 in both: whitening makes large what
            the sentences differ by, and would make errors large.
        representative_images: pictures, as `load_image` takes them, like those that
            will be described; `"int8"` takes its ranges from them, and `"dynamic"`
            rounds the kernels of one pixel, as MobileNet has, so that what these
            show changes least. None means drawn ones, of the data set Scenes.
        representative_texts: the same for a painter, texts like those that will be
            painted. None means captions of Scenes, or where it does not know all of
            their words, words that it knows, in random order.
        name: kept in the metadata, for instance the preset's; None means the file's.
        **settings: fixed in the file, of a captioner: `num_beams`, `length_penalty`,
            `max_length`.

    Returns:
        The file's path.

    Raises:
        InputError: the file exists, its place cannot be written to, there are no
            representative images or texts or the task does not take them, or an
            argument is out of its range. Nothing is left then.
        ImageError: a representative image cannot be read.
    """
    return write_tflite(
        LiteConversion(task, **settings),
        path,
        quantize=quantize,
        representative_images=representative_images,
        representative_texts=representative_texts,
        name=name,
    )


def write_tflite(
    conversion: LiteConversion,
    path: str | PathLike[str],
    *,
    quantize: str | None = None,
    representative_images: Iterable[Any] | None = None,
    representative_texts: Iterable[str] | None = None,
    name: str | None = None,
) -> Path:
    """Writes one of the files of a task that is converted once for all of them.

    Args:
        conversion: of the task.
        path, quantize, representative_images, representative_texts, name: see
            `export_tflite`, and there what is raised.
    """
    path, model = Path(path), conversion.model
    if quantize not in QUANTIZATIONS:
        raise InputError(
            f"quantize must be one of {QUANTIZATIONS}",
            "Choose one of them",
            quantize=quantize,
        )
    vocabulary = "\n".join(model.vocabulary.tokens) + "\n"
    _check_place(path, vocabulary)
    given = _representative(model, representative_images, representative_texts)
    examples: Examples = []
    # Before anything takes long: one of them may be broken.
    if quantize == "int8" or (quantize == "dynamic" and given is not None):
        examples = model.read_examples(given)
    content = conversion.float16 if quantize == "float16" else conversion.float32
    if quantize == "dynamic":
        if not examples and wants_examples(content):
            examples = model.read_examples(None)
        content = quantize_to_dynamic(content, examples, model.exact)
    elif quantize == "int8":
        content = quantize_to_int8(content, examples, model.exact)
    metadata = {
        "name": name or path.stem,
        "package_version": __version__,
        "quantize": quantize,
        "image": "RGB, upright, stretched to the square (bilinear, anti-aliased)",
        "signatures": conversion.tensors,
        "vocabulary": {
            "file": VOCABULARY_FILE,
            **{
                special: getattr(model.vocabulary, special)
                for special in ("pad_id", "unk_id", "start_id", "end_id")
            },
        },
    }
    _write(path, content, vocabulary, metadata | model.metadata)
    return path


def _representative(model: LiteModel, images: Any, texts: Any) -> Any:
    """What was given of the kind that the task takes, or None.

    Raises:
        InputError: the other kind was given.
    """
    given = {"images": images, "texts": texts}
    wanted = given.pop(model.representative)
    for kind, values in given.items():
        if values is not None:
            raise InputError(
                f"The task takes representative_{model.representative}",
                f"Leave out representative_{kind}",
                task=model.metadata["task"],
            )
    return wanted


def _write(
    path: Path, content: bytes, vocabulary: str, metadata: dict[str, Any]
) -> None:
    with disk_errors_as_input_errors(path), atomic_path(path) as partial:
        partial.write_bytes(content)
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr(VOCABULARY_FILE, vocabulary)
            archive.writestr(METADATA_FILE, json.dumps(metadata, indent=2) + "\n")
        beside = path.with_name(VOCABULARY_FILE)
        if not beside.exists():
            write_atomically(beside, vocabulary)


def _check_place(path: Path, vocabulary: str) -> None:
    """Refuses a place where something would be overwritten."""
    if path.exists():
        raise InputError(
            "A file that exists is not overwritten", "Choose another name", path=path
        )
    beside = path.with_name(VOCABULARY_FILE)
    if path == beside:
        raise InputError(
            f"{VOCABULARY_FILE} is what is written beside the model",
            "Choose another name",
            path=path,
        )
    # Another model may be read with it.
    if beside.exists() and beside.read_bytes() != vocabulary.encode("utf-8"):
        raise InputError(
            f"The folder must have no {VOCABULARY_FILE}, or that of this model",
            "Choose another folder",
            path=path,
            found=beside,
        )
