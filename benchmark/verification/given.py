"""Fits that a submission brings: read from its checkpoints, checked, and never fitted here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from benchmark.contracts import Need
from benchmark.messages.raised import one_line
from benchmark.results.scores import Record
from benchmark.run.cells import Case
from benchmark.run.fitting import PATCH, Fit, kept_fit
from benchmark.submissions import Checkpoint
from benchmark.verification.dictionaries import check_artifact

Slot = tuple[str, str, str, str, int, int | None, bool]
"""Backend, data, site, variant, seed, limit and centred: what one checkpoint is for."""


class Facts(Record):
    """The sidecar of a checkpoint."""

    k: int | None
    chosen: dict[str, Any] = {}
    seconds: float = Field(ge=0)
    patched: bool
    of: dict[str, Any] = {}


def slot_of(told: Checkpoint) -> Slot:
    """What a checkpoint says that it is for."""
    place = (told.backend, told.data, told.site, told.variant)
    return (*place, told.seed, told.limit, told.centred)


@dataclass
class Given:
    """Where a runner takes fits from when it scores a submission: its checkpoints alone."""

    folder: Path
    checkpoints: Mapping[Slot, Checkpoint]
    config: Mapping[str, Mapping[str, Any]]
    """The method's, a variant."""
    read: dict[Slot, Fit] = field(default_factory=dict)

    def __call__(self, case: Case, seed: int) -> Fit:
        """The fit of a case and seed. Raises ValueError, one line, where there is no sound one."""
        m = case.materials
        place = (m.backend.name, m.data.name, m.site.name, case.variant)
        slot = (*place, seed, m.request.limit, m.request.centre)
        if slot not in self.read:
            told = self.checkpoints.get(slot)
            if told is None:
                raise ValueError(f"there is no checkpoint of seed {seed} at {m.site.name}")
            self.read[slot] = self._read(told, case)
        return self.read[slot]

    def _read(self, told: Checkpoint, case: Case) -> Fit:
        file = self.folder / told.file
        facts = facts_of(file)
        check_origin(facts, told)
        check_patch(file, facts, case)
        try:
            fit = kept_fit(file, case.materials.site)
        except Exception as error:  # whatever a file of unknown origin makes a reader raise
            raise ValueError(f"{told.file} cannot be read: {one_line(error)}") from error
        if fit is None:
            raise ValueError(f"{told.file} is not there with its sidecar")
        try:
            check_artifact(fit.artifact, self.config.get(case.variant, {}))
        except ValueError as error:
            raise ValueError(f"{told.file}: {error}") from error
        if fit.digest != told.digest:
            raise ValueError(
                f"{told.file} holds the dictionary {(fit.digest or '')[:12]}, submission.json says "
                f"{told.digest[:12]}"
            )
        return fit

    def clear(self) -> None:
        """Forgets what was read: the next backend has other fits."""
        self.read.clear()


def facts_of(file: Path) -> Facts:
    """The sidecar of a checkpoint. Raises ValueError, one line, where it is none."""
    path = file.with_suffix(".json")
    try:
        return Facts.model_validate(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ValueError(f"checkpoints/{path.name} is no sidecar of a fit: {first}") from None


def check_origin(facts: Facts, told: Checkpoint) -> None:
    """Raises ValueError where a sidecar speaks of another backend, site or seed than the record."""
    for name in ("backend", "data", "site", "seed"):
        there, wanted = facts.of.get(name), getattr(told, name)
        if there is not None and there != wanted:
            raise ValueError(
                f"{told.file}: its sidecar says {name} {str(there)[:60]}, submission.json {wanted}"
            )


def check_patch(file: Path, facts: Facts, case: Case) -> None:
    """Raises ValueError for weights of the backend that the method does not say it replaces."""
    there = file.with_suffix(PATCH).is_file()
    if there != facts.patched:
        said = "names a patch that is not there" if facts.patched else "does not name its patch"
        raise ValueError(f"checkpoints/{file.with_suffix('.json').name} {said}")
    if facts.patched and Need.PATCH not in case.method.provides:
        raise ValueError(
            f"checkpoints/{file.name} brings weights of the backend, and the method does not say "
            f"that it is {Need.PATCH.value}"
        )
