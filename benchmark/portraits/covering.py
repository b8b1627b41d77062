"""What a latent of whole pictures and captions looks at: how far it falls where a part is covered.

A site that is pooled has no value a patch. So a square of the picture is painted in the picture's
mean colour, or a word of the caption left out, and the model reads it again at the same site.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8

from benchmark.activations.views import View
from benchmark.contracts import Ragged
from benchmark.portraits.opening import Sitter
from benchmark.portraits.words import words
from benchmark.sae.training import threads_for

SIDE = 6
"""Squares a side."""
LARGE = 50_000_000
"""Parameters above which a model is not asked again and again on a processor."""
MOST_WORDS = 40


def can_cover(sitter: Sitter) -> bool:
    """Whether the model is at hand and small enough to read every picture 36 times more."""
    model = getattr(sitter.materials.backend, "model", None)
    if not isinstance(model, torch.nn.Module):
        return False
    on_processor = sitter.materials.request.device == "cpu"
    return not on_processor or n_parameters(model) <= LARGE


def n_parameters(model: torch.nn.Module) -> int:
    """Numbers that a model holds."""
    return sum(p.numel() for p in model.parameters())


def as_array(picture: Any) -> UInt8[np.ndarray, "h w 3"]:
    """A picture, PIL or array, as RGB."""
    if not isinstance(picture, np.ndarray):
        picture = np.asarray(picture.convert("RGB"))
    return np.ascontiguousarray(picture, dtype=np.uint8)


def middle(picture: UInt8[np.ndarray, "h w 3"]) -> tuple[int, int, int]:
    """Top, left and side of the square in the middle: what most models see of a picture."""
    high, wide = picture.shape[:2]
    side = min(high, wide)
    return (high - side) // 2, (wide - side) // 2, side


def covered(picture: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "s h w 3"]:
    """The picture once for each square of its middle, that square in the mean colour."""
    mean = picture.reshape(-1, 3).mean(0).round().astype(np.uint8)
    out = np.repeat(picture[None], SIDE * SIDE, axis=0)
    top, left, side = middle(picture)
    edges = np.linspace(0, side, SIDE + 1).round().astype(int)
    for i in range(SIDE * SIDE):
        r, c = divmod(i, SIDE)
        rows = slice(top + edges[r], top + edges[r + 1])
        out[i, rows, left + edges[c] : left + edges[c + 1]] = mean
    return out


def of_pictures(
    sitter: Sitter, pictures: Sequence[int], latents: Sequence[int]
) -> Float[np.ndarray, "p s l"]:
    """Values of latents on each picture with each square covered."""
    backend: Any = sitter.materials.backend
    site = sitter.materials.site
    drawn = [covered(as_array(sitter.val.images(i, i + 1)[0])) for i in pictures]
    rows = []
    with threads_for(n_parameters(backend.model) * SIDE * SIDE):
        for each in drawn:
            ids = [str(i) for i in range(len(each))]
            view = View(sitter.val, ids, (), np.zeros(0, int), draw=_drawer(each))
            rows.append(_dense(backend.encode(view, "image", 0, len(each), site)))
    return _values(sitter, torch.cat(rows), "image", latents).reshape(
        len(pictures), SIDE * SIDE, len(latents)
    )


def _drawer(pictures: UInt8[np.ndarray, "s h w 3"]) -> Any:
    return lambda start, stop: pictures[start:stop]


def without_words(text: str) -> list[str]:
    """The text less one word, for each of its words; none of a text of one word or very many."""
    spans = words(text)
    if not 1 < len(spans) <= MOST_WORDS:
        return []
    return [" ".join((text[:start] + text[stop:]).split()) for start, stop in spans]


def of_captions(
    sitter: Sitter, captions: Sequence[str], latents: Sequence[int]
) -> list[Float[np.ndarray, "t l"]]:
    """Values of latents on each caption with each word left out; no rows where none can be."""
    shorter = [without_words(text) for text in captions]
    every = [text for texts in shorter for text in texts]
    if not every:
        return [np.zeros((0, len(latents))) for _ in captions]
    backend, site = sitter.materials.backend, sitter.materials.site
    found = [
        _dense(backend.encode_texts(every[i : i + 128], site)) for i in range(0, len(every), 128)
    ]
    values = _values(sitter, torch.cat(found), "text", latents)
    ends = np.cumsum([len(texts) for texts in shorter])[:-1]
    return np.split(values, ends)


def _dense(rows: Any) -> Float[torch.Tensor, "n d"]:
    if isinstance(rows, Ragged) or rows.ndim != 2:
        raise ValueError(
            "found rows of tokens, wanted one row an example: nothing is to be covered"
        )
    return rows.detach().float().cpu()


def _values(
    sitter: Sitter, rows: Float[torch.Tensor, "n d"], modality: Any, latents: Sequence[int]
) -> Float[np.ndarray, "n l"]:
    """Aligned codes of any rows, of a few latents."""
    subject = sitter.subject
    native = subject.encode(subject.as_rows(rows, modality), modality)
    codes = subject.dictionary.align(native, modality)
    return codes.csr().tocsc()[:, list(latents)].toarray()


def lost(before: float, after: Float[np.ndarray, " s"]) -> Float[np.ndarray, " s"]:
    """Share of a value that is gone with each part; nothing where it grew."""
    return np.clip(1 - after / before, 0, 1)
