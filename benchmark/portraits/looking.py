"""What each latent looks at: the parts of its strongest pictures and captions that it fires on.

Where rows are tokens, these are values of the latent on them. Where rows are whole pictures or
captions, parts are covered one by one and the model is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from benchmark.contracts import NotApplicableError
from benchmark.metrics.localizing import grid_of
from benchmark.portraits import covering
from benchmark.portraits.columns import row_columns, shares
from benchmark.portraits.opening import Sitter
from benchmark.portraits.words import parts, token_spans, words

LEAST = 0.05
"""Share of a value that covering must cost at least for anything to be marked."""
Top = dict[int, list[int]]
"""By latent: its strongest pictures, or captions."""
OF_TOKENS = (
    "A patch is bright where the latent fires on its token; the brightest of a picture is the "
    "strongest there."
)
COVERED = (
    "This site has one row a picture, so no value a patch: a square is bright where painting it in "
    "the picture's mean colour costs the latent most of its value when the model reads the picture "
    "again. Where no square costs 5 %, nothing is marked."
)
POOLED = "This site has one row a picture: which patches the latent fires on is not known here."
WORD_TOKENS = "Words are marked by the latent's value on their tokens."
LEFT_OUT = (
    "This site has one row a caption: a word is marked by how much of the latent's value goes when "
    "it is left out and the rest is read again."
)
NO_WORDS = "Which words the latent fires on is not known at this site."


@dataclass(frozen=True, eq=False)
class Looks:
    """Strengths of parts, by (latent, picture) and (latent, caption)."""

    grid: tuple[int, int] | None
    patches: dict[tuple[int, int], tuple[int, ...]]
    patches_say: str
    words: dict[tuple[int, int], tuple[tuple[str, int], ...]]
    words_say: str


def looks(sitter: Sitter, pictures: Top, captions: Top, texts: Sequence[str]) -> Looks:
    """Everything that a page marks."""
    grid, patches, patches_say = _patches(sitter, pictures)
    found, words_say = _words(sitter, captions, texts)
    return Looks(grid, patches, patches_say, found, words_say)


Patches = dict[tuple[int, int], tuple[int, ...]]


def _patches(sitter: Sitter, top: Top) -> tuple[tuple[int, int] | None, Patches, str]:
    latents = list(top)
    values = row_columns(sitter.subject, "image", latents)
    if values is not None:
        try:
            grid = grid_of(sitter.subject)
        except NotApplicableError:
            return None, {}, POOLED
        owner = sitter.subject.test.image_owner.cpu().numpy()
        found = {
            (j, i): tuple(_of_most(values[owner == i, column]))
            for column, j in enumerate(latents)
            for i in top[j]
        }
        return grid, found, OF_TOKENS
    if not has_pictures(sitter) or not covering.can_cover(sitter):
        return None, {}, POOLED
    return (covering.SIDE, covering.SIDE), _covered_pictures(sitter, top), COVERED


def _covered_pictures(sitter: Sitter, top: Top) -> Patches:
    """Squares of the strongest pictures of each latent; each picture is read once for all."""
    latents, every = list(top), sorted({i for of in top.values() for i in of})
    if not every:
        return {}
    after = covering.of_pictures(sitter, every, latents)
    before = sitter.subject.codes("test", "image").csr().tocsc()[:, latents].toarray()
    place = {i: p for p, i in enumerate(every)}
    return {
        (j, i): tuple(_marked(before[i, column], after[place[i], :, column]))
        for column, j in enumerate(latents)
        for i in top[j]
    }


def _words(
    sitter: Sitter, top: Top, texts: Sequence[str]
) -> tuple[dict[tuple[int, int], tuple[tuple[str, int], ...]], str]:
    latents = list(top)
    values = row_columns(sitter.subject, "text", latents)
    if values is not None:
        return _of_tokens(sitter, top, texts, values)
    joint = getattr(sitter.materials.backend, "text_pass", "isolated") == "joint"
    if joint or not covering.can_cover(sitter):
        return {}, NO_WORDS
    every = sorted({i for of in top.values() for i in of})
    after = dict(
        zip(every, covering.of_captions(sitter, [texts[i] for i in every], latents), strict=True)
    )
    before = sitter.subject.codes("test", "text").csr().tocsc()[:, latents].toarray()
    found = {}
    for column, j in enumerate(latents):
        for i in top[j]:
            if len(after[i]):
                strength = _marked(before[i, column], after[i][:, column])
                found[j, i] = parts(texts[i], words(texts[i]), strength)
    return found, LEFT_OUT


def _of_tokens(
    sitter: Sitter, top: Top, texts: Sequence[str], values: Float[np.ndarray, "r l"]
) -> tuple[dict[tuple[int, int], tuple[tuple[str, int], ...]], str]:
    owner = sitter.subject.test.text_owner.cpu().numpy()
    found = {}
    for column, j in enumerate(top):
        for i in top[j]:
            spans = token_spans(sitter.materials.backend, texts[i])
            own = values[owner == i, column]
            if spans is not None and len(spans) == len(own):
                found[j, i] = parts(texts[i], spans, _of_most(own))
    return found, WORD_TOKENS if found else NO_WORDS


def _of_most(values: Float[np.ndarray, " t"]) -> list[int]:
    return shares(values, float(np.abs(values).max(initial=0.0)))


def _marked(before: float, after: Float[np.ndarray, " s"]) -> list[int]:
    """Shares of the part that costs most; nothing at all where none costs enough."""
    gone = covering.lost(float(before), after)
    gone[gone < LEAST] = 0
    return _of_most(gone)


def has_pictures(sitter: Sitter) -> bool:
    """Whether there is anything to see: rows of an embeddings file have no pictures."""
    try:
        sitter.val.images(0, 1)
    except (ValueError, NotImplementedError, AttributeError):
        return False
    return True
