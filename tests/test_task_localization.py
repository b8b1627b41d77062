"""Localisation on tokens written by hand: exact hits, chance, ties, and silent latents."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.contracts import Concepts, NotApplicableError, Subject, Thing
from benchmark.run.scoring import score
from benchmark.statistics import point_value
from tasks.localization import Localization
from tests.subjects import Written, activations, subject

C, N, GRID, W = 8, 120, 4, 24
TASK = Localization()


@dataclass(frozen=True, eq=False)
class Pictures:
    """Two things a picture, each in one quarter of it (four of sixteen patches)."""

    concepts: np.ndarray
    quarters: np.ndarray
    thing_names: tuple[tuple[str, ...], ...] = tuple((f"thing {i}",) for i in range(C))
    descriptions: frozenset[str] = frozenset()
    list_question: str = "?"

    def things(self, i: int) -> list[Thing]:
        return [
            Thing(int(c), (q % 2 / 2, q // 2 / 2, q % 2 / 2 + 0.5, q // 2 / 2 + 0.5))
            for c, q in zip(self.concepts[i], self.quarters[i], strict=True)
        ]

    def replacements(self, i: int, thing: int) -> None: ...


def pictures(seed: int = 0) -> Pictures:
    rng = np.random.default_rng(seed)
    return Pictures(rng.random((N, C)).argsort(1)[:, :2], rng.random((N, 4)).argsort(1)[:, :2])


def world(shown: Pictures | None = None, change: Tensor | None = None) -> Subject:
    """Latent j is thing j: on captions, and on the first patch of its quarter."""
    shown = shown or pictures()
    text = torch.zeros(N, W)
    tokens = torch.zeros(N, GRID * GRID, W)
    present = np.zeros((N, C), dtype=bool)
    for i in range(N):
        for thing in shown.things(i):
            text[i, thing.concept] = 1
            present[i, thing.concept] = True
            tokens[i, thing.patches((GRID, GRID))[0], thing.concept] = 1
    tokens = tokens if change is None else change
    concepts = Concepts(tuple(map(str, range(C))), ("object",) * C, present, present)
    rows = replace(
        activations(tokens[:, 0], text, concepts=concepts),
        image=tokens.flatten(0, 1),
        image_owner=torch.arange(N).repeat_interleave(GRID * GRID),
    )
    return replace(subject(rows, Written(W)), examples={"test": shown})  # type: ignore[dict-item]


def tokens_of(judged: Subject) -> Tensor:
    return judged.test.image.unflatten(0, (N, GRID * GRID)).clone()


def values(judged: Subject) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in TASK.score(judged).items()}


@pytest.fixture(autouse=True)
def _rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight things two are in every picture: a name of theirs cannot have a lift of five."""
    monkeypatch.setattr("benchmark.metrics.naming.LIFT", 3)


def test_a_latent_on_its_thing_hits_and_chance_is_the_area() -> None:
    found = values(world())
    assert found["hit"] == found["hit/all"] == found["fires"] == found["named"] == 1
    assert found["chance"] == found["chance/area:0.15-0.3"] == 0.25
    assert found["excess/hit"] == 0.75
    assert "hit/area:0-0.05" not in found


def test_a_latent_that_is_everywhere_alike_is_at_chance() -> None:
    judged = world()
    spread = tokens_of(judged).amax(1, keepdim=True).expand(-1, GRID * GRID, -1).clone()
    found = values(world(change=spread))
    assert found["hit"] == found["chance"] == 0.25
    assert found["excess/hit"] == 0


def test_silent_latents_are_misses_only_where_all_count() -> None:
    judged = world()
    tokens = tokens_of(judged)
    tokens[: N // 2] = 0
    found = values(world(change=tokens))
    assert found["hit"] == 1
    assert found["hit/all"] == found["fires"] == 0.5


def test_tokens_in_another_order_are_at_chance() -> None:
    judged = world()
    order = torch.rand(N, GRID * GRID, generator=torch.Generator().manual_seed(0)).argsort(1)
    moved = tokens_of(judged).gather(1, order[..., None].expand(-1, -1, W))
    assert abs(values(world(change=moved))["excess/hit"]) < 0.1


def test_exchanged_names_leave_no_excess() -> None:
    (main,) = (s for s in score(TASK, world(), frozenset(), {}).scores if s.main)
    (null,) = main.references
    assert null.value < 0.25
    assert main.value == 0.75
    assert main.cluster == "image"


def test_where_it_does_not_apply_it_says_so() -> None:
    judged = world()
    with pytest.raises(NotApplicableError, match="not at hand"):
        TASK.score(replace(judged, examples={}, cache={}))
    pooled = replace(judged.test, image=tokens_of(judged).amax(1), image_owner=torch.arange(N))
    with pytest.raises(NotApplicableError, match="not the patch tokens"):
        TASK.score(replace(judged, test=pooled, cache={}))
    with pytest.raises(NotApplicableError, match="none of these fires"):
        TASK.score(world(change=torch.zeros(N, GRID * GRID, W)))
    odd = replace(
        judged.test,
        image=tokens_of(judged)[:, :15].flatten(0, 1),
        image_owner=torch.arange(N).repeat_interleave(15),
    )
    with pytest.raises(NotApplicableError, match="fill no square"):
        TASK.score(replace(judged, test=odd, cache={}))
