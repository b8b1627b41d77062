"""References of what is read through the names of latents: other pictures, other names, captions.

A change inherits the codes that it does not touch, and the names where it leaves them; neither
null changes which latents speak up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmark.contracts import PairedActivations, Subject
from benchmark.metrics.naming import NAMES, UNNAMED, names_of
from benchmark.references.changes import CODES, inheriting
from benchmark.references.sides import OneModality

SPOKE = "spoke"
"""In a cache: which latents of each picture speak up, whatever they are called."""


def other_pictures(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: what each picture's latents are called is held against another picture."""
    names_of(subject)
    test = subject.test
    assert test.concepts is not None
    order = rng.permutation(test.n_images)
    moved = np.empty_like(order)
    moved[order] = np.roll(order, 1)
    concepts = replace(test.concepts, image=test.concepts.image[moved])
    return inheriting(subject, (*CODES, *NAMES, SPOKE), test=replace(test, concepts=concepts))


def names_exchanged(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: every concept's latents are called after another concept that some latent has."""
    names = names_of(subject)
    given = np.unique(names.concept[names.named])
    after = np.arange(int(names.concept.max(initial=UNNAMED)) + 1)
    after[given] = rng.permutation(given)
    concept = names.concept.copy()
    concept[names.named] = after[concept[names.named]]
    found = inheriting(subject, (*CODES, SPOKE))
    found.cache[NAMES] = replace(names, concept=concept)
    return found


def own_captions(subject: Subject, rng: np.random.Generator) -> Subject:
    """The same latents read off each picture's own captions, which names came from.

    A bound where every latent has a name; where captions also wake latents that have none, fewer
    of their strongest are right, and pictures may do better.
    """
    del rng
    names = names_of(subject)
    data: dict[str, Any] = {}
    cache: dict[Any, Any] = {NAMES: names}
    for split in ("train", "test"):
        cache["native", split, "image"] = subject.native(split, "text")
        data[split] = _shown(getattr(subject, split))
    artifact = replace(subject.artifact, dictionary=OneModality(subject.dictionary))
    return replace(subject, artifact=artifact, siblings=(), cache=cache, **data)


def _shown(data: PairedActivations) -> PairedActivations:
    """Activations whose picture is all that its captions say of it."""
    owner = data.caption_of[data.text_owner]
    return replace(
        data, image=data.text, image_owner=owner, fingerprint=f"{data.fingerprint}+own captions"
    )
