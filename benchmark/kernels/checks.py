"""What a kernel relies on, held before it is launched: a wrong tensor is one clear line."""

from __future__ import annotations

import torch
from torch import Tensor

FLOATS = (torch.float32, torch.bfloat16, torch.float16)


def same_device(**tensors: Tensor) -> None:
    """Raises ValueError where tensors are on different devices: a kernel would read nonsense."""
    devices = {str(t.device): name for name, t in tensors.items()}
    if len(devices) > 1:
        places = " and ".join(f"{name} on {device}" for device, name in sorted(devices.items()))
        raise ValueError(f"{places}, wanted all on one device")


def ready(**tensors: Tensor) -> None:
    """Raises ValueError for tensors on different devices, with gaps, or of an odd type."""
    same_device(**tensors)
    for name, t in tensors.items():
        if not t.is_contiguous():
            raise ValueError(
                f"{name} has strides {t.stride()} for shape {tuple(t.shape)}, wanted it without "
                "gaps: call .contiguous() first"
            )
        if t.is_floating_point() and t.dtype not in FLOATS:
            raise ValueError(f"{name} is {t.dtype}, wanted float32, bfloat16 or float16")


def codes(values: Tensor, indices: Tensor) -> None:
    """Raises ValueError where values and indices are not one code each."""
    if values.shape != indices.shape or values.ndim != 2:
        raise ValueError(
            f"values are {tuple(values.shape)} and indices {tuple(indices.shape)}, "
            "wanted [n, k] both"
        )
    if indices.dtype != torch.int64:
        raise ValueError(f"indices are {indices.dtype}, wanted int64")


def no_nan(values: Tensor, of: str) -> None:
    """Raises ValueError where there is NaN: nothing that is ordered or summed with it means much.

    Asked of what an op gives back, which is small: NaN is above every number in a top-k.
    """
    bad = values.isnan()
    if bad.any():
        rows = bad.flatten(1).any(1) if bad.ndim > 1 else bad
        first = int(rows.nonzero()[0])
        raise ValueError(
            f"{of}: {int(rows.sum())} of {len(rows)} rows have NaN, the first is row {first}; "
            "wanted numbers: has a fit diverged, or were its inputs not finite?"
        )


def columns(**tensors: Tensor) -> None:
    """Raises ValueError where the last dimensions differ."""
    widths = {name: t.shape[-1] for name, t in tensors.items()}
    if len(set(widths.values())) > 1:
        said = ", ".join(f"{name} has {width}" for name, width in widths.items())
        raise ValueError(f"{said} columns, wanted the same in all")
