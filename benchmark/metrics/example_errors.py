"""Reconstruction errors of examples: those of their rows, one where pooled, their tokens where not.

Everything is kept as sums, so that a score over examples is exactly the score over their rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts import Modality, NotApplicableError, Subject
from benchmark.metrics.averages import Ratio, total
from benchmark.metrics.errors import RowErrors, row_errors


@dataclass(frozen=True, eq=False)
class Errors:
    """Row errors of one modality, and the example that each row belongs to."""

    rows: RowErrors
    owner: Int[np.ndarray, " r"]
    n: int
    d: int

    def per_example(self, values: Float[np.ndarray, " r"]) -> Float[np.ndarray, " n"]:
        """Sum over the rows of each example: one row where pooled, its tokens where not."""
        return total(values, self.owner, self.n)

    @property
    def count(self) -> Float[np.ndarray, " n"]:
        """Rows of each example."""
        return self.per_example(np.ones(len(self.owner)))

    @property
    def explained(self) -> Ratio:
        """Numerator and denominator of explained variance, per example."""
        rows = self.rows
        return self.per_example(rows.deviation - rows.error), self.per_example(rows.deviation)


def errors(subject: Subject, modality: Modality, about: np.ndarray | None = None) -> Errors:
    """Errors about a mean; by default that of the evaluated rows of this modality.

    Raises NotApplicableError where all rows are equal.
    """
    x = array(subject.test.rows(modality))
    mean = x.mean(0, dtype=np.float64) if about is None else about
    owner, n = subject.test.owner(modality), subject.test.n_examples(modality)
    found = row_errors(x, array(subject.reconstruction("test", modality)), mean)
    if not found.deviation.any():
        raise NotApplicableError(f"all {len(x)} {modality} rows are equal: nothing to explain")
    return Errors(found, owner.cpu().numpy(), n, x.shape[1])


def array(x: Tensor) -> Float[np.ndarray, "n d"]:
    """The same rows as numpy has them."""
    return x.detach().cpu().numpy()


def by_image(texts: Ratio, written: Int[np.ndarray, " n_t"], n: int) -> Ratio:
    """The same ratio with all captions of an image as one unit."""
    return total(texts[0], written, n), total(texts[1], written, n)
