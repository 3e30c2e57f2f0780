"""A captioner as one file for phones and browsers."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_imgdesc import __version__
from keras_imgdesc.captioning import GenerationSettings, ImageCaptioner
from keras_imgdesc.errors import InputError

QUANTIZATIONS = (None, "float16", "dynamic")
VOCABULARY_FILE = "vocabulary.txt"
METADATA_FILE = "keras_imgdesc.json"


def export_tflite(
    task: ImageCaptioner,
    path: str | PathLike[str],
    *,
    quantize: str | None = None,
    num_beams: int | None = None,
    length_penalty: float | None = None,
    max_length: int | None = None,
    name: str = "captioner",
) -> Path:
    """Write a captioner as a `.tflite` file of built-in operations, beam search inside.

    | tensor | type and shape |
    |---|---|
    | in: `image` | uint8 (1, image_size, image_size, 3), RGB, stretched to the square |
    | out: `token_ids` | int32 (1, words), the end token and padding after them |
    | out: `log_probs` | float32 (1, words), of each token, 0 at padding |
    | out: `attention` | float32 (1, words, rows, columns) |

    `vocabulary.txt` (a token a line, the number of the line being its id) is written
    beside the file, and travels inside it with a description of the tensors,
    `keras_imgdesc.json`: the file is also a zip archive of these two.

    Args:
        task: the captioner.
        path: the file; there must be none.
        quantize: None for float32, `"float16"` for weights of half the size,
            `"dynamic"` for matrices of int8, a quarter of the size.
        num_beams, length_penalty, max_length: of the search, fixed in the file; None
            means the captioner's own.
        name: kept in the metadata, for instance the preset's.

    Returns:
        The file's path.

    Raises:
        InputError: the file exists, or an argument is out of its range.
    """
    path = Path(path)
    if quantize not in QUANTIZATIONS:
        raise InputError(
            f"quantize must be one of {QUANTIZATIONS}",
            "Choose one of them",
            quantize=quantize,
        )
    if path.exists():
        raise InputError(
            "A file that exists is not overwritten", "Choose another name", path=path
        )
    settings = task.generation.changed(
        num_beams=num_beams, length_penalty=length_penalty, max_length=max_length
    )
    content = _convert(task, settings, quantize)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    vocabulary = path.with_name(VOCABULARY_FILE)
    try:
        partial.write_bytes(content)
        with zipfile.ZipFile(partial, "a") as archive:
            tokens = "\n".join(task.tokenizer.vocabulary.tokens) + "\n"
            archive.writestr(VOCABULARY_FILE, tokens)
            archive.writestr(METADATA_FILE, _metadata(task, settings, quantize, name))
        vocabulary.write_text(tokens, encoding="utf-8")
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path


def _convert(
    task: ImageCaptioner, settings: GenerationSettings, quantize: str | None
) -> bytes:
    size = task.encoder.image_size
    rows, columns, _ = task.decoder.feature_map_shape

    def describe(image: tf.Tensor) -> dict[str, tf.Tensor]:
        found = task.find_captions(
            image,
            num_beams=settings.num_beams,
            max_length=settings.max_length,
            length_penalty=settings.length_penalty,
            return_attention=True,
        )
        shape = (1, settings.max_length, rows, columns)
        return {
            "token_ids": found.token_ids[:, 0],
            "log_probs": found.log_probs[:, 0],
            "attention": tf.reshape(found.attention[:, 0], shape),
        }

    # From functions or tf.Module alone the converter would leave the weights out.
    archive = keras.export.ExportArchive()
    archive.track(task)
    archive.add_endpoint(
        "serving_default",
        describe,
        input_signature=[tf.TensorSpec((1, size, size, 3), tf.uint8, name="image")],
    )
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantize is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        content: bytes = converter.convert()
    return content


def _metadata(
    task: ImageCaptioner,
    settings: GenerationSettings,
    quantize: str | None,
    name: str,
) -> str:
    rows, columns, _ = task.decoder.feature_map_shape
    size, words = task.encoder.image_size, settings.max_length
    vocabulary = task.tokenizer.vocabulary
    metadata: dict[str, Any] = {
        "name": name,
        "package_version": __version__,
        "quantize": quantize,
        "search": {
            "num_beams": settings.num_beams,
            "length_penalty": settings.length_penalty,
            "max_length": words,
        },
        "inputs": {
            "image": {
                "dtype": "uint8",
                "shape": [1, size, size, 3],
                "content": "RGB, upright, stretched to the square (bilinear)",
            }
        },
        "outputs": {
            "token_ids": {"dtype": "int32", "shape": [1, words]},
            "log_probs": {"dtype": "float32", "shape": [1, words]},
            "attention": {"dtype": "float32", "shape": [1, words, rows, columns]},
        },
        "vocabulary": {
            "file": VOCABULARY_FILE,
            "pad_id": vocabulary.pad_id,
            "unk_id": vocabulary.unk_id,
            "start_id": vocabulary.start_id,
            "end_id": vocabulary.end_id,
        },
    }
    return json.dumps(metadata, indent=2) + "\n"
