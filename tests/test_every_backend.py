"""Every backend that needs no network keeps every promise, and every planted fault is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.backends import open_backend
from benchmark.conformance import backends as promises
from benchmark.conformance.backends import BackendCase, check_backend
from benchmark.conformance.promises import faults
from benchmark.conformance.tiny_world import SITE, TinyBackend, world
from benchmark.contracts import Site

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


class Faulty(TinyBackend):
    """A tiny backend of which one part goes wrong."""

    def rows(self, rows: Tensor) -> Tensor:
        return rows

    def encode(self, *where: Any) -> Tensor:
        return self.rows(super().encode(*where))


class Centring(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows - rows.mean(0)


class Double(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows.double()


class Flat(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows.flatten()


class Tokens(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows[:, None]


class Infinite(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows / 0


class Dropout(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return torch.nn.functional.dropout(rows, 0.1)


class Drawing(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        torch.rand(1)
        return rows


class Learning(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows.clone().requires_grad_()


class Careless(Faulty):
    def encode_texts(self, texts: Sequence[str], site: Site) -> Tensor:
        rows = super().encode_texts(texts, site)
        return rows if len(texts) == 1 else rows.roll(1, 0)

    def encode(self, examples: Any, modality: Any, start: int, stop: int, site: Site) -> Tensor:
        if modality == "image":
            return super().encode(examples, modality, start, stop, site)
        return TinyBackend.encode_texts(self, examples.captions[start:stop], site)


class InPlace(Faulty):
    def patched(self, patch: Mapping[str, Tensor]) -> Any:
        other = super().patched(patch)
        self.weights.update(patch)
        return other


class Obliging(Faulty):
    def patched(self, patch: Mapping[str, Tensor]) -> Any:
        return super().patched({k: v for k, v in patch.items() if k in self.weights})


class Stale(Faulty):
    def patched(self, patch: Mapping[str, Tensor]) -> Any:
        return replace(super().patched(patch), revision=self.revision)  # type: ignore[type-var]


FAULTS: list[tuple[type[TinyBackend], str, str]] = [
    (Centring, promises.ALONE, "use nothing of the other rows"),
    (Double, promises.ENCODES, "returned torch.float64, wanted float32"),
    (Flat, promises.ENCODES, "returned (192,), wanted (8, d) or (8, t, d)"),
    (Tokens, promises.ENCODES, "kept tokens although the site pools by model"),
    (Infinite, promises.ENCODES, "NaN or infinite"),
    (Learning, promises.ENCODES, "requires a gradient"),
    (Dropout, promises.REPEATS, "is the model in eval mode?"),
    (Drawing, promises.REPEATS, "draws from a global generator"),
    (Careless, promises.CAPTIONS, "from encode of the same captions"),
    (InPlace, promises.PATCHED, "changed the backend itself"),
    (Obliging, promises.PATCHED, "takes a weight that is not there"),
    (Stale, promises.PATCHED, "changes neither rows nor revision, or only one"),
]


def tiny(kind: type[TinyBackend] = TinyBackend, **changes: Any) -> TinyBackend:
    twin = world().copy().backend
    return kind(**{**vars(twin), **changes})


def broken(case: BackendCase) -> tuple[set[str], list[str]]:
    outcomes = check_backend(case)
    return {outcome.says for outcome in outcomes if outcome.faults}, faults(outcomes)


@pytest.mark.parametrize(
    ("kind", "promise", "says"), FAULTS, ids=lambda x: getattr(x, "__name__", "")
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
