"""Floors, baselines and ceilings: functions from a subject to the changed subject that is scored.

A changed subject remembers which metrics are wanted of it, so that a task may leave out the rest,
and inherits codes only where the change cannot touch them.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch

from benchmark.contracts import MODALITIES, Artifact, Dictionary, Need, Reference, Subject
from benchmark.metrics.subsets import first_images
from benchmark.sae.plain_dictionaries import constant, principal, random_units
from benchmark.sae.plain_dictionaries import identity as identity_dictionary

Change = Callable[[Subject, np.random.Generator], Subject]
WANTED = "wanted"
DISTINCT = ("distinct pairs",)
CODES = ("native", "aligned", "reconstruction", "unit rows", "leaders", "negatives")
"""What a cache holds that depends on codes alone, not on who is whose partner."""


def wanted(subject: Subject, *names: str) -> bool:
    """Whether any of these metrics is asked of the subject; everything is, unless it says less."""
    patterns = subject.cache.get(WANTED, ("*",))
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


PATCHED = frozenset({Need.PATCH})


def reference(
    name: str,
    kind: Literal["null", "baseline", "ceiling"],
    change: Change,
    *,
    metrics: tuple[str, ...] = ("*",),
    draws: int = 1,
    of_data: bool = False,
    needs: frozenset[Need] = frozenset(),
    shared_by: Callable[[Subject], Hashable] | None = None,
) -> Reference:
    """A reference whose subject knows the metrics that are wanted of it."""

    def apply(subject: Subject, rng: np.random.Generator) -> Subject:
        changed = change(subject, rng)
        changed.cache.setdefault(WANTED, metrics)
        return changed

    return Reference(name, kind, apply, draws, metrics, of_data, needs, shared_by)


def inheriting(subject: Subject, kinds: tuple[str, ...], **changes: Any) -> Subject:
    """A changed copy that keeps the cached entries of these kinds."""
    kept = {key: value for key, value in subject.cache.items() if key[0] in kinds}
    return replace(subject, cache=kept, **changes)


def nothing(subject: Subject) -> Subject:
    """A copy of which no metric is wanted: what a reference returns that these data cannot make."""
    changed = subject.with_()
    changed.cache[WANTED] = ()
    return changed


def with_dictionary(subject: Subject, dictionary: Dictionary, **changes: Any) -> Subject:
    """The same subject under another dictionary, with no budget that would truncate it."""
    artifact = Artifact(dictionary, subject.artifact.site)
    return subject.with_(artifact=artifact, k=None, siblings=(), **changes)


def active_latents(subject: Subject) -> int:
    """Active latents per input that an equally sparse control gets: the budget, else median l0."""
    if subject.k or subject.artifact.k:
        return int(subject.k or subject.artifact.k or 1)
    l0 = torch.cat([subject.native("test", modality).l0() for modality in MODALITIES])
    return max(1, int(l0.median()))


def size(subject: Subject) -> Hashable:
    """Latents of each modality, and how many of them are active: all that a random control has."""
    widths = tuple(subject.native("test", m).width for m in MODALITIES)
    return *widths, active_latents(subject)


# ------------------------------------------------------------------------------- dictionaries


def mean_predictor(subject: Subject, rng: np.random.Generator) -> Subject:
    """Every row becomes the mean of the evaluated split: explained variance 0, no latent."""
    del rng
    means = {m: subject.test.rows(m).double().mean(0).float() for m in MODALITIES}
    return with_dictionary(subject, constant(means))


def identity(subject: Subject, rng: np.random.Generator) -> Subject:
    """Dense: the activations are their own codes. Comparing modalities needs equal widths."""
    del rng
    test = subject.test
    return with_dictionary(subject, identity_dictionary(test.image.shape[1], test.text.shape[1]))


def pca(subject: Subject, rng: np.random.Generator) -> Subject:
    """As many principal components of train per modality as the method has active latents."""
    del rng
    k = active_latents(subject)
    return with_dictionary(subject, principal(subject.train.rows, k))


def random_dictionary(
    subject: Subject, rng: np.random.Generator, rows: int = 400, train_rows: int = 1024
) -> Subject:
    """Random unit directions, as many and as sparse as the method's; one scale fitted on train.

    Scored on the first images and their captions only, of so many rows or more (100 images where
    rows are tokens): what varies is the draw, not the sample.
    """
    widths = {m: subject.native("test", m).width for m in MODALITIES}
    k = active_latents(subject)
    dictionary = random_units(subject.train.rows, widths, k, train_rows, rng)
    images = rows if len(subject.test.image) == subject.test.n_images else rows // 4
    return with_dictionary(subject, dictionary, test=first_images(subject.test, images))


def unpatched(subject: Subject, rng: np.random.Generator) -> Subject:
    """The same dictionary on the backend as it was: what the method's own weights changed."""
    del rng
    if subject.unpatched is None:
        return nothing(subject)
    for modality in MODALITIES:
        subject.unpatched.native("test", modality)
    if subject.k is not None:
        return subject.unpatched.truncated(subject.k)
    return inheriting(subject.unpatched, CODES)


# ------------------------------------------------------------------------------------- pairs


def shuffled_partners(subject: Subject, rng: np.random.Generator) -> Subject:
    """Every image gets the captions of another one, drawn at random; codes stay what they are."""
    test = subject.test
    order = torch.from_numpy(rng.permutation(test.n_images)).to(test.pairs.device)
    if DISTINCT not in subject.cache:
        subject.cache[DISTINCT] = test.pairs.unique(dim=0)
    found = subject.cache[DISTINCT]
    pairs = torch.stack([order[found[:, 0]], found[:, 1]], dim=1)
    changed = replace(test, pairs=pairs, caption_of=order[test.caption_of])
    return inheriting(subject, CODES, test=changed)
