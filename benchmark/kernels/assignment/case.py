"""The assignment at m x m, easy and hard: reading the scores once is the floor."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from benchmark.kernels.assignment import cpu
from benchmark.kernels.bench.case import Case, Shape
from benchmark.kernels.bench.machine import Machine

Pairs = tuple[np.ndarray, np.ndarray]


def scores(shape: Shape, generator: torch.Generator) -> np.ndarray:
    """Correlations of m latents of two towers; skewed: hard, most partners drown in noise."""
    m = shape.m
    noise, partner = (0.015, 0.12) if shape.skewed else (0.005, 0.9)
    found = torch.randn(m, m, generator=generator, dtype=torch.float64) * noise
    rows = torch.arange(m)
    found[rows, torch.randperm(m, generator=generator)] += partner * torch.rand(
        m, generator=generator, dtype=torch.float64
    )
    return found.clamp(-1, 1).numpy()


def case(shape: Shape, dtype: torch.dtype, machine: Machine, generator: torch.Generator) -> Case:
    """Float64 on the CPU; the error is that of the sum, as a share."""
    del dtype, machine
    held = scores(shape, torch.Generator().manual_seed(generator.initial_seed()))
    positive = np.maximum(held, 0)

    def error(found: Pairs, wanted: Pairs) -> float:
        ours, best = (float(positive[pairs].sum()) for pairs in (found, wanted))
        return abs(ours - best) / best

    return Case(
        "assignment",
        "forward",
        "float32",
        shape,
        {
            "reference": lambda: linear_sum_assignment(positive, maximize=True),
            "cpu": lambda: cpu.assign(held),
        },
        error,
        nbytes=held.nbytes,
        tolerance=1e-9,
    )
