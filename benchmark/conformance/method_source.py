"""What a method's file and class promise before anything is fitted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from benchmark.configure import build, field_types
from benchmark.conformance.fit_runs import MethodCase
from benchmark.conformance.house_rules import forbidden
from benchmark.conformance.promises import Finding, Promise
from benchmark.contracts import Need
from benchmark.registry import Choice

IMPORTS = "imports only contracts, parts and packages"
CONFIGURATION = "is a frozen dataclass whose presets are valid"
DECLARED = "declares its needs"


def imports(case: MethodCase) -> Iterator[Finding]:
    for line in forbidden(case.path, "methods"):
        yield Finding(line)


def configuration(case: MethodCase) -> Iterator[Finding]:
    """Fields are the whole configuration, cannot change, and presets speak of them alone."""
    cls = type(case.method)
    name = cls.__name__
    if dataclasses.is_dataclass(cls):
        if not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            yield Finding(f"{name} can be changed after it is built: use @dataclass(frozen=True)")
    elif vars(case.method):
        fields = ", ".join(vars(case.method))
        yield Finding(f"{name} keeps {fields} outside a dataclass: use @dataclass(frozen=True)")
    entry, known = case.choice.entry, field_types(cls)
    loose = list(loose_fields(cls))
    if loose:
        yield Finding(
            f"{name} writes {', '.join(loose)} as fields, and none is: put "
            f"@dataclass(frozen=True) over the class"
        )
    for label, given in {**entry.presets, "PAPER": entry.paper}.items():
        unknown = sorted(set(given) - set(known))
        if unknown:
            yield Finding(f"{label} sets {', '.join(unknown)}, which {name} does not have")
            continue
        try:
            build(Choice(entry), given)
        except ValueError as error:
            yield Finding(f"{label} cannot be built: {error}")


def loose_fields(cls: type) -> Iterator[str]:
    """Names that a class annotates as fields without being made a dataclass itself."""
    own = vars(cls).get("__annotations__", {})
    known = {f.name for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else set()
    for name, kind in own.items():
        if name not in known and not any(each in str(kind) for each in ("ClassVar", "InitVar")):
            yield name


def declared(case: MethodCase) -> Iterator[Finding]:
    """`needs` and `provides` hold Needs, and say the same to `ls`, which reads the source."""
    cls = type(case.method)
    for name in ("needs", "provides"):
        value = getattr(cls, name, None)
        if not isinstance(value, frozenset) or not all(isinstance(n, Need) for n in value):
            yield Finding(f"{name} is {value!r}, wanted a frozenset of Need")
            return
    if not isinstance(cls.fits, bool):
        yield Finding(f"fits is {cls.fits!r}, wanted True or False")
    written = set(case.choice.entry.needs)
    held = {need.name for need in cls.needs}
    if written != held:
        shown = ", ".join(sorted(written)) or "none"
        yield Finding(
            f"`ls` reads needs {shown} in the source, the class has "
            f"{', '.join(sorted(held)) or 'none'}: write them out as Need.NAME"
        )
    if not case.choice.entry.summary:
        yield Finding("the file has no docstring: its first line is what `ls` shows")


PROMISES: tuple[Promise[MethodCase], ...] = (
    Promise(IMPORTS, imports),
    Promise(CONFIGURATION, configuration),
    Promise(DECLARED, declared),
)
