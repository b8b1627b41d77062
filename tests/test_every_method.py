"""Every registered method and preset keeps every promise, and every planted fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.conformance.methods import check_method
from benchmark.conformance.promises import faults
from benchmark.registry import catalogue, find
from tests.faults.method_mutants import METHODS
from tests.faults.mutants import HERE, Mutant

NAMES = sorted(name for entry in catalogue("method").values() for name in entry.names)


@pytest.mark.parametrize("name", NAMES)
def test_keeps_every_promise(name: str) -> None:
    outcomes = check_method(find("method", name), {})
    assert not faults(outcomes)
    assert not [outcome for outcome in outcomes if outcome.open_because]


def test_a_sound_method_outside_the_repository_keeps_every_promise() -> None:
    assert not faults(check_method(find("method", str(HERE / "sound_method.py")), {}))


@pytest.mark.usefixtures("as_users_run")
@pytest.mark.parametrize("mutant", METHODS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_found_and_nothing_else(mutant: Mutant, tmp_path: Path) -> None:
    path = mutant.write("sound_method.py", tmp_path)
    outcomes = check_method(find("method", str(path)), {})
    assert {outcome.says for outcome in outcomes if outcome.faults} == {mutant.promise}
    assert any(mutant.says in line for line in faults(outcomes)), faults(outcomes)
