"""Turns a model's batches into whole arrays: each distinct text once, every row checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.activations.halving import Halving
from benchmark.activations.journal import Pass
from benchmark.activations.part import Part
from benchmark.activations.prefetch import ahead
from benchmark.activations.store import Entry, Store
from benchmark.activations.views import View, distinct, distinct_texts
from benchmark.contracts import Backend, Examples, Modality, Progress, Ragged

COUNTS = ".counts"
AT_ONCE = 1 << 30
"""Bytes of rows that a batch may make at all its sites together."""
Rows = Tensor | Ragged


def computed(
    backend: Backend,
    examples: Examples,
    store: Store | None,
    wanted: Sequence[Sequence[Entry]],
    batch_size: int,
    progress: Progress,
) -> dict[str, Rows]:
    """Rows of a model: each distinct text once, then spread over all that say the same.

    Of several entries together the first is what is read; the others are kept for later.
    """
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

        def plan(entries: Sequence[Entry]) -> list[Pass]:
            source = _Source(backend, entries, batch_size)
            return [made for name in entries[0].names for made in source.passes(name, *of[name])]

        found: dict[str, Tensor] = {}
        for entries in wanted:
            if store is None:
                found |= dict(_in_memory(made, progress) for made in plan(entries[:1]))
            else:
                found |= store.obtain(entries, plan, progress)
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
    """A backend at the sites of some entries, asked batch by batch."""

    backend: Backend
    entries: Sequence[Entry]
    batch_size: int

    def passes(self, name: str, of: Examples, n: int) -> list[Pass]:
        """What fills the rows of n examples, and how many each has where they differ."""
        if not n:
            return []
        modality: Modality = "image" if name == "image" else "text"
        parts, counted = {}, []
        for entry, first in zip(self.entries, self._encode(of, modality, 0, 1), strict=True):
            if isinstance(first, Ragged):
                counts = self.backend.token_counts(of.captions, entry.site).numpy()  # type: ignore[attr-defined]
                offsets = np.concatenate([[0], counts.cumsum()])
                shape = (int(offsets[-1]), first.rows.shape[1])
                parts[entry.key] = Part(name, shape, offsets)
                counted.append(_counted(name, entry.key, counts))
            else:
                parts[entry.key] = Part(name, (n, *first.shape[1:]))
        return [self._pass(name, modality, of, parts), *counted]

    def _encode(self, of: Examples, modality: Modality, start: int, stop: int) -> Sequence[Rows]:
        """Rows at every site: of one pass where there are several."""
        sites = [entry.site for entry in self.entries]
        if len(sites) == 1:
            return [self.backend.encode(of, modality, start, stop, sites[0])]
        return self.backend.encode_sites(of, modality, start, stop, sites)  # type: ignore[attr-defined]

    def _pass(self, name: str, modality: Modality, of: Examples, parts: Mapping[str, Part]) -> Pass:
        what = f"{name} rows of {self.backend.name}"

        def of_part(part: Part, found: Rows, start: int, stop: int) -> Float[np.ndarray, "b ..."]:
            found = found.rows if isinstance(found, Ragged) else found
            first = part.row_of(start)
            if len(found) != part.row_of(stop) - first:
                wanted = part.row_of(stop) - first
                raise ValueError(f"{self.backend.name} gave {len(found)} {name} rows for {wanted}")
            return checked(found.detach().to("cpu", torch.float32), what, first).numpy()

        def rows(start: int, stop: int) -> dict[str, Float[np.ndarray, "b ..."]]:
            found = self._encode(of, modality, start, stop)
            return {
                key: of_part(part, each, start, stop)
                for (key, part), each in zip(parts.items(), found, strict=True)
            }

        whole = next(iter(parts.values())).n_examples
        each = sum(part.shape[0] * part.row_bytes for part in parts.values()) / whole
        at_once = min(self.batch_size, max(1, int(AT_ONCE / each)))
        return Pass(f"{self.backend.name} {name}", at_once, parts, Halving(rows))


def _counted(name: str, key: str, counts: Int[np.ndarray, " n"]) -> Pass:
    """How many rows each example has, kept beside them as an array like any other."""
    part = Part(f"{name}{COUNTS}", (len(counts),))

    def rows(start: int, stop: int) -> dict[str, Float[np.ndarray, " b"]]:
        return {key: counts[start:stop].astype(np.float32)}

    return Pass(f"{name} rows", len(counts), {key: part}, rows)


def _rows(found: Mapping[str, Tensor], name: str) -> Rows:
    counts = found.get(f"{name}{COUNTS}")
    return found[name] if counts is None else Ragged(found[name], counts.long())


def checked(rows: Float[Tensor, "b ..."], what: str, start: int) -> Float[Tensor, "b ..."]:
    """The same rows. Raises ValueError, one line, where a row is zero or not finite."""
    if not len(rows):
        return rows
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


def _in_memory(made: Pass, progress: Progress) -> tuple[str, Float[Tensor, "n ..."]]:
    """The one array of a pass, by its name."""
    ((key, part),) = made.parts.items()
    n = made.n_examples
    starts = progress(range(0, n, made.batch_size), made.title)
    batches = [made.rows(start, min(start + made.batch_size, n))[key] for start in starts]
    return part.name, torch.from_numpy(np.concatenate(batches))


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
