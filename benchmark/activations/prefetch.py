"""Draws the next pictures in a thread while the model works on the last ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

Draw = Callable[[int, int], Any]


@contextmanager
def ahead(draw: Draw, n: int) -> Iterator[Draw]:
    """The same pictures start..stop of n; when some are asked for, as many after them are drawn.

    Worth it where drawing leaves a core idle. What drawing raises is raised to the one who asks.
    """
    pending: dict[tuple[int, int], Future[Any]] = {}
    with ThreadPoolExecutor(max_workers=1) as pool:

        def drawn(start: int, stop: int) -> Any:
            waiting = pending.pop((start, stop), None)
            pending.clear()
            found = draw(start, stop) if waiting is None else waiting.result()
            after = stop, min(2 * stop - start, n)
            if after[0] < after[1]:
                pending[after] = pool.submit(draw, *after)
            return found

        yield drawn
