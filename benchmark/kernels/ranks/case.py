"""Retrieval of n queries among 5 n candidates: reading the codes is the floor."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from benchmark.kernels.bench.case import Case, Shape
from benchmark.kernels.bench.inputs import codes
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.ranks import cpu, reference

CAPTIONS = 5


def case(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """Both ways; 1 in 100 candidates is another's double. The error is 1 if any count differs."""
    del dtype, machine
    own = torch.Generator().manual_seed(generator.initial_seed())
    images, texts = _unit(shape.n, shape, own), _unit(CAPTIONS * shape.n, shape, own)
    pairs = np.stack([np.repeat(np.arange(shape.n), CAPTIONS), np.arange(CAPTIONS * shape.n)], 1)
    ways = ((images, texts, pairs), (texts, images, pairs[:, ::-1]))

    def error(found: list[tuple], wanted: list[tuple]) -> float:
        pairs = zip(sum(found, ()), sum(wanted, ()), strict=True)
        return 0.0 if all(np.array_equal(a, b) for a, b in pairs) else 1.0

    return Case(
        "retrieval",
        "forward",
        "float32",
        shape,
        {
            "reference": lambda: [reference.stand(*way) for way in ways],
            "cpu": lambda: [cpu.stand(*way, 1)[:3] for way in ways],
        },
        error,
        nbytes=2.0 * (images.nnz + texts.nnz) * 12,
        tolerance=0.0,
    )


def _unit(n: int, shape: Shape, generator: torch.Generator) -> sp.csr_array:
    own = Shape(n, 0, shape.m, shape.k, shape.skewed)
    values, indices = codes(own, torch.device("cpu"), generator)
    twins = n // 100
    values[:twins], indices[:twins] = values[n - twins :], indices[n - twins :]
    z = values.double().numpy()
    z /= np.sqrt((z**2).sum(1, keepdims=True))
    starts = np.arange(0, z.size + 1, shape.k)
    found = sp.csr_array((z.ravel(), indices.numpy().ravel(), starts), shape=(n, shape.m))
    found.has_sorted_indices = True
    return found
