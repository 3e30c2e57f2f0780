"""Export a task as a `.tflite` file for phones and browsers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc.atomic_files import atomic_path, write_atomically
from keras_imgdesc.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.lite_model import LiteModel
from keras_imgdesc.export.signature import Examples
from keras_imgdesc.export.tflite.conversion import LiteConversion
from keras_imgdesc.export.tflite.dynamic_int8 import (
    quantize_to_dynamic,
    uses_examples,
)
from keras_imgdesc.export.tflite.full_int8 import quantize_to_int8
from keras_imgdesc.lite.archive import append_entries
from keras_imgdesc.lite.model_file import (
    METADATA_FILE,
    PRESET_FILES,
    VOCABULARY_FILE,
    checksums_of,
    flatbuffer_entry,
)
from keras_imgdesc.presets.folders import find_preset, read_config
from keras_imgdesc.version import __version__

QUANTIZATIONS = (None, "float16", "dynamic", "int8")


def export_tflite(
    task: Any,
    path: str | PathLike[str],
    *,
    quantize: str | None = None,
    representative_images: Iterable[Any] | None = None,
    representative_texts: Iterable[str] | None = None,
    name: str | None = None,
    preset: str | PathLike[str] | None = None,
    **settings: Any,
) -> Path:
    """Write a task as a `.tflite` file of built-in operations only.

    A task of mixed precision is written in float32.

    A captioner has four signatures, which share their weights:

    | signature | inputs | outputs |
    |---|---|---|
    | `caption` | `image` | `token_ids`, `log_probs` |
    | `describe` | `image` | `token_ids`, `log_probs`, `attention` |
    | `encode` | `image` | the state for `step`: `keys`, `hidden`, ... |
    | `step` | `token_id` and the state | `log_probs`, `attention`, `next_hidden`, ... |

    The names of the state are those of the decoder's `begin`.
    `caption` decodes a caption by a beam search inside the graph; it runs when no
    signature is named. `describe` finds the same caption with its attention, which
    takes longer. With the other two an app can show words as they are decoded.
    A matcher has

    | signature | inputs | outputs |
    |---|---|---|
    | `embed_image` | `image` | `vector`, `regions` |
    | `embed_text` | `token_ids` | `vector`, `words`, `padding_mask` |
    | `score` | `image_vector`, `regions`, `text_vector`, `words`, ... | `score`, ... |

    a painter

    | signature | inputs | outputs |
    |---|---|---|
    | `paint` | `token_ids`, `noise` | `image` |
    | `text_vectors` | `token_ids` | `sentence`, and `words` if they are attended to |
    | `paint_vectors` | the vectors, `noise` | `image` |

    and a classifier

    | signature | inputs | outputs |
    |---|---|---|
    | `classify` | `image` | `probabilities`, float32 (1, classes) |

    `image` is uint8 (1, image_size, image_size, 3), RGB, upright; an input must be
    stretched to the square. `token_ids` is int32 (1, words), followed by the end token
    and padding. `noise` is float32 (1, latent_dim), standard normal, as
    `keras_imgdesc.noise` draws it from a seed. `log_probs` is float32 (1, words), one
    per token and 0 at padding; in `step` it is (1, vocabulary_size). `attention` is
    float32 (1, words, rows, columns).

    `vocabulary.txt` has one token per line, in the order of their ids; that of a
    classifier has the names of the classes, in the order of outputs. It is written
    beside the file, and also inside it together with `keras_imgdesc.json`, which
    describes all tensors: the file is a zip archive of these two as well.

    Args:
        task: an `ImageCaptioner`, `ImageTextMatcher`, `TextToImage` or
            `ImageClassifier`.
        path: file to write. It must not exist, and its folder must not contain the
            `vocabulary.txt` of another model.
        quantize: None for float32; `"float16"` for weights of half the size;
            `"dynamic"` for int8 matrices, a quarter of the size; `"int8"` for int8
            activations between convolutions too, the fastest. In both int8 files the
            text encoder of a painter is float16: whitening amplifies the differences
            between sentences, and would amplify rounding errors.
        representative_images: images like those that the model will receive, as
            `load_image` takes them. `"int8"` takes the ranges of activations from
            them; `"dynamic"` rounds pointwise kernels, which MobileNet has, so that
            the outputs for these images change least. None means images of Scenes.
        representative_texts: the same for a painter: texts like those that it will
            receive. None means captions of Scenes or, if the painter does not know
            all of their words, known words in random order.
        name: name in the metadata, for instance the preset's; None means the file's.
        preset: name or folder of the preset that the task was loaded from, if its
            weights have not changed since. The file then states the preset's
            checksums, and a folder of another version refuses it.
        **settings: settings to fix in the file. A captioner has `num_beams`,
            `length_penalty` and `max_length`.

    Returns:
        The path of the file.

    Raises:
        InputError: the file exists, its folder is not writable, there are no
            representative images or texts or the task does not take them, or an
            argument is out of range. No partial files remain.
        ImageError: a representative image cannot be read.

    Example, which takes a few seconds:

        captioner = keras_imgdesc.ImageCaptioner.from_preset("scenes_lstm")
        keras_imgdesc.export_tflite(captioner, "lite/c.tflite", quantize="dynamic")
        LiteCaptioner("lite/c.tflite").generate("photo.jpg")
    """
    return write_tflite(
        LiteConversion(task, **settings),
        path,
        quantize=quantize,
        representative_images=representative_images,
        representative_texts=representative_texts,
        name=name,
        preset=preset,
    )


def write_tflite(
    conversion: LiteConversion,
    path: str | PathLike[str],
    *,
    quantize: str | None = None,
    representative_images: Iterable[Any] | None = None,
    representative_texts: Iterable[str] | None = None,
    name: str | None = None,
    preset: str | PathLike[str] | None = None,
    replace: bool = False,
) -> Path:
    """Write one file of a converted task; several files share one conversion.

    Args:
        conversion: the converted task.
        path, quantize, representative_images, representative_texts, name, preset: see
            `export_tflite`.
        replace: whether the file may exist. Then no vocabulary is written beside it.

    Raises:
        InputError: see `export_tflite`.
        ImageError: a representative image cannot be read.
    """
    path, model = Path(path), conversion.model
    if quantize not in QUANTIZATIONS:
        raise InputError(
            "Unknown quantization",
            f"Use one of {list(QUANTIZATIONS)}",
            quantize=quantize,
        )
    vocabulary = "\n".join(model.vocabulary.tokens) + "\n"
    if not replace:
        _check_place(path, vocabulary)
    given = _representative(model, representative_images, representative_texts)
    examples: Examples = []
    # Before the conversion, which takes long: one of them may be broken.
    if quantize == "int8" or (quantize == "dynamic" and given is not None):
        examples = model.read_examples(given)
    content = conversion.float16 if quantize == "float16" else conversion.float32
    if quantize == "dynamic":
        if not examples and uses_examples(content):
            examples = model.read_examples(None)
        content = quantize_to_dynamic(content, examples, model.exact)
    elif quantize == "int8":
        content = quantize_to_int8(content, examples, model.exact)
    metadata = {
        "name": name or path.stem,
        "package_version": __version__,
        "quantize": quantize,
        "flatbuffer": flatbuffer_entry(content),
        "image": "RGB, upright, stretched to the square (bilinear, anti-aliased)",
        "signatures": conversion.tensors,
        "vocabulary": {
            "file": VOCABULARY_FILE,
            **{
                special: getattr(model.vocabulary, special)
                for special in ("pad_id", "unk_id", "start_id", "end_id")
                if hasattr(model.vocabulary, special)
            },
        },
    }
    if preset is not None:
        metadata["preset_sha256"] = checksums_of(read_config(find_preset(preset)))
    _write(path, content, vocabulary, metadata | model.metadata, beside=not replace)
    return path


def add_to_preset(
    task: Any, folder: Path, *, quantize: str | None = None, **options: Any
) -> Path:
    """Write a `.tflite` file into the folder of the task's preset, for `load`.

    A file that is there already is replaced.

    Args:
        task: the task, as loaded from the preset.
        folder: folder of the preset.
        quantize: see `export_tflite`.
        **options: `representative_images` or `representative_texts`; see there.

    Returns:
        The path of the file.

    Raises:
        InputError: see `export_tflite`.
        ImageError: a representative image cannot be read.
    """
    return write_tflite(
        LiteConversion(task),
        folder / PRESET_FILES[type(task).__name__],
        quantize=quantize,
        name=folder.absolute().name,
        preset=folder,
        replace=True,
        **options,
    )


def _representative(model: LiteModel, images: Any, texts: Any) -> Any:
    """Return the examples of the kind that the task takes, or None.

    Raises:
        InputError: examples of the other kind were given.
    """
    given = {"images": images, "texts": texts}
    examples = given.pop(model.representative)
    for kind, values in given.items():
        if values is not None:
            raise InputError(
                f"The task takes representative_{model.representative}",
                f"Omit representative_{kind}",
                task=model.metadata["task"],
            )
    return examples


def _write(
    path: Path,
    content: bytes,
    vocabulary: str,
    metadata: dict[str, Any],
    beside: bool,
) -> None:
    with disk_errors_as_input_errors(path), atomic_path(path) as partial:
        partial.write_bytes(content)
        described = json.dumps(metadata, indent=2) + "\n"
        append_entries(partial, {VOCABULARY_FILE: vocabulary, METADATA_FILE: described})
        listing = path.with_name(VOCABULARY_FILE)
        if beside and not listing.exists():
            write_atomically(listing, vocabulary)


def _check_place(path: Path, vocabulary: str) -> None:
    """Refuse a path where something would be overwritten."""
    if path.exists():
        raise InputError(
            "An existing file is not overwritten",
            "Choose another name, or delete the file",
            path=path,
        )
    beside = path.with_name(VOCABULARY_FILE)
    if path == beside:
        raise InputError(
            f"{VOCABULARY_FILE} is written beside the model",
            "Choose another name for the model",
            path=path,
        )
    # Another model in this folder may need it.
    if beside.exists() and beside.read_bytes() != vocabulary.encode("utf-8"):
        raise InputError(
            f"The folder must contain no {VOCABULARY_FILE} of another model",
            "Choose another folder",
            path=path,
            found=beside,
        )
