"""Find out whether a JPEG has all its data.

A JPEG has no checksum: what can be told is whether data are missing. A graph has the
same rules in `export/graph/jpeg_structure.py`, the page in `jpeg_structure.js`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np

END = b"\xff\xd9"
# What a decoder is fed in place of the end marker. If data are missing, it comes to the
# end of the file, which fails. Nothing fails otherwise: libjpeg looks eight bytes
# ahead. No table has a code of 17 ones, so that these bytes end two blocks at most.
UNDECODABLE = b"\xff\0" * 8 + b"\xff"
# A table whose only code is the end of a block.
EMPTY_TABLE = b"\xff\xc4\0\x14\x10\1" + bytes(15) + b"\0"

NO_END = "its end marker is missing"
NO_DATA = "data are missing before its end"
NO_SCAN = "scans are missing or not in order"
NO_RESTART = "the number of its restart markers is wrong"
STRAY = "there are stray bytes between its scans"

_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
# Lossless, hierarchical and arithmetic coding, which few decoders have.
_UNUSUAL = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
_START, _END, _SCAN, _INTERVAL, _TEMPORARY = 0xD8, 0xD9, 0xDA, 0xDD, 0x01
_RESTARTS = range(0xD0, 0xD8)
COEFFICIENTS = 64
# Parts that are looked at.
MOST_PARTS = 1000


@dataclass
class JpegStructure:
    """What is known of a JPEG without decoding its pixels.

    Attributes:
        damage: what is missing; empty if nothing is, as far as the markers tell.
        is_unusual: whether it is coded in a way that not every decoder knows.
        is_one_pass: whether the first scan has all the data.
        is_progressive: whether the scans refine each other.
        scan_end: where the data of the last scan end; 0 without a scan.
        has_end: whether there is an end marker.
        components: numbers of the colour components.
    """

    damage: str = ""
    is_unusual: bool = False
    is_one_pass: bool = False
    is_progressive: bool = False
    scan_end: int = 0
    has_end: bool = False
    components: list[int] = field(default_factory=list)


def jpeg_structure(content: bytes) -> JpegStructure:
    """Find the scans of a JPEG and what is missing among them.

    Args:
        content: the file; it begins with the start marker.
    """
    return _Walk(content).structure()


def without_end(content: bytes, structure: JpegStructure) -> bytes:
    """Return a JPEG of one pass that can be decoded only if no data are missing."""
    return content[: structure.scan_end] + UNDECODABLE


def closed(content: bytes, structure: JpegStructure) -> bytes:
    """Return a JPEG that ends behind the data that there are.

    libjpeg smooths a progressive image whose scans are incomplete, and not every
    version of it does so alike. An empty scan for each component prevents it.
    """
    parts = [content[: structure.scan_end]]
    if structure.is_progressive:
        parts.append(EMPTY_TABLE)
        parts += [
            b"\xff\xda\0\x08\1" + bytes([number, 0, 1, COEFFICIENTS - 1, 0x10])
            for number in structure.components
        ]
    return b"".join([*parts, END])


class _Walk:
    """Go through the parts of a JPEG."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        values = np.frombuffer(content, np.uint8)
        places = np.flatnonzero(values[:-1] == 0xFF)
        codes = values[places + 1]
        is_restart = (codes >= _RESTARTS[0]) & (codes <= _RESTARTS[-1])
        is_marker = (codes != 0) & (codes != 0xFF) & ~is_restart
        self._markers: list[int] = places[is_marker].tolist()
        self._restarts, self._restart_codes = places[is_restart], codes[is_restart]
        # Of each component: its sampling factors, and the lowest bit of each
        # coefficient so far.
        self._sampling: dict[int, tuple[int, int]] = {}
        self._bits: dict[int, list[int]] = {}
        self._size = (0, 0)
        self._interval = 0
        self._found = JpegStructure()

    def structure(self) -> JpegStructure:
        found, at = self._found, 2
        for _ in range(MOST_PARTS):
            index = bisect_left(self._markers, at)
            if index == len(self._markers):
                break
            start = self._markers[index]
            code = self._content[start + 1]
            if found.scan_end and start != at:
                self._note(STRAY)
            if code == _END:
                found.has_end = True
                break
            if code in (_START, _TEMPORARY):
                at = start + 2
                continue
            head = self._content[start + 2 : start + 4]
            at = start + 2 + max(2, int.from_bytes(head, "big"))
            if at > len(self._content):
                break
            self._read(code, self._content[start + 4 : at])
            if code == _SCAN:
                at = self._read_scan(self._content[start + 4 : at], at)
                if found.is_one_pass:
                    found.has_end = self._content[at : at + 2] == END
                    break
        if not found.has_end:
            self._note(NO_END)
        if not found.is_one_pass and any(map(any, self._bits.values())):
            self._note(NO_SCAN)
        return found

    def _note(self, damage: str) -> None:
        self._found.damage = self._found.damage or damage

    def _read(self, code: int, body: bytes) -> None:
        if code == _INTERVAL:
            self._interval = int.from_bytes(body[:2], "big")
        if code in _UNUSUAL:
            self._found.is_unusual = True
        if code in _SEQUENTIAL or code == _PROGRESSIVE:
            self._found.is_progressive = code == _PROGRESSIVE
            self._size = (
                int.from_bytes(body[1:3], "big"),
                int.from_bytes(body[3:5], "big"),
            )
            parts = [body[i : i + 3] for i in range(6, len(body) - 2, 3)]
            self._sampling = {n: (both >> 4, both & 15) for n, both, _ in parts}
            self._bits = {n: [-1] * COEFFICIENTS for n in self._sampling}
            self._found.components = list(self._sampling)

    def _read_scan(self, body: bytes, at: int) -> int:
        """Note what a scan has, and return where its data end."""
        index = bisect_left(self._markers, at)
        ends = [*self._markers[index : index + 1], len(self._content)]
        end = self._found.scan_end = ends[0]
        count = body[0] if body else 0
        numbers = [n for n in body[1 : 1 + 2 * count : 2] if n in self._bits]
        span = body[1 + 2 * count : 4 + 2 * count]
        first, last, bits = span if len(span) == 3 else (0, 0, 0)
        is_progressive = self._found.is_progressive
        is_whole = bool(numbers) and len(numbers) == len(self._bits)
        self._found.is_one_pass = is_whole and not is_progressive
        for number in numbers:
            known = self._bits[number]
            if is_progressive:
                last = min(last, COEFFICIENTS - 1)
                # A scan says which bits it follows.
                before = bits >> 4 or -1
                if any(known[i] != before for i in range(first, last + 1)):
                    self._note(NO_SCAN)
                known[first : last + 1] = [bits & 15] * max(0, last + 1 - first)
            else:
                known[:] = [0] * COEFFICIENTS
        low, high = np.searchsorted(self._restarts, (at, end))
        codes = self._restart_codes[low:high]
        units = self._units(numbers)
        expected = -(-units // self._interval) - 1 if self._interval else 0
        if not np.array_equal(codes, _RESTARTS[0] + np.arange(max(0, expected)) % 8):
            self._note(NO_RESTART)
        return end

    def _units(self, numbers: list[int]) -> int:
        """Return the number of units of a scan with these components."""
        factors = [self._sampling[n] for n in numbers]
        height, width = self._size
        if not all(h and v for h, v in self._sampling.values()) or not factors:
            return 0
        most_h = max(h for h, _ in self._sampling.values())
        most_v = max(v for _, v in self._sampling.values())
        h, v = factors[0] if len(factors) == 1 else (most_h, most_v)
        if len(factors) == 1:
            width, height = -(-width * h // most_h), -(-height * v // most_v)
            h = v = 1
        return -(-width // (8 * h)) * -(-height // (8 * v))
