"""One task on one subject: scores with their intervals, floors, baselines and ceilings.

A reference is the same task on a changed subject, so no task holds baseline code. What a task
returns is checked here against what it declared.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmark.contracts import Metric, Need, Reference, Subject, Task, Units, derived_seed
from benchmark.results import ReferenceScore, Score
from benchmark.statistics import (
    Estimate,
    NullSummary,
    Refusal,
    StoredUnits,
    estimates,
    floor,
    normalised,
    null_summary,
    point_value,
    stored,
)

Memo = dict[Any, dict[str, ReferenceScore]]


@dataclass
class Scored:
    """All that one (task, subject) gave: scores for the record, units for later pairing."""

    scores: list[Score] = field(default_factory=list)
    units: dict[str, StoredUnits] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """References that did not apply, each with its reason."""


def score(
    task: Task, subject: Subject, provided: frozenset[Need], memo: Memo, where: Any = None
) -> Scored:
    """Scores of a task with every reference that applies; `memo` keeps what subjects share."""
    scored = Scored()
    kinds = {"full": subject}
    if subject.artifact.k is not None and not task.sweeps and truncates(subject):
        kinds["truncated"] = subject.truncated(subject.artifact.k)
    for kind, taken in kinds.items():
        units = measured(task, taken)
        found = references(task, taken, provided, memo, where, scored)
        for name, estimate in estimates(units).items():
            metric = declared(task, name)
            each = units[name]
            scored.scores.append(_score(name, metric, each, estimate, found.get(name, []), kind))
            scored.units[name if kind == "full" else f"{name}#{kind}"] = stored(each, estimate)
    return scored


def truncates(subject: Subject) -> bool:
    """Whether some code has more active latents than the budget: then it is scored twice."""
    k = subject.artifact.k
    if k is None or subject.k is not None:
        return False
    return any(int(subject.native("test", m).l0().max()) > k for m in ("image", "text"))


def measured(task: Task, subject: Subject) -> Mapping[str, Units]:
    """What the task returns, held to what it declared. Raises ValueError where they differ."""
    units = task.score(subject)
    names = [name for name in units if declared(task, name) is None]
    if names:
        raise ValueError(f"{type(task).__name__} returned {', '.join(names)}: declared nowhere")
    return units


def declared(task: Task, name: str) -> Metric:
    """The declaration of a metric; a declared name may be a shell pattern (`add/block:*`)."""
    for metric in task.metrics:
        if metric.name == name or fnmatch.fnmatchcase(name, metric.name):
            return metric
    raise ValueError(f"{type(task).__name__} returned {name}, which it does not declare")


def references(
    task: Task,
    subject: Subject,
    provided: frozenset[Need],
    memo: Memo,
    where: Any,
    scored: Scored,
) -> dict[str, list[ReferenceScore]]:
    """Every reference of the task by metric, those that other subjects share from the memo."""
    by_metric: dict[str, list[ReferenceScore]] = {}
    for reference in task.references:
        missing = reference.needs - provided
        if missing:
            scored.left_out[reference.name] = "needs " + ", ".join(n.value for n in missing)
            continue
        shared = reference.shares(subject)
        place = (type(task).__name__, task.variant, reference.name, where, shared)
        if shared is None or place not in memo:
            found = drawn(task, subject, reference)
            if shared is not None:
                memo[place] = found
        else:
            found = memo[place]
        for name, one in found.items():
            by_metric.setdefault(name, []).append(one)
    return by_metric


def drawn(task: Task, subject: Subject, reference: Reference) -> dict[str, ReferenceScore]:
    """One reference on all its metrics: an interval by bootstrap, or the range of its draws."""
    draws = [changed(task, subject, reference, i) for i in range(reference.draws)]
    if reference.draws == 1:
        return {name: _reference(reference, e, n=e.n) for name, e in estimates(draws[0]).items()}
    found = {}
    for name in draws[0]:
        summary = null_summary([point_value(units[name], name) for units in draws if name in units])
        found[name] = _reference(reference, summary, draws=summary.draws)
    return found


def _reference(reference: Reference, found: Estimate | NullSummary, **count: int) -> ReferenceScore:
    """A reference as the record has it, with the `n` or the `draws` behind its interval."""
    return ReferenceScore(
        name=reference.name,
        kind=reference.kind,
        value=found.value,
        ci_low=found.low,
        ci_high=found.high,
        **count,
    )


def changed(task: Task, subject: Subject, reference: Reference, i: int) -> dict[str, Units]:
    """Units of the metrics that the reference speaks of, on its i-th changed subject."""
    rng = np.random.default_rng(derived_seed("reference", reference.name, i))
    units = measured(task, reference.apply(subject, rng))
    return {name: each for name, each in units.items() if matches(name, reference)}


def matches(name: str, reference: Reference) -> bool:
    """Whether the reference speaks of this metric."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in reference.metrics)


def _score(
    name: str,
    metric: Metric,
    units: Units,
    estimate: Estimate,
    found: list[ReferenceScore],
    kind: str,
) -> Score:
    up = metric.higher_is_better
    lowest = floor({r.name: r.value for r in found if r.kind == "null"}, higher_is_better=up)
    ceilings = [r.value for r in found if r.kind == "ceiling"]
    bottom = lowest[1] if lowest else None
    top = (min(ceilings) if up else max(ceilings)) if ceilings and up is not None else None
    share = normalised(
        estimate.value, floor=bottom, ceiling=top, se=estimate.se, higher_is_better=up
    )
    return Score(
        name=name,
        main=metric.main,
        value=estimate.value,
        ci_low=estimate.low,
        ci_high=estimate.high,
        level=estimate.level,
        se=estimate.se,
        n=estimate.n,
        unit=metric.unit,
        cluster=None if units.cluster is None else units.drawn,
        n_clusters=estimate.n_clusters,
        interval=estimate.shape,
        floor=bottom,
        ceiling=top,
        normalised=None if isinstance(share, Refusal) else share,
        not_normalised=share.reason if isinstance(share, Refusal) else None,
        higher_is_better=up,
        references=tuple(found),
        variant=kind,
    )
