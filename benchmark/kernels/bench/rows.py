"""One line of the result: an op done one way, its error, its time, and how near to the floor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch

from benchmark.kernels.bench.case import Case
from benchmark.kernels.bench.machine import Machine
from benchmark.kernels.bench.timing import peak_mib, timed

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Row:
    """Speeds count the fewest bytes and products that the op needs, not those that were spent."""

    op: str
    provider: str
    mode: str
    dtype: str
    shape: str
    median_ms: float
    q20_ms: float
    q80_ms: float
    gb_s: float
    tflop_s: float
    fraction_of_roofline: float
    speedup_vs_reference: float
    peak_mib: float | None
    max_error: float | None
    """None for a provider that is timed beside and does not promise the reference's outcome."""


def rows(case: Case, machine: Machine, repeat: int) -> Iterator[Row]:
    """Every provider of a case, the reference first."""
    wanted = case.providers["reference"]()
    errors: dict[str, float | None] = {"reference": 0.0}
    for name, call in list(case.providers.items())[1:]:
        errors[name] = None if name in case.compared else case.error(call(), wanted)
    del wanted
    reference = None
    floor = machine.floor_ms(case)
    for name, call in case.providers.items():
        peak = peak_mib(call, machine.device)
        time = timed(call, machine.device, repeat=repeat)
        reference = reference or time.median_ms
        yield Row(
            case.op,
            name,
            case.mode,
            case.dtype,
            str(case.shape),
            time.median_ms,
            time.q20_ms,
            time.q80_ms,
            case.nbytes / time.median_ms / 1e6,
            case.flops / time.median_ms / 1e9,
            floor / time.median_ms,
            reference / time.median_ms,
            peak,
            errors[name],
        )


def document(found: list[Row], machine: Machine, where: dict[str, Any]) -> dict[str, Any]:
    """What is written to a file."""
    return {
        "schema_version": SCHEMA_VERSION,
        "device": machine.name,
        "copy_gb_s": machine.gb_s,
        "product_tflop_s": machine.tflop_s,
        "torch": torch.__version__,
        **where,
        "rows": [asdict(row) for row in found],
    }
