"""Every backend that needs no network keeps every promise, and every planted fault is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.backends import open_backend
from benchmark.conformance import backends as promises
from benchmark.conformance.backend_case import BackendCase
from benchmark.conformance.backends import check_backend
from benchmark.conformance.promises import faults
from benchmark.conformance.tiny_world import SITE, TinyBackend, world
from tests.faults.faulty_backends import BACKENDS

POCKET = ("pocket-clip", "pocket-clip-untrained")


def case_of(backend: Any) -> BackendCase:
    return BackendCase(backend, world().backend.data.split("val"), lambda: backend)


def of_spec(spec: str) -> BackendCase:
    backend = open_backend(spec)
    assert backend.data is not None
    return BackendCase(backend, backend.data.split("val"), lambda: open_backend(spec))


@pytest.fixture
def embeddings(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    image, text = rng.standard_normal((40, 6)), rng.standard_normal((80, 9))
    owner = np.repeat(np.arange(40), 2)
    split = np.where(np.arange(40) % 4, "train", "val")
    split[::8] = "test"
    split[1::4] = "val"
    np.savez(tmp_path / "own.npz", image=image, text=text, text_owner=owner, split=split)
    return f"embeddings:{tmp_path / 'own.npz'}"


def test_tiny_world_keeps_every_promise() -> None:
    twin = world().copy().backend
    case = BackendCase(twin, twin.data.split("val"), lambda: world().copy().backend)
    assert not faults(check_backend(case))


def test_embeddings_keep_every_promise(embeddings: str) -> None:
    assert not faults(check_backend(of_spec(embeddings)))


def test_synthetic_keeps_every_promise() -> None:
    assert not faults(check_backend(of_spec("synthetic:tiny")))


@pytest.mark.parametrize("spec", POCKET)
def test_pocket_clip_keeps_every_promise(spec: str) -> None:
    from benchmark.worlds.scenes import Scenes

    case = BackendCase(open_backend(spec), Scenes().split("val"), lambda: open_backend(spec))
    assert len(case.sites) > 1
    assert not faults(check_backend(case))


def tiny(kind: type[TinyBackend] = TinyBackend, **changes: Any) -> TinyBackend:
    twin = world().copy().backend
    return kind(**{**vars(twin), **changes})


def broken(case: BackendCase) -> tuple[set[str], list[str]]:
    outcomes = check_backend(case)
    return {outcome.says for outcome in outcomes if outcome.faults}, faults(outcomes)


@pytest.mark.parametrize(
    ("kind", "promise", "says"), BACKENDS, ids=lambda x: getattr(x, "__name__", "")
)
def test_a_planted_fault_is_found_and_nothing_else(
    kind: type[TinyBackend], promise: str, says: str
) -> None:
    found, lines = broken(case_of(tiny(kind)))
    assert found == {promise}
    assert any(says in line for line in lines), lines


@pytest.mark.parametrize(
    ("changes", "promise", "says"),
    [
        ({"sites": ()}, promises.SITES, "wanted at least one"),
        ({"sites": (SITE, SITE)}, promises.SITES, "is named 2 times"),
        ({"revision": ""}, promises.ATTRIBUTES, "revision is ''"),
        ({"provides": {"pairs"}}, promises.ATTRIBUTES, "wanted a frozenset of Need"),
    ],
)
def test_a_wrong_attribute_is_found(changes: dict[str, Any], promise: str, says: str) -> None:
    found, lines = broken(case_of(tiny(**changes)))
    assert found == {promise}
    assert any(says in line for line in lines), lines


def test_what_is_no_backend_is_told_what_it_lacks() -> None:
    found, lines = broken(case_of(object()))
    assert promises.ATTRIBUTES in found
    assert "lacks name, revision" in lines[0]


def test_a_revision_that_moves_is_found() -> None:
    reopen: Callable[[], Any] = lambda: tiny(revision="2")  # noqa: E731
    case = BackendCase(tiny(), world().backend.data.split("val"), reopen)
    assert broken(case)[0] == {promises.REVISION}
