"""A cache of the feature maps of a frozen encoder."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from tqdm import tqdm

from keras_imgdesc import images
from keras_imgdesc.atomic_files import atomic_path, write_atomically
from keras_imgdesc.backend import compile_function
from keras_imgdesc.errors import InputError

MANIFEST = "manifest.json"
MANIFEST_KEYS = {
    *("encoder", "feature_map_shape", "pictures", "shard_size"),
    *("shards", "failed", "complete"),
}


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
        manifest = _read_manifest(self.path)
        if manifest is None or not manifest["complete"]:
            raise InputError(
                "A feature cache must be complete before it can be read",
                "Run the extraction again; it resumes where it stopped",
                path=str(self.path),
            )
        self.manifest = manifest
        self.image_ids: list[str] = []
        self.failed: dict[str, str] = manifest["failed"]
        self._shards = []
        for shard in manifest["shards"]:
            file = self.path / shard["file"]
            if not file.exists() or (verify and _digest(file) != shard["sha256"]):
                raise InputError(
                    "Every shard must match its checksum",
                    "Delete the folder of the cache and extract the features again",
                    path=str(file),
                )
            self._shards.append(np.load(file, mmap_mode="r"))
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
    progress: bool = True,
) -> FeatureCache:
    """Encode images into a `FeatureCache`, resuming an interrupted extraction.

    Args:
        encoder: an `ImageEncoder`.
        sources: the images, each as `load_image` accepts it.
        image_ids: unique ids of the images.
        path: folder of the cache, created if missing.
        batch_size: images per batch.
        shard_size: images per shard.
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
    path.mkdir(parents=True, exist_ok=True)
    manifest = _read_manifest(path)
    fresh = {
        "encoder": encoder.fingerprint(),
        "feature_map_shape": list(encoder.feature_map_shape),
        "pictures": hashlib.sha256(_encoded(image_ids)).hexdigest(),
        "shard_size": shard_size,
    }
    if manifest is None:
        manifest = fresh | {"shards": [], "failed": {}, "complete": False}
    for key, value in fresh.items():
        if manifest[key] != value:
            raise InputError(
                "A feature cache belongs to one encoder and one list of images",
                "Use another folder, or delete this one to extract again",
                path=str(path),
                **{key: value},
            )
    encode = _compiled(encoder)
    size = (encoder.image_size, encoder.image_size)
    bar = tqdm(total=len(sources), desc="features", disable=not progress, unit="img")
    for start in range(0, len(sources), shard_size):
        stop = min(start + shard_size, len(sources))
        if start // shard_size < len(manifest["shards"]):
            bar.update(stop - start)
            continue
        names, pixels = [], []
        maps: list[np.ndarray] = []
        read = images.read_images(list(sources[start:stop]), size)
        for name, (_, image) in zip(image_ids[start:stop], read, strict=True):
            if isinstance(image, Exception):
                manifest["failed"][name] = str(image)
                continue
            names.append(name)
            pixels.append(image)
            if len(pixels) == batch_size:
                maps.append(encode(np.stack(pixels)))
                pixels = []
                bar.update(batch_size)
        if pixels:
            maps.append(encode(np.stack(pixels)))
            bar.update(len(pixels))
        file = path / f"shard-{start // shard_size:05d}.npy"
        _save(file, np.concatenate(maps) if maps else _empty(encoder))
        manifest["shards"].append(
            {"file": file.name, "sha256": _digest(file), "image_ids": names}
        )
        manifest["complete"] = stop == len(sources)
        _write_manifest(path, manifest)
    bar.close()
    return FeatureCache(path, verify=False)


def _compiled(encoder: Any) -> Callable[[np.ndarray], np.ndarray]:
    from keras import ops

    def encode(batch: Any) -> Any:
        return ops.cast(encoder(batch), "bfloat16")

    compiled = compile_function(encoder, encode, reduce_retracing=True)

    def encoded(batch: np.ndarray) -> np.ndarray:
        maps = compiled(ops.convert_to_tensor(batch))
        return ops.convert_to_numpy(maps).view(np.uint16)

    return encoded


def _empty(encoder: Any) -> np.ndarray:
    return np.empty((0, *encoder.feature_map_shape), np.uint16)


def _encoded(image_ids: Sequence[str]) -> bytes:
    # File names may contain bytes that are not UTF-8.
    return "\n".join(image_ids).encode("utf-8", "surrogateescape")


def _read_manifest(path: Path) -> dict[str, Any] | None:
    file = path / MANIFEST
    if not file.exists():
        return None
    try:
        manifest = json.loads(file.read_text())
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or not manifest.keys() >= MANIFEST_KEYS:
        raise InputError(
            f"{MANIFEST} must be that of a feature cache",
            "Delete the folder of the cache and extract the features again",
            path=str(file),
        )
    return manifest


def _write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    write_atomically(path / MANIFEST, json.dumps(manifest, indent=1))


def _save(file: Path, array: np.ndarray) -> None:
    with atomic_path(file) as partial:
        np.save(partial, array, allow_pickle=False)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
