"""One whole training step, against the dense step in the same precision and compiled."""

from __future__ import annotations

import torch

from benchmark.kernels.bench.case import Case, Shape, gathered, relative
from benchmark.kernels.bench.inputs import activations, weights
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.step.cpu import SparseStep
from benchmark.kernels.step.reference import DenseStep

GRAPH_BELOW = 1 << 35
"""Multiply-adds of an encode below which a step is captured as a graph too."""


def case(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """The outcome is the loss of the first step from equal weights."""
    held = weights(shape, machine.device, generator)
    u = activations(shape, machine.device, generator)
    dense = DenseStep(held, shape.k, torch.float32, compiled=False)
    providers = {"reference": lambda: dense.run(u)}
    low = DenseStep(held, shape.k, dtype, compiled=False)
    compiled = DenseStep(held, shape.k, dtype, compiled=True)
    if machine.device.type == "cuda":
        providers |= {"dense": lambda: low.run(u), "dense compiled": lambda: compiled.run(u)}
    else:
        parts = (held.encoder, held.b_enc, held.b_dec, held.decoder)
        sparse = SparseStep(*parts, shape.k, dtype=dtype)
        providers["cpu"] = lambda: sparse.run(u)
    if machine.triton:
        from benchmark.kernels.step.triton import Graph, TopKStep

        parts = (held.encoder, held.b_enc, held.b_dec, held.decoder)
        steps = [TopKStep(*parts, shape.k, dtype=dtype) for _ in range(2)]

        def run() -> torch.Tensor:
            steps[0].advance(1e-3)
            return steps[0].run(u).clone()

        providers["triton"] = run
        if machine.device.type == "cuda" and shape.n * shape.d * shape.m < GRAPH_BELOW:
            graph = Graph(steps[1], shape.n, shape.d)

            def replay() -> torch.Tensor:
                steps[1].advance(1e-3)
                return graph.run(u)

            providers["triton graph"] = replay
    size, low_size = (
        torch.finfo(dtype).bits // 8,
        0 if dtype == torch.float32 else torch.finfo(dtype).bits // 8,
    )
    rows = gathered(shape.n * shape.k, shape.m, shape.d * size, machine.cache)
    return Case(
        "step",
        "full",
        str(dtype).removeprefix("torch."),
        shape,
        providers,
        relative,
        nbytes=rows + 2.0 * shape.m * shape.d * (28 + low_size) + shape.n * shape.d * 8,
        flops=2.0 * shape.n * shape.m * shape.d,
        tolerance=1e-5 if dtype == torch.float32 else 1e-3,
        compared=frozenset(["dense", "dense compiled"]),
        serial=True,
    )
