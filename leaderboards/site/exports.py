"""The board as data: CSV and Parquet with a line a value, JSON table by table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from leaderboards.board.secondary import reference_rows, scores_of
from leaderboards.board.tables import Board, Column, Entry, Row, Table
from leaderboards.board.values import value_of

FIELDS: dict[str, tuple[str, str]] = {
    "backend": ("string", "the model, by its full name"),
    "data": ("string", "what it was scored on"),
    "site": ("string", "where activations were read; empty where the task sweeps over sites"),
    "split": ("string", "test, val or all"),
    "variant": ("string", "fair, or paper for the published setting"),
    "limit": ("int64", "rows taken by --limit; 0 for all"),
    "centred": ("bool", "whether each modality's train mean was removed"),
    "task": ("string", "the question"),
    "task_version": ("int64", "what its meaning moves with"),
    "metric": ("string", "the score's name"),
    "unit": ("string", "what one unit is"),
    "higher_is_better": ("bool", "empty where neither direction is better"),
    "method": ("string", "the method's name"),
    "codes": ("string", "full, or truncated to the k strongest latents"),
    "lane": ("string", "reference, verified or self-reported"),
    "submission": ("string", "the submission's name; empty for reference rows"),
    "kind": ("string", "method, or control: shown and not ranked"),
    "marks": ("string", "what a reader must know of the row, a semicolon between"),
    "value": ("double", "mean over seeds"),
    "ci_low": ("double", "95 % over seeds and items; of one seed over items alone"),
    "ci_high": ("double", "its other end"),
    "se": ("double", "standard error over seeds and items"),
    "n": ("int64", "units"),
    "seeds": ("string", "seeds, a semicolon between"),
    "seed_values": ("string", "the value of each, a semicolon between"),
    "floor": ("double", "the highest null of the row's own cells"),
    "ceiling": ("double", "empty where there is none"),
    "fresh": ("bool", "of the versions that the column is ranked at"),
    "tier": ("int64", "1 for the best; empty where it is not ranked"),
    "provisional": ("bool", "a self-reported row's tier, which moves no other row"),
    "unranked": ("string", "why there is no tier"),
    "unreliable": ("string", "why the metric failed its audit here; empty where it did not"),
    "data_revision": ("string", "of the data"),
    "backend_revision": ("string", "of the model"),
}
"""Columns of rows.csv and rows.parquet: type, and what they say."""
DIGITS = 6
METRICS = (
    "backend",
    "data",
    "site",
    "split",
    "variant",
    "limit",
    "centred",
    "task",
    "task_version",
    "metric",
    "unit",
    "higher_is_better",
    "method",
    "codes",
    "value",
    "se",
    "n",
    "seeds",
)
"""Columns of metrics.parquet: every metric of the reference rows."""


def files(board: Board) -> dict[str, bytes]:
    """Every file of data, by its path."""
    flat = list(lines(board))
    return {
        "data/rows.csv": as_csv(flat),
        "data/rows.json": as_json(board),
        "data/rows.parquet": as_parquet(flat, list(FIELDS)),
        "data/metrics.parquet": as_parquet(list(metrics(board)), METRICS),
    }


def lines(board: Board) -> Iterator[dict[str, Any]]:
    """A line a main value, in the order of the board."""
    for table in board.tables:
        for column in table.columns:
            for row in table.rows:
                if (entry := row.entries.get(column.task)) is not None:
                    yield line(table, column, row, entry)


def place(table: Table) -> dict[str, Any]:
    """Where a table is of."""
    return {
        name: getattr(table.place, name)
        for name in ("backend", "data", "site", "split", "variant", "limit", "centred")
    }


def line(table: Table, column: Column, row: Row, entry: Entry) -> dict[str, Any]:
    """One value with everything that a reader of it alone must know."""
    value = entry.value
    return {
        **place(table),
        "task": column.task,
        "task_version": entry.pin.version,
        "metric": column.metric,
        "unit": column.unit,
        "higher_is_better": column.higher_is_better,
        "method": row.method,
        "codes": row.codes,
        "lane": row.lane,
        "submission": row.slug,
        "kind": row.kind,
        "marks": ";".join(row.marks),
        "value": rounded(value.value),
        "ci_low": rounded(value.low),
        "ci_high": rounded(value.high),
        "se": rounded(value.se),
        "n": value.n,
        "seeds": ";".join(str(seed) for seed, _ in value.seeds),
        "seed_values": ";".join(str(rounded(score)) for _, score in value.seeds),
        "floor": rounded(entry.floor),
        "ceiling": rounded(entry.ceiling),
        "fresh": entry.fresh,
        "tier": entry.tier,
        "provisional": entry.provisional,
        "unranked": entry.unranked,
        "unreliable": column.doubt,
        "data_revision": entry.pin.data_revision,
        "backend_revision": entry.pin.backend_revision,
    }


def metrics(board: Board) -> Iterator[dict[str, Any]]:
    """A line a metric of every fresh reference row."""
    for table in board.tables:
        for row in reference_rows(table):
            for task, entry in row.entries.items():
                if entry.fresh:
                    for name, scores in scores_of(row, task).items():
                        value, first = value_of(scores), scores[0][1]
                        yield {
                            **place(table),
                            "task": task,
                            "task_version": entry.pin.version,
                            "metric": name,
                            "unit": first.unit,
                            "higher_is_better": first.higher_is_better,
                            "method": row.method,
                            "codes": row.codes,
                            "value": value.value,
                            "se": value.se,
                            "n": value.n,
                            "seeds": ";".join(str(seed) for seed, _ in value.seeds),
                        }


def rounded(value: float | None) -> float | None:
    """Digits enough to sort and compare by; records have more."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def as_csv(flat: Sequence[dict[str, Any]]) -> bytes:
    """Text that a spreadsheet could take for a formula gets an apostrophe before it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(FIELDS), lineterminator="\n")
    writer.writeheader()
    for each in flat:
        writer.writerow({name: _plain(value) for name, value in each.items()})
    return text.getvalue().encode(errors="replace")


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def as_parquet(flat: Sequence[dict[str, Any]], names: Sequence[str]) -> bytes:
    """Columns by type; words that repeat are kept once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"string": pa.string(), "int64": pa.int64(), "bool": pa.bool_(), "double": pa.float32()}
    schema = pa.schema([(name, types[FIELDS[name][0]]) for name in names])
    columns = {name: [_utf8(each[name]) for each in flat] for name in names}
    out = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=schema), out, compression="zstd")
    return bytes(out.getvalue().to_pybytes())


def _utf8(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        return value.encode(errors="replace").decode()
    return value


def as_json(board: Board) -> bytes:
    """Table by table, so that nothing is said twice."""
    tables = [
        {
            **place(table),
            "columns": [_column(column) for column in table.columns],
            "rows": [_row(row) for row in table.rows],
        }
        for table in board.tables
    ]
    days = {"first_day": board.first_day, "last_day": board.last_day}
    content = {**days, "value_fields": list(VALUES), "tables": tables}
    return (json.dumps(content, separators=(",", ":")) + "\n").encode()


def _column(column: Column) -> dict[str, Any]:
    kept = ("task", "metric", "unit", "n", "higher_is_better", "floor", "ceiling", "n_tiers")
    return {
        **{name: getattr(column, name) for name in kept},
        "reliable_difference": rounded(column.reliable),
        "baselines": dict(column.baselines),
        "unreliable": column.doubt,
        "task_version": column.pin.version,
        "data_revision": column.pin.data_revision,
        "backend_revision": column.pin.backend_revision,
    }


def _row(row: Row) -> dict[str, Any]:
    said: dict[str, Any] = {
        "method": row.method,
        "codes": row.codes,
        "lane": row.lane,
        "submission": row.slug,
        "kind": row.kind,
        "marks": list(row.marks),
        "parameters": row.record.parameters,
        "l0": row.record.l0,
        "absent": {task: [why.status, why.reason] for task, why in row.absent.items()},
    }
    values = {task: _entry(entry) for task, entry in row.entries.items()}
    return {n: each for n, each in said.items() if each not in (None, "", [], {})} | {
        "values": values
    }


VALUES = ("value", "ci_low", "ci_high", "se", "n", "floor", "tier", "seeds", "seed_values", "why")
"""What stands in the list of a value; `why` is why it is not ranked, or that it is provisional."""


def _entry(entry: Entry) -> list[Any]:
    value = entry.value
    return [
        rounded(value.value),
        rounded(value.low),
        rounded(value.high),
        rounded(value.se),
        value.n,
        rounded(entry.floor),
        entry.tier,
        [seed for seed, _ in value.seeds],
        [rounded(score) for _, score in value.seeds],
        entry.unranked or ("provisional" if entry.provisional else None),
    ]
