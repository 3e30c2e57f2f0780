"""Find out in a graph whether a JPEG has all its data.

The rules are those of `images/jpeg_structure.py`, which says why they are so.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from keras_imgdesc.images.jpeg_structure import (
    COEFFICIENTS,
    EMPTY_TABLE,
    END,
    MOST_PARTS,
    UNDECODABLE,
)

_START, _END, _SCAN, _INTERVAL, _TEMPORARY = 0xD8, 0xD9, 0xDA, 0xDD, 0x01
_PROGRESSIVE = 0xC2
_FIRST_FRAME, _FIRST_UNUSUAL, _LAST_FRAME = 0xC0, 0xC3, 0xCF
_NO_FRAME = (0xC4, 0xC8, 0xCC)
_FIRST_RESTART, _LAST_RESTART = 0xD0, 0xD7
# No decoder reads more.
_MOST_COMPONENTS = 4


class JpegStructure(NamedTuple):
    """See the class of the same name in `images/jpeg_structure.py`; all are scalars.

    Attributes:
        is_damaged, is_unusual, is_one_pass, is_progressive, has_end: bool.
        scan_end: int32.
        empty_scans: string; what `closed` appends to a progressive image.
    """

    is_damaged: tf.Tensor
    is_unusual: tf.Tensor
    is_one_pass: tf.Tensor
    is_progressive: tf.Tensor
    has_end: tf.Tensor
    scan_end: tf.Tensor
    empty_scans: tf.Tensor


def jpeg_structure(contents: tf.Tensor) -> JpegStructure:
    """Find the scans of a JPEG and what is missing among them.

    Args:
        contents: the file, a string scalar that begins with the start marker.
    """
    return _Walk(contents).structure()


def without_end(contents: tf.Tensor, structure: JpegStructure) -> tf.Tensor:
    """Return a JPEG of one pass that can be decoded only if no data are missing."""
    return tf.strings.substr(contents, 0, structure.scan_end) + UNDECODABLE


def closed(contents: tf.Tensor, structure: JpegStructure) -> tf.Tensor:
    """Return a JPEG that ends behind the data that there are."""
    start = tf.strings.substr(contents, 0, structure.scan_end)
    return start + structure.empty_scans + END


class _Parts(NamedTuple):
    """The parts of a JPEG in their order, int32 (parts,) each.

    Attributes:
        start: where a part starts.
        code: code of its marker.
        end: where it ends; of a scan, where its data start.
        following: where the next marker is.
    """

    start: tf.Tensor
    code: tf.Tensor
    end: tf.Tensor
    following: tf.Tensor


class _Walk:
    """Find the parts of a JPEG. Nearly all of it is done for all markers at once."""

    def __init__(self, contents: tf.Tensor) -> None:
        self._values = tf.io.decode_raw(contents, tf.uint8)
        self._length = tf.size(self._values)
        places = tf.cast(tf.where(self._values[:-1] == 0xFF)[:, 0], tf.int32)
        codes = tf.gather(self._values, places + 1)
        is_restart = (codes >= _FIRST_RESTART) & (codes <= _LAST_RESTART)
        is_marker = (codes != 0) & (codes != 0xFF) & ~is_restart
        self._restarts = tf.boolean_mask(places, is_restart)
        self._restart_codes = tf.boolean_mask(tf.cast(codes, tf.int32), is_restart)
        # The last one stands for the end of the file.
        self._markers = tf.concat(
            [tf.boolean_mask(places, is_marker), self._length[None]], axis=0
        )

    def structure(self) -> JpegStructure:
        parts, last = self._parts()
        is_scan = parts.code == _SCAN
        scans = tf.cast(tf.where(is_scan)[:, 0], tf.int32)
        rows = tf.range(tf.size(is_scan))
        first = tf.reduce_min(tf.concat([scans, tf.size(rows)[None]], axis=0))
        is_frame = _is_frame(parts.code) & (rows < first)
        is_unusual = tf.reduce_any(is_frame & (parts.code >= _FIRST_UNUSUAL))
        frame = tf.reduce_max(tf.where(is_frame, parts.start, 0))
        frame = tf.maximum(frame, 0)
        is_progressive = self._byte(frame + 1) == _PROGRESSIVE
        numbers, factors, count = self._read_frame(frame)
        has_both = (frame > 0) & (tf.size(scans) > 0) & (count > 0)
        inside = self._components(tf.gather(parts.start, scans), numbers, count)
        in_first = tf.reduce_sum(tf.cast(inside[:1], tf.int32))
        is_one_pass = has_both & ~is_progressive & (in_first == count)
        used = tf.where(is_one_pass, 1, tf.size(scans))
        scans, inside = scans[:used], inside[:used]
        data_end = tf.gather(parts.following, scans)
        scan_end = tf.reduce_max(tf.concat([data_end, [0]], axis=0))
        after = self._byte(tf.stack([scan_end, scan_end + 1]))
        has_end = tf.where(
            is_one_pass,
            (after[0] == 0xFF) & (after[1] == _END),
            self._byte(last + 1) == _END,
        )
        units = self._units(frame, inside, factors, count)
        is_wrong = self._lacks_restarts(parts, rows, scans, data_end, units)

        def lacks_scans() -> tf.Tensor:
            # Behind the first scan, each part begins where the one before ends.
            is_late = (rows > first) & ~is_scan & (parts.following < self._length)
            is_stray = tf.reduce_any(is_late & (parts.following != parts.end))
            starts = tf.gather(parts.start, scans)
            bits = self._lacks_bits(starts, inside, count, is_progressive)
            return is_stray | bits

        is_wrong |= tf.cond(is_one_pass, lambda: False, lacks_scans)
        return JpegStructure(
            ~has_both | is_wrong | ~has_end,
            is_unusual,
            is_one_pass,
            is_progressive,
            has_end,
            scan_end,
            _empty_scans(numbers, count, is_progressive),
        )

    def _parts(self) -> tuple[_Parts, tf.Tensor]:
        """Return the parts in their order, and where the marker behind them is."""
        starts = self._markers
        codes = self._byte(starts + 1)
        lengths = tf.maximum(self._number(starts + 2), 2)
        is_alone = (codes == _START) | (codes == _TEMPORARY)
        ends = starts + 2 + tf.where(is_alone, 0, lengths)
        is_part = (ends <= self._length) & (codes != _END) & (codes != 0)
        # What follows a scan is the next marker, too: data have none.
        following = tf.searchsorted(starts, ends)
        following = tf.minimum(following, tf.size(starts) - 1)
        order = tf.TensorArray(tf.int32, 16, dynamic_size=True, element_shape=())
        at, count, order = tf.while_loop(
            lambda at, *_: tf.gather(is_part, at),
            lambda at, count, order: (
                tf.gather(following, at),
                count + 1,
                order.write(count, at),
            ),
            (tf.searchsorted(starts, [2])[0], tf.constant(0), order),
            maximum_iterations=MOST_PARTS,
        )
        chosen = order.stack()[:count]
        parts = _Parts(
            tf.gather(starts, chosen),
            tf.gather(codes, chosen),
            tf.gather(ends, chosen),
            tf.gather(starts, tf.gather(following, chosen)),
        )
        return parts, tf.gather(starts, at)

    def _byte(self, at: tf.Tensor) -> tf.Tensor:
        """Return a byte or bytes, int32; 0 behind the end."""
        inside = tf.clip_by_value(at, 0, self._length - 1)
        value = tf.cast(tf.gather(self._values, inside), tf.int32)
        return tf.where(at < self._length, value, 0)

    def _number(self, at: tf.Tensor) -> tf.Tensor:
        return 256 * self._byte(at) + self._byte(at + 1)

    def _read_frame(self, frame: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Return number and sampling factors of each component, and how many."""
        starts = frame + 10 + 3 * tf.range(_MOST_COMPONENTS)
        numbers, both = self._byte(starts), self._byte(starts + 1)
        count = tf.minimum(self._byte(frame + 9), _MOST_COMPONENTS)
        factors = tf.stack([both // 16, both % 16], axis=1)
        is_real = tf.range(_MOST_COMPONENTS) < count
        return numbers, tf.where(is_real[:, None], factors, 0), count

    def _components(
        self, scans: tf.Tensor, numbers: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        """Return which components scans have, bool (scans, components)."""
        slots = tf.range(_MOST_COMPONENTS)
        listed = self._byte(scans[:, None] + 5 + 2 * slots)
        is_listed = slots < self._byte(scans + 4)[:, None]
        is_same = (numbers[:, None] == listed[:, None]) & is_listed[:, None]
        return tf.reduce_any(is_same, axis=2) & (slots < count)

    def _lacks_bits(
        self,
        scans: tf.Tensor,
        inside: tf.Tensor,
        count: tf.Tensor,
        is_progressive: tf.Tensor,
    ) -> tf.Tensor:
        """Return whether some bits of a coefficient are in no scan."""
        heads = scans + 5 + 2 * self._byte(scans + 4)
        low, high, bits = (self._byte(heads + i)[:, None] for i in range(3))
        places = tf.range(COEFFICIENTS)
        is_covered = ((places >= low) & (places <= high)) | ~is_progressive
        is_covered = inside[:, :, None] & is_covered[:, None]
        known = tf.where(is_progressive, bits % 16, 0)
        # Of each scan, component and coefficient: the scan that had it before.
        numbers = tf.range(tf.size(scans))
        is_before = numbers[:, None] > numbers
        had = tf.where(
            is_before[:, :, None, None] & is_covered[None], numbers[:, None, None], -1
        )
        before = _bits_of(tf.reduce_max(had, axis=1), known)
        expected = tf.where(bits >= 16, bits // 16, -1)[:, :, None]
        is_wrong = is_progressive & is_covered & (before != expected)
        every = tf.where(is_covered, numbers[:, None, None], -1)
        left = _bits_of(tf.reduce_max(every, axis=0), known)
        is_real = (tf.range(_MOST_COMPONENTS) < count)[:, None]
        return tf.reduce_any(is_wrong) | tf.reduce_any((left != 0) & is_real)

    def _lacks_restarts(
        self,
        parts: _Parts,
        rows: tf.Tensor,
        scans: tf.Tensor,
        data_end: tf.Tensor,
        units: tf.Tensor,
    ) -> tf.Tensor:
        """Return whether restart markers of a scan are missing or not in order."""
        is_interval = (parts.code == _INTERVAL)[None] & (rows < scans[:, None])
        row = tf.reduce_max(tf.where(is_interval, rows, -1), axis=1)
        number = self._number(tf.gather(parts.start, tf.maximum(row, 0)) + 4)
        interval = tf.where(row >= 0, number, 0)
        most = tf.maximum(interval, 1)
        expected = tf.where(interval > 0, (units + most - 1) // most - 1, 0)
        starts = tf.gather(parts.end, scans)
        low = tf.searchsorted(self._restarts, starts)
        high = tf.searchsorted(self._restarts, data_end)
        is_wrong = tf.reduce_any(high - low != tf.maximum(expected, 0))
        # A last scan behind the end of the file, so that there is one.
        starts = tf.concat([starts, self._length[None]], axis=0)
        ends = tf.concat([data_end, self._length[None]], axis=0)
        low = tf.concat([low, [0]], axis=0)
        scan = tf.searchsorted(starts, self._restarts, side="right") - 1
        is_inside = (scan >= 0) & (
            self._restarts < tf.gather(ends, tf.maximum(scan, 0))
        )
        index = tf.range(tf.size(scan)) - tf.gather(low, tf.maximum(scan, 0))
        is_other = self._restart_codes != _FIRST_RESTART + index % 8
        return is_wrong | tf.reduce_any(is_inside & is_other)

    def _units(
        self, frame: tf.Tensor, inside: tf.Tensor, factors: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        """Return the numbers of units of scans, int32 (scans,)."""
        sides = tf.stack([self._number(frame + 7), self._number(frame + 5)])
        most = tf.maximum(tf.reduce_max(factors, axis=0), 1)
        own = tf.reduce_max(tf.where(inside[:, :, None], factors, 0), axis=1)
        number = tf.reduce_sum(tf.cast(inside, tf.int32), axis=1)
        alone = (_divide_up(sides * own, most) + 7) // 8
        several = _divide_up(sides, 8 * most)
        units = tf.reduce_prod(tf.where((number == 1)[:, None], alone, several), axis=1)
        is_real = tf.range(_MOST_COMPONENTS) < count
        is_valid = tf.reduce_all((factors > 0) | ~is_real[:, None])
        return tf.where(is_valid & (number > 0), units, 0)


def _bits_of(scan: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Return the lowest bit that a scan has; -1 where there is none, scan -1."""
    known = tf.concat([known[:, 0], [-1]], axis=0)
    return tf.gather(known, tf.where(scan < 0, tf.size(known) - 1, scan))


def _empty_scans(
    numbers: tf.Tensor, count: tf.Tensor, is_progressive: tf.Tensor
) -> tf.Tensor:
    """Return an empty scan for each component of a progressive image."""
    every = tf.constant([bytes([i]) for i in range(256)])
    start, rest = b"\xff\xda\0\x08\1", bytes([0, 1, COEFFICIENTS - 1, 0x10])
    scans = start + tf.gather(every, numbers[:count]) + rest
    empty = EMPTY_TABLE + tf.strings.reduce_join(scans)
    return tf.where(is_progressive, empty, b"")


def _is_frame(code: tf.Tensor) -> tf.Tensor:
    is_frame = (code >= _FIRST_FRAME) & (code <= _LAST_FRAME)
    for other in _NO_FRAME:
        is_frame &= code != other
    return is_frame


def _divide_up(value: tf.Tensor, divisor: tf.Tensor) -> tf.Tensor:
    return (value + divisor - 1) // divisor
