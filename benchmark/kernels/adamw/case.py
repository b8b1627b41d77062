"""One update of a decoder: parameter and moments read and written once, the gradient read."""

from __future__ import annotations

import torch

from benchmark.kernels.adamw import cpu, reference
from benchmark.kernels.bench.case import Case, Shape
from benchmark.kernels.bench.inputs import weights
from benchmark.kernels.bench.machine import Machine

RATE, CLIP = 1e-3, 0.5


def case(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """Float32 weights and moments; with a low `dtype` a copy of the weights is written too."""
    start = weights(shape, machine.device, generator).decoder
    gradient = torch.randn(start.shape, device=machine.device, generator=generator) / shape.d
    clip = torch.tensor(CLIP, device=machine.device)
    parameter = torch.nn.Parameter(start.clone())
    adam = torch.optim.AdamW([parameter], lr=RATE, weight_decay=0.0, fused=True)

    def step() -> torch.Tensor:
        reference.update(parameter, gradient, adam, clip)
        return parameter.detach()

    providers = {"reference": step}
    if machine.device.type == "cpu":
        own, held = start.clone(), (torch.zeros_like(start), torch.zeros_like(start))

        def loops() -> torch.Tensor:
            arrays = (own.numpy(), gradient.numpy(), (held[0].numpy(), held[1].numpy()))
            along = cpu.parallel(gradient.numpy(), own.numpy())
            numbers = (RATE / (1 - 0.9), (1 - 0.999) ** 0.5, CLIP)
            cpu.update(*arrays, numbers, along=along)
            return own

        providers["cpu"] = loops
    if machine.triton:
        from benchmark.kernels.adamw import triton

        row, moments = start.clone(), (torch.zeros_like(start), torch.zeros_like(start))
        shadow = None if dtype == torch.float32 else start.to(dtype)
        state = torch.tensor([RATE / (1 - 0.9), (1 - 0.999) ** 0.5, CLIP], device=machine.device)
        along = torch.linalg.vecdot(gradient, start)

        def fused() -> torch.Tensor:
            triton.update(row, gradient, moments, state, along=along, shadow=shadow)
            return row

        providers["triton"] = fused
    low = 0 if dtype == torch.float32 else torch.finfo(dtype).bits // 8
    return Case(
        "adamw",
        "full",
        str(dtype).removeprefix("torch."),
        shape,
        providers,
        moved,
        nbytes=float(start.numel() * (28 + low)),
        tolerance=1e-4,
    )


def moved(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """Root mean square of the difference, as a share of the learning rate."""
    return float((found - wanted).square().mean().sqrt()) / RATE
