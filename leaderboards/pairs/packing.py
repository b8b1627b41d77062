"""Pairs on disk: a packed file a backend, a column a number, the same bytes for the same pairs."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from benchmark.reports.compare.places import Where
from benchmark.reports.compare.seeds import REASONS
from benchmark.results import SUFFIX, bundle_file, write_whole
from leaderboards.pairs.records import Pair, Table

VERSION = 1
DIGITS = 3
"""Of an interval's width; its ends and the difference are rounded alike, so it still holds it."""
NUMBERS = ("difference", "low", "high", "p", "n")
JSON_SUFFIX = ".json.gz"


def pairs_file(folder: Path, backend: str) -> Path:
    """Where the pairs of a backend are, by its short name."""
    return folder / (bundle_file(folder, backend).name.removesuffix(SUFFIX) + JSON_SUFFIX)


def write_pairs(path: Path, tables: Iterable[Table]) -> None:
    """Writes tables in one order, whatever the order they come in."""
    content = [_table(table) for table in sorted(tables, key=lambda each: each.key)]
    whole = {"schema_version": VERSION, "tables": content}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)
    write_whole(path, gzip.compress(text.encode(), compresslevel=9, mtime=0))


def read_pairs(path: Path) -> tuple[Table, ...]:
    """Its tables. Raises ValueError in one line for a file that holds none."""
    try:
        whole = json.loads(gzip.decompress(path.read_bytes()))
        if whole["schema_version"] != VERSION:
            raise ValueError(f"it is of version {whole['schema_version']}, wanted {VERSION}")
        return tuple(_read(table) for table in whole["tables"])
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"{path} is no file of pairs ({type(error).__name__}: {error}): bundle the runs again"
        ) from error


def _table(table: Table) -> dict[str, Any]:
    methods = table.methods
    at = {name: i for i, name in enumerate(methods)}
    names = sorted(table.pairs)
    rows = [_rounded(table.pairs[each]) for each in names]
    seeds = sorted({row.seeds for row in rows})
    return {
        "where": asdict(table.where),
        "metric": table.metric,
        "codes": table.codes,
        "unit": table.unit,
        "higher_is_better": table.higher_is_better,
        "methods": methods,
        "cells": [{str(s): key for s, key in table.cells[name].items()} for name in methods],
        "a": [at[a] for a, _ in names],
        "b": [at[b] for _, b in names],
        **{column: [getattr(row, column) for row in rows] for column in NUMBERS},
        "seeds": seeds,
        "over": [seeds.index(row.seeds) for row in rows],
        "refused": {str(i): row.refused for i, row in enumerate(rows) if row.refused},
    }


def _rounded(pair: Pair) -> Pair:
    """Numbers in as many digits as their interval gives a meaning to."""
    if pair.difference is None or pair.low is None or pair.high is None or pair.p is None:
        return pair
    width = pair.high - pair.low
    size = width or abs(pair.difference) / 10**DIGITS
    places = DIGITS - math.floor(math.log10(size)) if size > 0 else 0
    difference, low, high = (
        round(end, places) + 0.0 for end in (pair.difference, pair.low, pair.high)
    )
    return Pair(difference, low, high, float(f"{pair.p:.4g}"), pair.n, pair.seeds)


def _read(found: Mapping[str, Any]) -> Table:
    methods: Sequence[str] = found["methods"]
    columns = [found[name] for name in ("a", "b", *NUMBERS, "over")]
    place = found["where"]
    if place.keys() != {each.name for each in fields(Where)}:
        raise ValueError(f"a place has {', '.join(place)}")
    pairs = {}
    for i, (a, b, *numbers, over) in enumerate(zip(*columns, strict=True)):
        refused = found["refused"].get(str(i))
        if refused is not None and refused not in REASONS:
            raise ValueError(f"{refused!r} is no reason, wanted one of {', '.join(REASONS)}")
        seeds = tuple(found["seeds"][over])
        difference, low, high, p, n = numbers
        pairs[methods[a], methods[b]] = Pair(difference, low, high, p, n, seeds, refused)
    return Table(
        where=Where(**place),
        metric=found["metric"],
        codes=found["codes"],
        unit=found["unit"],
        higher_is_better=found["higher_is_better"],
        pairs=pairs,
        cells={
            name: {int(seed): key for seed, key in stamps.items()}
            for name, stamps in zip(methods, found["cells"], strict=True)
        },
    )
