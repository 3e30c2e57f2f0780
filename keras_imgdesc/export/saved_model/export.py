"""A task as a SavedModel that TensorFlow Serving can serve."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.export.graph.functions import traced, write_functions
from keras_imgdesc.export.saved_model.serving_assets import write_serving_assets
from keras_imgdesc.export.tasks import signatures_of


def export_saved_model(
    task: Any,
    path: str | PathLike[str],
    *,
    version: int | None = None,
    warm_up: bool = True,
    **settings: Any,
) -> Path:
    """Write a task as `path/<version>/`, whole or not at all.

    Images go in and come out as the bytes of their files, words as strings; decoding,
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
    `text_probability`, P(D|I) over the texts, are float32[n, m]. A painter has

    | signature | takes | gives, for n texts and k pictures of each |
    |---|---|---|
    | `serving_default` | `text` | a picture each, of seed 0 |
    | `paint_one` | `text`, `seed` int64[n] | a picture each, of its seed |
    | `paint_noise` | `text`, `noise` [n, latent_dim] | a picture each, of its noise |
    | `paint` | `text`, `seed` int64, `num_images` int32 | k pictures each |
    | `paint_ranked` | the same | k pictures each, by `probability` |

    They give `image_bytes`, PNG files, string[n] or [n, k], `pixels`, uint8[n, (k,)
    resolution, resolution, 3], and `error`; the last, which is there with `rerank`,
    P(I|D) over the k pictures as well, float32[n, k], the best first. The first three
    paint a text as `generate(text, seed=...)` paints it alone, whatever else is in the
    batch; the last two give the pictures of `generate(texts, num_images, seed)`, but
    take numbers that are of no row, so that a server must not batch their requests.

    `image_bytes`, `caption` and `error` are string[n], `image` is uint8[n, height,
    width, 3], the others float32: `log_prob` [n], `token_log_probs` [n, words],
    `attention` [n, words, rows, columns], `feature_map` [n, rows, columns, channels].
    `error` is empty for a good image or text; a broken image, or a text without a
    known word, fills its own, has an empty caption or file and changes nothing for the
    others.

    Args:
        task: an `ImageCaptioner`, an `ImageTextMatcher` or a `TextToImage`.
        path: the model's folder; its name is the model's name.
        version: number of the version; None means one more than the highest there.
        warm_up: also write requests that a server runs before it answers others.
        **settings: fixed in the graph, of a captioner: `num_beams`, `length_penalty`,
            `max_length`; of a painter: `truncation`, and `rerank`, an
            `ImageTextMatcher` that is written into the same file.

    Returns:
        The folder of the version.

    Raises:
        InputError: the version exists, `path` holds other things or cannot be
            written to, or an argument is out of its range. Nothing is left then.
    """
    path = Path(path)
    version = _free_version(path, version)
    signatures = signatures_of(task, **settings)
    functions = {name: traced(each) for name, each in signatures.items()}
    tokenizers = _tokenizers(task, settings.get("rerank"))
    target = path / str(version)
    # A server looks at names that are numbers only.
    with disk_errors_as_input_errors(target), atomic_path(target) as partial:
        write_functions(partial, functions, tokenizers)
        write_serving_assets(partial, path.name, signatures, warm_up)
    return target


def _tokenizers(*tasks: Any) -> list[Any]:
    """What holds the tables that the graph looks words up in, each once."""
    found: list[Any] = []
    for task in tasks:
        if task is None:
            continue
        tokenizer = getattr(task, "text_encoder", task).tokenizer
        if not any(tokenizer is other for other in found):
            found.append(tokenizer)
    return found


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
