"""Short statements for the second part of pocket-clip's training: each true of some scenes.

Whole captions can be told apart by colours and places alone, so the image feature learns to name
objects late. Every statement says one thing: that an object is there, in this colour or that
place. Some take the colour or place from another object of the scene, so that it matters what
belongs together.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from benchmark.worlds.claims import SceneTable, Slot
from benchmark.worlds.drafts import Draft, pick, write
from benchmark.worlds.pictograms import OBJECTS
from benchmark.worlds.scene import Scene
from benchmark.worlds.templates import Template

NAMED = (
    Template("{items}", 1),
    Template("a photo of {items}", 1),
    Template("a picture of {items}", 1),
)
COLOURED = (Template("{items}", 1, colour=True), Template("a photo of {items}", 1, colour=True))
PLACED = (
    Template("{items}", 1, place="cell"),
    Template("{place} is {bare}", 1, place="cell"),
    Template("here is {items}", 1, place="row"),
    Template("{items} can be seen", 1, place="column"),
)
N_PAIRS = 32
"""Scenes of a batch with a right and a wrong statement about colours, and so many about places."""


def _mixed(slots: Sequence[Slot], kind: str) -> tuple[Slot, Slot]:
    """The first object as it is, and with the colour or the place of the second."""
    (obj, colour, cell), (_, other_colour, other_cell) = slots[:2]
    wrong = (obj, other_colour, cell) if kind == "colour" else (obj, colour, other_cell)
    return (obj, colour, cell), wrong


def statements(
    rng: random.Random, scenes: Sequence[Scene], table: SceneTable
) -> tuple[list[str], Bool[Tensor, "b s"]]:
    """One statement on every object, then right and wrong ones; and what is true of which scene."""
    drafts: list[Draft | None] = []
    for obj in range(len(OBJECTS)):
        drafts.append(write(rng, pick(rng, NAMED), [(obj, 0, 0)], 0))
    several = [scene.slots for scene in scenes if len(scene.objects) > 1]
    for kind, templates in (("colour", COLOURED), ("place", PLACED)):
        for slots in several[:N_PAIRS]:
            turned = slots if rng.random() < 0.5 else slots[::-1]
            template = pick(rng, templates)
            drafts += [write(rng, template, [slot], 0) for slot in _mixed(turned, kind)]
        several = several[N_PAIRS:]
    made = [draft for draft in drafts if draft is not None]
    true = torch.zeros(len(scenes), len(made), dtype=torch.bool)
    for j, draft in enumerate(made):
        true[torch.from_numpy(table.true_of(draft.claim())), j] = True
    return [draft.text() for draft in made], true
