"""From a choice and `--set key=value` to a method or task object, every value checked."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from benchmark.messages.nearest import hint
from benchmark.messages.raised import one_line, place, with_kind
from benchmark.registry import Choice, load


def parse_sets(items: Sequence[str]) -> dict[str, str]:
    """`key=value` strings as a mapping. Raises ValueError on anything else, and on a key twice."""
    found: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not all(key.split(".")) or not equals:
            raise ValueError(f"--set {item}: wanted key=value, as in --set k=32")
        if key in found:
            raise ValueError(f"--set {key} is given twice, {found[key]} and {value}: wanted once")
        found[key] = value
    return found


def field_types(cls: type) -> dict[str, Any]:
    """The configuration of a method or task: its dataclass fields and their types."""
    if not dataclasses.is_dataclass(cls):
        return {}
    try:
        hints = typing.get_type_hints(cls)
    except Exception as error:  # whatever the annotations raise when they are evaluated
        raise ValueError(
            f"{cls.__name__} has a field of unknown type: {with_kind(error)}"
        ) from error
    return {f.name: hints[f.name] for f in dataclasses.fields(cls) if f.init}


def build(choice: Choice, given: Mapping[str, Any]) -> Any:
    """The object itself. Raises ValueError, one line, where a field or its value is wrong."""
    cls = load(choice.entry)
    fields = {**choice.fields, **given}
    known = field_types(cls)
    for name in fields:
        if name not in known:
            raise ValueError(unknown_field(choice.name, name, known))
    try:
        return cls(**fields)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{choice.entry.kind} {choice.name}: {one_line(error)}") from error
    except Exception as error:  # what its own __post_init__ raises is the user's to read
        said = with_kind(error) + place(error, choice.entry.path)
        raise ValueError(f"{choice.entry.kind} {choice.name}: {said}") from error


def in_variant(choice: Choice, given: Mapping[str, Any], variant: str) -> dict[str, Any]:
    """Fields of a choice in a variant; the paper's never replace those that make a preset."""
    return {**choice.entry.paper, **choice.fields, **given} if variant == "paper" else dict(given)


def settings(choices: Sequence[Choice], sets: Mapping[str, str]) -> list[dict[str, Any]]:
    """What each choice is given: a key goes to every method with that field, one at least.

    `name.key=value` speaks to that method alone, and goes before what is said to all.
    """
    known = [field_types(load(choice.entry)) for choice in choices]
    given: list[dict[str, Any]] = [{} for _ in choices]
    for key, text in sorted(sets.items(), key=lambda item: "." in item[0]):
        scope, _, name = key.rpartition(".")
        takers = [i for i, c in enumerate(choices) if scope in ("", c.name) and name in known[i]]
        if not takers:
            names = [choice.name for choice in choices]
            if scope and scope not in names:
                raise ValueError(f"--set {key}: {scope} is not run here, only {', '.join(names)}")
            there = [set(k) for c, k in zip(choices, known, strict=True) if scope in ("", c.name)]
            raise ValueError(unknown_field(scope or " or ".join(names), name, set().union(*there)))
        for i in takers:
            given[i][name] = parse(text, known[i][name], f"--set {key}={text}")
    return given


def unknown_field(owner: str, name: str, known: Any) -> str:
    return f"{owner} has no field {name}: {hint(name, sorted(known))}"


def parse(text: str, wanted: Any, where: str) -> Any:
    """A command-line word as the type of its field. Raises ValueError in one line."""
    origin = typing.get_origin(wanted)
    if origin in (typing.Union, types.UnionType):
        options = [t for t in typing.get_args(wanted) if t is not type(None)]
        if text.lower() == "none" and len(options) < len(typing.get_args(wanted)):
            return None
        return parse(text, options[0], where)
    if origin is Literal:
        allowed = {str(value): value for value in typing.get_args(wanted)}
        if text not in allowed:
            raise ValueError(f"{where}: wanted one of {', '.join(allowed)}")
        return allowed[text]
    if origin is tuple:
        item = typing.get_args(wanted)[0]
        return tuple(parse(part, item, where) for part in text.split(",") if part)
    if wanted is bool:
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if text.lower() not in words:
            raise ValueError(f"{where}: wanted true or false")
        return words[text.lower()]
    return _number_or_text(text, wanted, where)


def _number_or_text(text: str, wanted: Any, where: str) -> Any:
    try:
        value = wanted(text)
        if wanted is float and not math.isfinite(value):
            raise ValueError
        return value
    except (TypeError, ValueError):
        name = getattr(wanted, "__name__", str(wanted))
        kind = {"int": "a whole number", "float": "a number"}.get(name, name)
        raise ValueError(f"{where}: wanted {kind}, found {text!r}") from None
