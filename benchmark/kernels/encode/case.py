"""Encode + TopK at a shape: the product is the floor, in low precision as in full."""

from __future__ import annotations

import torch

from benchmark.kernels.bench.case import Case, Shape
from benchmark.kernels.bench.inputs import activations, weights
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.encode import cpu, reference

Codes = tuple[torch.Tensor, torch.Tensor]


def case(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """Every way gives codes of the float32 encode; the error is the share of rows that differ."""
    held = weights(shape, machine.device, generator)
    centred = activations(shape, machine.device, generator) - held.b_dec
    parts = (centred, held.encoder, held.b_enc, shape.k)
    providers = {"reference": lambda: reference.encode(*parts)}
    full = dtype == torch.float32
    if machine.device.type == "cpu":
        providers["cpu"] = lambda: cpu.encode(*parts) if full else cpu.encode_low(*parts, dtype)
    if machine.triton:
        from benchmark.kernels.encode import triton

        low = None if full else held.encoder.to(dtype)
        providers["triton"] = lambda: triton.encode(*parts, low)
    size = torch.finfo(dtype).bits // 8
    return Case(
        "encode_topk",
        "forward",
        str(dtype).removeprefix("torch."),
        shape,
        providers,
        rows_apart,
        nbytes=(shape.n + shape.m) * shape.d * size + shape.n * shape.k * 12,
        flops=2.0 * shape.n * shape.m * shape.d,
        tolerance=1e-4,
    )


def rows_apart(found: Codes, wanted: Codes) -> float:
    """Share of rows with other latents, but for those whose least value is the same to 1e-5.

    1 where the values of a row with the same latents, or the least value of another, is off.
    """
    same = (found[1] == wanted[1]).all(1)
    largest = wanted[0].abs().amax()
    off = (found[0][same] - wanted[0][same]).abs().amax() / largest
    gap = (found[0].amin(1) - wanted[0].amin(1)).abs()[~same] / largest
    if float(off) > 1e-4 or bool((gap > 1e-3).any()):
        return 1.0
    return float((gap > 1e-5).sum()) / len(same)
