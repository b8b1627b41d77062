"""Every op by every provider, timed by `make bench`; run once and unmeasured among the tests."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from benchmark.kernels.bench.case import Shape
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.bench.suite import OPS, QUICK

CUDA = torch.cuda.is_available()
MACHINE = Machine(
    torch.device("cuda" if CUDA else "cpu"), "any", 1.0, {"float32": 1.0}, 1 << 25, triton=CUDA
)


def providers(op: str) -> list[str]:
    """Names of the ways to do an op here, from a case too small to cost anything."""
    generator = torch.Generator(MACHINE.device).manual_seed(0)
    tiny = Shape(8, 8, 64, 2)
    return list(OPS[op](tiny, torch.float32, MACHINE, generator).providers)


@pytest.mark.parametrize(("op", "provider"), [(op, p) for op in OPS for p in providers(op)])
def test_an_op(op: str, provider: str, benchmark: Any) -> None:
    generator = torch.Generator(MACHINE.device).manual_seed(0)
    call = OPS[op](QUICK, torch.float32, MACHINE, generator).providers[provider]

    def once() -> None:
        call()
        if CUDA:
            torch.cuda.synchronize()

    benchmark.group = op
    benchmark(once)
