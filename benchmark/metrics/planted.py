"""How near a dictionary comes to the planted one: pure functions of cosines and codes.

Cosines are [w, a]: rows are aligned latents, columns planted atoms of one modality. A latent that
does not exist in a modality is a row of zeros.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment

TIE = 1e-6
"""Cosines closer than this are equal: rounding must not choose between duplicates."""
NAMED = 0.5**0.5
"""A latent stands for an atom when over half of its direction's energy lies along it: among
orthogonal atoms no second one can then claim it."""

Cosines = Float[np.ndarray, "w a"]


def cosines(directions: Float[np.ndarray, "w d"], atoms: Float[np.ndarray, "a d"]) -> Cosines:
    """cos of every direction with every atom, in float64; 0 for rows of zeros."""
    rows, columns = (np.asarray(m, dtype=np.float64) for m in (directions, atoms))
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
    columns = columns / np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-30)
    return rows @ columns.T


def same_best(image: Cosines, text: Cosines) -> Float[np.ndarray, " a"]:
    """Per shared atom: is its best image latent (signed cosine) its best text latent too?

    Where several latents tie for best, the chance that two fair draws agree, |A ∩ B| / (|A| |B|);
    0 where no latent has a positive cosine in one of the modalities.
    """
    best = [_tied(cos) for cos in (image, text)]
    agree = (best[0] & best[1]).sum(0)
    return agree / np.maximum(best[0].sum(0) * best[1].sum(0), 1)


def _tied(cos: Cosines) -> Bool[np.ndarray, "w a"]:
    """The latents that share the greatest cosine of each atom; none where it is not positive."""
    return (cos >= cos.max(0) - TIE) & (cos > TIE)


def found_cosine(
    directions: tuple[Float[np.ndarray, "w d"], Float[np.ndarray, "w d"]],
    near: tuple[Cosines, Cosines],
    tau: float = NAMED,
) -> tuple[Float[np.ndarray, " a"], Bool[np.ndarray, " a"]]:
    """Per shared atom the cosine of the latents nearest to its two directions, and whether found.

    Found are atoms that both have a latent at |cos| > tau. A latent that stands against its atom is
    turned round. Whatever map there is between the modalities changes nothing.
    """
    rows, signs, found = [], [], []
    for of, cos in zip(directions, near, strict=True):
        best = np.abs(cos).argmax(0)
        own = cos[best, np.arange(cos.shape[1])]
        rows.append(of[best] / np.maximum(np.linalg.norm(of[best], axis=1, keepdims=True), 1e-30))
        signs.append(np.sign(own))
        found.append(np.abs(own) > tau)
    return signs[0] * signs[1] * (rows[0] * rows[1]).sum(1), found[0] & found[1]


def recovered(cos: Cosines, tau: float) -> Float[np.ndarray, " a"]:
    """1 for every atom that some latent's direction has |cos| > tau with."""
    return (np.abs(cos).max(0) > tau).astype(np.float64)


def matched_cosine(cos: Cosines) -> Float[np.ndarray, " a"]:
    """|cos| of each atom with the latent that is its own in the best one-to-one matching.

    The matching has the greatest sum of |cos|; an atom that is left without a latent scores 0.
    """
    strength = np.abs(cos)
    present = np.flatnonzero(strength.max(1, initial=0) > 0)
    rows, columns = linear_sum_assignment(strength[present], maximize=True)
    out = np.zeros(cos.shape[1])
    out[columns] = strength[present][rows, columns]
    return out


def claims(
    image: Float[np.ndarray, "w a_i"],
    text: Float[np.ndarray, "w a_t"],
    alive: Bool[np.ndarray, " w"],
    tau: float = NAMED,
) -> Int[np.ndarray, "q 2"]:
    """Distinct (image atom, text atom) pairs that a dictionary says are one concept.

    Latent j claims (a, b) where it is alive in both modalities, a is the image atom and b the text
    atom with the greatest |cos| to its direction there, and both |cos| are over tau. Latents that
    repeat a claim make it once; latents that name an atom on one side only claim nothing.
    """
    strength = [np.abs(cos) for cos in (image, text)]
    named = alive & (strength[0].max(1, initial=0) > tau) & (strength[1].max(1, initial=0) > tau)
    pairs = np.stack([s[named].argmax(1) for s in strength], axis=1)
    return np.unique(pairs, axis=0)


def matching_counts(
    found: Int[np.ndarray, "q 2"], n_image: int, n_shared: int
) -> tuple[Float[np.ndarray, " a"], Float[np.ndarray, " a"], Float[np.ndarray, " a"]]:
    """Per image atom: right claims (0 or 1), claims, and true partners (1 for a shared atom).

    Right are (i, i) with i < n_shared, and claims are distinct, so right ≤ true atom by atom.
    """
    right = found[(found[:, 0] == found[:, 1]) & (found[:, 0] < n_shared), 0]
    return (
        np.bincount(right, minlength=n_image).astype(np.float64),
        np.bincount(found[:, 0], minlength=n_image).astype(np.float64),
        (np.arange(n_image) < n_shared).astype(np.float64),
    )


def code_cosines(
    image: sp.csr_array,
    text: sp.csr_array,
    means: tuple[Float[np.ndarray, " w"], Float[np.ndarray, " w"]] | None = None,
) -> Float[np.ndarray, " n"]:
    """cos of row i of both code matrices, after `means` are taken off; 0 for an empty code.

    Also where means are taken off: an empty code would be minus the mean then, and two of them
    agree, so that a dictionary would gain by falling silent.
    """
    dot = np.asarray(image.multiply(text).sum(1)).ravel()
    norms = [np.asarray(z.multiply(z).sum(1)).ravel() for z in (image, text)]
    fires = (norms[0] > 0) & (norms[1] > 0)
    if means is not None:
        m, q = means
        dot = dot - image @ q - text @ m + m @ q
        norms = [
            norm - 2 * (z @ mean) + mean @ mean
            for norm, z, mean in zip(norms, (image, text), means, strict=True)
        ]
    length = fires * np.sqrt(np.maximum(norms[0], 0) * np.maximum(norms[1], 0))
    return np.where(length > 1e-12, dot / np.where(length > 1e-12, length, 1), 0.0)
