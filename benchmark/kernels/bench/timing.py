"""Medians and quantiles of a call: device events on a GPU, a clock elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one call."""

    median_ms: float
    q20_ms: float
    q80_ms: float


MOST_MS = 8_000.0
"""What a call may take on a CPU in all: one that is slow is timed fewer times, but once."""


def timed(call: Callable[[], object], device: torch.device, *, repeat: int = 7) -> Timing:
    """After calls to warm up: `repeat` calls, one by one, with a cold cache on a GPU."""
    if device.type == "cuda":
        from triton.testing import do_bench

        call = captured(call)
        once = do_bench(call, warmup=1, rep=1)
        found = do_bench(call, warmup=5, rep=max(20.0, repeat * once), quantiles=[0.5, 0.2, 0.8])
        return Timing(*found)
    once = _clock(call)
    times = min(repeat, int(MOST_MS / max(once, 1e-3)))
    return _quantiles([_clock(call) for _ in range(times)] or [once])


def captured(call: Callable[[], object]) -> Callable[[], object]:
    """A graph of the call, so that what the host takes to launch its kernels is not timed.

    The call itself where it cannot be captured, as one that waits for the device.
    """
    call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            call()
    except RuntimeError:
        torch.cuda.synchronize()
        return call
    return graph.replay


def _clock(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def _quantiles(ms: list[float]) -> Timing:
    ordered = torch.tensor(ms, dtype=torch.float64)
    median, low, high = (float(ordered.quantile(q)) for q in (0.5, 0.2, 0.8))
    return Timing(median, low, high)


def peak_mib(call: Callable[[], object], device: torch.device) -> float | None:
    """Largest device memory beyond what was held before the call; None where it is not counted."""
    if device.type != "cuda":
        return None
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    call()
    torch.cuda.synchronize(device)
    return (torch.cuda.max_memory_allocated(device) - before) / 2**20
