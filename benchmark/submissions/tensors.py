"""Fitted dictionaries of unknown origin: a safetensors file, read without its library.

8 bytes of length, a table in JSON, then numbers. The table has bounds, every tensor must lie inside
of the file, and together they must fill it: there is no room for anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from benchmark.results.plain_json import parsed
from benchmark.submissions.limits import LARGEST_HEADER, MB, MOST_TENSORS, MOST_VALUES
from benchmark.submissions.words import escaped

WIDTHS = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "I16": 2,
    "U16": 2,
    "F16": 2,
    "BF16": 2,
    "I32": 4,
    "U32": 4,
    "F32": 4,
    "I64": 8,
    "U64": 8,
    "F64": 8,
}
"""Bytes of one number of each type."""
FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}
MOST_AXES = 8
LARGEST_AXIS = 2**40


@dataclass(frozen=True)
class Tensor:
    """Numbers of one type, by their bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: memoryview


@dataclass(frozen=True)
class Tensors:
    """What a file holds."""

    by_name: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    size: int
    """Bytes of all tensors."""


def read_tensors(content: bytes) -> Tensors:
    """Tensors and metadata. Raises ValueError in one line where the file is not a sound one."""
    if len(content) < 8:
        raise ValueError("is no safetensors file: it ends within its first 8 bytes")
    length = int.from_bytes(content[:8], "little")
    if length > LARGEST_HEADER:
        raise ValueError(f"has a table of over {LARGEST_HEADER // MB} MB, the most that is read")
    if 8 + length > len(content):
        raise ValueError(f"ends at {len(content):,} bytes, within its table of {length:,}")
    table = parsed(
        content[8 : 8 + length], deepest=4, longest=LARGEST_HEADER, most_values=MOST_VALUES
    )
    if not isinstance(table, dict):
        raise ValueError("has a table that is no JSON object")
    if len(table) > MOST_TENSORS:
        raise ValueError(f"names {len(table):,} tensors, at most {MOST_TENSORS:,} are read")
    metadata = _metadata(table.pop("__metadata__", {}))
    body = memoryview(content)[8 + length :]
    found = {name: _tensor(name, told, body) for name, told in table.items()}
    _filled([told["data_offsets"] for told in table.values()], len(body))
    for name, each in found.items():
        _finite(name, each)
    return Tensors(found, metadata, len(body))


def _metadata(told: Any) -> dict[str, str]:
    if not isinstance(told, dict) or not all(isinstance(v, str) for v in told.values()):
        raise ValueError("has metadata that are no texts by name")
    return told


def _tensor(name: str, told: Any, body: memoryview) -> Tensor:
    """One tensor of the table. Raises ValueError where it says what cannot be."""
    shown = escaped(name, 60)
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {shown}: wanted dtype, shape and data_offsets")
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in WIDTHS:
        raise ValueError(f"tensor {shown} is of type {escaped(str(dtype), 20)}, which is not read")
    if not _whole_numbers(shape) or len(shape) > MOST_AXES or max(shape, default=0) > LARGEST_AXIS:
        raise ValueError(f"tensor {shown} has no shape that is read")
    if not _whole_numbers(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"tensor {shown}: wanted data_offsets with a start and an end")
    start, end = offsets
    if end > len(body):
        raise ValueError(f"tensor {shown} ends at byte {end:,} of {len(body):,}")
    if end - start != prod(shape) * WIDTHS[dtype]:
        raise ValueError(f"tensor {shown} has {end - start:,} bytes, which is not its shape's")
    return Tensor(dtype, tuple(shape), body[start:end])


def _finite(name: str, tensor: Tensor) -> None:
    kind = FLOATS.get(tensor.dtype)
    if kind is not None and not np.isfinite(np.frombuffer(tensor.data, kind)).all():
        raise ValueError(f"tensor {escaped(name, 60)} holds numbers that are not finite")


def _whole_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)


def _filled(offsets: list[list[int]], size: int) -> None:
    """Raises ValueError unless the tensors lie one after another and fill the file."""
    at = 0
    for start, end in sorted(offsets):
        if start != at:
            raise ValueError(f"has {'bytes of two tensors' if start < at else 'a hole'} at {start}")
        at = end
    if at != size:
        raise ValueError(f"has {size - at:,} bytes after its last tensor")
