"""Values of a few latents, written out: on examples, and on the rows that examples are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from benchmark.contracts import Modality, SparseCodes, Subject


def columns(codes: SparseCodes, latents: Sequence[int]) -> Float[np.ndarray, "n l"]:
    """The codes of these latents alone."""
    return codes.csr().tocsc()[:, list(latents)].toarray()


def row_columns(
    subject: Subject, modality: Modality, latents: Sequence[int]
) -> Float[np.ndarray, "r l"] | None:
    """The same of every val row, where an example has several; None where it has one."""
    read = subject.test
    if len(read.rows(modality)) == read.n_examples(modality):
        return None
    native = subject.native("test", modality)
    return columns(subject.dictionary.align(native, modality), latents)


def strongest(values: Float[np.ndarray, " n"], k: int) -> Int[np.ndarray, " s"]:
    """The k largest by magnitude of those that are not 0; the first of equals."""
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    return order[values[order] != 0]


def shares(values: Float[np.ndarray, "..."], most: float) -> list[int]:
    """Magnitudes in hundredths of `most`, which no value is above; 0 only for what is 0."""
    if most <= 0:
        return [0] * np.size(values)
    found = np.clip(np.ceil(100 * np.abs(values) / most - 1e-9), 0, 100)
    return [int(each) for each in np.ravel(found)]
