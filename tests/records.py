"""Cells made by hand, for tests of records and comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmark.results import (
    BackendRecord,
    Cell,
    DataRecord,
    Environment,
    MethodRecord,
    Score,
    TaskRecord,
    cell_key,
    write_cell,
)
from benchmark.statistics import StoredUnits, estimate, stored

HERE = Environment(python="3.11.0", platform="Linux-x86_64")


def cell(**changes: Any) -> Cell:
    """A scored cell; flat names set what they say, `scores` and the like replace whole fields."""
    facts: dict[str, Any] = {
        "method": "posthoc",
        "config": {"k": 16},
        "code": "c0de",
        "task": "retrieval",
        "version": 1,
        "backend": "pocket-clip",
        "revision": "r1",
        "site": "embedding",
        "data": "scenes",
        "limit": None,
        "seed": 0,
        "split": "test",
        "variant": "fair",
        "supervised": False,
        **changes,
    }
    taken = ("method", "config", "code", "task", "version", "backend", "revision", "chosen")
    taken += ("data", "limit", "supervised")
    rest = {name: value for name, value in facts.items() if name not in taken}
    rest = {"status": "scored", "environment": HERE, **rest}
    if rest["status"] == "scored":
        rest.setdefault("scores", (score(),))
    method = {name: facts[name] for name in ("config", "code", "supervised")}
    method["chosen"] = facts.get("chosen", {})
    data = DataRecord(name=facts["data"], revision="d1", limit=facts["limit"])
    return Cell(
        key=rest.pop("key", None) or key(facts),
        task=TaskRecord(name=facts["task"], version=facts["version"]),
        method=MethodRecord(name=facts["method"], **method),
        backend=BackendRecord(name=facts["backend"], revision=facts["revision"]),
        data=data,
        **rest,
    )


def key(facts: dict[str, Any]) -> str:
    """The content key of such a cell."""
    return cell_key(
        task=facts["task"],
        task_version=facts["version"],
        variant=facts["variant"],
        method=facts["method"],
        config=facts["config"],
        code=facts["code"],
        backend=facts["backend"],
        backend_revision=facts["revision"],
        site=facts["site"],
        data=facts["data"],
        data_revision="d1",
        split=facts["split"],
        seed=facts["seed"],
        limit=facts["limit"],
    )


def score(**changes: Any) -> Score:
    """One main score, .5 in [.4, .6]."""
    facts = {"name": "r@1", "main": True, "value": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    more = {"n": 100, "unit": "image", "se": 0.05, "higher_is_better": True}
    return Score(**{**facts, **more, **changes})


def put(folder: Path, units: dict[str, StoredUnits], *, main: str = "r@1", **changes: Any) -> Cell:
    """Writes a cell whose scores are computed from its units."""
    scores, kept = [], {}
    for name, each in units.items():
        found = estimate(each)
        kept[name] = stored(each, found)
        up = changes.get("higher_is_better", True)
        scores.append(
            Score(
                name=name,
                main=name == main,
                value=found.value,
                ci_low=found.low,
                ci_high=found.high,
                se=found.se,
                n=found.n,
                unit="image",
                higher_is_better=up,
            )
        )
    changes.pop("higher_is_better", None)
    return write_cell(folder, cell(scores=tuple(scores), **changes), kept)


def hits(p: float, n: int = 400, seed: int = 0, noise: int = 0) -> StoredUnits:
    """0/1 units: the same items are hard for every method; `noise` redraws a little per seed."""
    hard = np.random.default_rng(seed).random(n)
    jitter = np.random.default_rng(noise + 1000).normal(0, 0.02, n)
    return StoredUnits((hard + jitter < p) * 1.0)


UNITS = {
    "r@1": hits(0.5),
    "r@1#truncated": StoredUnits(np.arange(4.0), None, np.array([0, 0, 1, 1])),
}
