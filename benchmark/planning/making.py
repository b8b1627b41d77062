"""Seconds to make labels and pictures of data that are here: some are made to see it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmark.contracts import Dataset, Split

PICTURES = 40
"""Pictures that are drawn to see how long one takes."""


def labelling(data: Dataset, names: Sequence[Split]) -> tuple[int, float]:
    """Concepts of the last split, and the seconds that labels of all splits take, and true pairs of
    all but train, whose pairs are the written ones."""
    examples = data.split(names[-1])
    started = time.process_time()
    concepts = examples.concepts
    labelled = time.process_time()
    examples.true_pairs()
    paired = time.process_time() - labelled
    sizes = {name: len(data.split(name).ids) for name in names}
    every, scored = sum(sizes.values()), sum(n for name, n in sizes.items() if name != "train")
    spent = (labelled - started) * every + paired * scored
    return (len(concepts.names) if concepts else 0), spent / max(1, len(examples.ids))


def drawing(data: Dataset) -> float:
    """Seconds that a picture of train takes to be made, the mean of several."""
    examples = data.split("train")
    n = len(examples.ids)
    places = range(0, n, max(1, n // PICTURES))
    started = time.process_time()
    for i in places:
        examples.images(i, i + 1)
    return (time.process_time() - started) / len(places)
