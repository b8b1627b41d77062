"""References of what comes back under another seed: blind other fits, other maps, the same fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts import MODALITIES, Artifact, Modality, PairedActivations, Split, Subject
from benchmark.metrics.chance_cosine import CHANCE, chances, living_directions, spread_of
from benchmark.metrics.returning import FIRING, OTHERS, by_firing, others
from benchmark.references.changes import CODES, active_latents, inheriting
from benchmark.references.sides import Moved, random_places
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import disjoint

ROWS: tuple[tuple[Split, int], ...] = (("train", 4096), ("test", 2048))
"""Rows of a split that blind fits read, of no fewer examples than these."""
EXAMPLES = 100


def blind_others(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: in place of the other fits the blind double of one, directions spread as its own are.

    They are as many as its living latents, and as many of them active; codes are compared on the
    first rows of train and of the evaluated split. Each draw takes one of the other fits at random:
    the floor is a mean over draws, and its cost does not grow with the number of seeds.
    """
    found = _beside(subject, rng, active_latents(subject), alike=True)
    for modality in MODALITIES:
        for split, rows in ROWS:
            read: PairedActivations = getattr(subject, split)
            x, owner, n = first_rows(read, modality, rows)
            key = ("aligned", split, modality)
            found.cache[key] = subject.codes(split, modality)[slice(n)]
            (other,) = others(found)
            native = other.encode(x, modality)
            other.cache[key] = other.of_examples(native, modality, owner, n)
    return found


def isotropic_others(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: in place of the other fits directions as many as one has, none the likelier."""
    return _beside(subject, rng, 1, alike=False)


def _beside(subject: Subject, rng: np.random.Generator, k: int, *, alike: bool) -> Subject:
    """This fit, and a blind double of one of the others; chance is what it was for that one."""
    which = int(rng.integers(len(others(subject))))
    fit = _blind(others(subject)[which], rng, k, alike=alike)
    found = inheriting(subject, ("living",), siblings=(fit.artifact,))
    for modality in MODALITIES:
        found.cache[CHANCE, modality] = chances(subject, modality)[which : which + 1]
    found.cache[OTHERS] = (fit,)
    return found


def _blind(fit: Subject, rng: np.random.Generator, k: int, *, alike: bool) -> Subject:
    """A fit whose living latents have blind directions."""
    towers, counts = [], []
    for modality in MODALITIES:
        rows = living_directions(fit, modality)
        spread = spread_of(rows if alike else rows[:0])
        counts.append(len(rows))
        towers.append(_tower(fit, modality, spread.drawn(max(1, len(rows)), rng), k))
    frame = disjoint(towers[0].d_sae, towers[1].d_sae)
    artifact = Artifact(Paired(towers[0], towers[1], frame), fit.artifact.site)
    made = fit.with_(artifact=artifact, k=None, siblings=())
    place = np.arange(frame.width)
    made.cache["living", "image"] = place < counts[0]
    beyond = place - towers[0].d_sae
    made.cache["living", "text"] = (beyond >= 0) & (beyond < counts[1])
    return made


def _tower(fit: Subject, modality: Modality, rows: Float[np.ndarray, "m d"], k: int) -> Tower:
    """Codes by correlation with the directions, about the mean of the rows that are read."""
    W = torch.from_numpy(rows).float()
    mean = first_rows(fit.train, modality, ROWS[0][1])[0].cpu().float().mean(0)
    return Tower(W.T.contiguous(), W.new_zeros(len(W)), W, mean, k=min(k, len(W)))


def first_rows(
    read: PairedActivations, modality: Modality, rows: int
) -> tuple[Float[Tensor, "r d"], Int[Tensor, " r"], int]:
    """The first examples, of about so many rows in all: their rows, whose they are, how many."""
    owner, n = read.owner(modality).cpu(), read.n_examples(modality)
    ends = torch.bincount(owner, minlength=n).cumsum(0)
    kept = min(n, max(EXAMPLES, int((ends <= rows).sum())))
    mine = owner < kept
    return read.rows(modality)[mine], owner[mine], kept


def map_exchanged(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: in every other fit the text latents that have an image partner change places."""
    found = inheriting(subject, (*CODES, "living"))
    fits, matches = [], []
    for other, match in zip(others(subject), by_firing(subject, "text"), strict=True):
        target = random_places(other.dictionary, rng)
        moved = Moved(other.dictionary, torch.from_numpy(target))
        artifact = replace(other.artifact, dictionary=moved)
        fits.append(inheriting(other, ("native",), artifact=artifact))
        partner = np.where(match.partner >= 0, target[match.partner], -1)
        matches.append(replace(match, partner=partner))
    found.cache[FIRING, "image"] = by_firing(subject, "image")
    found.cache[FIRING, "text"] = tuple(matches)
    found.cache[OTHERS] = tuple(fits)
    return replace(found, siblings=tuple(each.artifact for each in fits))


def same_fit(subject: Subject, rng: np.random.Generator) -> Subject:
    """Ceiling: the same fit as its own other seed; chance is what it was for the first of them."""
    del rng
    for modality in MODALITIES:
        chances(subject, modality)
    found = inheriting(subject, (*CODES, "living"), siblings=(subject.artifact,))
    for modality in MODALITIES:
        found.cache[CHANCE, modality] = chances(subject, modality)[:1]
    found.cache[OTHERS] = (inheriting(subject, (*CODES, "living"), siblings=()),)
    return found
