"""The results folder of a run: cells that are there already, and those that are put there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from benchmark.activations.root import default_root
from benchmark.contracts import Subject
from benchmark.provenance import environment
from benchmark.results import Cell, Environment, Status, read_cell, write_cell
from benchmark.run.cells import Place, package_digest
from benchmark.run.fitting import Fit
from benchmark.run.materials import Materials
from benchmark.run.memo import Kept
from benchmark.run.recall import Recalled
from benchmark.run.request import Request
from benchmark.run.scoring import Scored

DONE = ("scored", "not_applicable")
"""What is not tried again; a cell that failed or ran out of memory is."""


@dataclass(frozen=True)
class Shelf:
    """`cells/` with a record and units each, `fits/` with the fitted dictionaries."""

    request: Request

    @property
    def cells(self) -> Path:
        return self.request.output / "cells"

    def exhibit(self, place: Place) -> Path:
        """Where a picture of a cell goes."""
        name = "-".join(re.sub(r"[^\w.]+", "-", part) for part in place.title.split(" · "))
        return self.request.output / "exhibits" / f"{name}-{place.key[:8]}.png"

    def answers(self, place: Place) -> Path:
        """Where answers behind the verdicts of a cell go."""
        return self.request.output / "answers" / f"{place.key}.jsonl"

    def fit_files(self, key: str) -> tuple[Path, Path | None]:
        """Where a fit is kept with the results, and in this machine's cache.

        Where everything is to be made anew the first is no longer whole and the second None.
        """
        file = self.request.output / "fits" / f"{key}.safetensors"
        if self.request.overwrite == "always":
            file.with_suffix(".json").unlink(missing_ok=True)
            return file, None
        return file, default_root() / "fits" / file.name

    def memo(self, of: tuple[Any, ...], made: dict[str, Mapping[str, Tensor]]) -> Kept:
        """What the fits of these facts share: in this run, and in this machine's cache."""
        return Kept(default_root() / "shared", of, self.request.overwrite == "always", made)

    def recall(self, seen: Materials) -> Recalled:
        """What models wrote about these data before, in this machine's cache."""
        of = (package_digest(), seen.data.name, seen.revision)
        return Recalled(default_root() / "answers", of, self.request.overwrite == "always")

    @cached_property
    def environment(self) -> Environment:
        """This machine, once."""
        return environment(device=self.request.device, driver=driver(self.request.device))

    def kept(self, place: Place) -> Cell | None:
        """The cell of an earlier run, as the overwrite strategy has it.

        Raises ValueError where there is one and the strategy is `never`.
        """
        path = self.cells / f"{place.key}.json"
        if self.request.overwrite == "always" or not path.is_file():
            return None
        if self.request.overwrite == "never":
            raise ValueError(f"{path} exists: choose another --output-path or --overwrite-strategy")
        try:
            cell = read_cell(path)
        except ValueError:
            return None
        whole = cell.units_file is None or (self.cells / cell.units_file).is_file()
        return cell if whole and cell.status in DONE else None

    def put(self, place: Place, status: Status, **more: Any) -> Cell:
        """Records a cell that has no scores."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return write_cell(self.cells, place.cell(self.environment, status, created=created, **more))

    def put_scored(
        self,
        place: Place,
        found: Scored,
        fitted: Fit,
        subject: Subject,
        seen: Materials,
        timing: Mapping[str, float],
    ) -> Cell:
        """Records scores, and the units behind them for later pairing."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        cell = place.cell(
            self.environment,
            "scored",
            scores=tuple(found.scores),
            left_out=found.left_out,
            timing=dict(timing) | {"fit": fitted.seconds},
            created=created,
            **place.described(fitted, subject, seen),
        )
        return write_cell(self.cells, cell, found.units)


def driver(device: str) -> str | None:
    """Name of the accelerator and its driver's CUDA version; None on a CPU."""
    if not device.startswith("cuda"):
        return None
    import torch

    return f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}"
