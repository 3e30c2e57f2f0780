#!/usr/bin/env bash
# Pillow 13.0.0 (numpy 2.4.6): grey TIFF files whose white is zero.
#
# In TIFF, PhotometricInterpretation 0 (WhiteIsZero) says that 0 is white. Scanners and
# microscopes write it. A file of two pixels is read, stored as 0 and the largest value:
# white, then black. With 8 bits Pillow inverts the values, as it should. With 16 bits it
# depends on the byte order: a little-endian file is returned as stored, a negative without
# a word, and a big-endian one is refused. The mode does not tell the difference; an
# application has to look at tag 262 and invert the values itself.
#
# Output seen:
#   little-endian, 8 bits: BlackIsZero L [0, 255], WhiteIsZero L [255, 0]
#   little-endian, 16 bits: BlackIsZero I;16 [0, 65535], WhiteIsZero I;16 [0, 65535]
#   big-endian, 8 bits: BlackIsZero L [0, 255], WhiteIsZero L [255, 0]
#   big-endian, 16 bits: BlackIsZero I;16B [0, 65535], WhiteIsZero UnidentifiedImageError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  pillow==13.0.0 numpy==2.4.6 2>/dev/null
cat > "$folder/expected" <<'TEXT'
little-endian, 8 bits: BlackIsZero L [0, 255], WhiteIsZero L [255, 0]
little-endian, 16 bits: BlackIsZero I;16 [0, 65535], WhiteIsZero I;16 [0, 65535]
big-endian, 8 bits: BlackIsZero L [0, 255], WhiteIsZero L [255, 0]
big-endian, 16 bits: BlackIsZero I;16B [0, 65535], WhiteIsZero UnidentifiedImageError
TEXT
"$folder/venv/bin/python" - > "$folder/output" <<'PY'
import io
import struct

import numpy as np
from PIL import Image, UnidentifiedImageError

SHORT, LONG = 3, 4


def tiff(order: str, bits: int, photometric: int) -> bytes:
    """Return a file of two pixels, stored as 0 and the largest value."""
    pixels = struct.pack(order + ("2B" if bits == 8 else "2H"), 0, 2**bits - 1)
    tags = (
        (256, SHORT, 2),  # width
        (257, SHORT, 1),  # height
        (258, SHORT, bits),
        (259, SHORT, 1),  # no compression
        (262, SHORT, photometric),
        (273, LONG, 8),  # where the pixels are
        (277, SHORT, 1),  # one channel
        (278, SHORT, 1),
        (279, LONG, len(pixels)),
    )
    signature = b"II*\0" if order == "<" else b"MM\0*"
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, 1)
        + struct.pack(order + ("H2x" if kind == SHORT else "I"), value)
        for tag, kind, value in tags
    )
    directory = struct.pack(order + "H", len(tags)) + entries + bytes(4)
    return signature + struct.pack(order + "I", 8 + len(pixels)) + pixels + directory


def read(content: bytes) -> str:
    try:
        image = Image.open(io.BytesIO(content))
        return f"{image.mode} {np.asarray(image).ravel().tolist()}"
    except UnidentifiedImageError as error:
        return type(error).__name__


for name, order in (("little", "<"), ("big", ">")):
    for bits in (8, 16):
        print(
            f"{name}-endian, {bits} bits: BlackIsZero {read(tiff(order, bits, 1))}, "
            f"WhiteIsZero {read(tiff(order, bits, 0))}"
        )
PY
cat "$folder/output"
diff "$folder/expected" "$folder/output"
