"""What a task's file and class promise before anything is scored."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from benchmark.conformance.house_rules import forbidden
from benchmark.conformance.promises import Finding, Promise
from benchmark.conformance.task_world import TaskCase
from benchmark.contracts import Metric, Need, Reference

IMPORTS = "imports only contracts, measures, references and packages"
KINDS = get_type_hints(Reference)["kind"]
CONFIGURATION = "is a frozen dataclass with both variants"
METRICS = "declares its metrics, one of them main"
REFERENCES = "declares references that speak of its metrics, with a null for the main one"


def imports(case: TaskCase) -> Iterator[Finding]:
    for line in forbidden(case.path, "tasks"):
        yield Finding(line)


def configuration(case: TaskCase) -> Iterator[Finding]:
    cls: Any = type(case.task)
    name = cls.__name__
    parameters = getattr(cls, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        yield Finding(f"{name} is no frozen dataclass: use @dataclass(frozen=True)")
    elif "variant" not in {f.name for f in dataclasses.fields(cls)}:
        yield Finding(f"{name} has no field `variant`, wanted fair or paper")
    elif cls().variant != "fair":
        yield Finding(f"{name} is {cls().variant} by default, wanted fair")
    version = cls.version
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        yield Finding(f"version is {version!r}, wanted an int from 1")
    if not (isinstance(cls.question, str) and cls.question.strip().endswith("?")):
        yield Finding(f"question is {cls.question!r}, wanted one that ends in a question mark")
    if not isinstance(cls.needs, frozenset) or not all(isinstance(n, Need) for n in cls.needs):
        yield Finding(f"needs is {cls.needs!r}, wanted a frozenset of Need")
    if not isinstance(cls.fits, bool):
        yield Finding(f"fits is {cls.fits!r}, wanted True or False")


def metrics(case: TaskCase) -> Iterator[Finding]:
    declared = case.task.metrics
    odd = [m for m in declared if not isinstance(m, Metric)]
    if odd:
        yield Finding(f"metrics hold a {type(odd[0]).__name__}, wanted Metric")
        return
    mains = [metric.name for metric in declared if metric.main]
    if len(mains) != 1:
        yield Finding(f"main metrics are {', '.join(mains) or 'none'}, wanted exactly one")
    for name, count in Counter(metric.name for metric in declared).items():
        if count > 1:
            yield Finding(f"metric {name} is declared {count} times")
    for metric in declared:
        if not metric.unit or not metric.says or "\n" in metric.says:
            yield Finding(f"metric {metric.name} needs a unit and one line of what it says")
        if metric.higher_is_better not in (True, False, None):
            found = metric.higher_is_better
            yield Finding(
                f"metric {metric.name}: higher_is_better is {found!r}, wanted a bool or None"
            )


def references(case: TaskCase) -> Iterator[Finding]:
    declared = case.task.references
    odd = [r for r in declared if not isinstance(r, Reference)]
    if odd:
        yield Finding(f"references hold a {type(odd[0]).__name__}, wanted Reference")
        return
    for name, count in Counter(reference.name for reference in declared).items():
        if count > 1:
            yield Finding(f"reference {name} is declared {count} times")
    for reference in declared:
        if reference.kind not in get_args(KINDS):
            wanted = ", ".join(get_args(KINDS))
            yield Finding(f"reference {reference.name} is a {reference.kind}, wanted {wanted}")
            return
        for pattern in reference.metrics:
            if not any(speaks(pattern, metric.name) for metric in case.task.metrics):
                yield Finding(f"reference {reference.name} speaks of {pattern}, which no metric is")
        if reference.draws < 1 or (reference.draws > 1 and reference.kind != "null"):
            yield Finding(
                f"reference {reference.name} is a {reference.kind} drawn {reference.draws} times: "
                "nulls alone are drawn more than once"
            )
    nulls = [r for r in declared if r.kind == "null" and not r.needs]
    if not any(speaks(p, case.main) for r in nulls for p in r.metrics):
        yield Finding(f"main metric {case.main} has no null that always applies: give it a floor")


def speaks(pattern: str, metric: str) -> bool:
    """Whether a pattern and a declared name, itself maybe a pattern, can mean the same metric."""
    return fnmatch.fnmatchcase(metric, pattern) or fnmatch.fnmatchcase(pattern, metric)


PROMISES: tuple[Promise[TaskCase], ...] = (
    Promise(IMPORTS, imports),
    Promise(CONFIGURATION, configuration),
    Promise(METRICS, metrics),
    Promise(REFERENCES, references, (METRICS,)),
)
