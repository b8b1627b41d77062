"""How fast a device multiplies: measured where it is here, usual figures where it is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from statistics import median

import torch

from benchmark.planning.amounts import work

TRIES, SIDE, GPU_SIDE = 5, 768, 8192
AT_MOST_S = 0.4
"""So long is measured at most: a plan is no run."""
MEASURED_AT = 1.5e11
"""Operations a second of one thread of the machine that tables of seconds were measured on."""
BUSY = 1.5
"""Seconds on the clock for one of the processor from which a machine is called busy."""


@dataclass(frozen=True)
class Rate:
    """A device by its figures."""

    name: str
    kind: str
    """What torch calls it: cpu, cuda, mps."""
    single: float
    """Operations a second, float32."""
    half: float
    """The same of bfloat16 and float16."""
    one_thread: float
    """float32 on one thread of a processor; on anything else as `single`."""
    memory: float
    """Bytes of its own; 0 for a processor."""
    measured: bool
    delay: float = 1.0
    """Seconds on the clock for one of the processor, while it was measured."""

    def of(self, dtype: str) -> float:
        """Operations a second at a precision."""
        return self.single if dtype == "float32" else self.half

    @property
    def processor(self) -> float:
        """One thread of what the command itself runs on: of a machine that is not here, one like
        that of the tables."""
        return self.one_thread if self.kind == "cpu" else MEASURED_AT

    @property
    def busy(self) -> str:
        """A line where other programs want this processor as well; "" where they do not."""
        if self.delay < BUSY:
            return ""
        return (
            f"this machine is busy: seconds of its processor took {self.delay:.1f} times as long "
            f"just now; times are those of a machine that is left alone"
        )

    @property
    def told(self) -> str:
        """In words."""
        how = "measured now" if self.measured else "usual figures, not measured"
        more = f", {self.memory / 1e9:.0f} GB" if self.memory else ""
        one = f", {work(self.one_thread)}/s on one thread" if self.kind == "cpu" else ""
        return (
            f"{self.name}: {work(self.single)}/s in float32{one}, {work(self.half)}/s in "
            f"bfloat16{more} ({how})"
        )


def _gpu(name: str, single: float, half: float, memory: float) -> Rate:
    s, h = single * 1e12, half * 1e12
    return Rate(f"NVIDIA {name}", "cuda", s, h, s, memory * 1e9, measured=False)


GPUS: dict[str, Rate] = {
    "b200": _gpu("B200", 70, 1500, 180),
    "h200": _gpu("H200", 51, 780, 141),
    "h100": _gpu("H100", 51, 700, 80),
    "a100": _gpu("A100 80GB", 18, 250, 80),
    "a100-40": _gpu("A100 40GB", 18, 250, 40),
    "l40s": _gpu("L40S", 55, 250, 48),
    "a6000": _gpu("RTX A6000", 28, 110, 48),
    "a10": _gpu("A10", 25, 90, 24),
    "l4": _gpu("L4", 22, 90, 24),
    "5090": _gpu("RTX 5090", 80, 200, 32),
    "4090": _gpu("RTX 4090", 60, 150, 24),
    "3090": _gpu("RTX 3090", 27, 65, 24),
    "v100": _gpu("V100", 13, 90, 32),
    "t4": _gpu("T4", 5, 30, 16),
}
"""What products of a size that fills the device reach, TFLOP/s; less than data sheets say."""


def named(device: str) -> Rate | None:
    """A device that is named and need not be here, as `h100`; None for any other word."""
    return GPUS.get(device.lower().removeprefix("rtx").strip(" -_"))


@cache
def here(device: str) -> Rate:
    """A device of this machine, measured: the median of a few products.

    On a processor seconds are its own, so that other programs beside do not count.
    """
    where = torch.device(device)
    single, delay = _measured(where, torch.float32)
    half, _ = _measured(where, torch.bfloat16)
    if where.type == "cuda":
        properties = torch.cuda.get_device_properties(where)
        memory = float(properties.total_memory)
        return Rate(properties.name, "cuda", single, half, single, memory, measured=True)
    if where.type != "cpu":
        return Rate(where.type, where.type, single, half, single, 0.0, measured=True)
    with _threads(1):
        one, _ = _measured(where, torch.float32)
    name = f"this machine, {torch.get_num_threads()} thread(s)"
    return Rate(name, "cpu", max(single, one), half, one, 0.0, measured=True, delay=delay)


@contextmanager
def _threads(n: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _measured(where: torch.device, dtype: torch.dtype) -> tuple[float, float]:
    """Operations a second of square products, and how much longer the clock ran than they did."""
    side = GPU_SIDE if where.type == "cuda" else SIDE
    a = torch.ones(side, side, device=where, dtype=dtype)
    spent: list[float] = []
    clocks: list[float] = []
    began = time.perf_counter()
    while len(spent) < 1 + TRIES and (len(spent) < 2 or time.perf_counter() - began < AT_MOST_S):
        clock, own = time.perf_counter(), time.process_time()
        a @ a
        _wait(where)
        clocks.append(time.perf_counter() - clock)
        spent.append((time.process_time() - own) / torch.get_num_threads())
    by_clock, by_processor = median(clocks[1:]), median(spent[1:])
    seconds = by_processor if where.type == "cpu" else by_clock
    return 2 * side**3 / seconds, by_clock / seconds


def _wait(where: torch.device) -> None:
    """Until an accelerator is done."""
    if where.type == "cuda":
        torch.cuda.synchronize(where)
    elif where.type == "mps":
        torch.mps.synchronize()
