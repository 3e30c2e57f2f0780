"""Export a task as a SavedModel for TensorFlow Serving."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.graph.functions import traced, write_functions
from keras_imgdesc.export.saved_model.serving_assets import write_serving_assets
from keras_imgdesc.export.tasks import in_float32, signatures_of
from keras_imgdesc.presets.task import Task


def export_saved_model(
    task: Any,
    path: str | PathLike[str],
    *,
    version: int | None = None,
    warm_up: bool = True,
    **settings: Any,
) -> Path:
    """Write a task as `path/<version>/`, completely or not at all.

    Inputs and outputs are the bytes of image files, and texts as strings. Decoding,
    EXIF orientation, search and vocabulary are in the graph, which uses TensorFlow's
    own operations only. A task of mixed precision is written in float32. A captioner
    has these signatures:

    | signature | inputs | outputs |
    |---|---|---|
    | `serving_default` | `image_bytes` | `caption`, `log_prob`, `attention` |
    | `pixels` | `image` | `caption`, `log_prob`, `attention` |
    | `score` | `image_bytes`, `caption` | `log_prob`, `token_log_probs` |
    | `encode` | `image_bytes` | `feature_map` |

    A matcher has these, for n images and m texts:

    | signature | inputs | outputs |
    |---|---|---|
    | `serving_default`, `score` | `image_bytes`, `text` | `score` and probabilities |
    | `embed_image` | `image_bytes` | `vector`, `regions` |
    | `embed_text` | `text` | `vector`, `words`, `padding_mask` |

    Here `score`, `image_probability` (P(I|D) over the images) and `text_probability`
    (P(D|I) over the texts) are float32[n, m]. A painter has these, for n texts and k
    images per text:

    | signature | inputs | images |
    |---|---|---|
    | `serving_default` | `text` | one per text, of seed 0 |
    | `paint_one` | `text`, `seed` int64[n] | one per text, of its seed |
    | `paint_noise` | `text`, `noise` [n, latent_dim] | one per text, of its noise |
    | `paint` | `text`, `seed` int64, `num_images` int32 | k per text |
    | `paint_ranked` | the same | k per text, the best first |

    Their outputs are `image_bytes`, PNG files, string[n] or [n, k]; `pixels`, uint8[n,
    (k,) resolution, resolution, 3]; and `error`. The last signature, which exists with
    `rerank`, also has `probability`, P(I|D) over the k images, float32[n, k]. The
    first three paint a text as `generate(text, seed=...)` paints it alone, whatever
    else is in the batch. The last two paint the images of `generate(texts, num_images,
    seed)`; some of their inputs have no batch dimension, so that a server must not
    batch their requests.

    A classifier has these, for n images and the k most probable classes:

    | signature | inputs | outputs |
    |---|---|---|
    | `serving_default` | `image_bytes` | `label` string[n, k], `probability` |
    | `pixels` | `image` | `label`, `probability` float32[n, k] |
    | `probabilities` | `image_bytes` | `probability` float32[n, classes] |

    `image_bytes`, `caption` and `error` are string[n], `image` is uint8[n, height,
    width, 3], the others are float32: `log_prob` [n], `token_log_probs` [n, words],
    `attention` [n, words, rows, columns], `feature_map` [n, rows, columns, channels].
    `error` is empty for a good image or text. A broken image, or a text without a
    known word, gets an error message and an empty caption, label or file, and does not
    affect the others. Whatever takes `image_bytes` has the outputs `error` and
    `damaged`, bool[n]: data of the image are missing, and what there is of it was used;
    see `load_image`.

    Args:
        task: an `ImageCaptioner`, `ImageTextMatcher`, `TextToImage` or
            `ImageClassifier`.
        path: folder of the model; its name is the name of the model.
        version: number of the version; None means the highest existing one plus 1.
        warm_up: whether to write requests that a server runs before it serves others.
        **settings: settings to fix in the graph. A captioner has `num_beams`,
            `length_penalty` and `max_length`; a painter has `temperature`, and
            `rerank`, an `ImageTextMatcher` that is written into the same model; a
            classifier has `top`, the number of classes (5).

    Returns:
        The folder of the version.

    Raises:
        InputError: the version exists, `path` contains other files or is not
            writable, or an argument is out of range. No partial files remain.

    Example, which takes a few seconds:

        captioner = keras_imgdesc.ImageCaptioner.from_preset("scenes_lstm")
        folder = keras_imgdesc.export_saved_model(captioner, "models/captioner")
        serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
        serve(image_bytes=tf.constant([Path("photo.jpg").read_bytes()]))["caption"]
    """
    path = Path(path)
    version = _free_version(path, version)
    task = in_float32(task)
    if isinstance(settings.get("rerank"), Task):
        settings["rerank"] = in_float32(settings["rerank"])
    signatures = signatures_of(task, **settings)
    functions = {name: traced(each) for name, each in signatures.items()}
    tokenizers = _tokenizers(task, settings.get("rerank"))
    target = path / str(version)
    # A server ignores names that are not numbers.
    with disk_errors_as_input_errors(target), atomic_path(target) as partial:
        write_functions(partial, functions, tokenizers)
        write_serving_assets(partial, path.name, signatures, warm_up)
    return target


def _tokenizers(*tasks: Any) -> list[Any]:
    """Return the tokenizers of tasks, whose lookup tables the graph uses, each once."""
    found: list[Any] = []
    for task in tasks:
        tokenizer = getattr(getattr(task, "text_encoder", task), "tokenizer", None)
        if tokenizer is not None and not any(tokenizer is other for other in found):
            found.append(tokenizer)
    return found


def _free_version(path: Path, version: int | None) -> int:
    found = list(path.iterdir()) if path.is_dir() else []
    strangers = [p.name for p in found if not (p.name.isdecimal() or p.name[0] == ".")]
    if strangers or path.is_file():
        raise InputError(
            "The folder of a model must contain nothing but numbered versions",
            "Choose another folder, or move the other files out of it",
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
            "A version that exists is not overwritten",
            "Use a higher version, or omit it for the next free one",
            version=version,
            path=path,
        )
    return version
