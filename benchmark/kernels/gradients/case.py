"""Gradient rows of both weight matrices, and the grouping they start from."""

from __future__ import annotations

import torch

from benchmark.kernels.bench.case import Case, Shape, relative
from benchmark.kernels.bench.inputs import activations, codes
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.gradients import cpu, reference


def case(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """Residuals and activations of `dtype`, sums in float32; slots were grouped beforehand."""
    values, indices = codes(shape, machine.device, generator)
    left, right = (activations(shape, machine.device, generator).to(dtype) for _ in range(2))
    weight = torch.randn(values.shape, device=machine.device, generator=generator)
    fired = torch.zeros(shape.m, 1, device=machine.device)
    fired[indices.flatten()] = 1.0
    rows = torch.arange(shape.n, device=machine.device)[:, None].expand_as(values).reshape(-1)
    slots = (rows, values.reshape(-1), weight.reshape(-1), indices.reshape(-1))

    def bags() -> tuple[torch.Tensor, torch.Tensor]:
        found = cpu.weight_gradients(*slots, shape.m, right.float(), left.float())
        return found[2], found[0]

    providers = {
        "reference": lambda: reference.row_gradients(indices, shape.m, left, values, right, weight),
        machine.bags: bags,
    }
    if machine.triton:
        from benchmark.kernels.gradients import triton

        out = tuple(torch.zeros(shape.m, shape.d, device=machine.device) for _ in range(2))

        by = triton.grouped(values, indices, shape.m)

        def run() -> tuple[torch.Tensor, torch.Tensor]:
            found = triton.row_gradients(by, left, values, right, weight, out=out)  # type: ignore[arg-type]
            return found.left, found.right

        providers["triton"] = run
    active = float(fired.sum())
    return Case(
        "gradients",
        "backward",
        str(dtype).removeprefix("torch."),
        shape,
        providers,
        relative,
        nbytes=2 * active * shape.d * 4
        + 2 * left.numel() * left.element_size()
        + shape.n * shape.k * 16,
        flops=4.0 * shape.n * shape.k * shape.d,
    )


def grouping(
    shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator
) -> Case:
    """Slots sorted by latent, stable."""
    del dtype
    values, indices = codes(shape, machine.device, generator)

    def plain() -> torch.Tensor:
        return indices.flatten().sort(stable=True)[1]

    providers = {"reference": plain}
    if machine.triton:
        from benchmark.kernels.gradients import triton

        providers["triton"] = lambda: triton.grouped(values, indices, shape.m).slot
    return Case(
        "grouping",
        "backward",
        "float32",
        shape,
        providers,
        relative,
        nbytes=shape.n * shape.k * 24.0 + shape.m * 4,
        tolerance=0.0,
    )
