"""Which ops are timed at which shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from benchmark.kernels.adamw.case import case as adamw
from benchmark.kernels.assignment.case import case as assignment
from benchmark.kernels.bench.case import Case, Shape
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.coactivation.case import case as coactivation
from benchmark.kernels.decode.case import decode, decode_loss
from benchmark.kernels.encode.case import case as encode
from benchmark.kernels.gradients.case import case as gradients
from benchmark.kernels.gradients.case import grouping
from benchmark.kernels.ranks.case import case as retrieval
from benchmark.kernels.step.case import case as step
from benchmark.kernels.topk.case import batch
from benchmark.kernels.topk.case import case as topk

Build = Callable[[Shape, torch.dtype, Machine, torch.Generator], Case]
OPS: dict[str, Build] = {
    "topk": topk,
    "encode_topk": encode,
    "decode": decode,
    "decode_loss": decode_loss,
    "grouping": grouping,
    "gradients": gradients,
    "adamw": adamw,
    "coactivation": coactivation,
    "assignment": assignment,
    "retrieval": retrieval,
    "batch_bound": batch,
    "step": step,
}
HOST = ("assignment", "retrieval", "batch_bound")
"""Ops that run on the CPU whatever else there is."""
CLIP, WIDE = Shape(1024, 512, 8192, 32), Shape(8192, 4096, 65_536, 32)
QUICK = Shape(256, 128, 1024, 8)
SKEWED = Shape(8192, 4096, 65_536, 32, skewed=True)
PAIRS = Shape(65_536, 0, 16_384, 32)


def shapes(op: str, machine: Machine, *, quick: bool) -> list[tuple[Shape, torch.dtype]]:
    """Sizes of CLIP in float32, and on a GPU those of a language model in bfloat16."""
    half, full = torch.bfloat16, torch.float32
    if quick:
        return [(QUICK, full)]
    if op == "assignment":
        return [(Shape(0, 0, 4096, 0, skewed), full) for skewed in (False, True)]
    if op == "retrieval":
        return [(Shape(5000, 0, 8192, k), full) for k in (8, 32)]
    if machine.device.type != "cuda" or op == "batch_bound":
        if op == "coactivation":
            return [(Shape(50_000, 0, 4096, k), full) for k in (8, 32)]
        types = (full, half) if op in ("step", "encode_topk") else (full,)
        return [(Shape(1024, 512, 8192, k), t) for k in (8, 32) for t in types]
    if op == "grouping":
        return [(CLIP, full), (WIDE, full), (SKEWED, full)]
    if op == "coactivation":
        return [(PAIRS, full), (Shape(8192, 0, 16_384, 32, skewed=True), full)]
    both = [(CLIP, full), (CLIP, half), (WIDE, half)]
    return [*both, (SKEWED, half)] if op in ("decode_loss", "gradients") else both


def cases(ops: list[str], machine: Machine, *, quick: bool, seed: int = 0) -> Iterator[Case]:
    """One case after another, so that only one holds its tensors."""
    for op in ops:
        for shape, dtype in shapes(op, machine, quick=quick):
            generator = torch.Generator(machine.device).manual_seed(seed)
            yield OPS[op](shape, dtype, machine, generator)
