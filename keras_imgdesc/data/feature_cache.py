"""A cache of the feature maps of a frozen encoder."""

import hashlib
import itertools
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from tqdm import tqdm

from keras_imgdesc import images
from keras_imgdesc.backend import compile_function
from keras_imgdesc.data.feature_manifest import (
    AGAIN,
    Manifest,
    Shard,
    check_shards,
    damaged,
    read_manifest,
    write_manifest,
)
from keras_imgdesc.errors import InputError
from keras_imgdesc.images.stamps import image_stamp, replaced
from keras_imgdesc.printable import printable
from keras_imgdesc.stored_arrays import file_digest, read_array, write_array
from keras_imgdesc.stored_names import path_inside

LOGGER = logging.getLogger(__name__)


class FeatureCache:
    """Feature maps on disk, in bfloat16, as shards with checksums.

    Shards are written atomically, and the manifest after each, so an extraction that
    was killed resumes with the next shard. The maps are memory-mapped: reading a batch
    touches only that batch.

    Args:
        path: folder of the cache.
        verify: whether to compare every shard with its checksum.

    Attributes:
        image_ids: ids of the images, in the order of the maps.
        failed: error messages by the id of each image that could not be read.

    Raises:
        InputError: the cache is missing, incomplete or damaged.
    """

    def __init__(self, path: str | Path, verify: bool = True):
        self.path = Path(path)
        manifest = read_manifest(self.path)
        if manifest is None or not manifest["complete"]:
            raise InputError(
                "A feature cache must be complete before it can be read",
                "Run the extraction again; it resumes where it stopped",
                path=str(self.path),
            )
        self.manifest = manifest
        self.image_ids: list[str] = []
        self.failed: dict[str, str] = manifest["failed"]
        self._shards: list[np.ndarray] = []
        for shard in manifest["shards"]:
            file = path_inside(self.path, shard["file"], remedy=AGAIN, error=damaged)
            if verify and file_digest(file, damaged) != shard["sha256"]:
                raise damaged("it does not match its checksum", file=file)
            # bfloat16, which NumPy does not know
            shape = (len(shard["image_ids"]), *self.feature_map_shape)
            maps = read_array(file, np.uint16, shape, memory_mapped=True, error=damaged)
            self._shards.append(maps)
            self.image_ids += shard["image_ids"]
        self._starts = np.cumsum([0] + [len(s) for s in self._shards])

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def feature_map_shape(self) -> tuple[int, ...]:
        """Shape of one map, `(rows, columns, channels)`."""
        return tuple(self.manifest["feature_map_shape"])

    def gather(self, indices: np.ndarray) -> np.ndarray:
        """Return maps by position.

        Args:
            indices: positions in `image_ids`, int `(maps,)`, in any order.

        Returns:
            bfloat16 `(maps, rows, columns, channels)`.
        """
        indices = np.asarray(indices)
        out = np.empty((len(indices), *self.feature_map_shape), np.uint16)
        owner = np.searchsorted(self._starts, indices, side="right") - 1
        for number in np.unique(owner):
            chosen = owner == number
            out[chosen] = self._shards[number][indices[chosen] - self._starts[number]]
        return out.view(ml_dtypes.bfloat16)


def extract_features(
    encoder: Any,
    sources: Sequence[Any],
    image_ids: Sequence[str],
    path: str | Path,
    *,
    batch_size: int = 50,
    shard_size: int = 1000,
    stamps: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    progress: bool = True,
) -> FeatureCache:
    """Encode images into a `FeatureCache`, resuming an interrupted extraction.

    If an image was replaced under its old name, its shard is encoded again, with a
    warning. A cache of an earlier version has no stamps: its images are taken for those
    that it was made of.

    Args:
        encoder: an `ImageEncoder`.
        sources: the images, each as `load_image` accepts it.
        image_ids: unique ids of the images.
        path: folder of the cache, created if missing.
        batch_size: images per batch.
        shard_size: images per shard.
        stamps: texts that change with the images, see `image_stamp`; `None` takes
            those of the sources.
        labels: what a message calls the images; `None` takes their ids.
        progress: whether to show a progress bar.

    Returns:
        The complete cache. An image that cannot be read is omitted and listed in
        `failed`.

    Raises:
        InputError: the folder holds features of another encoder or of other images,
            or its manifest is damaged.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from keras_imgdesc import VGG16Encoder
    >>> from keras_imgdesc.data.feature_cache import extract_features
    >>> encoder = VGG16Encoder(image_size=32, width=0.0625)
    >>> images = np.zeros((3, 32, 32, 3), "uint8")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = extract_features(encoder, images, "abc", folder, progress=False)
    ...     cache.gather(np.array([2, 0])).shape
    (2, 2, 2, 32)
    """
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)  # or fail, before any work starts
    manifest = read_manifest(path)
    fresh: dict[str, Any] = {
        "encoder": encoder.fingerprint(),
        "feature_map_shape": list(encoder.feature_map_shape),
        "pictures": hashlib.sha256(_encoded(image_ids)).hexdigest(),
        "shard_size": shard_size,
    }
    if manifest is None:
        empty: dict[str, Any] = {"shards": [], "failed": {}, "complete": False}
        manifest = Manifest(**fresh, **empty)  # type: ignore[typeddict-item]
    for key, value in fresh.items():
        if manifest[key] != value:  # type: ignore[literal-required]
            raise InputError(
                "A feature cache belongs to one encoder and one list of images",
                "Use another folder, or delete this one to extract again",
                path=str(path),
                **{key: value},
            )
    if stamps is None:
        stamps = [image_stamp(source) for source in sources]
    ends = [*range(0, len(sources), shard_size), len(sources)]
    parts = [slice(start, stop) for start, stop in itertools.pairwise(ends)]
    shards = manifest["shards"]
    if any("stamps" not in shard for shard in shards):
        for shard, part in zip(shards, parts, strict=False):
            shard.setdefault("stamps", list(stamps[part]))
        write_manifest(path, manifest)
    check_shards(path, manifest, parts, image_ids)
    outdated = _outdated(shards, parts, stamps)
    if outdated:
        rows = [row for part in outdated.values() for row in part]
        LOGGER.warning(
            "Images that were replaced: %d, first %s; their features are computed anew",
            len({stamps[row] for row in rows}),  # versions of an image share its stamp
            printable((labels or image_ids)[rows[0]]),
        )
    encode = _compiled(encoder)
    bar = tqdm(total=len(sources), desc="features", disable=not progress, unit="img")
    for number, part in enumerate(parts):
        if number < len(shards) and number not in outdated:
            bar.update(part.stop - part.start)
            continue
        names = image_ids[part]
        maps, failed = _encode(encode, encoder, sources[part], names, batch_size, bar)
        file = path / f"shard-{number:05d}.npy"
        write_array(file, maps)
        shards[number : number + 1] = [
            {
                "file": file.name,
                "sha256": file_digest(file),
                "image_ids": [name for name in names if name not in failed],
                "stamps": list(stamps[part]),
            }
        ]
        others = {k: v for k, v in manifest["failed"].items() if k not in names}
        manifest["failed"] = others | failed
        outdated.pop(number, None)
        manifest["complete"] = len(shards) == len(parts) and not outdated
        write_manifest(path, manifest)
    bar.close()
    return FeatureCache(path, verify=False)


def _outdated(
    shards: Sequence[Shard], parts: Sequence[slice], stamps: Sequence[str]
) -> dict[int, list[int]]:
    """Return the positions of replaced images by the number of their shard."""
    found = {}
    for number, (shard, part) in enumerate(zip(shards, parts, strict=False)):
        if rows := replaced(shard["stamps"], stamps[part]):
            found[number] = [part.start + row for row in rows]
    return found


def _encode(
    encode: Callable[[np.ndarray], np.ndarray],
    encoder: Any,
    sources: Sequence[Any],
    names: Sequence[str],
    batch_size: int,
    bar: tqdm,
) -> tuple[np.ndarray, dict[str, str]]:
    """Return the maps of images, and the errors of those that cannot be read."""
    size = (encoder.image_size, encoder.image_size)
    failed: dict[str, str] = {}
    pixels: list[np.ndarray] = []
    maps = [np.empty((0, *encoder.feature_map_shape), np.uint16)]
    read = images.read_images(list(sources), size)
    for name, (_, image) in zip(names, read, strict=True):
        if isinstance(image, Exception):
            failed[name] = str(image)
            continue
        pixels.append(image)
        if len(pixels) == batch_size:
            maps.append(encode(np.stack(pixels)))
            pixels = []
            bar.update(batch_size)
    if pixels:
        maps.append(encode(np.stack(pixels)))
        bar.update(len(pixels))
    return np.concatenate(maps), failed


def _compiled(encoder: Any) -> Callable[[np.ndarray], np.ndarray]:
    from keras import ops

    def encode(batch: Any) -> Any:
        return ops.cast(encoder(batch), "bfloat16")

    compiled = compile_function(encoder, encode, reduce_retracing=True)

    def encoded(batch: np.ndarray) -> np.ndarray:
        maps = compiled(ops.convert_to_tensor(batch))
        return ops.convert_to_numpy(maps).view(np.uint16)

    return encoded


def _encoded(image_ids: Sequence[str]) -> bytes:
    # File names may contain bytes that are not UTF-8.
    return "\n".join(image_ids).encode("utf-8", "surrogateescape")
