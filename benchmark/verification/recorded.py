"""The submitted method as its cells and its source tell of it: nothing of it is run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.configure import build
from benchmark.contracts import Artifact, Need, TrainingData
from benchmark.registry import Choice, find
from benchmark.run.cells import Case
from benchmark.run.fitting import PATCH
from benchmark.sources import Entry, read
from benchmark.submissions import Submission
from benchmark.submissions.records import RECORD

DEFAULTS = {"needs": frozenset({Need.PAIRS}), "provides": frozenset({Need.LATENTS})}
"""As the contract has them, where a class does not say."""


@dataclass(frozen=True)
class RecordedMethod:
    """What scoring asks of a method, read from its syntax tree; it fits nothing."""

    config: Mapping[str, Any]
    needs: frozenset[Need] = DEFAULTS["needs"]
    provides: frozenset[Need] = DEFAULTS["provides"]
    site: str | None = None
    fits: bool = True

    def fit(self, data: TrainingData) -> Artifact:
        """Always raises ValueError."""
        raise ValueError(f"seed {data.seed} would be fitted by the submitted code: not run here")


@dataclass(frozen=True)
class RecordedCase(Case):
    """A case whose configuration is the one that its cells name."""

    told: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Every field of the method, as the cells have it."""
        return dict(self.told)


def choice_of(record: Submission, folder: Path) -> Choice:
    """The method's file: the library's, or the submission's under the name that its cells have.

    Dictionaries that were fitted elsewhere have none: their record stands for it.
    """
    if record.imported:
        path = folder / RECORD
        return Choice(Entry("method", record.method, path, RecordedMethod.__name__, "", (), ""))
    if record.method_file is None:
        return find("method", record.method)
    entry = read(folder / "method.py", "method")
    return Choice(replace(entry, name=record.method, presets={}))


def stand_in(record: Submission, choice: Choice, config: Mapping[str, Any]) -> Any:
    """What is scored as the method: the library's own, else what the source says of it."""
    if record.imported:
        patched = any(name.endswith(PATCH) for name in record.files)
        more = frozenset({Need.PATCH}) if patched else frozenset()
        provides = DEFAULTS["provides"] | more
        return RecordedMethod(config=config, needs=frozenset(), provides=provides)
    if record.method_file is None:
        return configured(choice, config)
    said = declarations(choice)
    return RecordedMethod(config=config, **said)


def configured(choice: Choice, config: Mapping[str, Any]) -> Any:
    """The method itself in a recorded configuration: its code is loaded.

    Raises ValueError where it has other fields than the record.
    """
    return build(choice, {name: unlisted(value) for name, value in config.items()})


def unlisted(value: Any) -> Any:
    """A field as dataclasses have it: JSON knows lists, fields are tuples."""
    return tuple(unlisted(each) for each in value) if isinstance(value, list) else value


def declarations(choice: Choice) -> dict[str, Any]:
    """`needs`, `provides` and `site` of a method's class, from its source alone."""
    tree = ast.parse(choice.entry.path.read_text())
    (cls,) = [
        c for c in tree.body if isinstance(c, ast.ClassDef) and c.name == choice.entry.class_name
    ]
    found: dict[str, Any] = dict(DEFAULTS)
    for item in cls.body:
        targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
        names = {getattr(target, "id", "") for target in targets}
        value = getattr(item, "value", None)
        if value is None:
            continue
        for name in names & set(DEFAULTS):
            used = {node.attr for node in ast.walk(value) if isinstance(node, ast.Attribute)}
            found[name] = frozenset(Need[each] for each in used & set(Need.__members__))
        if "site" in names and isinstance(value, ast.Constant) and isinstance(value.value, str):
            found["site"] = value.value
    return found
