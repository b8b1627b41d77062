"""What is wrong with the shape of a sparse code, and how far two codes are apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from benchmark.conformance.promises import Finding, note
from benchmark.contracts import SparseCodes

RELATIVE = 1e-5
"""Two ways of computing the same number in float32 may differ by this share of the largest."""


def malformed(codes: Any, n: int, width: int | None, what: str) -> Iterator[Finding]:
    """Everything that `SparseCodes` promises of n codes and this one breaks."""
    if not isinstance(codes, SparseCodes):
        yield Finding(f"{what} returned {type(codes).__name__}, wanted SparseCodes")
        return
    values, indices = codes.values, codes.indices
    if width is not None and codes.width != width:
        yield Finding(f"{what} has width {codes.width}, wanted {width}")
    columns = codes.width if indices is None else values.shape[-1]
    if tuple(values.shape) != (n, columns):
        yield Finding(f"{what} has values {tuple(values.shape)}, wanted ({n}, {columns})")
        return
    if not values.is_floating_point():
        yield Finding(f"{what} has {values.dtype} values, wanted floating point")
        return
    if values.requires_grad:
        yield Finding(f"{what} still requires a gradient: detach it")
    if not bool(values.isfinite().all()):
        bad = int((~values.isfinite()).sum())
        yield Finding(f"{what} has {bad} values that are NaN or infinite, wanted finite ones")
    if indices is not None:
        yield from misplaced(values, indices, codes.width, what)
    elif not bool((values < 0).any()) and int(codes.l0().max()) <= codes.width / 8:
        yield note(f"{what} is dense with l0 under width / 8: SparseCodes.from_dense is leaner")


def misplaced(values: Tensor, indices: Tensor, width: int, what: str) -> Iterator[Finding]:
    """What is wrong with the indices of a sparse code."""
    if indices.shape != values.shape or indices.is_floating_point():
        yield Finding(
            f"{what} has {indices.dtype} indices {tuple(indices.shape)}, "
            f"wanted whole numbers {tuple(values.shape)}"
        )
        return
    if not indices.numel():
        return
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= width:
        yield Finding(f"{what} has indices {low} to {high}, wanted 0 to {width - 1}")
        return
    full = values != 0
    place = torch.where(full, indices, indices - width)
    both = full[:, 1:] & full[:, :-1]
    pads_last = full[:, :-1] & ~full[:, 1:]
    if bool(((place.diff(dim=1) <= 0) & both).any()):
        yield Finding(f"{what} has indices that do not ascend: use SparseCodes.from_slots")
    if bool(pads_last.any()) or bool((indices[~full] != 0).any()):
        yield Finding(
            f"{what} has empty slots that are not index 0 in front: use SparseCodes.from_slots"
        )


def apart(a: Tensor, b: Tensor) -> float:
    """Largest difference as a share of the largest entry; infinite where shapes differ."""
    if a.shape != b.shape:
        return float("inf")
    if not a.numel():
        return 0.0
    size = max(float(a.abs().max()), float(b.abs().max()), 1e-12)
    return float((a - b).abs().max()) / size


def differ(a: SparseCodes, b: SparseCodes) -> float:
    """`apart` of two codes, written out."""
    return apart(a.dense(), b.dense())


def same_bits(a: SparseCodes, b: SparseCodes) -> bool:
    """Equal to the last bit."""
    return a.width == b.width and torch.equal(a.dense(), b.dense())
