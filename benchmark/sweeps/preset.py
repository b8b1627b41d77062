"""What is done with a choice: the line that makes it a preset, and the command that tests it."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from benchmark.registry import Choice
from benchmark.reports.names import short
from benchmark.reports.panels import Where
from benchmark.sweeps.grid import Point, word

SUFFIX = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_preset(name: str, choice: Choice) -> None:
    """Raises ValueError for a name that could be no suffix, or that the method has already."""
    if not SUFFIX.fullmatch(name):
        raise ValueError(f"--preset {name!r}: wanted small letters, digits and single dashes")
    if name in choice.entry.presets:
        raise ValueError(f"--preset {name}: {choice.entry.name} has one already, choose another")


def preset_line(name: str, choice: Choice, point: Point) -> str:
    """The entry for `PRESETS` of the method's file, or all of it where the file has none."""
    fields: Mapping[str, Any] = {**choice.fields, **point.given}
    entry = f'"{name}": {literal(fields)},'
    if choice.entry.presets:
        return entry
    return f"PRESETS: dict[str, dict[str, object]] = {{{entry.rstrip(',')}}}"


def literal(value: Any) -> str:
    """A value as Python has it, text in double quotes."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def on_test(arguments: argparse.Namespace, where: Where, point: Point) -> str:
    """The `run` that scores a point on test: read as in the sweep, on the same seeds."""
    words = ["run", "--method", arguments.method[0]]
    for name, value in point.given.items():
        words += ["--set", f"{name}={word(value)}"]
    backend, _, site, _, _ = where
    called = short(backend)
    words += ["--backend", backend if "…" in called else called]
    words += ["--data", arguments.data] if arguments.data else []
    words += ["--site", site] if arguments.site else []
    words += ["--limit", str(arguments.limit)] if arguments.limit else []
    words += ["--centre"] if arguments.centre else []
    words += ["--seed", *map(str, dict.fromkeys(arguments.seed))]
    return shlex.join(["python", "-m", "benchmark", *words])
