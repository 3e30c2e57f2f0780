"""Feature maps of a frozen encoder, computed once."""

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
    """Feature maps on disk: bfloat16, in shards, each with its checksum.

    A shard is written whole or not at all, and the manifest after it, so extraction
    that was killed goes on with the next shard. The maps are memory-mapped: reading
    a batch touches that batch alone.

    Args:
        path: the cache's folder.
        verify: compare every shard with its checksum.

    Raises:
        InputError: no complete cache is there, or a shard is damaged.
    """

    def __init__(self, path: str | Path, verify: bool = True):
        self.path = Path(path)
        manifest = _read_manifest(self.path)
        if manifest is None or not manifest["complete"]:
            raise InputError(
                "A feature cache must have been extracted to its end",
                "Run the extraction again; it goes on where it stopped",
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
                    "Every shard must be the file that was written",
                    "Remove the cache's folder and extract again",
                    path=str(file),
                )
            self._shards.append(np.load(file, mmap_mode="r"))
            self.image_ids += shard["image_ids"]
        self._starts = np.cumsum([0] + [len(s) for s in self._shards])

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def feature_map_shape(self) -> tuple[int, ...]:
        """`(rows, columns, channels)`."""
        return tuple(self.manifest["feature_map_shape"])

    def gather(self, indices: np.ndarray) -> np.ndarray:
        """Maps by position in `image_ids`, bfloat16 `(len(indices), *map_shape)`."""
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
    """Encode pictures into a `FeatureCache`; run again, it goes on.

    Args:
        encoder: an `ImageEncoder`.
        sources: what `load_image` takes, one for each id.
        image_ids: unique names.
        path: the cache's folder.
        batch_size: pictures encoded at once.
        shard_size: pictures in a file.
        progress: show a progress bar.

    Returns:
        The finished cache. A picture that cannot be read is left out and named in
        `failed`.

    Raises:
        InputError: the folder holds maps of another encoder or of other pictures,
            or a manifest that is damaged.
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
                "A feature cache belongs to one encoder and one list of pictures",
                "Choose another folder, or remove this one",
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
    # The name of a file may have bytes that are no UTF-8.
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
            f"{MANIFEST} must be the file that was written",
            "Remove the cache's folder and extract again",
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
