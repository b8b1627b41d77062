"""From a method on a backend to the record of a cell, and whether one is there already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from benchmark.activations.code import digest
from benchmark.contracts import MODALITIES, Method, Need, Site, Subject, Task
from benchmark.registry import ROOT, Choice
from benchmark.reports.names import short
from benchmark.results import (
    BackendRecord,
    Cell,
    DataRecord,
    Environment,
    MethodRecord,
    Status,
    TaskRecord,
    canonical,
    cell_key,
)
from benchmark.run.fitting import Fit
from benchmark.run.materials import Materials


@dataclass(frozen=True)
class Case:
    """One method in one configuration, on one backend, data set and site."""

    choice: Choice
    method: Method
    given: Mapping[str, Any]
    variant: str
    materials: Materials
    swept: tuple[Materials, ...] | None = None
    """Where all decoder blocks are scored together: each of them, if there are any."""

    @property
    def where(self) -> str:
        """The site; of a sweep the pattern of its blocks, or their names where it is not all."""
        if not self.swept:
            return self.materials.site.name
        return swept_name([m.site for m in self.swept], self.materials.backend.sites)

    @property
    def parts(self) -> tuple[Case, ...]:
        """Of a sweep: the same method at each block."""
        return tuple(replace(self, materials=m, swept=None) for m in self.swept or ())

    @cached_property
    def config(self) -> dict[str, Any]:
        """Every field of the method, given or default, as JSON has it."""
        fields: dict[str, Any] = asdict(self.method) if is_dataclass(self.method) else {}
        return json.loads(canonical(fields))

    def common(self, seed: int) -> tuple[Any, ...]:
        """What all fits of the method's file on this backend and data depend on."""
        request, m = self.materials.request, self.materials
        return (
            self.choice.entry.digest,
            sorted(need.name for need in self.method.needs),
            [m.backend.name, m.backend.revision],
            [m.data.name, m.data.revision, request.limit, request.centre],
            [seed, package_digest(), request.device],
        )

    def fit_key(self, seed: int) -> str:
        """Everything that a fit depends on: tasks and the evaluated split are not among it."""
        parts = [self.choice.name, self.config, self.materials.site.name, *self.common(seed)]
        return hashlib.sha256(canonical(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Place:
    """One cell to be: a case, a task, a seed."""

    case: Case
    asked: Choice
    task: Task
    seed: int

    @property
    def siblings(self) -> tuple[int, ...]:
        """Other seeds of the run, where the task looks at them."""
        looks = any(Need.SECOND_SEED in r.needs for r in self.task.references)
        looks = looks or Need.SECOND_SEED in self.task.needs
        seeds = self.case.materials.request.seeds
        return tuple(s for s in seeds if s != self.seed) if looks else ()

    @property
    def title(self) -> str:
        """What is run, to be read by people."""
        case, m = self.case, self.case.materials
        parts = (self.asked.name, case.choice.name, short(m.backend.name), case.where)
        return " · ".join((*parts, case.variant, f"seed {self.seed}"))

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What the record says of itself before any number is in it."""
        case, m = self.case, self.case.materials
        request = m.request
        code = hashlib.sha256(
            (case.choice.entry.digest + self.asked.entry.digest).encode()
        ).hexdigest()
        needs = case.method.needs
        return {
            "task": TaskRecord(name=self.asked.name, version=self.task.version),
            "method": MethodRecord(
                name=case.choice.name,
                config=case.config,
                given=json.loads(canonical(dict(case.given))),
                code=code,
                supervised=bool(needs & {Need.CONCEPTS, Need.PLANTED, Need.PROJECTOR}),
            ),
            "backend": BackendRecord(
                name=m.backend.name,
                revision=m.backend.revision,
                sites=tuple(s.name for s in m.backend.sites),
                preprocessing=m.backend.preprocessing,
                dtype=m.backend.dtype,
            ),
            "site": case.where,
            "data": DataRecord(
                name=m.data.name,
                revision=m.revision,
                limit=request.limit,
                centred=request.centre,
                licence=m.data.licence,
            ),
            "split": request.split,
            "variant": case.variant,
            "seed": self.seed,
            "siblings": self.siblings,
            "package": package_digest(),
        }

    @cached_property
    def key(self) -> str:
        """The content key: a second seed, field or line of code never shares it."""
        facts = self.identity
        return cell_key(
            task=facts["task"].name,
            task_version=facts["task"].version,
            variant=facts["variant"],
            method=facts["method"].name,
            config=facts["method"].config,
            code=facts["method"].code,
            backend=facts["backend"].name,
            backend_revision=facts["backend"].revision,
            site=facts["site"],
            data=facts["data"].name,
            data_revision=facts["data"].revision,
            split=facts["split"],
            seed=facts["seed"],
            limit=facts["data"].limit,
            centred=facts["data"].centred,
            siblings=facts["siblings"],
            package=facts["package"],
        )

    def cell(self, environment: Environment, status: Status, **more: Any) -> Cell:
        """The record of this place."""
        facts = {**self.identity, **more}
        return Cell(key=self.key, status=status, environment=environment, **facts)

    def described(self, fitted: Fit, subject: Subject, seen: Materials) -> dict[str, Any]:
        """What only a scored cell knows of its method and data."""
        method = self.identity["method"].model_copy(
            update={
                "parameters": fitted.parameters,
                "checkpoint_sha256": fitted.digest,
                "patched": seen.backend.revision if fitted.artifact.patch else None,
                "chosen": json.loads(canonical(dict(fitted.artifact.chosen))),
                "l0": {
                    m: float(subject.native("test", m).l0().double().mean()) for m in MODALITIES
                },
            }
        )
        splits = {"train": subject.train, "val": subject.val, "evaluated": subject.test}
        sizes = {
            f"{name}/{what}": count
            for name, split in splits.items()
            for what, count in (("images", split.n_images), ("captions", split.n_texts))
        }
        ids = hashlib.sha256("\n".join(subject.test.ids).encode()).hexdigest()
        data = self.identity["data"].model_copy(update={"sizes": sizes, "ids_sha256": ids})
        return {"method": method, "data": data}


def swept_name(sites: Sequence[Site], every: Sequence[Site]) -> str:
    """What a sweep is called in a record: `block:*` where these are all blocks of their kind."""
    alike = [s for s in every if s.block is not None and s.pool == sites[0].pool]
    if {s.name for s in alike} == {s.name for s in sites}:
        return sites[0].name.replace(f"block:{sites[0].block}", "block:*")
    return ",".join(s.name for s in sites)


SHOWING = (
    "command conformance judging messages planning portraits recipes reports submissions "
    "verification"
)
NO_NUMBERS = frozenset(map(Path, [*SHOWING.split(), "kernels/bench", "interchange/export"]))
"""Folders whose code no score depends on."""


@cache
def package_digest() -> str:
    """sha256 over the code of ours that numbers can depend on: other code, other cells.

    What only asks for numbers, or shows, checks and sends them, is left out (`NO_NUMBERS`).
    """
    ours = ROOT / "benchmark"
    every = ours.rglob("*.py")
    return digest(ROOT, (p for p in every if NO_NUMBERS.isdisjoint(p.relative_to(ours).parents)))


package_digest()  # of the files as they are now, not as they may be when a cell is put away
