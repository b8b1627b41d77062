"""Row top-k at a shape: one read of the rows is the floor."""

from __future__ import annotations

import torch

from benchmark.kernels.bench.case import Case, Shape, relative
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.topk import cpu, reference


def case(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """Rows are random scores."""
    rows = torch.randn(shape.n, shape.m, device=machine.device, generator=generator).to(dtype)
    providers = {
        "reference": lambda: reference.topk(rows, shape.k),
        "torch.topk": lambda: rows.topk(shape.k, dim=1, sorted=False),
    }
    if machine.device.type == "cpu":
        providers["cpu"] = lambda: cpu.topk(rows, shape.k)
    if machine.triton:
        from benchmark.kernels.topk import triton

        providers["triton"] = lambda: triton.topk(rows, shape.k)
    return Case(
        "topk",
        "forward",
        str(dtype).removeprefix("torch."),
        shape,
        providers,
        relative,
        nbytes=rows.numel() * rows.element_size() + shape.n * shape.k * (8 + rows.element_size()),
        tolerance=0.0,
        compared=frozenset(["torch.topk"]),
    )
