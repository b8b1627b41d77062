"""From records to a fitted dictionary before train and val: no row of test is ever read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, product
from pathlib import Path
from typing import Any

import torch

from benchmark.contracts import Artifact, Examples, Progress, Subject
from benchmark.portraits.records import Asked
from benchmark.run.fitting import PATCH
from benchmark.run.materials import Materials, gather
from benchmark.run.request import Request
from benchmark.sae.checkpoints import digest, load, load_patch
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import DenseMap

MOST_TRIED = 100_000
"""Combinations of fits that are tried for a checkpoint of several sites."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A fit of a run's folder."""

    dictionary: Paired
    file: Path
    k: int | None
    patched: bool
    of: Mapping[str, Any]
    """Where it was fitted: backend, data, site and seed."""

    @cached_property
    def patch(self) -> dict[str, torch.Tensor]:
        return load_patch(self.file.with_suffix(PATCH)) if self.patched else {}

    @cached_property
    def digest(self) -> str:
        """The checksum that records of its cells hold."""
        return digest((self.dictionary, self.patch) if self.patch else self.dictionary)


def kept_fits(folder: Path) -> dict[str, Kept]:
    """Every whole fit of a folder, by the checksum of its content; damaged ones are left out."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        if file.name.endswith(PATCH):
            continue
        try:
            facts = json.loads(file.with_suffix(".json").read_text())
            of = facts.get("of")
            of = of if isinstance(of, dict) else {}
            kept = Kept(load(file), file, facts.get("k"), bool(facts.get("patched")), of)
            found[kept.digest] = kept
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def fit_of(asked: Asked, kept: Mapping[str, Kept]) -> Kept | None:
    """The fit that a record speaks of, found by content: the name of a file proves nothing.

    Where a checkpoint is of several sites together it is a checksum of theirs, one after the
    other: of the fits at these sites those are taken that have it.
    """
    if not asked.parts:
        return kept.get(asked.checkpoint)
    own = (asked.backend, asked.seed)
    at = [
        [
            k
            for k in kept.values()
            if (k.of.get("backend"), k.of.get("seed")) == own and k.of.get("site") == site
        ]
        for site in asked.parts
    ]
    for fits in islice(product(*at), MOST_TRIED):
        whole = hashlib.sha256("".join(fit.digest for fit in fits).encode()).hexdigest()
        if whole == asked.checkpoint:
            return fits[asked.parts.index(asked.site)]
    return None


@dataclass
class Opener:
    """Opens backends, each once; `specs` are how the run named them."""

    specs: Sequence[str]
    device: str
    progress: Progress
    say: Callable[[str], None]
    _opened: dict[tuple[object, ...], Materials] = field(default_factory=dict)

    def materials(self, asked: Asked) -> Materials:
        """The backend and data of a record at its site.

        Raises ValueError, one line, where they are not at hand or no longer those of the record.
        """
        place = (asked.backend, asked.data, asked.limit, asked.centred)
        if place not in self._opened:
            self._opened[place] = self._open(asked)
        opened = self._opened[place]
        site = next((s for s in opened.backend.sites if s.name == asked.site), None)
        if site is None:
            raise ValueError(f"{asked.backend} has no site {asked.site} any more")
        return opened if opened.site == site else opened.at(site)

    def _open(self, asked: Asked) -> Materials:
        """The first of the specs that opens the backend of the record, in the same revision."""
        said = []
        for spec in dict.fromkeys((asked.backend, *self.specs)):
            try:
                opened = gather(spec, self._request(asked), self.progress, self.say)
            except (ValueError, OSError, ImportError) as error:
                said.append(" ".join(str(error).split()))
                continue
            if opened.backend.name != asked.backend:
                continue
            found = (opened.backend.revision, opened.data.name, opened.data.revision)
            if found == (asked.backend_revision, asked.data, asked.data_revision):
                return opened
            said.append(f"{asked.backend} or its data are another revision than the run's")
        raise ValueError(said[0] if said else f"{asked.backend} cannot be opened")

    def _request(self, asked: Asked) -> Request:
        """A request that evaluates val, so that nothing can reach the rows of test."""
        return Request(
            methods=(),
            given=(),
            tasks=(),
            backends=(asked.backend,),
            data=asked.data if asked.data == "scenes" else None,
            sites=(asked.site,),
            seeds=(asked.seed,),
            split="val",
            variants=(asked.variant,),
            centre=asked.centred,
            limit=asked.limit,
            batch_size=1024,
            device=self.device,
            output=Path(),
            overwrite="never",
        )


@dataclass(frozen=True, eq=False)
class Sitter:
    """A fitted dictionary with everything that its portraits are made from."""

    subject: Subject
    """Its `test` is val."""
    materials: Materials
    val: Examples
    """Captions and pictures, row by row."""


def dense(dictionary: Paired) -> bool:
    """Whether every latent fires on every input, so that there is none to show."""
    return dictionary.linear or isinstance(dictionary.frame, DenseMap)


def sitter(asked: Asked, kept: Kept, opened: Materials) -> Sitter:
    """A dictionary before train and val, on the backend that its method may have patched."""
    seen = opened.patched(kept.patch) if kept.patch else opened
    train, val = seen.split("train"), seen.split("val")
    subject = Subject(
        artifact=Artifact(kept.dictionary, seen.site, k=kept.k, patch=kept.patch),
        train=train,
        val=val,
        test=val,
        seed=asked.seed,
        backend=seen.backend,
        examples=seen.examples,
        taken_off=seen.taken_off,
        device=torch.device(seen.request.device),
    )
    return Sitter(subject, seen, seen.data.split("val"))
