"""Top-k of each row, and the bound of a whole batch, at a shape: one read is the floor."""

from __future__ import annotations

import torch

from benchmark.kernels.bench.case import Case, Shape, relative
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.topk import cpu, nth_largest, reference


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


def batch(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """BatchTopK's bound: the n·k-th largest of all entries of a batch, on a CPU."""
    scores = torch.randn(shape.n, shape.m, device=machine.device, generator=generator)
    rows, count = scores.relu().to(dtype).cpu(), shape.n * shape.k
    providers = {
        "reference": lambda: reference.nth_largest(rows, count),
        "cpu": lambda: nth_largest(rows, count),
    }
    return Case(
        "batch_bound",
        "forward",
        str(dtype).removeprefix("torch."),
        shape,
        providers,
        relative,
        nbytes=rows.numel() * rows.element_size(),
        tolerance=0.0,
    )
