import os
from pathlib import Path

import pytest

from keras_imgdesc.printable import printable, printable_lines

UNSAFE = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *("\ud800", "\udc80", "\udcff", "\udfff"),
]


@pytest.mark.parametrize("character", UNSAFE, ids=ascii)
def test_what_acts_on_a_terminal_becomes_a_visible_escape(character):
    shown = printable(f"a{character}b")
    assert character not in shown
    assert shown.isascii() and shown.isprintable()
    assert shown.encode().decode("unicode_escape") == f"a{character}b"


def test_it_is_one_line():
    text = "".join(UNSAFE)
    assert len(printable(text).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b.jpg",
        "C:\\new\\table.jpg",
        "café, naïve, 日本語, ไทย",
        "שלום עולם",
        "العربية",
        "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "e\u0301 \u00a0 \u200f \u3000 \ufffd",
    ],
)
def test_ordinary_text_stays(text):
    assert printable(text) == text
    assert printable_lines(text) == text


def test_undecodable_names_can_be_encoded():
    name = os.fsdecode(b"caf\xe9.jpg")
    assert printable(name) == "caf\\udce9.jpg"
    assert printable(Path(name)) == printable(name.encode(errors="surrogateescape"))
    printable(name).encode("utf-8")


def test_other_values_are_shown_as_str_does():
    assert printable(3) == "3"
    assert printable(ValueError("a\nb")) == "a\\nb"


def test_lines_keep_line_feeds_and_tabs_only():
    assert printable_lines("a\n\tb\r\n\x1b[1m\u2028") == "a\n\tb\\r\n\\x1b[1m\\u2028"
