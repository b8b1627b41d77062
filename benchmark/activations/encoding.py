"""Turns a model's batches into whole arrays: each distinct text once, every row checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.activations.journal import Part
from benchmark.activations.prefetch import ahead
from benchmark.activations.store import Store
from benchmark.activations.views import View, distinct, distinct_texts
from benchmark.contracts import Backend, Examples, Modality, Progress, Ragged, Site

COUNTS = ".counts"
Rows = Tensor | Ragged


@dataclass(frozen=True)
class Entry:
    """Arrays that are kept together, the hash of all they depend on, and what that is."""

    names: tuple[str, ...]
    """Some of image, text and negatives."""
    key: str
    provenance: Mapping[str, Any]


def computed(
    backend: Backend,
    examples: Examples,
    site: Site,
    store: Store | None,
    entries: Sequence[Entry],
    batch_size: int,
    progress: Progress,
) -> dict[str, Rows]:
    """Rows of a model: each distinct text once, then spread over all that say the same."""
    joint = getattr(backend, "text_pass", "isolated") == "joint"
    texts, place = (examples, None) if joint else distinct_texts(examples)
    false, false_place = _false(examples, joint)

    with ahead(examples.images, len(examples.ids)) as draw:
        pictures = View(examples, examples.ids, examples.captions, examples.caption_of, draw=draw)

        of = {
            "image": (pictures, len(pictures.ids)),
            "text": (texts, len(texts.captions)),
            "negatives": (false, len(false.captions)),
        }

        def plan(entry: Entry) -> list[Part]:
            source = _Source(backend, site, batch_size)
            return [part for name in entry.names for part in source.parts(name, *of[name])]

        found: dict[str, Tensor] = {}
        for entry in entries:
            if store is None:
                found |= {part.name: _in_memory(part, progress) for part in plan(entry)}
            else:
                found |= store.obtain(entry.key, partial(plan, entry), entry.provenance, progress)
    spread = {"text": place, "negatives": false_place}
    return {
        name: _spread(_rows(found, name), spread.get(name))
        for name in ("image", "text", "negatives")
        if name in found
    }


def _false(examples: Examples, joint: bool) -> tuple[View, Int[np.ndarray, " n"] | None]:
    """The false captions, each after the picture of the caption that it was made from."""
    negatives = examples.negatives
    captions = negatives.captions if negatives else ()
    owner = np.asarray(examples.caption_of)[negatives.caption] if negatives else np.empty(0, int)
    if joint:
        return View(examples, examples.ids, captions, owner), None
    words, place = distinct(captions)
    return View(examples, examples.ids, words, np.zeros(len(words), dtype=np.int64)), place


@dataclass(frozen=True)
class _Source:
    """A backend at a site, asked batch by batch."""

    backend: Backend
    site: Site
    batch_size: int

    def parts(self, name: str, of: Examples, n: int) -> list[Part]:
        """The rows of n examples, and how many each has where they differ; nothing for none."""
        if not n:
            return []
        modality: Modality = "image" if name == "image" else "text"
        first = self.backend.encode(of, modality, 0, 1, self.site)
        if not isinstance(first, Ragged):
            return [self._part(name, modality, of, (n, *first.shape[1:]), None)]
        counts = self.backend.token_counts(of.captions, self.site).numpy()  # type: ignore[attr-defined]
        offsets = np.concatenate([[0], counts.cumsum()])
        rows = self._part(name, modality, of, (int(offsets[-1]), first.rows.shape[1]), offsets)
        return [rows, _counted(name, counts, self.batch_size)]

    def _part(
        self,
        name: str,
        modality: Modality,
        of: Examples,
        shape: tuple[int, ...],
        offsets: Int[np.ndarray, " o"] | None,
    ) -> Part:
        what = f"{name} rows of {self.backend.name}"

        def rows(start: int, stop: int) -> Float[np.ndarray, "b ..."]:
            found = self.backend.encode(of, modality, start, stop, self.site)
            found = found.rows if isinstance(found, Ragged) else found
            first = start if offsets is None else int(offsets[start])
            wanted = (stop if offsets is None else int(offsets[stop])) - first
            if len(found) != wanted:
                raise ValueError(f"{self.backend.name} gave {len(found)} {name} rows for {wanted}")
            return checked(found.detach().to("cpu", torch.float32), what, first).numpy()

        title = f"{self.backend.name} {name}"
        return Part(name, shape, self.batch_size, rows, title, offsets)


def _counted(name: str, counts: Int[np.ndarray, " n"], batch_size: int) -> Part:
    """How many rows each example has, kept beside them as an array like any other."""
    return Part(
        f"{name}{COUNTS}",
        (len(counts),),
        max(batch_size, len(counts)),
        lambda start, stop: counts[start:stop].astype(np.float32),
        f"{name} rows",
    )


def _rows(found: Mapping[str, Tensor], name: str) -> Rows:
    counts = found.get(f"{name}{COUNTS}")
    return found[name] if counts is None else Ragged(found[name], counts.long())


def checked(rows: Float[Tensor, "b ..."], what: str, start: int) -> Float[Tensor, "b ..."]:
    """The same rows. Raises ValueError, one line, where a row is zero or not finite."""
    flat = rows.reshape(len(rows), -1)
    for bad, fault in (
        (~flat.isfinite().all(1), "NaN or infinite"),
        (~flat.any(1), "all zero"),
    ):
        if bad.any():
            first = start + int(bad.int().argmax())
            raise ValueError(
                f"{int(bad.sum())} of {len(rows)} {what} ({start} to {start + len(rows) - 1}) "
                f"are {fault}, the first is row {first}; wanted none"
            )
    return rows


def _in_memory(part: Part, progress: Progress) -> Float[Tensor, "n ..."]:
    starts = range(0, part.n_examples, part.batch_size)
    stop = part.n_examples
    batches = [part.rows(s, min(s + part.batch_size, stop)) for s in progress(starts, part.title)]
    return torch.from_numpy(np.concatenate(batches))


def _spread(found: Rows, place: Int[np.ndarray, " n"] | None) -> Rows:
    """What place[j] of the distinct ones has, for each j; a whole array in order is not copied."""
    if place is None:
        return found
    n = len(found.counts) if isinstance(found, Ragged) else len(found)
    if n == len(place) and (place == np.arange(n)).all():
        return found
    chosen = torch.from_numpy(place)
    if not isinstance(found, Ragged):
        return found[chosen]
    counts = found.counts[chosen]
    first = (found.counts.cumsum(0) - found.counts)[chosen]
    inside = torch.arange(int(counts.sum())) - (counts.cumsum(0) - counts).repeat_interleave(counts)
    return Ragged(found.rows[first.repeat_interleave(counts) + inside], counts)
