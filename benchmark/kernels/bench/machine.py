"""What the machine can do at best, measured in the same run: bytes and products a second."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from benchmark.kernels.bench.case import Case
from benchmark.kernels.bench.timing import timed

CPU_CACHE = 32 << 20


@dataclass(frozen=True)
class Machine:
    """A device and its two ceilings."""

    device: torch.device
    name: str
    gb_s: float
    """A pass over a large block: bytes read plus bytes written."""
    tflop_s: dict[str, float]
    """Square matrix product on random numbers, by type."""
    cache: int
    triton: bool = False
    """Whether compiled kernels run here."""

    @property
    def bags(self) -> str:
        """What a way by torch's `embedding_bag` is called: on a CPU it is the one that runs."""
        return "cpu" if self.device.type == "cpu" else "embedding_bag"

    def floor_ms(self, case: Case) -> float:
        """The shortest time in which the bytes and products of a case could be done.

        Low-precision products that are slower than float32's are not what must be waited for.
        """
        rate = max(self.tflop_s[case.dtype], self.tflop_s["float32"])
        moved = case.nbytes / self.gb_s / 1e6
        multiplied = case.flops / rate / 1e9
        return moved + multiplied if case.serial else max(moved, multiplied)


def measure(device: torch.device, cpu: str, *, quick: bool = False) -> Machine:
    """The ceilings of a device, in some seconds; `cpu` is what to call this machine's own."""
    cuda = device.type == "cuda"
    size = (1 << 30) if cuda else (1 << 26)
    source = torch.randn(size // 4, device=device)
    target = torch.empty_like(source)
    copy = timed(lambda: torch.neg(source, out=target), device, repeat=10).median_ms
    side = 8192 if cuda else (1024 if quick else 2048)
    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        ms = timed(lambda a=a, b=b: a @ b, device, repeat=5).median_ms  # type: ignore[misc]
        rates[str(dtype).removeprefix("torch.")] = 2 * side**3 / ms / 1e9
    rates["float16"] = rates["bfloat16"]
    if cuda:
        found = torch.cuda.get_device_properties(device)
        return Machine(device, found.name, 2 * size / copy / 1e6, rates, found.L2_cache_size, True)
    return Machine(device, cpu, 2 * size / copy / 1e6, rates, CPU_CACHE)
