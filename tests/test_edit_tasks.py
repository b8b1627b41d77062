"""Removal and replacement on a model whose answer is a formula: every verdict is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.contracts import (
    Annotated,
    Artifact,
    Concepts,
    Edit,
    Editable,
    Need,
    NotApplicableError,
    Site,
    Speaker,
    Subject,
    Thing,
)
from benchmark.interviews.asking import DOSES
from benchmark.interviews.cases import drawn, shown
from benchmark.interviews.editing import Editing
from benchmark.run.recall import Recalled
from benchmark.run.scoring import score
from benchmark.statistics import point_value
from tasks.object_removal import ObjectRemoval
from tasks.object_replacement import ObjectReplacement
from tests.subjects import Written, activations

C, N, GRID, W = 8, 120, 4, 32
PATCHES = GRID * GRID
EDITED = frozenset({Need.EDITS})
GROUND = W - 1
NAMES = ("cat", "cow", "sun", "moon", "king", "heart", "gear", "anchor")
SITE = Site("block:0/tokens", "blocks.0", "blocks.0", block=0, pool="none")


@dataclass(frozen=True, eq=False)
class Pictures:
    """Two things a picture, each in a quarter of it; a picture is its tokens."""

    concepts: np.ndarray
    quarters: np.ndarray
    thing_names: tuple[tuple[str, ...], ...] = tuple((name,) for name in NAMES)
    descriptions: frozenset[str] = frozenset()
    list_question: str = "list every object"

    def things(self, i: int) -> list[Thing]:
        return [
            Thing(int(c), (q % 2 / 2, q // 2 / 2, q % 2 / 2 + 0.5, q // 2 / 2 + 0.5))
            for c, q in zip(self.concepts[i], self.quarters[i], strict=True)
        ]

    def tokens(self, things: Sequence[Thing]) -> Tensor:
        x = torch.zeros(PATCHES, W)
        x[:, GROUND] = 1
        for thing in things:
            x[list(thing.patches((GRID, GRID))), thing.concept] = 1
        return x

    def images(self, start: int, stop: int) -> list[Tensor]:
        return [self.tokens(self.things(i)) for i in range(start, stop)]

    def without(self, i: int, thing: int) -> Tensor:
        return self.tokens([t for k, t in enumerate(self.things(i)) if k != thing])

    def replacements(self, i: int, thing: int) -> list[int]:
        del thing
        return [c for c in range(C) if c not in self.concepts[i]]

    def replaced(self, i: int, thing: int, concept: int) -> Tensor:
        things = self.things(i)
        things[thing] = replace(things[thing], concept=concept)
        return self.tokens(things)


@dataclass(frozen=True, eq=False)
class Photographs:
    """The same as photographs are: boxes and names, and nothing that draws them again."""

    inner: Pictures
    thing_names: tuple[tuple[str, ...], ...] = Pictures.thing_names
    descriptions: frozenset[str] = frozenset()
    list_question: str = "list every object"

    def things(self, i: int) -> list[Thing]:
        return self.inner.things(i)

    def replacements(self, i: int, thing: int) -> list[int]:
        return self.inner.replacements(i, thing)

    def images(self, start: int, stop: int) -> list[Tensor]:
        return self.inner.images(start, stop)


def pictures(seed: int) -> Pictures:
    rng = np.random.default_rng(seed)
    return Pictures(rng.random((N, C)).argsort(1)[:, :2], rng.random((N, 4)).argsort(1)[:, :2])


@dataclass(eq=False)
class Formula:
    """Says a thing where a patch has more than half of it; counts what it was asked."""

    dumb_above: float = np.inf
    """Answers are empty where a patch is larger than that."""
    asked: list[int] = field(default_factory=list)
    name: str = "formula"
    revision: str = "1"
    provides: frozenset[Any] = frozenset()
    sites: tuple[Site, ...] = (SITE,)
    data: Any = None
    preprocessing: str = "none"
    dtype: str = "float32"
    n_blocks: int = 1
    patch_grid: tuple[int, int] = (GRID, GRID)
    projector: Any = None

    def ask(self, pictures: Sequence[Tensor] | None, prompts: Sequence[str]) -> Any:
        assert pictures is not None
        return SimpleNamespace(tokens=torch.stack(list(pictures)), prompts=prompts)

    def residuals(self, asked: Any, blocks: Sequence[int], edits: Any = ()) -> dict[int, Tensor]:
        del edits
        return dict.fromkeys(blocks, asked.tokens)

    def answers(
        self, asked: Any, edits: Sequence[Edit] = (), max_new_tokens: int = 40
    ) -> list[str]:
        del max_new_tokens
        x = asked.tokens
        self.asked.append(len(x))
        for edit in edits:
            changed = edit.change(x)
            x = (
                changed
                if edit.patches is None
                else torch.where(edit.patches[..., None], changed, x)
            )
        said = []
        for row in x:
            named = [NAMES[c] for c in range(C) if (row[:, c] > 0.5).any()]
            dumb = bool((row.norm(dim=1) > self.dumb_above).any())
            said.append("" if dumb else " , ".join(named) or "nothing")
        return said

    def encode(self, examples: Any, modality: str, start: int, stop: int, site: Site) -> Tensor:
        del modality, site
        return torch.stack(examples.images(start, stop))

    encode_texts = patched = next_logits = next_logits_under = word_id = spoken = taught = ask


def rows(of: Pictures) -> Any:
    present = np.zeros((N, C), dtype=bool)
    np.put_along_axis(present, of.concepts, True, 1)
    text = torch.zeros(N, W)
    text[:, :C] = torch.from_numpy(present).float()
    concepts = Concepts(NAMES, ("object",) * C, present, present)
    tokens = torch.stack(of.images(0, N))
    return replace(
        activations(tokens[:, 0], text, concepts=concepts),
        image=tokens.flatten(0, 1),
        image_owner=torch.arange(N).repeat_interleave(PATCHES),
    )


def world(model: Formula | None = None) -> Subject:
    splits = {name: pictures(seed) for seed, name in enumerate(("train", "val", "test"))}
    data = {name: rows(of) for name, of in splits.items()}
    return Subject(
        Artifact(Written(W), SITE),
        data["train"],
        data["val"],
        data["test"],
        0,
        backend=model or Formula(),  # type: ignore[arg-type]
        examples=splits,  # type: ignore[arg-type]
    )


@pytest.fixture(autouse=True)
def _rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight things two are in every picture: a name of theirs cannot have a lift of five."""
    monkeypatch.setattr("benchmark.metrics.naming.LIFT", 3)


TASKS = {"removal": ObjectRemoval(), "replacement": ObjectReplacement()}


def values(judged: Subject, task: str) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in TASKS[task].score(judged).items()}


def test_the_formula_speaks() -> None:
    assert isinstance(Formula(), Speaker)


@pytest.mark.parametrize(("task", "dose"), [("removal", 0.5), ("replacement", 0.75)])
def test_the_smallest_dose_that_does_it_is_taken_and_does_it(task: str, dose: float) -> None:
    found = values(world(), task)
    assert found["dose"] == dose
    assert found[f"s2/{task}"] == found["done"] == found["kept"] == found["parsed"] == 1
    assert found[f"s1/{task}"] == found[f"s0/{task}"] == found["invented"] == 0
    assert found[f"ms/{task}"] == 2
    assert found["eligible"] == found["with_latent"] == 1
    assert found["val/s2/dose:0.25"] == 0


@pytest.mark.parametrize("task", TASKS)
def test_controls_fail_and_ceilings_hold(task: str) -> None:
    (main,) = (s for s in score(TASKS[task], world(), EDITED, {}).scores if s.main)
    found = {reference.name: reference.value for reference in main.references}
    assert found["random"] <= 0.1
    assert found["wrong concept"] == found["off region"] == 0
    assert found["difference of means"] == found["edited scene"] == 1
    assert main.ceiling == 1


def test_a_thing_without_a_latent_is_a_failure_that_is_told() -> None:
    judged = world()
    mute = {}
    for name in ("train", "val", "test"):
        data = getattr(judged, name)
        text = data.text.clone()
        text[:, 0] = 0
        mute[name] = replace(data, text=text)
    found = values(replace(judged, **mute, cache={}), "removal")
    assert found["with_latent"] < 1
    assert found["s2/removal"] == found["with_latent"]
    assert found["s0/removal"] == pytest.approx(1 - found["with_latent"])


def test_a_dose_that_breaks_every_answer_is_never_sound() -> None:
    found = values(world(Formula(dumb_above=1.5)), "replacement")
    assert found["sound"] < 1
    with pytest.raises(NotApplicableError, match="names none of the things"):
        values(world(Formula(dumb_above=0.5)), "removal")


def test_a_push_that_any_direction_would_do_is_not_sound() -> None:
    class Fragile(Formula):
        """Loses a thing as soon as its patches are moved at all, whichever way."""

        def answers(self, asked: Any, edits: Sequence[Edit] = (), max_new_tokens: int = 40) -> Any:
            tokens = asked.tokens.clone()
            for edit in edits:
                moved = (edit.change(tokens) - tokens).norm(dim=-1) > 0.1
                where = moved if edit.patches is None else moved & edit.patches
                tokens[where] = 0
            return super().answers(SimpleNamespace(tokens=tokens), (), max_new_tokens)

    found = values(world(Fragile()), "removal")
    assert found["sound"] == 0
    assert found["dose"] == DOSES[0]


@dataclass(eq=False)
class Blocks(Formula):
    """Three blocks that pass on what they get: an edit after each of them adds up."""

    n_blocks: int = 3
    seen: list[list[int | None]] = field(default_factory=list)

    def answers(self, asked: Any, edits: Sequence[Edit] = (), max_new_tokens: int = 40) -> Any:
        self.seen.append([edit.block for edit in edits])
        return super().answers(asked, edits, max_new_tokens)


@pytest.mark.parametrize("task", TASKS)
def test_published_edits_are_long_and_made_after_the_first_blocks(task: str) -> None:
    model = Blocks()
    paper = replace(TASKS[task], variant="paper")
    found = {n: point_value(u, n) for n, u in paper.score(world(model)).items()}
    assert [0, 1, 2] in model.seen
    assert found["dose"] == pytest.approx(10)  # the ground, of most patches, has length 1
    assert found["eligible"] == 1
    assert not any(name.startswith("val/") for name in found)
    if task == "removal":
        assert found["s2/removal"] == 1
    else:  # the old thing stays: it is only added to
        assert found["s1/replacement"] == found["done"] == 1


def test_published_verdicts_let_a_damaged_answer_score() -> None:
    class Dumb(Formula):
        """Falls silent as soon as anything is pushed."""

        def answers(self, asked: Any, edits: Sequence[Edit] = (), max_new_tokens: int = 40) -> Any:
            if edits:
                return [""] * len(asked.tokens)
            return super().answers(asked, edits, max_new_tokens)

    published = ObjectRemoval(variant="paper").score(world(Dumb()))
    assert point_value(published["ms/removal"], "") == 1
    assert values(world(Dumb()), "removal")["ms/removal"] == 0


def test_what_the_model_never_names_is_no_replacement_to_judge() -> None:
    class Blind(Formula):
        """Does not see cats."""

        def answers(self, asked: Any, edits: Sequence[Edit] = (), max_new_tokens: int = 40) -> Any:
            said = super().answers(asked, edits, max_new_tokens)
            return [answer.replace("cat", "").strip(" ,") or "nothing" for answer in said]

    editing = Editing(world(Blind()), exchange=True)
    cat = NAMES.index("cat")
    cases, found = editing.cases("test"), editing.outcomes("test", 0.75)
    blind = [cat in (case.target, case.new) for case in cases]
    assert any(case.new == cat for case in cases)
    assert (found.eligible == ~np.array(blind)).all()


def test_where_no_picture_can_be_edited_it_is_said() -> None:
    with pytest.raises(NotApplicableError, match="not at hand"):
        TASKS["removal"].score(replace(world(), examples={}, cache={}))
    one = pictures(0)
    single = replace(one, concepts=one.concepts[:, :1], quarters=one.quarters[:, :1])
    alone = dict.fromkeys(("train", "val", "test"), single)
    with pytest.raises(NotApplicableError, match="things enough"):
        TASKS["removal"].score(replace(world(), examples=alone, cache={}))  # type: ignore[arg-type]


def test_answers_are_written_once(tmp_path: Any) -> None:
    recall = Recalled(tmp_path, ("code",), fresh=False)
    first, again = Formula(), Formula()
    one = values(replace(world(first), recall=recall, cache={}), "removal")
    assert values(replace(world(again), recall=recall, cache={}), "removal") == one
    assert first.asked
    assert again.asked == []
    for file in tmp_path.glob("*.json"):
        file.write_text("[")
    assert values(replace(world(again), recall=recall, cache={}), "removal") == one
    assert again.asked


def test_cases_leave_something_to_keep_and_push_elsewhere_on_nothing() -> None:
    of = pictures(3)
    grid = GRID, GRID
    found = drawn(shown(of, N, grid), 50, np.random.default_rng(0), exchange=True, grid=grid)
    assert len(found) == 50
    for case in found:
        taken = {p for thing in of.things(case.picture) for p in thing.patches((GRID, GRID))}
        assert len(case.elsewhere) == len(case.patches) == 4
        assert not taken & set(case.elsewhere)
        assert case.new not in case.truth
        assert case.target in case.truth


@pytest.mark.parametrize("task", TASKS)
def test_photographs_are_edited_as_drawn_pictures_are_without_the_redrawn_one(task: str) -> None:
    drawn_world = world()
    taken = {name: Photographs(of) for name, of in drawn_world.examples.items()}  # type: ignore[arg-type]
    assert isinstance(taken["test"], Annotated)
    assert not isinstance(taken["test"], Editable)
    judged = replace(drawn_world, examples=taken, cache={})  # type: ignore[arg-type]
    assert values(judged, task) == values(drawn_world, task)
    found = score(TASKS[task], judged, frozenset({Need.PLACES}), {})
    (main,) = (s for s in found.scores if s.main)
    named = {reference.name for reference in main.references}
    assert {"random", "wrong concept", "off region", "difference of means"} <= named
    assert "edited scene" not in named
    assert found.left_out["edited scene"] == f"needs {Need.EDITS.value}"


def test_things_of_one_concept_are_edited_together() -> None:
    pair = replace(pictures(0), concepts=np.tile([2, 2], (N, 1)))
    (first, *_) = shown(pair, N, (GRID, GRID))
    assert first.places[0] == first.places[1]
    assert len(first.places[0]) == 8
    grid = GRID, GRID
    assert drawn(shown(pair, N, grid), 5, np.random.default_rng(0), exchange=False, grid=grid) == []
    (case,) = drawn(shown(pair, N, grid), 1, np.random.default_rng(0), exchange=True, grid=grid)
    assert case.patches == first.places[0]
    assert case.truth == {2}
