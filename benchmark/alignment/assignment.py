"""Post-hoc maps between two dictionaries, fitted on train pairs and frozen.

Index maps (hungarian, greedy, sinkhorn, decoder) leave latents what they are and keep a match only
where it is surer than chance; dense maps (procrustes, cca) rotate whole codes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from benchmark.kernels.assignment.cpu import assign
from benchmark.sae.frames import Matched

Scores = Float[np.ndarray, "a_i a_t"]
Pairs = tuple[Int[np.ndarray, " a"], Int[np.ndarray, " a"]]
Assign = Callable[[Scores], Pairs]


def hungarian(scores: Scores) -> Pairs:
    """One-to-one pairs with the largest Σ max(score, 0)."""
    return assign(scores)


def greedy(scores: Scores) -> Pairs:
    """The best pair first, then the best of what is left, while any score is above 0."""
    rows, columns = np.nonzero(scores > 0)
    best_first = np.argsort(-scores[rows, columns], kind="stable")
    free_row, free_column = np.ones(scores.shape[0], bool), np.ones(scores.shape[1], bool)
    pairs: list[tuple[int, int]] = []
    for row, column in zip(rows[best_first].tolist(), columns[best_first].tolist(), strict=True):
        if free_row[row] and free_column[column]:
            free_row[row] = free_column[column] = False
            pairs.append((row, column))
    found = np.array(pairs, dtype=int).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def sinkhorn(scores: Scores, *, temperature: float = 0.01, rounds: int = 200) -> Pairs:
    """Entropic transport plan in the log domain, rounded to a one-to-one map by its entries.

    With unequal sides the masses are 1/a_i and 1/a_t, so every latent still takes part.
    """
    if not scores.size:
        return np.zeros(0, int), np.zeros(0, int)
    log_plan = torch.from_numpy(np.maximum(scores, 0)) / temperature
    rows = torch.zeros(scores.shape[0], 1, dtype=log_plan.dtype)
    for _ in range(rounds):
        columns = -(log_plan + rows).logsumexp(0, keepdim=True) - np.log(scores.shape[1])
        rows = -(log_plan + columns).logsumexp(1, keepdim=True) - np.log(scores.shape[0])
    plan = (log_plan + rows + columns).numpy()
    return linear_sum_assignment(plan, maximize=True)


def among_alive(
    scores: Float[np.ndarray, "m_i m_t"],
    image: Bool[np.ndarray, " m_i"],
    text: Bool[np.ndarray, " m_t"],
    assign: Assign = hungarian,
) -> Pairs:
    """Pairs of alive latents, by their own numbers."""
    images, texts = np.flatnonzero(image), np.flatnonzero(text)
    rows, columns = assign(scores[np.ix_(images, texts)])
    return images[rows], texts[columns]


def chance(r: Float[np.ndarray, "..."]) -> float:
    """99th percentile of correlations between shuffled partners; no less than 0.

    Over all entries it says what two given latents reach by chance. An assignment picks the largest
    of hundreds, so what *matches* reach by chance is the percentile over the matches of noise.
    """
    return max(float(np.percentile(r, 99)), 0.0) if r.size else 0.0


def matched(pairs: Pairs, r: Float[np.ndarray, "m_i m_t"], cut: float | None) -> Matched:
    """The frame in which these latents are one; pairs with r not above the cut stay apart."""
    images, texts = pairs
    kept = np.ones(len(images), bool) if cut is None else r[images, texts] > cut
    image_of = torch.full((r.shape[1],), -1)
    image_of[torch.from_numpy(texts[kept])] = torch.from_numpy(images[kept])
    return Matched(r.shape[0], image_of)


def decoder_cosine(
    image: Float[Tensor, "m_i d_i"], text: Float[Tensor, "m_t d_t"]
) -> Float[np.ndarray, "m_i m_t"]:
    """Cosine of every two decoder directions. Raises ValueError for unequal widths."""
    if image.shape[1] != text.shape[1]:
        raise ValueError(
            f"image has {image.shape[1]} columns and text {text.shape[1]}: matching by decoder "
            "cosine needs equal widths, match by co-activation (posthoc) instead"
        )
    normalize = torch.nn.functional.normalize
    return (normalize(image.double(), dim=1) @ normalize(text.double(), dim=1).T).numpy()


def best(values: Sequence[float]) -> int:
    """Place of the largest value; the first wins a tie."""
    return int(np.argmax(np.asarray(values)))
