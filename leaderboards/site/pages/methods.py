"""A page for every method and submission: equation, paper, budget, all values, how to rerun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.reports.numbers import number
from benchmark.results import MethodRecord
from leaderboards.board.sources import Source
from leaderboards.board.tables import MARKS, Column, Entry, Row, Table
from leaderboards.site import docs
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page
from leaderboards.site.rerun import commands

NAV = Nav(3, "Methods", "methods/index.html", "equation, paper, budget, how to rerun")
BUDGET = ("n_latents", "k", "steps", "batch_size", "lr")


@dataclass(frozen=True)
class Found:
    """One row of one table: a place where the method was scored."""

    table: Table
    row: Row

    @property
    def values(self) -> list[tuple[Column, Entry]]:
        """Columns with a value."""
        entries = self.row.entries
        return [(c, entries[c.task]) for c in self.table.columns if c.task in entries]


def make(facts: Facts) -> Iterator[Page]:
    """The index, a page a reference method, a page a submission."""
    found: dict[tuple[str, str], list[Found]] = {}
    for table in facts.board.tables:
        for row in table.rows:
            name = "" if row.slug else row.method
            found.setdefault((row.slug, name), []).append(Found(table, row))
    ours = {name: its for (slug, name), its in sorted(found.items()) if not slug}
    yield Page(NAV.path, "Methods", "methods.html.j2", index(facts, ours))
    for name, its in ours.items():
        context = of_reference(facts, name, its)
        yield Page(facts.links.method(name), name, "method.html.j2", context, NAV.path)
    for slug, source in sorted(facts.submissions.items()):
        context = of_submission(source, found.get((slug, ""), []))
        path = facts.links.submission(slug)
        title = source.record.title if source.record else slug
        yield Page(path, title, "method.html.j2", context, NAV.path)


def index(facts: Facts, ours: dict[str, list[Found]]) -> dict[str, Any]:
    """Families with their presets; methods that are only run by hand are listed as well."""
    families = []
    for name, entry in facts.methods.items():
        members = [each for each in entry.names if each in ours]
        families.append(
            {
                "name": name,
                "doc": docs.read(entry.path),
                "members": [(each, facts.links.method(each)) for each in members],
                "presets": [each for each in entry.names[1:] if each not in ours],
                "needs": [need.lower().replace("_", " ") for need in entry.needs],
            }
        )
    others = [name for name in ours if name not in facts.presets]
    return {
        "families": families,
        "others": [(name, facts.links.method(name)) for name in others],
        "submitted": [
            (source.record, source.lane, facts.links.submission(slug))
            for slug, source in sorted(facts.submissions.items())
        ],
    }


def of_reference(facts: Facts, name: str, found: Sequence[Found]) -> dict[str, Any]:
    """What the page of a reference method shows; presets share the file of their method."""
    entry, preset = facts.presets.get(name, (None, ""))
    doc = docs.read(entry.path, entry.class_name) if entry else docs.Doc()
    siblings = [each for each in entry.names if each != name] if entry else []
    known = facts.links.methods
    return {
        "name": name,
        "doc": doc,
        "papers": docs.papers(doc),
        "preset": entry.presets[preset] if entry and preset else {},
        "family": entry.name if entry else name,
        "siblings": [(each, known.get(each)) for each in siblings],
        "needs": [need.lower().replace("_", " ") for need in entry.needs] if entry else [],
        "submission": None,
        "lane": "reference",
        **shared(found),
    }


def of_submission(source: Source, found: Sequence[Found]) -> dict[str, Any]:
    """The same of a submission; its file is read, never run."""
    record = source.record
    path = source.folder / "method.py" if source.folder else None
    doc = docs.read(path) if path and path.is_file() else docs.Doc()
    return {
        "name": record.title if record else "",
        "doc": doc,
        "papers": docs.papers(doc),
        "preset": {},
        "family": "",
        "siblings": [],
        "needs": [],
        "submission": record,
        "lane": source.lane,
        **shared(found, record.method_file if record else None),
    }


def shared(found: Sequence[Found], file: str | None = None) -> dict[str, Any]:
    """Values, budget and commands; `file` is that of a method that does not ship."""
    record = found[0].row.record if found else None
    marks = {mark for each in found for mark in each.row.marks}
    absent = [
        (each.table.place, task, why)
        for each in found
        if each.row.codes == "full"
        for task, why in each.row.absent.items()
    ]
    return {
        "found": found,
        "record": record,
        "budget": [(name, record.config[name]) for name in BUDGET if name in record.config]
        if record
        else [],
        "own": own_fields(record) if record else [],
        "sizes": sizes(found),
        "marks": [mark for mark in MARKS if mark in marks],
        "what_marks": MARKS,
        "absent": absent,
        "seeds": seeds_of,
        "commands": commands([each.row for each in found], file),
    }


def seeds_of(entry: Entry) -> str:
    """The value of each seed, by seed."""
    return " ".join(number(value) for _, value in entry.value.seeds)


def own_fields(record: MethodRecord) -> list[tuple[str, str]]:
    """Configuration beyond the budget, as it ran."""
    return [(k, shown(v)) for k, v in sorted(record.config.items()) if k not in BUDGET]


def shown(value: Any) -> str:
    """A value of a configuration."""
    if value is None:
        return "not set"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def sizes(found: Sequence[Found]) -> list[tuple[Table, MethodRecord]]:
    """Parameters and l0 a place, of full codes."""
    return [(each.table, each.row.record) for each in found if each.row.codes == "full"]
