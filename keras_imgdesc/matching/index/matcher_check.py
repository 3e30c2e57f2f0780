"""Whether an index is used with the matcher that built it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.matching.index.files import Manifest


def check_matcher(path: Path, manifest: Manifest, matcher: Any) -> None:
    """Refuse a matcher other than the one that built the index.

    Raises:
        InputError: the fingerprints differ.
    """
    built, own = manifest["matcher"], matcher.fingerprint()
    if built == own:
        return
    # A digest of LiteRT begins with that of the weights; see `LiteMatcher`.
    if built.partition("-")[0] == own.partition("-")[0]:
        runtime = "LiteRT" if "-" in built else "TensorFlow"
        option = f"--runtime {runtime.lower()}"
        remedy = f"It was built in {runtime}: use {option} and the preset's files then"
    else:
        remedy = f"Use the matcher {manifest['preset'] or 'built in Python'}"
    raise InputError(
        "An index must be used with the matcher that built it",
        f"{remedy}, or remove the folder of the index and index the images again",
        path=path,
        matcher=own,
        index=built,
    )
