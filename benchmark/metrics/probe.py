"""How well a linear probe tells the modality of an activation: of the data, not of a method."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression

from benchmark.contracts import MODALITIES, PairedActivations, averaged

LIMIT = 2000
"""Images, each with one caption, that the probe is fitted on."""


def modality_probe(
    train: PairedActivations, test: PairedActivations, centred: bool
) -> tuple[Float[np.ndarray, " u"], Int[np.ndarray, " u"]]:
    """1 per test example where logistic regression names its modality, and the image it belongs to.

    One caption an image, so that both modalities are equally many and a guess scores one half.
    Centred: the train mean of each modality is taken off first. A decision within 1e-6 of the
    boundary counts half.
    """
    (a, b), _ = balanced(train, LIMIT)
    (c, d), images = balanced(test, LIMIT)
    if centred:
        means = a.mean(0), b.mean(0)
        a, b, c, d = a - means[0], b - means[1], c - means[0], d - means[1]
    spread = np.concatenate([a, b]).std(0)
    scale = 1 / np.where(spread > 0, spread, 1)
    sides = np.repeat([0, 1], len(a))
    probe = LogisticRegression(max_iter=200).fit(np.concatenate([a, b]) * scale, sides)
    decision = probe.decision_function(np.concatenate([c, d]) * scale)
    signed = decision * np.repeat([-1, 1], len(c))
    correct = np.where(np.abs(signed) <= 1e-6, 0.5, (signed > 0).astype(np.float64))
    return correct, np.concatenate([images, images])


def balanced(
    data: PairedActivations, limit: int
) -> tuple[tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"]], Int[np.ndarray, " n"]]:
    """The first images that have a caption, one caption of each, and which images they are.

    Where rows are tokens an example is the mean over its own.
    """
    owner = data.caption_of.cpu().numpy()
    images, first = np.unique(owner, return_index=True)
    images, first = images[:limit], first[:limit]
    image, text = (averaged(data.rows(m), data.owner(m), data.n_examples(m)) for m in MODALITIES)
    chosen = image.cpu().numpy()[images], text.cpu().numpy()[first]
    return (chosen[0].astype(np.float64), chosen[1].astype(np.float64)), images
