"""Σ z_I z_Tᵀ at a shape: reading the codes and writing the result are the floor."""

from __future__ import annotations

import numpy as np
import torch

from benchmark.kernels.bench.case import Case, Shape, relative
from benchmark.kernels.bench.inputs import codes
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.coactivation import cpu, reference

ROWS = 8192


def case(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """Codes are float32, the result float64; the reference goes through the rows in parts."""
    del dtype
    image, text = (codes(shape, machine.device, generator) for _ in range(2))

    def dense(dtype: torch.dtype) -> torch.Tensor:
        total = torch.zeros(shape.m, shape.m, dtype=dtype, device=machine.device)
        for start in range(0, shape.n, ROWS):
            part = slice(start, start + ROWS)
            left, right = ((z[part], at[part]) for z, at in (image, text))
            total += reference.cross(left, right, shape.m, dtype)
        return total

    providers = {
        "reference": lambda: dense(torch.float64),
        "dense float32": lambda: dense(torch.float32),
    }
    if machine.device.type == "cpu":
        left, right = ((values.numpy(), indices.numpy()) for values, indices in (image, text))

        def loops() -> torch.Tensor:
            total = np.zeros((shape.m, shape.m))
            cpu.add_cross(total, left, right, np.arange(shape.n))
            return torch.from_numpy(total)

        providers["cpu"] = loops
    if machine.triton:
        from benchmark.kernels.coactivation import triton

        def sparse() -> torch.Tensor:
            total = torch.zeros(shape.m, shape.m, dtype=torch.float64, device=machine.device)
            triton.add_cross(total, image, text)
            return total

        providers["triton"] = sparse
    return Case(
        "coactivation",
        "forward",
        "float32",
        shape,
        providers,
        relative,
        nbytes=2.0 * shape.n * shape.k * 12 + shape.m**2 * 8.0,
        flops=2.0 * shape.n * shape.k**2,
        tolerance=1e-12,
        compared=frozenset(["dense float32"]),
    )
