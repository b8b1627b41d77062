"""Sparse decode, and decode + loss + code gradient: the gathered rows are the floor.

Torch's `embedding_bag` is what runs on a CPU, and beside the compiled kernel on a GPU.
"""

from __future__ import annotations

import torch

from benchmark.kernels.bench.case import Case, Shape, gathered, relative
from benchmark.kernels.bench.inputs import activations, codes, weights
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.decode import cpu, reference


def decode(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """Decoder rows of `dtype`; the reconstruction is float32."""
    held, (values, indices) = (
        weights(shape, machine.device, generator),
        codes(shape, machine.device, generator),
    )
    table = held.decoder.to(dtype)
    exact = table.float()
    providers = {
        "reference": lambda: reference.decode(values, indices, exact, held.b_dec),
        machine.bags: lambda: cpu.decode(values, indices, exact, held.b_dec),
    }
    if machine.triton:
        from benchmark.kernels.decode import triton

        providers["triton"] = lambda: triton.decode(values, indices, table, held.b_dec)
    size = table.element_size()
    return Case(
        "decode",
        "forward",
        str(dtype).removeprefix("torch."),
        shape,
        providers,
        relative,
        nbytes=gathered(shape.n * shape.k, shape.m, shape.d * size, machine.cache)
        + shape.n * shape.d * 4
        + shape.n * shape.k * 12,
        flops=2.0 * shape.n * shape.k * shape.d,
    )


def decode_loss(
    shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator
) -> Case:
    """Decoder rows and residual of `dtype`."""
    held, (values, indices) = (
        weights(shape, machine.device, generator),
        codes(shape, machine.device, generator),
    )
    target = activations(shape, machine.device, generator)

    def bags() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        residual = cpu.decode(values, indices, exact, held.b_dec) - target
        return residual, cpu.dots(values, indices, exact, residual), residual.square().sum(1)

    table = held.decoder.to(dtype)
    exact = table.float()
    providers = {
        "reference": lambda: reference.decode_loss(values, indices, exact, held.b_dec, target),
        machine.bags: bags,
    }
    if machine.triton:
        from benchmark.kernels.decode import triton

        providers["triton"] = lambda: triton.decode_loss(
            values, indices, table, held.b_dec, target, dtype=dtype
        )
    size = table.element_size()
    return Case(
        "decode_loss",
        "full",
        str(dtype).removeprefix("torch."),
        shape,
        providers,
        relative,
        nbytes=gathered(shape.n * shape.k, shape.m, shape.d * size, machine.cache)
        + shape.n * shape.d * (4 + size)
        + shape.n * shape.k * 16,
        flops=4.0 * shape.n * shape.k * shape.d,
        tolerance=1e-5 if dtype == torch.float32 else 5e-3,
    )
