"""Whether an image finds its captions, and a caption its image, by the cosine of their codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Bool, Int

from benchmark.contracts import (
    HoldsOut,
    Metric,
    Need,
    Reference,
    SparseCodes,
    Subject,
    Task,
    Units,
)
from benchmark.metrics.averages import mean_of_ratios, total
from benchmark.metrics.negatives import preferred
from benchmark.metrics.ranking import Standing, expected_hit, pessimistic_hit
from benchmark.metrics.similarity import overlaps, unit_rows
from benchmark.references.changes import (
    PATCHED,
    identity,
    reference,
    shuffled_partners,
    unpatched,
    wanted,
)
from benchmark.references.standings import DIRECTIONS, comparable, owners, rows, stand, true_pairs

DEPTHS = (1, 5, 10)
KINDS = ("colour", "position")
SPACES = {"": "codes", "reconstruction/": "reconstructions"}


def _metrics() -> Iterator[Metric]:
    for prefix, space in SPACES.items():
        says = f"r@1 by cosine of {space}, mean of both directions"
        yield Metric(f"{prefix}r@1", "image", True, says, main=not prefix)
        for direction, unit in (("i2t", "image"), ("t2i", "caption")):
            for k in DEPTHS:
                says = f"expected share of queries with a true partner in the first {k}, {space}"
                yield Metric(f"{prefix}r@{k}/{direction}", unit, True, says)
    says = "r@1 of pictures with a combination that train never shows, and of their captions"
    yield Metric("r@1/held_out", "image", True, says)
    for direction, unit in (("i2t", "image"), ("t2i", "caption")):
        says = "share of queries whose best true partner ties with a false one"
        yield Metric(f"tie_rate/{direction}", unit, False, says)
        says = "mean count of candidates that score the same as the best true partner"
        yield Metric(f"tie_size/{direction}", unit, False, says)
        says = "share of queries whose latents no candidate uses"
        yield Metric(f"no_overlap/{direction}", unit, False, says)
    says = "the image scores its caption above the swapped one; a tie is half"
    yield Metric("hard_negatives", "negative", True, says)
    for kind in KINDS:
        yield Metric(f"hard_negatives/{kind}", "negative", True, f"{says}: two {kind}s swapped")
    says = f"{says}: pictures with a combination that train never shows"
    yield Metric("hard_negatives/held_out", "negative", True, says)


@dataclass(frozen=True)
class Retrieval(Task):
    """Recall both ways over every true pair, ties broken in expectation (`paper`: against)."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Does an image find its captions, and a caption its image?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})
    fits: ClassVar[bool] = False
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference(
            "shuffled partners",
            "null",
            shuffled_partners,
            metrics=("r@*", "hard_negatives*"),
            draws=20,
        ),
        reference("unpatched", "baseline", unpatched, metrics=("r@1*",), needs=PATCHED),
        reference(
            "dense",
            "baseline",
            identity,
            metrics=("r@*", "hard_negatives*", "tie_rate*"),
            of_data=True,
            needs=frozenset({Need.SAME_WIDTH}),
        ),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Where rows are tokens: by codes of examples and their mean reconstructions."""
        found: dict[str, Units] = {}
        for space in SPACES:
            found |= self.recalls(subject, space)
        if wanted(subject, "hard_negatives"):
            found |= hard_negatives(subject)
        return found

    def recalls(self, subject: Subject, space: str) -> dict[str, Units]:
        """r@k of one space both ways, and for codes how the ties stand."""
        if not wanted(subject, f"{space}r@1") or not comparable(subject, space):
            return {}
        found: dict[str, Units] = {}
        hits = {}
        hit = expected_hit if self.variant == "fair" else pessimistic_hit
        for direction in DIRECTIONS:
            pairs = true_pairs(subject, direction)
            queries = np.flatnonzero(np.bincount(pairs[:, 0]))
            cluster = owners(subject, direction)[queries]
            standing = stand(subject, space, direction, pairs).of(queries)
            for k in DEPTHS:
                units = hit(standing, k)
                found[f"{space}r@{k}/{direction}"] = Units(units, cluster=cluster)
            hits[direction] = (found[f"{space}r@1/{direction}"].numerator, cluster)
            if not space and wanted(subject, f"tie_rate/{direction}"):
                found |= ties(subject, direction, standing, queries, cluster)
        n = subject.test.n_images
        parts = [(total(h, c, n), total(np.ones(len(c)), c, n)) for h, c in hits.values()]
        found[f"{space}r@1"] = mean_of_ratios(*parts)
        unseen = None if space else held_out(subject)
        if unseen is not None:
            found["r@1/held_out"] = mean_of_ratios(*((h[unseen], of[unseen]) for h, of in parts))
        return found


def held_out(subject: Subject) -> Bool[np.ndarray, " n"] | None:
    """Pictures with a combination that train never shows; None where there are none."""
    examples = subject.examples.get("test")
    if not isinstance(examples, HoldsOut):
        return None
    found = np.asarray(examples.has_held_out)[: subject.test.n_images]
    return found if found.any() else None


def ties(
    subject: Subject,
    direction: str,
    standing: Standing,
    queries: Int[np.ndarray, " q"],
    cluster: Int[np.ndarray, " q"],
) -> dict[str, Units]:
    """How often, and how widely, the best true partner ties; and who meets nobody."""
    shared = overlaps(*(rows(subject, "", m) for m in DIRECTIONS[direction]))[queries]
    columns = {
        "tie_rate": standing.tied > standing.relevant,
        "tie_size": standing.tied,
        "no_overlap": shared == 0,
    }
    return {
        f"{name}/{direction}": Units(column.astype(np.float64), cluster=cluster)
        for name, column in columns.items()
    }


def false_codes(subject: Subject) -> SparseCodes:
    """Aligned codes of the false captions, each from its own rows."""
    test = subject.test
    assert test.negatives is not None
    assert test.negative_of is not None
    native, n = subject.encode(test.negatives, "text"), len(test.negative_of)
    owner = torch.arange(n) if test.negative_owner is None else test.negative_owner
    return subject.of_examples(native, "text", owner, n)


def hard_negatives(subject: Subject) -> dict[str, Units]:
    """1 where the image prefers its true caption to the swapped one, half where they tie."""
    test = subject.test
    if test.negatives is None or test.negative_of is None or not len(test.negatives):
        return {}
    key = ("negatives",)
    if key not in subject.cache:
        subject.cache[key] = unit_rows(false_codes(subject))
    caption = test.negative_of.cpu().numpy()
    image = test.caption_of.cpu().numpy()[caption]
    sides = (rows(subject, "", "image"), rows(subject, "", "text"), subject.cache[key])
    won = preferred(*sides, image, caption)
    kinds = np.array(test.negative_kinds)
    found = {"hard_negatives": Units(won, cluster=image)}
    for kind in KINDS:
        mine = kinds == kind
        if mine.any():
            found[f"hard_negatives/{kind}"] = Units(won[mine], cluster=image[mine])
    unseen = held_out(subject)
    if unseen is not None and unseen[image].any():
        mine = unseen[image]
        found["hard_negatives/held_out"] = Units(won[mine], cluster=image[mine])
    return found
