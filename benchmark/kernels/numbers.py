"""Compiled loops for the CPU: how numba is set up, and with how many threads it runs.

Loops keep their own pool of threads, which sleeps when it has nothing to do: a second pool that
spins beside torch's makes both two to three times slower.
"""

from __future__ import annotations

from typing import Any

import numba
import torch

numba.config.THREADING_LAYER = "workqueue"  # type: ignore[attr-defined]


def loop(function: Any) -> Any:
    """Compiled once a machine; one thread."""
    return numba.njit(function, cache=True, nogil=True)


def shared(function: Any) -> Any:
    """Compiled once a machine; `prange` is shared among threads. Call it after `share`."""
    return numba.njit(function, cache=True, nogil=True, parallel=True)


def share() -> int:
    """Lets shared loops use as many threads as torch does; returns how many."""
    threads = min(torch.get_num_threads(), int(numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    numba.set_num_threads(threads)
    return threads
