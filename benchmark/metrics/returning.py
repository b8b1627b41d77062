"""Do latents of one fit come back in another? One-to-one matches by direction, and by firing.

Stability as in Papadimitriou et al. (arXiv 2504.11695): the mean cosine of decoder directions over
the best one-to-one matching, here of the latents that are alive. Cosines and correlations keep
their sign, as a latent that fires does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from benchmark.contracts import MODALITIES, Modality, Split, Subject
from benchmark.kernels.assignment.cpu import assign
from benchmark.metrics.correlations import pearson, selected
from benchmark.metrics.heterogeneity import directions, unit
from benchmark.metrics.sides import living

OTHERS = ("other fits",)
"""In a cache: the other fits of the run as subjects."""
FIRING = "matched by firing"


@dataclass(frozen=True, eq=False)
class Match:
    """Latents of one fit, their partners in another, and how well they go together."""

    latents: Int[np.ndarray, " a"]
    """Aligned coordinates of the latents that are alive."""
    partner: Int[np.ndarray, " a"]
    """Aligned coordinate in the other fit, -1 for a latent that is left without."""
    strength: Float[np.ndarray, " a"]
    """0 without a partner."""


def others(subject: Subject) -> tuple[Subject, ...]:
    """The other fits of the same run before the same data."""
    if OTHERS not in subject.cache:
        fits = tuple(subject.with_(artifact=each, siblings=()) for each in subject.siblings)
        subject.cache[OTHERS] = fits
    return subject.cache[OTHERS]


def one_to_one(
    scores: Float[np.ndarray, "a b"],
) -> tuple[Int[np.ndarray, " a"], Float[np.ndarray, " a"]]:
    """Column of each row, -1 for none, and its score; the sum of positive scores is the largest.

    Only what goes together at all, score above 0, is matched.
    """
    rows, columns = assign(scores)
    found = scores[rows, columns]
    real = found > 0
    partner, strength = np.full(len(scores), -1), np.zeros(len(scores))
    partner[rows[real]], strength[rows[real]] = columns[real], found[real]
    return partner, strength


def by_direction(subject: Subject, other: Subject, modality: Modality) -> Match:
    """Matched by cosine of decoder directions; the strength is that cosine."""
    alive = _alive(subject, other, modality)
    a, b = (
        unit(directions(each, modality)[kept])
        for each, kept in zip((subject, other), alive, strict=True)
    )
    return _match(alive, *one_to_one(a @ b.T))


def by_firing(subject: Subject, modality: Modality) -> tuple[Match, ...]:
    """For each other fit: matched by correlation of codes on train, computed once.

    The strength is the correlation of the same two latents on the evaluated rows.
    """
    key = (FIRING, modality)
    if key not in subject.cache:
        subject.cache[key] = tuple(_by_firing(subject, o, modality) for o in others(subject))
    return subject.cache[key]


def _by_firing(subject: Subject, other: Subject, modality: Modality) -> Match:
    alive = _alive(subject, other, modality)
    partner, _ = one_to_one(_correlations(subject, other, "train", modality))
    held = _correlations(subject, other, "test", modality)
    strength, real = np.zeros(len(partner)), np.flatnonzero(partner >= 0)
    strength[real] = held[real, partner[real]]
    return _match(alive, partner, strength)


def _correlations(
    subject: Subject, other: Subject, split: Split, modality: Modality
) -> Float[np.ndarray, "a b"]:
    """r of the codes of every two living latents on the same rows."""
    a, b = (
        selected(each.codes(split, modality), living(each, modality)) for each in (subject, other)
    )
    return pearson(a, b, torch.arange(len(a)))


def _alive(
    subject: Subject, other: Subject, modality: Modality
) -> tuple[Int[np.ndarray, " a"], Int[np.ndarray, " b"]]:
    """Aligned coordinates of the living latents of both fits."""
    return np.flatnonzero(living(subject, modality)), np.flatnonzero(living(other, modality))


def _match(
    alive: tuple[Int[np.ndarray, " a"], Int[np.ndarray, " b"]],
    partner: Int[np.ndarray, " a"],
    strength: Float[np.ndarray, " a"],
) -> Match:
    """A match of places among the living, by aligned coordinates."""
    named = np.full(len(partner), -1)
    real = partner >= 0
    named[real] = alive[1][partner[real]]
    return Match(alive[0], named, strength)


def claims(subject: Subject) -> tuple[Int[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    """Coordinates at which both modalities have a living latent, and whether the claim came back.

    It did where the image latent and the text latent, each matched by what it fires on in its own
    modality, have their partners at one coordinate of the other fit; the mean over other fits.
    """
    made = np.flatnonzero(living(subject, "image") & living(subject, "text"))
    kept = np.zeros(len(made))
    found = [by_firing(subject, modality) for modality in MODALITIES]
    for image, text in zip(*found, strict=True):
        i, t = (each.partner[np.searchsorted(each.latents, made)] for each in (image, text))
        kept += (i == t) & (i >= 0)
    return made, kept / max(len(found[0]), 1)
