import io
import sys

import pytest

from keras_imgdesc.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def numbers(count, log):
    try:
        yield from range(count)
    finally:
        log.append("closed")


def test_a_terminal_shows_rate_and_time_left(monkeypatch):
    screen, log = Terminal(), []
    monkeypatch.setattr(sys, "stderr", screen)
    with progress(numbers(30, log), 30) as results:
        assert list(results) == list(range(30))
    assert "30/30" in screen.getvalue() and "img" in screen.getvalue()
    assert log == ["closed"]


def test_a_shared_screen_is_cleared_before_each_result(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", screen)
    with progress(numbers(3, []), 3) as results:
        for number in results:
            print(f"result {number}")
    # What a line holds after its last carriage return is what is seen.
    seen = [line.rpartition("\r")[2] for line in screen.getvalue().split("\n")]
    assert seen == ["result 0", "result 1", "result 2", ""]


@pytest.mark.parametrize(
    ("screen", "total", "is_quiet"),
    [(io.StringIO(), 30, False), (Terminal(), 1, False), (Terminal(), 30, True)],
)
def test_nothing_is_shown(screen, total, is_quiet, monkeypatch):
    monkeypatch.setattr(sys, "stderr", screen)
    with progress(numbers(total, []), total, is_quiet=is_quiet) as results:
        assert len(list(results)) == total
    assert screen.getvalue() == ""


def test_results_are_closed_after_an_interruption(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    log = []
    with (
        pytest.raises(KeyboardInterrupt),
        progress(numbers(5, log), 5) as results,
    ):
        next(results)
        raise KeyboardInterrupt
    assert log == ["closed"]
