"""Compiled loops for the CPU, and how their rows are shared among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numba
import torch

PARTS = 8
"""Parts a thread: some rows have more to do than others."""


def loop(function: Any, *, sums: bool = False) -> Any:
    """Compiled once a machine; other threads go on meanwhile.

    `sums`: additions of one number after another may be regrouped, the same way each time.
    """
    fastmath = {"reassoc", "contract"} if sums else False
    return numba.njit(function, cache=True, nogil=True, error_model="numpy", fastmath=fastmath)


def summing(function: Any) -> Any:
    """A `loop` that adds up floats."""
    return loop(function, sums=True)


def share(compiled: Callable[..., Any], n: int, *arguments: Any) -> None:
    """`compiled(start, stop, …)` over all of range(n), on as many threads as torch uses.

    Parts are of contiguous rows, so what a row comes to does not depend on the number of threads.
    """
    threads = torch.get_num_threads()
    parts = min(threads * PARTS, n)
    if threads == 1 or parts <= 1:
        compiled(0, n, *arguments)
        return
    edges = [n * part // parts for part in range(parts + 1)]
    tasks = [partial(compiled, a, b, *arguments) for a, b in pairwise(edges)]
    for done in [_pool(threads).submit(task) for task in tasks]:
        done.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="loop")
