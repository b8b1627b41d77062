"""All promises of one task, held on the tiny planted world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.configure import build
from benchmark.conformance import task_references, task_scores, task_source
from benchmark.conformance.promises import Outcome, hold
from benchmark.conformance.task_world import OFFERED, TaskCase
from benchmark.registry import Choice


def check_task(choice: Choice, given: Mapping[str, Any]) -> list[Outcome]:
    """Every promise of a task; where the tiny world lacks what it needs, those of its source."""
    case = TaskCase(choice, build(choice, given))
    promises = [*task_source.PROMISES]
    if case.task.needs <= OFFERED:
        promises += [*task_scores.PROMISES, *task_references.PROMISES]
    return hold(promises, case, choice.entry.path)
