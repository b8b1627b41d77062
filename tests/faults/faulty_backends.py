"""Tiny backends of which one part goes wrong, the promise that breaks, and what must be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from benchmark.conformance import backends as promises
from benchmark.conformance.tiny_world import TinyBackend
from benchmark.contracts import Site


class Faulty(TinyBackend):
    """The sound one, with its rows passed through `rows`."""

    def rows(self, rows: Tensor) -> Tensor:
        return rows

    def encode(self, *where: Any) -> Tensor:
        return self.rows(super().encode(*where))


class Centring(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows - rows.mean(0)


class Alike(Faulty):
    def encode_sites(self, examples, modality, start, stop, sites) -> list[torch.Tensor]:
        return [self.encode(examples, modality, start, stop, sites[0]) * 1.5 for _ in sites]


class Double(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows.double()


class Flat(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows.flatten()


class Tokens(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows[:, None]


class Infinite(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows / 0


class Dropout(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return torch.nn.functional.dropout(rows, 0.1)


class Drawing(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        torch.rand(1)
        return rows


class Learning(Faulty):
    def rows(self, rows: Tensor) -> Tensor:
        return rows.clone().requires_grad_()


class Careless(Faulty):
    def encode_texts(self, texts: Sequence[str], site: Site) -> Tensor:
        rows = super().encode_texts(texts, site)
        return rows if len(texts) == 1 else rows.roll(1, 0)

    def encode(self, examples: Any, modality: Any, start: int, stop: int, site: Site) -> Tensor:
        if modality == "image":
            return super().encode(examples, modality, start, stop, site)
        return TinyBackend.encode_texts(self, examples.captions[start:stop], site)


class InPlace(Faulty):
    def patched(self, patch: Mapping[str, Tensor]) -> Any:
        other = super().patched(patch)
        self.weights.update(patch)
        return other


class Obliging(Faulty):
    def patched(self, patch: Mapping[str, Tensor]) -> Any:
        return super().patched({k: v for k, v in patch.items() if k in self.weights})


class Stale(Faulty):
    def patched(self, patch: Mapping[str, Tensor]) -> Any:
        return replace(super().patched(patch), revision=self.revision)  # type: ignore[type-var]


BACKENDS: list[tuple[type[TinyBackend], str, str]] = [
    (Alike, promises.TOGETHER, "is not what encode gives"),
    (Centring, promises.ALONE, "use nothing of the other rows"),
    (Double, promises.ENCODES, "returned torch.float64, wanted float32"),
    (Flat, promises.ENCODES, "returned (192,), wanted (8, d) or (8, t, d)"),
    (Tokens, promises.ENCODES, "kept tokens although the site pools by model"),
    (Infinite, promises.ENCODES, "NaN or infinite"),
    (Learning, promises.ENCODES, "requires a gradient"),
    (Dropout, promises.REPEATS, "is the model in eval mode?"),
    (Drawing, promises.REPEATS, "draws from a global generator"),
    (Careless, promises.CAPTIONS, "from encode of the same captions"),
    (InPlace, promises.PATCHED, "changed the backend itself"),
    (Obliging, promises.PATCHED, "takes a weight that is not there"),
    (Stale, promises.PATCHED, "changes neither rows nor revision, or only one"),
]
