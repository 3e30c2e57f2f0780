"""A task as a SavedModel that TensorFlow Serving can serve."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import keras

# Registers what a matcher offers.
import keras_imgdesc.export.matcher_signatures  # noqa: F401
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.serving_assets import write_serving_assets
from keras_imgdesc.export.task_signatures import signatures_of
from keras_imgdesc.export.whole import written_whole


def export_saved_model(
    task: Any,
    path: str | PathLike[str],
    *,
    version: int | None = None,
    warm_up: bool = True,
    **settings: Any,
) -> Path:
    """Write a task as `path/<version>/`, whole or not at all.

    Images go in as the bytes of their files, words come out as strings; decoding,
    EXIF orientation, search and vocabulary are in the graph, which needs TensorFlow's
    own operations alone. A captioner has these signatures:

    | signature | takes | gives |
    |---|---|---|
    | `serving_default` | `image_bytes` | `caption`, `log_prob`, `attention`, `error` |
    | `pixels` | `image` | `caption`, `log_prob`, `attention` |
    | `score` | `image_bytes`, `caption` | `log_prob`, `token_log_probs`, `error` |
    | `encode` | `image_bytes` | `feature_map`, `error` |

    and a matcher these, for n images and m texts:

    | signature | takes | gives |
    |---|---|---|
    | `serving_default`, `score` | `image_bytes`, `text` | `score` and probabilities |
    | `embed_image` | `image_bytes` | `vector`, `regions`, `error` |
    | `embed_text` | `text` | `vector`, `words`, `padding_mask` |

    where `score`, `image_probability`, P(I|D) over the images, and
    `text_probability`, P(D|I) over the texts, are float32[n, m].

    `image_bytes`, `caption` and `error` are string[n], `image` is uint8[n, height,
    width, 3], the others float32: `log_prob` [n], `token_log_probs` [n, words],
    `attention` [n, words, rows, columns], `feature_map` [n, rows, columns, channels].
    `error` is empty for a good image; a broken one fills its own, has an empty caption
    and changes nothing for the others.

    Args:
        task: an `ImageCaptioner` or an `ImageTextMatcher`.
        path: the model's folder; its name is the model's name.
        version: number of the version; None means one more than the highest there.
        warm_up: also write requests that a server runs before it answers others.
        **settings: fixed in the graph, of a captioner: `num_beams`, `length_penalty`,
            `max_length`.

    Returns:
        The folder of the version.

    Raises:
        InputError: the version exists, `path` holds other things or cannot be
            written to, or an argument is out of its range. Nothing is left then.
    """
    path = Path(path)
    version = _free_version(path, version)
    signatures = signatures_of(task, **settings)
    archive = keras.export.ExportArchive()
    # The variables of its endpoints the archive finds itself, and would save those of
    # a tracked task a second time.
    archive.track(tokenizer_of(task))
    for name, signature in signatures.items():
        archive.add_endpoint(
            name, signature.function, input_signature=list(signature.inputs)
        )
    target = path / str(version)
    # A server looks at names that are numbers only.
    with written_whole(target) as partial:
        archive.write_out(str(partial), verbose=False)
        write_serving_assets(partial, path.name, signatures, warm_up)
    return target


def tokenizer_of(task: Any) -> Any:
    """What holds the tables that the graph looks words up in."""
    encoder = getattr(task, "text_encoder", None)
    return task.tokenizer if encoder is None else encoder.tokenizer


def _free_version(path: Path, version: int | None) -> int:
    found = list(path.iterdir()) if path.is_dir() else []
    strangers = [p.name for p in found if not (p.name.isdecimal() or p.name[0] == ".")]
    if strangers or path.is_file():
        raise InputError(
            "A model's folder holds versions, folders named by a number, alone",
            "Choose another folder",
            path=path,
            found=strangers[:3],
        )
    taken = {int(p.name) for p in found if p.name.isdecimal()}
    if version is None:
        return max(taken, default=0) + 1
    if version < 1:
        raise InputError("A version is at least 1", "Use 1", version=version)
    if version in taken:
        raise InputError(
            "A version that exists is not written again",
            "Choose another number, or none for the next one",
            version=version,
            path=path,
        )
    return version
