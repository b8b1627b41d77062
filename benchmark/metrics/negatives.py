"""Hard negatives: a caption against the same caption with two of its words swapped."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from benchmark.metrics.similarity import UnitRows, pair_scores


def preferred(
    images: UnitRows,
    captions: UnitRows,
    negatives: UnitRows,
    image: Int[np.ndarray, " n"],
    caption: Int[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    """1 where the image scores the true caption above the false one, 0.5 at a tie, else 0."""
    true = pair_scores(images, captions, np.stack([image, caption], axis=1))
    false = pair_scores(images, negatives, np.stack([image, np.arange(len(image))], axis=1))
    return ((true > false).astype(np.float64) + (true >= false)) / 2
