"""The plan of pocket-clip's training and its batches: fresh scenes, rendered as it goes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import open_clip
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.recipes.contrastive import folder as clip_folder
from benchmark.recipes.contrastive.statements import statements
from benchmark.recipes.trainer import Plan
from benchmark.worlds.captions import Caption, false_twins
from benchmark.worlds.claims import SceneTable
from benchmark.worlds.drafts import pick
from benchmark.worlds.scene import Scene, sample, stream

PATCHES = clip_folder.IMAGE_PX // clip_folder.PATCH_PX
UNNAMED = -100
RECIPE_STREAM = 7_000_000
"""Added to the seed, so that no benchmark of a small seed shares its train scenes either."""


@dataclass(frozen=True)
class TrainingPlan(Plan):
    """What the recipe spends; the shipped model is made with the defaults."""

    steps: int = 2400
    batch_size: int = 192
    lr: float = 1.5e-3
    full_captions: float = 0.6
    """Share of scenes shown with their full caption; the others with any of the five."""
    twins: float = 0.25
    """False twins of captions in a batch, at most, as a share of its scenes."""
    patch_weight: float = 1.0
    statements_from: float = 0.5
    """Share of the steps after which short statements are judged as well."""


@dataclass(frozen=True)
class Batch:
    """Scenes with one caption each: pictures, tokens, what else is true, what patches show."""

    images: Float[Tensor, "b 3 96 96"]
    tokens: Int[Tensor, "b 48"]
    true: Bool[Tensor, "b b"]
    """Whether caption j is true of image i: such pairs are never pushed apart."""
    twin_of: Int[Tensor, " t"]
    """Scenes that also have a false twin of their caption: two colours or positions swapped."""
    twins: Int[Tensor, "t 48"]
    shown: Int[Tensor, "b p 3"]
    """Object, colour and ground of each patch; UNNAMED where a patch has none to name."""
    statements: Int[Tensor, "s 48"]
    stated: Bool[Tensor, "b s"]
    """Which short statement is true of which image; none in the first part of the training."""

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def normalised(pictures: Sequence[np.ndarray]) -> Float[Tensor, "b 3 96 96"]:
    """Pictures as the folder's preprocessing would hand them to the model."""
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    mean, std = torch.tensor(clip_folder.PIXEL_MEAN), torch.tensor(clip_folder.PIXEL_STD)
    return (pixels - mean[:, None, None]) / std[:, None, None]


def _shown(scene: Scene) -> Int[np.ndarray, "p 3"]:
    """What each patch shows: a covered patch its object and colour, an empty one its ground."""
    answers = np.full((PATCHES**2, 3), UNNAMED, dtype=np.int64)
    answers[:, 2] = scene.background
    for item in scene.objects:
        answers[list(item.patches(PATCHES))] = (item.object, item.colour, UNNAMED)
    return answers


def make_batch(plan: TrainingPlan, step: int, tokenizer: open_clip.tokenizer.HFTokenizer) -> Batch:
    """Batch number `step`, from the plan's seed alone: a resumed run sees the same."""
    first = step * plan.batch_size
    seed = RECIPE_STREAM + plan.seed
    scenes = [sample(seed, "train", first + i) for i in range(plan.batch_size)]
    rng = stream("recipe captions", seed, step)
    chosen = [_choose(rng, scene, plan.full_captions) for scene in scenes]
    twins = _some_twins(rng, scenes, chosen, round(plan.twins * plan.batch_size))
    table = SceneTable([s.slots for s in scenes], [s.background for s in scenes])
    true = torch.zeros(plan.batch_size, plan.batch_size, dtype=torch.bool)
    for j, caption in enumerate(chosen):
        true[torch.from_numpy(table.true_of(caption.claim)), j] = True
    stated: tuple[list[str], Bool[Tensor, "b s"]] = [], true[:, :0]
    if step >= plan.statements_from * plan.steps:
        stated = statements(stream("recipe statements", seed, step), scenes, table)
    return Batch(
        normalised([scene.render() for scene in scenes]),
        tokenizer([caption.text for caption in chosen]),
        true,
        torch.tensor(list(twins), dtype=torch.long),
        _tokens(tokenizer, list(twins.values())),
        torch.from_numpy(np.stack([_shown(scene) for scene in scenes])),
        _tokens(tokenizer, stated[0]),
        stated[1],
    )


def _tokens(tokenizer: open_clip.tokenizer.HFTokenizer, texts: list[str]) -> Int[Tensor, "n 48"]:
    return tokenizer(texts) if texts else torch.zeros(0, tokenizer.context_length, dtype=torch.long)


def _choose(rng: random.Random, scene: Scene, full_captions: float) -> Caption:
    """The full caption, or any of the five."""
    only_full = rng.random() < full_captions
    return pick(rng, [c for c in scene.captions() if c.full or not only_full])


def _some_twins(
    rng: random.Random, scenes: Sequence[Scene], chosen: Sequence[Caption], most: int
) -> dict[int, str]:
    """For the first scenes whose caption has false twins, one of them."""
    found: dict[int, str] = {}
    for i, (scene, caption) in enumerate(zip(scenes, chosen, strict=True)):
        twins = false_twins(caption, scene.slots, scene.background) if len(found) < most else []
        if twins:
            found[i] = pick(rng, twins)[0]
    return found
