"""Monosemanticity of a subject's latents: by labels of the rows they fire on, and before chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from benchmark.contracts import Modality, NotApplicableError, Subject
from benchmark.metrics.blind import Curve, curve
from benchmark.metrics.monosemanticity import Attributes, attributes, likeness, rarity
from benchmark.metrics.purity import Purity, commonest, purity
from benchmark.metrics.sides import living

ORDER, OF_DATA = "row order", "of these rows"
"""In a cache: the order of rows in which a null shows codes, and what no dictionary changes."""
COMMONEST = "commonest concept"


@dataclass(frozen=True)
class Rule:
    """Which latents are scored, and how alike two rows are."""

    least: int
    """Different evaluated pictures on which a latent has to fire."""
    plain: bool = False
    """Every concept weighs the same; else rare ones, by their rarity on train, weigh more."""


@dataclass(frozen=True, eq=False)
class Scored:
    """The latents of one modality that are scored: alive on train, firing for enough pictures."""

    latents: Int[np.ndarray, " u"]
    """Aligned coordinates."""
    ms: Float[np.ndarray, " u"]
    blind: Float[np.ndarray, " u"]
    """What blind directions that fire on as many rows score."""
    fires: Int[np.ndarray, " u"]


def scored(subject: Subject, modality: Modality, rule: Rule) -> Scored:
    """Raises NotApplicableError where the evaluated rows are of too few pictures."""
    chance = blind(subject, modality, rule)
    found = likeness(shown(subject, modality), known(subject, modality, rule))
    kept = np.flatnonzero(living(subject, modality) & found.paired(rule.least))
    fires = found.fires[kept]
    return Scored(kept, found.score[kept], chance.at(fires), fires)


def shown(subject: Subject, modality: Modality) -> sp.csr_array:
    """Codes of the evaluated rows, in another order of rows where a null has set one."""
    codes = subject.codes("test", modality).csr()
    order = subject.cache.get((ORDER, modality))
    return codes if order is None else codes[order]


def known(subject: Subject, modality: Modality, rule: Rule) -> Attributes:
    """What labels say of the evaluated rows."""
    key = (OF_DATA, "attributes", modality, rule)
    if key not in subject.cache:
        weights = None if rule.plain else weights_of(subject, modality)
        labels = subject.test.labels(modality)
        subject.cache[key] = attributes(labels, pictures(subject, modality), weights)
    return subject.cache[key]


def weights_of(subject: Subject, modality: Modality) -> Float[np.ndarray, " c"]:
    """How much each concept weighs in the likeness of two rows: its rarity on train."""
    key = (OF_DATA, "rarity", modality)
    if key not in subject.cache:
        subject.cache[key] = rarity(subject.train.labels(modality))
    return subject.cache[key]


def blind(subject: Subject, modality: Modality, rule: Rule) -> Curve:
    """What blind directions score on these rows: the same for every method.

    Raises NotApplicableError where the rows are of too few pictures.
    """
    key = (OF_DATA, "blind", modality, rule)
    if key not in subject.cache:
        n = len(np.unique(pictures(subject, modality)))
        if n < max(rule.least, 2):
            raise NotApplicableError(
                f"{modality} rows of {n} pictures: a latent is scored where it fires for "
                f"{rule.least}, evaluate more"
            )
        rng = subject.rng(f"blind directions/{modality}")
        found = known(subject, modality, rule)
        subject.cache[key] = curve(subject.test, modality, found, rule.least, rng)
    return subject.cache[key]


def pictures(subject: Subject, modality: Modality) -> Int[np.ndarray, " n"]:
    """The picture that each image is, or that each caption was written for."""
    if modality == "image":
        return np.arange(subject.test.n_images)
    return subject.test.caption_of.cpu().numpy()


def pure(subject: Subject, modality: Modality) -> Purity:
    """Purity of all latents on the evaluated rows, of concepts that are chosen on train."""
    key = (COMMONEST, modality)
    if key not in subject.cache:
        codes, labels = subject.codes("train", modality), subject.train.labels(modality)
        subject.cache[key] = commonest(codes, labels)
    labels = subject.test.labels(modality)
    return purity(shown(subject, modality), labels, subject.cache[key])


def there(subject: Subject, modality: Modality) -> Bool[np.ndarray, " w"]:
    """Aligned coordinates at which the dictionary has a latent of this modality."""
    return subject.dictionary.directions(modality).detach().cpu().any(1).numpy()
