"""Whether a linear reader of two codes tells that a picture and a caption belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import torch

from benchmark.contracts import (
    Metric,
    Need,
    NotApplicableError,
    Reference,
    SparseCodes,
    Split,
    Subject,
    Task,
    Units,
)
from benchmark.metrics.exchanged import Pairs, exchanged, separation, separation_of_twins
from benchmark.metrics.pair_features import ALIKE, BESIDE, COMPARED, PUBLISHED, Features
from benchmark.metrics.pair_probe import Reader, fit
from benchmark.references.changes import (
    PATCHED,
    identity,
    inheriting,
    reference,
    shuffled_partners,
    unpatched,
    wanted,
)
from benchmark.references.sides import Moved, random_places

LIMIT = 8000
"""Train images, each with one caption, that the reader is fitted on: half a second on one core."""
READER = "pair reader"
BY_COSINE = Reader(ALIKE, np.ones(1))
KINDS = ("colour", "position")
SHOWN = ("auc", "accuracy", "auc/cosine", "auc/swapped*", "preferred/*")


def _metrics() -> Iterator[Metric]:
    says = "AUC of written pairs against the same with captions exchanged, by a reader of codes"
    yield Metric("auc", "pair", True, says, main=True)
    says = "share of these pairs that the reader calls right; chance is 0.5, undecided half"
    yield Metric("accuracy", "pair", True, says)
    yield Metric("auc/cosine", "pair", True, "the same AUC by the cosine of codes: nothing fitted")
    says = "the same AUC by a reader of [v; t]: 0.5 by arithmetic, or the pairs are flawed"
    yield Metric("auc/control", "pair", None, says)
    says = "AUC of captions against the same with two words swapped, by the reader of `auc`"
    yield Metric("auc/swapped", "pair", True, says)
    for kind in KINDS:
        yield Metric(f"auc/swapped/{kind}", "pair", True, f"{says}: two {kind}s")
    says = "the reader scores a caption above the swapped one on their image; a tie is half"
    yield Metric("preferred/swapped", "negative", True, says)


def partners_shuffled(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: every image gets the captions of another one; what was fitted on train stays."""
    changed = shuffled_partners(subject, rng)
    changed.cache.update({key: kept for key, kept in subject.cache.items() if key[0] == READER})
    return changed


def map_shuffled(subject: Subject, rng: np.random.Generator) -> Subject:
    """What a reader makes of latents matched at random, by weighing each: one draw, for all."""
    del rng
    places = random_places(subject.dictionary, subject.rng("layer_probe/map"))
    moved = Moved(subject.dictionary, torch.from_numpy(places))
    return inheriting(subject, ("native",), artifact=replace(subject.artifact, dictionary=moved))


@dataclass(frozen=True)
class LayerProbe(Task):
    """Logistic regression on [v ⊙ t, |v − t|, cos(v, t)]; `paper` puts [v, t] before these.

    True pairs are the written ones, as a caption that fits many pictures would count for each. The
    paper's reader is a network of two hidden layers: one that multiplies, so that even [v; t] shows
    it the match, and what it finds need not lie there linearly. Its hard negatives come from a
    sentence encoder; here they are captions with two words swapped, on which nothing is fitted.
    """

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Can a linear reader tell whether picture and caption match?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})
    fits: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference("shuffled partners", "null", partners_shuffled, metrics=SHOWN, draws=20),
        reference("shuffled map", "baseline", map_shuffled, metrics=SHOWN),
        reference("unpatched", "baseline", unpatched, metrics=SHOWN, needs=PATCHED),
        reference(
            "dense",
            "baseline",
            identity,
            metrics=SHOWN,
            of_data=True,
            needs=frozenset({Need.SAME_WIDTH}),
        ),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Where rows are tokens: by codes of examples.

        Raises NotApplicableError where no two images of a split can exchange captions.
        """
        if not wanted(subject, "auc"):
            return {}
        reader = reader_of(subject, COMPARED if self.variant == "fair" else PUBLISHED)
        judged = readable(subject, "test")
        pairs = judged[2]
        scores = reader.read(*judged)
        right = np.where(pairs.true, scores > 0, scores < 0) + (scores == 0) / 2
        found = {
            "auc": separation(scores, pairs.true, pairs.cluster),
            "accuracy": Units(right, cluster=pairs.cluster),
        }
        others = {"auc/cosine": BY_COSINE}
        if wanted(subject, "auc/control"):
            others["auc/control"] = reader_of(subject, BESIDE)
        for name, other in others.items():
            found[name] = separation(other.read(*judged), pairs.true, pairs.cluster)
        return found | swapped(subject, reader)


def reader_of(subject: Subject, features: Features) -> Reader:
    """The reader of these features, fitted once; random draws are the same for every method."""
    key = (READER, features)
    if key not in subject.cache:
        train = readable(subject, "train", images=LIMIT, each=1)
        subject.cache[key] = fit(features, train, readable(subject, "val"))
    return subject.cache[key]


def readable(
    subject: Subject, split: Split, *, images: int | None = None, each: int | None = None
) -> tuple[SparseCodes, SparseCodes, Pairs]:
    """Codes of a split and the pairs that are read there; none of them is in another split.

    On train only written pairs are known to be true, so that a few false ones may be so too.
    """
    rows = getattr(subject, split)
    pairs = exchanged(rows, subject.rng(f"layer_probe/{split}"), images=images, each=each)
    if not len(pairs.true):
        raise NotApplicableError(
            f"no two of {rows.n_images} images of {split} can exchange captions that are then "
            "false: pairs that do not match need more images"
        )
    return subject.codes(split, "image"), subject.codes(split, "text"), pairs


def swapped(subject: Subject, reader: Reader) -> dict[str, Units]:
    """Captions against the same with two words swapped, each with the image it was written for."""
    test = subject.test
    if test.negatives is None or test.negative_of is None or not len(test.negative_of):
        return {}
    caption = test.negative_of.cpu().numpy()
    image, each = test.caption_of.cpu().numpy()[caption], np.arange(len(caption))
    codes = subject.codes("test", "image")
    true = reader.scores(codes, subject.codes("test", "text"), image, caption)
    false = reader.scores(codes, swapped_codes(subject), image, each)
    found = {"auc/swapped": separation_of_twins(true, false, image)}
    kinds = np.array(test.negative_kinds)
    for kind in KINDS:
        mine = kinds == kind
        if mine.any():
            found[f"auc/swapped/{kind}"] = separation_of_twins(true[mine], false[mine], image[mine])
    won = ((true > false).astype(np.float64) + (true >= false)) / 2
    return found | {"preferred/swapped": Units(won, cluster=image)}


def swapped_codes(subject: Subject) -> SparseCodes:
    """Aligned codes of the swapped captions, each from its own rows."""
    key = ("negatives", "codes")
    if key not in subject.cache:
        test = subject.test
        assert test.negatives is not None
        assert test.negative_of is not None
        n = len(test.negative_of)
        owner = torch.arange(n) if test.negative_owner is None else test.negative_owner
        native = subject.encode(test.negatives, "text")
        subject.cache[key] = subject.of_examples(native, "text", owner, n)
    return subject.cache[key]
