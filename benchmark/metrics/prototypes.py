"""Prototypes: what texts say of each class, as one code a class.

Texts are prompts where pictures name their things in words and the backend reads any text; else
the train captions that assert this one thing and no other.

    z_c = encode(mean of the rows of its texts, brought to the mean length of these rows)

as published: mean first, then encode. Where a text has several rows (tokens) a mean of rows is
nothing that the dictionary has seen, and z_c is the mean of the texts' codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts import (
    Annotated,
    Backend,
    PairedActivations,
    Ragged,
    SparseCodes,
    Subject,
)
from benchmark.metrics.prompts import prompts
from benchmark.metrics.subsets import rows_of

LEAST = 5
"""Train captions of one thing alone before their mean stands for it."""
AT_ONCE = 128
"""Prompts of one forward pass."""


@dataclass(frozen=True, eq=False)
class Said:
    """Texts about classes, as rows of the text modality."""

    classes: tuple[int, ...]
    """The concept that each class is."""
    about: Int[np.ndarray, " t"]
    """The place among the classes of what each text is about."""
    rows: Float[Tensor, "r d"]
    owner: Int[Tensor, " r"]
    """The text that each row belongs to."""


def said_of(subject: Subject, things: Sequence[int]) -> Said:
    """Texts about each thing that has any: prompts or captions, whatever the method."""
    examples, backend = subject.examples.get("train"), subject.backend
    joint = getattr(backend, "text_pass", "isolated") == "joint"
    if isinstance(examples, Annotated) and backend is not None and not joint:
        if subject.train not in _PROMPTED:
            _PROMPTED[subject.train] = _prompted(subject, backend, examples, things)
        return _PROMPTED[subject.train]
    return captioned(subject.train, things)


_PROMPTED: WeakKeyDictionary[PairedActivations, Said] = WeakKeyDictionary()


def _prompted(
    subject: Subject, backend: Backend, examples: Annotated, things: Sequence[int]
) -> Said:
    """Prompts as rows in the frame of the splits."""
    texts = prompts([examples.thing_names[c] for c in things])
    classes = [i for i, own in enumerate(texts) if own]
    every = [text for i in classes for text in texts[i]]
    rows, owner = _read(subject, backend, every)
    return Said(
        classes=tuple(things[i] for i in classes),
        about=np.repeat(np.arange(len(classes)), [len(texts[i]) for i in classes]),
        rows=subject.as_rows(rows, "text"),
        owner=owner,
    )


def _read(
    subject: Subject, backend: Backend, texts: Sequence[str]
) -> tuple[Float[Tensor, "r d"], Int[Tensor, " r"]]:
    """Rows of texts, and the text that each belongs to."""
    rows, counts = [], []
    for i in range(0, len(texts), AT_ONCE):
        found = backend.encode_texts(texts[i : i + AT_ONCE], subject.artifact.site)
        if not isinstance(found, Ragged):
            found = Ragged(found, torch.ones(len(found), dtype=torch.long))
        rows.append(found.rows.float().cpu())
        counts.append(found.counts.cpu())
    return torch.cat(rows), torch.arange(len(texts)).repeat_interleave(torch.cat(counts))


def captioned(train: PairedActivations, things: Sequence[int]) -> Said:
    """Train captions that assert one of the things and no other, of things with enough of them."""
    told = train.labels("text")[:, list(things)]
    alone = told & (told.sum(1) == 1)[:, None]
    classes = np.flatnonzero(alone.sum(0) >= LEAST).tolist()
    about, caption = np.nonzero(alone[:, classes].T)
    rows, owner = rows_of(train.text_owner, torch.from_numpy(caption))
    own = train.text[rows.to(train.text.device)].cpu()
    return Said(tuple(things[c] for c in classes), about, own, owner)


def prototypes(subject: Subject, said: Said) -> SparseCodes:
    """The aligned code of each class."""
    share = _averaging(said.about, len(said.classes))
    texts = len(said.about)
    if len(said.rows) == texts:
        mean = mean_rows(said.rows.double().numpy(), share)
        native = subject.encode(torch.from_numpy(mean).float(), "text")
        return subject.dictionary.align(native, "text")
    native = subject.encode(said.rows, "text")
    codes = subject.of_examples(native, "text", said.owner, texts)
    return SparseCodes.from_dense(torch.from_numpy((share @ codes.csr()).toarray()))


def mean_rows(rows: Float[np.ndarray, "t d"], share: sp.csr_array) -> Float[np.ndarray, "k d"]:
    """Mean row of each class at the mean length of its rows; of unit rows the unit mean.

    Stays 0 where rows cancel each other.
    """
    mean = share @ rows
    length, wanted = np.linalg.norm(mean, axis=1), share @ np.linalg.norm(rows, axis=1)
    return mean * (wanted / np.where(length > 0, length, 1.0))[:, None]


def _averaging(about: Int[np.ndarray, " t"], k: int) -> sp.csr_array:
    """The matrix [k, t] that takes the mean over the texts of each class."""
    weight = 1 / np.bincount(about, minlength=k)[about]
    return sp.csr_array((weight, (about, np.arange(len(about)))), shape=(k, len(about)))
