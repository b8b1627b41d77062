"""Turns a model's batches into whole arrays: each distinct text once, every row checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.activations.journal import Part
from benchmark.activations.prefetch import ahead
from benchmark.activations.store import Store
from benchmark.activations.views import View, distinct, distinct_texts
from benchmark.contracts import Backend, Examples, Modality, Progress, Site


def computed(
    backend: Backend,
    examples: Examples,
    site: Site,
    store: Store | None,
    key: str,
    provenance: Mapping[str, Any],
    batch_size: int,
    progress: Progress,
) -> dict[str, Float[Tensor, "n ..."]]:
    """Rows of a model: each distinct text once, then spread over all that say the same."""
    texts, place = distinct_texts(examples)
    false, false_place = distinct(examples.negatives.captions if examples.negatives else ())

    with ahead(examples.images, len(examples.ids)) as draw:
        pictures = View(examples, examples.ids, examples.captions, examples.caption_of, draw=draw)

        def plan() -> list[Part]:
            return _parts(backend, pictures, texts, false, site, batch_size)

        if store is None:
            found = {part.name: _in_memory(part, progress) for part in plan()}
        else:
            found = store.obtain(key, plan, provenance, progress)
    spread = {"text": place, "negatives": false_place}
    return {n: _spread(rows, spread[n]) if n in spread else rows for n, rows in found.items()}


def _parts(
    backend: Backend, pictures: View, texts: View, false: Sequence[str], site: Site, batch_size: int
) -> list[Part]:
    """The arrays to compute: pictures, distinct captions, distinct false captions."""

    def source(of: View, modality: Modality) -> Callable[[int, int], Tensor]:
        return lambda start, stop: backend.encode(of, modality, start, stop, site)

    sources = {
        "image": (len(pictures.ids), source(pictures, "image")),
        "text": (len(texts.captions), source(texts, "text")),
        "negatives": (len(false), _of_texts(backend, false, site)),
    }
    return [_part(k, n, batch_size, rows, backend.name) for k, (n, rows) in sources.items() if n]


def _of_texts(backend: Backend, texts: Sequence[str], site: Site) -> Callable[[int, int], Tensor]:
    return lambda start, stop: backend.encode_texts(texts[start:stop], site)


def _part(
    name: str, n: int, batch_size: int, encode: Callable[[int, int], Tensor], title: str
) -> Part:
    """One array to compute; its width is read off the first row."""

    def rows(start: int, stop: int) -> Float[np.ndarray, "b ..."]:
        found = encode(start, stop).detach().to("cpu", torch.float32)
        if len(found) != stop - start:
            raise ValueError(f"{title} gave {len(found)} {name} rows for {stop - start} examples")
        return checked(found, f"{name} rows of {title}", start).numpy()

    return Part(name, (n, *rows(0, 1).shape[1:]), batch_size, rows, f"{title} {name}")


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
    starts = range(0, part.shape[0], part.batch_size)
    stop = part.shape[0]
    batches = [part.rows(s, min(s + part.batch_size, stop)) for s in progress(starts, part.title)]
    return torch.from_numpy(np.concatenate(batches))


def _spread(rows: Float[Tensor, "u ..."], place: Int[np.ndarray, " n"]) -> Float[Tensor, "n ..."]:
    """Row place[j] of the distinct ones for each j; a whole array in order is not copied."""
    if len(rows) == len(place) and (place == np.arange(len(place))).all():
        return rows
    return rows[torch.from_numpy(place)]
