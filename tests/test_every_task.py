"""Every registered task keeps every promise, and every planted fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.configure import build
from benchmark.conformance import task_scores
from benchmark.conformance.promises import faults
from benchmark.conformance.task_world import OFFERED, TaskCase
from benchmark.conformance.tasks import check_task
from benchmark.registry import catalogue, find
from tests.faults.mutants import HERE, Mutant
from tests.faults.task_mutants import TASKS

NAMES = sorted(name for entry in catalogue("task").values() for name in entry.names)


@pytest.mark.parametrize("name", NAMES)
def test_keeps_every_promise(name: str) -> None:
    outcomes = check_task(find("task", name), {})
    assert not faults(outcomes)
    assert not [outcome for outcome in outcomes if outcome.open_because]


def test_a_sound_task_outside_the_repository_keeps_every_promise() -> None:
    assert not faults(check_task(find("task", str(HERE / "sound_task.py")), {}))


@pytest.mark.usefixtures("as_users_run")
@pytest.mark.parametrize("mutant", TASKS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_found_and_nothing_else(mutant: Mutant, tmp_path: Path) -> None:
    path = mutant.write("sound_task.py", tmp_path)
    outcomes = check_task(find("task", str(path)), {})
    assert {outcome.says for outcome in outcomes if outcome.faults} == {mutant.promise}
    assert any(mutant.says in line for line in faults(outcomes)), faults(outcomes)


BUILT = {name: build(find("task", name), {}) for name in NAMES}
FITTED = sorted(
    name
    for name, task in BUILT.items()
    if task.fits and task.needs <= OFFERED  # type: ignore[attr-defined]
)


@pytest.mark.parametrize("name", FITTED)
def test_a_fitted_task_that_hides_it_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = find("task", name)
    task = build(choice, {})
    monkeypatch.setattr(type(task), "fits", False)
    case = TaskCase(choice, task)
    faulty = [finding for finding in task_scores.fitted(case) if finding.fault]
    assert len(faulty) == 1
    assert faulty[0].text.startswith(case.main)
    assert "set fits = True" in faulty[0].text
