"""Every registered method and preset keeps every promise, and every planted fault is named."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmark.configure import build
from benchmark.conformance import method_fits
from benchmark.conformance.fit_runs import MethodCase
from benchmark.conformance.methods import check_method
from benchmark.conformance.promises import faults
from benchmark.conformance.tiny_world import SITE, world
from benchmark.contracts import Need, silent
from benchmark.registry import catalogue, find
from benchmark.run.fitting import training_data
from tests.faults.dictionary_mutants import DICTIONARIES
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
@pytest.mark.parametrize("mutant", METHODS + DICTIONARIES, ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_found_and_nothing_else(mutant: Mutant, tmp_path: Path) -> None:
    path = mutant.write("sound_method.py", tmp_path)
    outcomes = check_method(find("method", str(path)), {})
    assert {outcome.says for outcome in outcomes if outcome.faults} == {mutant.promise}
    assert any(mutant.says in line for line in faults(outcomes)), faults(outcomes)


SUPERVISED = sorted(
    entry.name
    for entry in catalogue("method").values()
    if {"CONCEPTS", "PLANTED"} & set(entry.needs)
)


@pytest.mark.parametrize("name", SUPERVISED)
def test_a_supervised_method_that_hides_it_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = find("method", name)
    method = build(choice, {})
    need = next(n for n in (Need.CONCEPTS, Need.PLANTED) if n in method.needs)
    monkeypatch.setattr(type(method), "needs", method.needs - {need})
    found = list(method_fits.unlabelled(MethodCase(choice, method)))
    assert [finding.fault for finding in found] == [True]
    assert f"declare Need.{need.name}" in found[0].text


@pytest.mark.parametrize("need", [Need.CONCEPTS, Need.PLANTED])
def test_the_runner_withholds_exactly_what_the_check_withholds(need: Need) -> None:
    tiny = world()
    materials: Any = SimpleNamespace(
        split=tiny.splits.__getitem__,
        site=SITE,
        backend=tiny.backend,
        data=SimpleNamespace(planted=tiny.planted),
        request=SimpleNamespace(device="cpu"),
        progress=silent,
    )
    for needs in (frozenset(), frozenset({need})):
        method: Any = SimpleNamespace(needs=needs)
        ours, theirs = tiny.training_data(needs, 3), training_data(method, materials, 3)
        assert (ours.train.concepts is None) == (theirs.train.concepts is None)
        assert (ours.val.concepts is None) == (theirs.val.concepts is None)
        assert (ours.planted is None) == (theirs.planted is None)
        assert torch.equal(ours.train.image, theirs.train.image)
        assert ours.seed == theirs.seed
