"""A progress bar for commands that print one result per image."""

import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def progress(
    stream: Generator[T, Any, Any], total: int, *, is_quiet: bool = False
) -> Iterator[Iterator[T]]:
    """Iterate over results with a progress bar on standard error, and close them.

    The bar shows images per second and the time left. There is none if standard error
    is not a terminal or there is only one image.

    Args:
        stream: the results.
        total: number of results.
        is_quiet: whether to show no bar.

    Yields:
        An iterator over the results.
    """
    with closing(stream):
        if is_quiet or total < 2 or not sys.stderr.isatty():
            yield stream
            return
        yield _with_bar(stream, total)


def _with_bar(stream: Iterator[T], total: int) -> Iterator[T]:
    from tqdm import tqdm

    # The results and the bar may share the screen.
    is_shared = sys.stdout.isatty()
    with tqdm(total=total, unit="img", leave=not is_shared, dynamic_ncols=True) as bar:
        for result in stream:
            if is_shared:
                bar.clear()
            yield result
            bar.update()
            if is_shared:
                sys.stdout.flush()
                bar.refresh()
