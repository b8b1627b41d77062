"""The grid: fields of one method with the values to try, and every combination as a point."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from benchmark.configure import build, field_types, parse, unknown_field
from benchmark.registry import Choice, load
from benchmark.results import canonical

Grid = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Point:
    """One configuration of the method."""

    values: Mapping[str, Any]
    """Of the grid's fields alone."""
    given: Mapping[str, Any]
    """These and what `--set` says."""
    config: Mapping[str, Any]
    """Every field, as records have it."""
    is_default: bool = False
    """The method as it is without the grid."""
    on_grid: bool = True
    """False of the default where the grid does not hold it: it is compared with, never chosen."""

    @property
    def label(self) -> str:
        """`lambda_a=0.3 lr=0.01`: words that `--set` reads back."""
        return " ".join(f"{name}={word(value)}" for name, value in self.values.items())


def grid_of(items: Sequence[str], choice: Choice, given: Mapping[str, Any]) -> Grid:
    """`field=value,value` strings as a grid. Raises ValueError, one line, for anything wrong."""
    known = field_types(load(choice.entry))
    found: dict[str, tuple[Any, ...]] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not name or not equals:
            raise ValueError(f"--grid {item}: wanted FIELD=VALUE,VALUE, as in --grid lr=1e-3,1e-2")
        if name not in known:
            raise ValueError(unknown_field(choice.name, name, known))
        if name in found:
            raise ValueError(f"--grid {name} is given twice: put all its values behind one")
        if name in given:
            raise ValueError(f"{name} is in --grid and in --set: wanted in one of them")
        found[name] = _values(name, text, known[name])
    return found


def _values(name: str, text: str, wanted: Any) -> tuple[Any, ...]:
    """The values of one field, each once; those of a field that is a tuple stand between `;`."""
    comma = ";" if typing.get_origin(wanted) is tuple else ","
    said: dict[Any, str] = {}
    for part in text.split(comma):
        if not part.strip():
            raise ValueError(
                f"--grid {name}={text}: found an empty value, wanted one at each place"
            )
        value = parse(part.strip(), wanted, f"--grid {name}={part}")
        if value in said:
            raise ValueError(f"--grid {name}: {said[value]} and {part} are one value, wanted once")
        said[value] = part
    return tuple(said)


def points_of(choice: Choice, given: Mapping[str, Any], grid: Grid) -> tuple[Point, ...]:
    """Every combination, the last field changing fastest; the default after them if it is not one.

    Raises ValueError where a point cannot be built, or there is only one.
    """
    every = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    if len(every) < 2:
        raise ValueError("--grid holds one point: wanted two values of a field at least, or `run`")
    own = build(choice, given)
    default = _config(own)
    found: list[Point] = []
    for values in every:
        whole = {**given, **values}
        config = _config(build(choice, whole))
        point = Point(values, whole, config, is_default=config == default)
        if config in [other.config for other in found]:
            raise ValueError(f"{choice.name} makes of {point.label} what it made of another point")
        found.append(point)
    if not any(point.is_default for point in found):
        values = {name: getattr(own, name) for name in grid}
        found.append(Point(values, given, default, is_default=True, on_grid=False))
    return tuple(found)


def _config(method: Any) -> dict[str, Any]:
    """Every field, as records have it."""
    return json.loads(canonical(asdict(method)))


def word(value: Any) -> str:
    """A value as the command line spells it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(value).removesuffix(".0")
    return ",".join(map(word, value)) if isinstance(value, tuple) else str(value)


def smaller_first(point: Point, grid: Grid) -> tuple[float, ...]:
    """An order of points: smaller numbers first, field by field; any other value by its place."""
    return tuple(
        float(value) if type(value) in (int, float) else float(grid[name].index(value))
        for name, value in point.values.items()
    )
