"""Measures how good a pocket CLIP is, on scenes that it never saw.

Retrieval: scenes with an object and one full caption each; every true caption counts as relevant.
Naming: scenes with one object, the nearest of 45 prompt ensembles over unambiguous names.
Probe: see `recipes.probing`. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from benchmark.backends.drawing import SEED, drawing
from benchmark.recipes.contrastive import folder as clip_folder
from benchmark.recipes.contrastive.batches import normalised
from benchmark.recipes.probing import N_SCENES, probe, proportion, unseen, untrained
from benchmark.worlds.captions import Caption, false_twins
from benchmark.worlds.claims import SceneTable
from benchmark.worlds.pictograms import OBJECTS, meanings
from benchmark.worlds.scene import Scene

PROMPTS = ("{}", "a photo of {}", "a picture of {}", "here is {}", "there is {}")
BATCH = 250


class Reader:
    """A loaded folder that reads scenes and texts; not trained, at weights drawn from a seed."""

    def __init__(self, folder: Path, device: torch.device, *, trained: bool = True) -> None:
        self.model, _, self.tokenizer = clip_folder.load(folder)
        if not trained:
            with drawing():
                self.model = clip_folder.fresh_model(SEED).eval()
        self.model.to(device)
        self.device = device

    @torch.no_grad()
    def images(
        self, scenes: Sequence[Scene]
    ) -> tuple[Float[Tensor, "n e"], Float[np.ndarray, "n p d"]]:
        """Unit image features, and the last block's patch tokens."""
        tokens: list[Tensor] = []
        block = self.model.visual.transformer.resblocks[-1]
        hook = block.register_forward_hook(lambda _m, _i, out: tokens.append(out[:, 1:].cpu()))
        features = []
        for start in range(0, len(scenes), BATCH):
            pixels = normalised([s.render() for s in scenes[start : start + BATCH]])
            features.append(self.model.encode_image(pixels.to(self.device), normalize=True).cpu())
        hook.remove()
        return torch.cat(features), torch.cat(tokens).numpy()

    @torch.no_grad()
    def texts(self, texts: Sequence[str]) -> Float[Tensor, "n e"]:
        """Unit text features."""
        parts = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        tokens = [self.tokenizer(list(part)).to(self.device) for part in parts]
        return torch.cat([self.model.encode_text(t, normalize=True).cpu() for t in tokens])


def hits(
    scores: Float[np.ndarray, "q c"], relevant: Bool[np.ndarray, "q c"], k: int
) -> Bool[np.ndarray, " q"]:
    """Whether a relevant candidate is among the first k; a tie counts against it."""
    best = np.where(relevant, scores, -np.inf).max(1, keepdims=True)
    return ((scores >= best) & ~relevant).sum(1) < k


def retrieval(reader: Reader, seed: int) -> dict[str, dict[str, float]]:
    """Recall at 1 and 5 both ways, and how often a caption beats its false twin."""
    scenes = unseen(seed, "test", N_SCENES)
    full = [next(c for c in scene.captions() if c.full) for scene in scenes]
    image, text = reader.images(scenes)[0], reader.texts([c.text for c in full])
    table = SceneTable([s.slots for s in scenes], [s.background for s in scenes])
    relevant = np.zeros((len(scenes), len(full)), dtype=bool)
    for j, caption in enumerate(full):
        relevant[table.true_of(caption.claim), j] = True
    scores = (image @ text.T).numpy()
    found = {}
    for k in (1, 5):
        found[f"r@{k}/i2t"] = proportion(hits(scores, relevant, k))
        found[f"r@{k}/t2i"] = proportion(hits(scores.T, relevant.T, k))
    return found | _twins(reader, scenes, full, image, np.diag(scores))


def _twins(
    reader: Reader,
    scenes: Sequence[Scene],
    full: Sequence[Caption],
    image: Float[Tensor, "n e"],
    own: Float[np.ndarray, " n"],
) -> dict[str, dict[str, float]]:
    """Share of false twins, by kind, that score lower than the true caption."""
    found = [
        (i, text, kind)
        for i, (scene, caption) in enumerate(zip(scenes, full, strict=True))
        for text, _, kind in false_twins(caption, scene.slots, scene.background)
    ]
    rows = [i for i, _, _ in found]
    scores = (image[rows] * reader.texts([text for _, text, _ in found])).sum(1).numpy()
    kinds = np.array([kind for _, _, kind in found])
    beaten = scores < own[rows]
    return {f"hard_negative/{k}": proportion(beaten[kinds == k]) for k in ("colour", "position")}


def naming(reader: Reader, seed: int) -> dict[str, dict[str, float]]:
    """Zero-shot names of single objects."""
    scenes = unseen(seed, "test", N_SCENES, n_objects=1)
    clear = {name for name, objects in meanings().items() if len(objects) == 1}
    ensembles = []
    for item in OBJECTS:
        names = [f"{'an' if n[0] in 'aeiou' else 'a'} {n}" for n in item.names if n in clear]
        ensembles.append(reader.texts([p.format(n) for n in names for p in PROMPTS]).mean(0))
    classes = torch.nn.functional.normalize(torch.stack(ensembles), dim=1)
    guess = (reader.images(scenes)[0] @ classes.T).argmax(1).numpy()
    truth = np.array([scene.objects[0].object for scene in scenes])
    unseen_pair = np.array([scene.has_held_out() for scene in scenes])
    return {
        "naming/zero_shot": proportion(guess == truth),
        "naming/held_out_pairs": proportion((guess == truth)[unseen_pair]),
    }


def measure(folder: Path, device: torch.device, seed: int = 0) -> dict[str, Any]:
    """Everything the card says about quality, from the folder alone."""
    reader = Reader(folder, device)
    blank = Reader(folder, device, trained=False)
    probed = probe(lambda scenes: reader.images(scenes)[1], seed)
    probed |= untrained(lambda scenes: blank.images(scenes)[1], seed)
    return retrieval(reader, seed) | naming(reader, seed) | probed
