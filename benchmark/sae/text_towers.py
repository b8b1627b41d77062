"""Dictionaries of a language model, fitted on what it makes of text alone.

    z = ReLU(pre) where pre > θ,   θ: k latents fire on a text row of val, on average

Trained as TopK; read with one threshold for all latents, so that how many latents fire on a row
that is no text (an image token) is a measurement and not a setting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Budget, Examples, Speaker, TrainingData
from benchmark.sae.dictionaries import Tower
from benchmark.sae.trainable import Sae, fvu
from benchmark.sae.training import order, scaled_rows, train

BATCH = 500
VAL_ROWS = 4096
"""Rows of val, spread over it, that the threshold is set on."""


def text_tower(
    x: Float[Tensor, "n d"], val: Float[Tensor, "v d"], budget: Budget, data: TrainingData, at: str
) -> Tower:
    """A dictionary of all latents of the budget, fitted on text rows; `at` seeds and names it."""
    source = scaled_rows(x, f"text rows at {at}", data.device)
    weights = data.generator(f"weights/text/{at}")
    sae = Sae(source.d, budget.n_latents, budget.k, source.mean, weights)
    batches = order(len(source.x), budget, data.generator(f"order/text/{at}"))

    def loss(step: int) -> Float[Tensor, ""]:
        u = source.take(batches[step])
        return fvu(sae(u).out, u)

    train([sae], loss, budget, data, f"text dictionary at {at}")
    spread = torch.arange(min(VAL_ROWS, len(val))) * len(val) // min(VAL_ROWS, len(val))
    return by_threshold(sae.tower(source.scale), val[spread], budget.k)


def by_threshold(tower: Tower, x: Float[Tensor, "n d"], k: int) -> Tower:
    """The tower read with the one threshold that lets k latents through on these rows, on average.

    Latents that would need less than nothing to fire stay off, as everywhere.
    """
    pre = tower.pre_activations(x).flatten()
    kept = pre.topk(min(k * len(x), len(pre)), sorted=False).values.min().clamp_min(0)
    threshold = torch.full((tower.d_sae,), float(kept))
    return replace(tower, activation="jumprelu", k=None, threshold=threshold)


def block_rows(
    backend: Speaker, examples: Examples, n_images: int, blocks: Sequence[int]
) -> Mapping[int, Float[Tensor, "r d"]]:
    """Own tokens of the captions of the first images after each of these blocks, in one pass.

    The rows that the backend has at those sites of tokens: caption by caption, a caption that is
    written twice twice.
    """
    of = np.asarray(examples.caption_of)
    captions = [examples.captions[i] for i in np.flatnonzero(of < n_images).tolist()]
    each = sorted(dict.fromkeys(captions), key=len)
    found: dict[int, dict[str, Tensor]] = {block: {} for block in blocks}
    for start in range(0, len(each), BATCH):
        texts = each[start : start + BATCH]
        asked = backend.ask(None, texts)
        for block, stream in backend.residuals(asked, blocks).items():
            rows = zip(texts, stream, asked.text, strict=True)
            found[block] |= {text: x[own].float().cpu() for text, x, own in rows}
    return {block: torch.cat([rows[t] for t in captions]) for block, rows in found.items()}
