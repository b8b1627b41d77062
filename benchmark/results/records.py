"""Records of cells and documents: a record that breaks a promise cannot be made.

Numbers are finite, a scored cell has scores and one main score per variant, any other cell has a
reason, and the key is that of the content.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, field_validator, model_validator

from benchmark.results.keys import canonical, cell_key
from benchmark.results.scores import Name, Record, RecordError, Score, inconsistent_scores

SCHEMA_VERSION = 1

Status = Literal["scored", "not_applicable", "failed", "skipped", "oom"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


def _plain(content: Any) -> Any:
    """Content as JSON will give it back: tuples become lists, so that equal records are equal."""
    return json.loads(canonical(content))


Json = Annotated[dict[str, JsonValue], BeforeValidator(_plain)]


class TaskRecord(Record):
    """The question, and the version that its meaning moves with."""

    name: Name
    version: Annotated[int, Field(ge=1)]


class MethodRecord(Record):
    """The method as it ran: `config` is every field and the budget, `given` what the user set."""

    name: Name
    version: str | None = None
    config: Json = {}
    given: Json = {}
    code: str | None = None
    """Digest of the code of the method and of what scores it."""
    parameters: Count | None = None
    l0: dict[str, float] | None = None
    chosen: Json = {}
    """What the fit chose on val."""
    checkpoint_sha256: Sha256 | None = None
    supervised: bool = False
    """It saw concept labels, the planted truth, or answers that name what pictures show."""
    patched: str | None = None
    """Revision of the backend with the method's own weights, where it replaced some."""


class BackendRecord(Record):
    """The model and how its activations were read."""

    name: Name
    revision: str
    sites: tuple[str, ...] = Field(default=(), strict=False)
    preprocessing: str | None = None
    dtype: str | None = None


class DataRecord(Record):
    """The data; `sizes` are images and captions per split, such as {"test/images": 2000}."""

    name: Name
    revision: str
    limit: Annotated[int, Field(ge=1)] | None = None
    centred: bool = False
    sizes: dict[str, Count] = {}
    ids_sha256: Sha256 | None = None
    licence: str | None = None


class Environment(Record):
    """Where a cell was computed. `commit` is of this package, never of the working directory."""

    packages: dict[str, str] = {}
    python: str
    platform: str
    cpu: str | None = None
    device: str | None = None
    driver: str | None = None
    version: str | None = None
    commit: str | None = None
    dirty: bool | None = None


class Cell(Record):
    """One method on one backend, site, task, data, split, variant and seed."""

    key: Sha256
    status: Status
    reason: str | None = None
    task: TaskRecord
    method: MethodRecord
    backend: BackendRecord
    site: str | None = None
    """Null where the task sweeps over sites."""
    data: DataRecord
    split: Name
    variant: Literal["fair", "paper"] = "fair"
    seed: int
    siblings: tuple[int, ...] = Field(default=(), strict=False)
    """Other seeds of the run, where the task looks at them."""
    package: str | None = None
    """Digest of the code of ours that results depend on."""
    scores: tuple[Score, ...] = Field(default=(), strict=False)
    left_out: dict[str, str] = {}
    """References that did not apply, each with its reason."""
    units_file: str | None = None
    units_sha256: Sha256 | None = None
    timing: dict[str, Annotated[float, Field(ge=0)]] = {}
    environment: Environment
    created: str | None = None

    @field_validator("units_file")
    @classmethod
    def _beside(cls, name: str | None) -> str | None:
        if name is not None and ("/" in name or "\\" in name or name.startswith(".")):
            raise ValueError(f"units_file is {name}, wanted the name of a file beside the record")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        broken = [*_inconsistent(self), *inconsistent_scores(self.scores)]
        if broken:
            raise RecordError(*broken)
        if self.key != key_of(self):
            raise ValueError(f"key {self.key[:12]} is not the key of this content")
        return self


def _inconsistent(cell: Cell) -> Iterator[str]:
    if cell.status == "scored" and not cell.scores:
        yield "status is scored, but there are no scores"
    if cell.status != "scored" and not cell.reason:
        yield f"status is {cell.status}, but no reason is given"
    if cell.status != "scored" and (cell.scores or cell.units_file):
        yield f"status is {cell.status}, but there are scores or units"
    if (cell.units_file is None) != (cell.units_sha256 is None):
        yield "units_file and units_sha256 come together"


class Run(Record):
    """The command that made a document; paths stay out of it, so that runs can be compared."""

    arguments: Json = {}
    environment: Environment | None = None
    started: str | None = None
    finished: str | None = None


class Document(Record):
    """Everything that one run says."""

    schema_version: Literal[1] = 1
    run: Run = Run()
    cells: tuple[Cell, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        twice = [key for key, n in Counter(cell.key for cell in self.cells).items() if n > 1]
        if twice:
            raise RecordError(*(f"cell {key[:12]} is there more than once" for key in twice))
        return self


def key_of(cell: Cell) -> str:
    """The key that the content of a record asks for."""
    return cell_key(
        task=cell.task.name,
        task_version=cell.task.version,
        variant=cell.variant,
        method=cell.method.name,
        config=cell.method.config,
        code=cell.method.code,
        backend=cell.backend.name,
        backend_revision=cell.backend.revision,
        site=cell.site,
        data=cell.data.name,
        data_revision=cell.data.revision,
        split=cell.split,
        seed=cell.seed,
        limit=cell.data.limit,
        centred=cell.data.centred,
        siblings=cell.siblings,
        package=cell.package,
    )
