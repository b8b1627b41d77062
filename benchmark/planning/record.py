"""A plan as data: what `--json` writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmark.planning.explaining import lines
from benchmark.planning.memory import total
from benchmark.planning.methods import MethodPlan
from benchmark.planning.plan import BackendPlan
from benchmark.planning.rates import Rate
from benchmark.planning.warnings import warnings


def record(made: Sequence[BackendPlan], rate: Rate) -> dict[str, Any]:
    """Every figure, in bytes and seconds, with the arithmetic in words."""
    return {
        "device": asdict(rate),
        "backends": [backend(each, rate) for each in made],
        "seconds": sum(each.seconds for each in made),
    }


def method(made: MethodPlan) -> dict[str, Any]:
    """One method, with the seconds of a cell of each task."""
    tasks = {
        name: {**asdict(task), "cell_s": task.seconds / task.cells}
        for name, task in made.tasks.items()
    }
    return {**asdict(made), "score_s": made.score_s, "tasks": tasks}


def backend(made: BackendPlan, rate: Rate) -> dict[str, Any]:
    """One backend."""
    outline = made.outline
    return {
        "backend": outline.name,
        "known": outline.known,
        "parameters": outline.parameters,
        "data": made.data.name,
        "splits": [asdict(counts) for counts in made.material.counts],
        "sites": [site.name for site in made.sites],
        "activations": [{**asdict(part), "bytes": part.bytes} for part in made.parts],
        "activation_bytes": sum(part.bytes for part in made.parts),
        "store_known": made.store_known,
        "fetch": [{**asdict(each), "missing": each.missing} for each in made.fetches],
        "reading": {**asdict(made.reading), "seconds": made.reading.seconds},
        "memory": [asdict(term) for term in made.machine],
        "memory_bytes": total(made.machine),
        "gpu_memory": [asdict(term) for term in made.gpu],
        "gpu_memory_bytes": total(made.gpu),
        "starting_s": made.start_s,
        "methods": [method(each) for each in made.methods],
        "seconds": made.seconds,
        "warnings": list(warnings(made, rate)),
        "arithmetic": lines(made, rate),
    }
