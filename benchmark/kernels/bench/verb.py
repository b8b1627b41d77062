"""`kernels`: checks and times every op, prints a table, writes a JSON file."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmark.kernels.bench.case import Case
from benchmark.kernels.bench.machine import Machine, measure
from benchmark.kernels.bench.rows import Row, document, rows
from benchmark.kernels.bench.stages import share, steps
from benchmark.kernels.bench.suite import OPS, cases
from benchmark.kernels.device import device as chosen
from benchmark.provenance import cpu, environment
from benchmark.results import write_whole

HEAD = (
    f"{'op':12} {'provider':15} {'dtype':9} {'shape':32} {'ms':>9} {'x floor':>8} "
    f"{'speed-up':>8} {'error':>8}"
)


def kernels_verb(arguments: argparse.Namespace) -> int:
    """Exit code 1 where an op is further from its meaning than it may be."""
    ops = _known(arguments.op)
    target = _writable(arguments.json)
    device = torch.device(chosen(arguments.device))
    wrong = list(_check(ops, device))
    machine = measure(device, cpu() or "CPU", quick=arguments.quick)
    rates = ", ".join(f"{kind} {rate:.3g} TFLOP/s" for kind, rate in machine.tflop_s.items())
    print(f"{machine.name}: a pass over memory {machine.gb_s:.0f} GB/s, {rates}\n{HEAD}")
    found: list[Row] = []
    for case in cases(ops, machine, quick=arguments.quick):
        for row in rows(case, machine, repeat=5 if arguments.quick else 9):
            found.append(row)
            print(line(row), flush=True)
            if too_far(row, case):
                wrong.append(f"{row.op} by {row.provider} at {row.shape} in {row.dtype}")
    whole = _document(found, machine)
    for step in steps(whole):
        print(share(step))
    if target is not None:
        write_whole(target, (json.dumps(whole, indent=1) + "\n").encode())
        print(f"written to {target}")
    for each in wrong:
        print(f"error: {each} is not what the reference gives", file=sys.stderr)
    return 1 if wrong else 0


def _check(ops: Sequence[str], device: torch.device) -> Iterator[str]:
    """Hard inputs that come out wrong; says so where compiled kernels cannot be run."""
    if device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
        print("no GPU: compiled kernels are neither checked nor timed; TRITON_INTERPRET=1 checks")
        return
    from benchmark.kernels.bench.hard import hard_cases

    asked = [case for case in hard_cases() if case.op in ops]
    wrong = [case for case in asked if not case.error(device) <= case.tolerance]
    print(f"{len(asked) - len(wrong)} of {len(asked)} hard inputs come out as they should")
    yield from (f"{case.op} on {case.name}" for case in wrong)


def _known(names: Sequence[str] | None) -> list[str]:
    unknown = sorted(set(names or ()) - set(OPS))
    if unknown:
        raise ValueError(f"--op {unknown[0]}: there is no such op, wanted {', '.join(OPS)}")
    return [op for op in OPS if not names or op in names]


def _writable(path: str | None) -> Path | None:
    """Where to write. Raises ValueError now rather than after minutes of timing."""
    if path is None:
        return None
    target = Path(path)
    if target.is_dir():
        raise ValueError(f"--json {path} is a folder: wanted a file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    except OSError as error:
        raise ValueError(f"--json {path}: {error.strerror}, wanted a file to write") from None
    return target


def _document(found: list[Row], machine: Machine) -> dict[str, Any]:
    cuda = torch.version.cuda if machine.device.type == "cuda" else None
    where = environment(device=machine.name, driver=f"CUDA {cuda}" if cuda else None)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    head = {"measured": when, "environment": where.model_dump(mode="json")}
    return document(found, machine, head)


def too_far(row: Row, case: Case) -> bool:
    """Whether a provider that promises the reference's outcome missed it."""
    return row.max_error is not None and not row.max_error <= case.tolerance


def line(row: Row) -> str:
    """A row of the table."""
    error = "" if row.max_error is None else f"{row.max_error:.1e}"
    return (
        f"{row.op:12} {row.provider:15} {row.dtype:9} {row.shape:32} {row.median_ms:9.3f} "
        f"{1 / row.fraction_of_roofline:8.2f} {row.speedup_vs_reference:8.2f} {error:>8}"
    )
