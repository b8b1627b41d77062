"""A language model whose effects are dials: what steering must find is known at every block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.contracts import (
    Artifact,
    Concepts,
    Edit,
    PairedActivations,
    Site,
    Subject,
    Thing,
    derived_seed,
)
from tests.subjects import Written, activations

THINGS, GRID, W, N = 24, 4, 64, 300
PATCHES = GRID * GRID
GROUND = W - 1
MEMBERS: Mapping[int, tuple[int, ...]] = {THINGS: (0, 1), THINGS + 1: (2, 3), THINGS + 2: (4, 5)}
C = THINGS + len(MEMBERS)
NAMES = (*(a + b for a in ("ba", "ko", "li") for b in "cdfgklmn"), "herd", "flock", "pack")
BOXES = tuple((x, y, x + 0.5, y + 0.5) for y in (0.0, 0.5) for x in (0.0, 0.5))
COUNTS_AS = np.eye(C, dtype=bool)
"""[thing, concept]: what counts as what."""
for category, things in MEMBERS.items():
    COUNTS_AS[list(things), category] = True


def sites(blocks: int) -> tuple[Site, ...]:
    pooled = [Site(f"block:{b}", f"b.{b}", f"b.{b}", block=b, pool="mean") for b in range(blocks)]
    whole = [
        Site(f"block:{b}/tokens", f"b.{b}", f"b.{b}", block=b, pool="none") for b in range(blocks)
    ]
    return (*pooled, *whole)


@dataclass(frozen=True, eq=False)
class Pictures:
    """One or two things a picture, each in a quarter of it; a picture is its tokens."""

    concepts: tuple[tuple[int, ...], ...]
    quarters: tuple[tuple[int, ...], ...]
    thing_names: tuple[tuple[str, ...], ...] = (*((n,) for n in NAMES[:THINGS]), (), (), ())
    descriptions: frozenset[str] = frozenset()
    list_question: str = "list every object"
    yes_no: tuple[str, str] = ("yes", "no")

    def things(self, i: int) -> list[Thing]:
        return [Thing(c, BOXES[q]) for c, q in zip(self.concepts[i], self.quarters[i], strict=True)]

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
        return [c for c in range(THINGS) if c not in self.concepts[i]]

    def replaced(self, i: int, thing: int, concept: int) -> Tensor:
        things = self.things(i)
        things[thing] = replace(things[thing], concept=concept)
        return self.tokens(things)

    def members(self, concept: int) -> tuple[int, ...]:
        return MEMBERS.get(concept, (concept,))

    def names(self, concept: int) -> tuple[str, ...]:
        return (NAMES[concept],)

    def question(self, concept: int) -> str:
        return f"is there a {NAMES[concept]} ?"

    def statement(self, concept: int, *, present: bool) -> str:
        return f"there is {'a' if present else 'no'} {NAMES[concept]} ."

    def rooms(self, i: int) -> list[tuple[float, float, float, float]]:
        return [box for q, box in enumerate(BOXES) if q not in self.quarters[i]]

    def added(self, i: int, room: int, concept: int) -> Tensor:
        return self.tokens([*self.things(i), Thing(concept, self.rooms(i)[room])])


def drawn(seed: int) -> Pictures:
    rng = np.random.default_rng(seed)
    many = rng.integers(1, 3, N)
    concepts = [tuple(rng.permutation(THINGS)[:n].tolist()) for n in many]
    quarters = [tuple(rng.permutation(4)[:n].tolist()) for n in many]
    return Pictures(tuple(concepts), tuple(quarters))


@dataclass(eq=False)
class Dials:
    """Says what its tokens show; a push along a concept does as much as the dial of its block says.

    Of a push of projection p on a concept: the gap moves by p times a dial, and the concept is
    named (or no longer) in a share of |p| times a dial of the pictures, drawn once a picture.
    """

    add: tuple[float, ...]
    supp: tuple[float, ...]
    add_logit: tuple[float, ...]
    supp_logit: tuple[float, ...]
    dumb_above: float = np.inf
    """Answers are empty, and neither yes nor no, where a push is larger than that."""
    asked: list[int] = field(default_factory=list)
    name: str = "dials"
    revision: str = "1"
    provides: frozenset[Any] = frozenset()
    data: Any = None
    preprocessing: str = "none"
    dtype: str = "float32"
    patch_grid: tuple[int, int] = (GRID, GRID)
    projector: Any = field(default_factory=dict)

    @property
    def n_blocks(self) -> int:
        return len(self.add)

    @property
    def sites(self) -> tuple[Site, ...]:
        return sites(self.n_blocks)

    def ask(self, pictures: Sequence[Tensor] | None, prompts: Sequence[str]) -> Any:
        assert pictures is not None
        return SimpleNamespace(tokens=torch.stack(list(pictures)), prompts=list(prompts))

    def answers(
        self, asked: Any, edits: Sequence[Edit] = (), max_new_tokens: int = 40
    ) -> list[str]:
        del max_new_tokens
        self.asked.append(len(asked.tokens))
        named = shown(asked.tokens)
        dumb = np.zeros(len(named), dtype=bool)
        for edit in edits:
            along, size = moved(asked.tokens, edit)
            strength = abs(along) * (2.0 if edit.decode else 1.0)
            block, u = edit.block or 0, np.stack([luck(row) for row in asked.tokens])
            came = (along > 0) & (u < strength * self.add[block])
            went = (along < 0) & (u < strength * self.supp[block])
            named = (named & ~(went @ COUNTS_AS.T)) | came
            dumb |= size > self.dumb_above
        said = [" , ".join(NAMES[c] for c in np.flatnonzero(row)) or "nothing" for row in named]
        return ["" if mute else words for words, mute in zip(said, dumb, strict=True)]

    def next_logits(self, asked: Any, edits: Sequence[Edit] = ()) -> Tensor:
        concept = [NAMES.index(prompt.split()[-2]) for prompt in asked.prompts]
        every = np.arange(len(concept))
        here = (shown(asked.tokens) @ COUNTS_AS)[every, concept]
        gap, dumb = np.where(here, 4.0, -4.0), np.zeros(len(concept), dtype=bool)
        for edit in edits:
            along, size = moved(asked.tokens, edit)
            p, block = along[every, concept], edit.block or 0
            gap = gap + p * np.where(p > 0, self.add_logit[block], self.supp_logit[block])
            dumb |= size > self.dumb_above
        logits = np.stack([gap / 2, -gap / 2, np.where(dumb, 20.0, -20.0)], axis=1)
        return torch.from_numpy(logits).float()

    def next_logits_under(self, asked: Any, alternatives: Sequence[Sequence[Edit]]) -> list[Tensor]:
        return [self.next_logits(asked, edits) for edits in alternatives]

    def word_id(self, word: str) -> int:
        return ("yes", "no").index(word)

    def spoken(self, asked: Any, answers: Sequence[str], *more: Any, **named: Any) -> Any:
        del asked, more, named
        tokens = torch.tensor([max(len(answer.split()), 1) for answer in answers])
        return SimpleNamespace(loss=tokens.float(), tokens=tokens)

    def encode(self, examples: Any, modality: str, start: int, stop: int, site: Site) -> Tensor:
        del modality
        rows = torch.stack(examples.images(start, stop))
        return rows if site.pool == "none" else rows.mean(1)

    encode_texts = patched = residuals = taught = ask


def shown(tokens: Tensor) -> np.ndarray:
    """Which things are in each picture [n, c]; categories are never shown by themselves."""
    there = (tokens > 0.5).any(1).numpy()[:, :C]
    there[:, THINGS:] = False
    return there


def moved(tokens: Tensor, edit: Edit) -> tuple[np.ndarray, np.ndarray]:
    """The mean change along each concept over the chosen patches, and its length."""
    change = edit.change(tokens) - tokens
    where = edit.patches
    where = torch.ones(change.shape[:2], dtype=torch.bool) if where is None else where
    mean = (change * where[..., None]).sum(1) / where.sum(1, keepdim=True)
    return mean[:, :C].double().numpy(), mean.norm(dim=1).numpy()


def luck(row: Tensor) -> np.ndarray:
    """A uniform number for each concept, the same whenever a picture comes by."""
    return _luck(row.numpy().tobytes())


@cache
def _luck(picture: bytes) -> np.ndarray:
    return np.random.default_rng(derived_seed("dial", picture)).random(C)


def rows(of: Pictures, mute: Sequence[int] = ()) -> PairedActivations:
    """Means of tokens, and captions that say all there is, categories by their own name too."""
    present = np.zeros((N, C), dtype=bool)
    for i, here in enumerate(of.concepts):
        present[i, list(here)] = True
        for c, members in MEMBERS.items():
            present[i, c] = bool(set(members) & set(here))
    text = torch.zeros(N, W)
    text[:, :C] = torch.from_numpy(present).float()
    text[:, list(mute)] = 0
    text[:, GROUND] = 1
    kinds = ("object",) * THINGS + ("category",) * len(MEMBERS)
    image = torch.stack(of.images(0, N)).mean(1)
    return activations(image, text, concepts=Concepts(NAMES, kinds, present, present))


def world(model: Dials, mute: Sequence[int] = ()) -> Subject:
    """The dictionary whose latents are the concepts themselves, at every block of the model."""
    splits = {name: drawn(seed) for seed, name in enumerate(("train", "val", "test"))}
    data = {name: rows(of, mute) for name, of in splits.items()}
    at = [
        Subject(
            Artifact(Written(W), site),
            data["train"],
            data["val"],
            data["test"],
            0,
            backend=model,  # type: ignore[arg-type]
            examples=splits,  # type: ignore[arg-type]
        )
        for site in model.sites[: model.n_blocks]
    ]
    return replace(at[0], sweep=tuple(at), cache={})
