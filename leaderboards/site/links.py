"""Where each page is: short, unique and safe names of files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from benchmark.reports.names import short
from leaderboards.board.places import Place
from leaderboards.board.tables import Board, Row

LONGEST = 60
K = TypeVar("K", bound=Hashable)


def slug(text: str) -> str:
    """Lower-case letters, digits and dashes, at most `LONGEST`; `x` where nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST].strip("-") or "x"


def unique(names: Iterable[tuple[K, str]], taken: Iterable[str] = ()) -> dict[K, str]:
    """A slug a key; where two names come to one slug, each but the first has a checksum behind."""
    found: dict[K, str] = {}
    used = set(taken)
    for key, name in names:
        made = slug(name)
        if made in used:
            made = f"{made}-{hashlib.sha256(repr(key).encode()).hexdigest()[:8]}"
        used.add(made)
        found[key] = made
    return found


@dataclass(frozen=True)
class Links:
    """Paths of pages, relative to the root of the site."""

    places: Mapping[Place, str]
    backends: Mapping[str, str]
    methods: Mapping[str, str]

    def place(self, place: Place) -> str:
        """The page of one table."""
        return self.places[place]

    def backend(self, name: str) -> str:
        """The page of a backend's first table."""
        return self.backends[name]

    def method(self, name: str) -> str:
        """The page of a reference method."""
        return self.methods[name]

    def row(self, row: Row) -> str:
        """The page of the method or submission behind a row."""
        return self.submission(row.slug) if row.slug else self.methods[row.method]

    def submission(self, slug: str) -> str:
        """The page of a submission."""
        return f"submissions/{slug}.html"

    def task(self, name: str) -> str:
        """The page of a task."""
        return f"tasks/{slug(name)}.html"


def links_of(board: Board) -> Links:
    """The first table of a backend has the backend's name, others their site behind it."""
    tables = board.backends
    short_names = unique(((name, short(name)) for name in tables), taken=["index"])
    firsts = {its[0].place: short_names[name] for name, its in tables.items()}
    rest = unique(
        (
            (table.place, f"{short_names[name]} {table.place.within}")
            for name, its in tables.items()
            for table in its[1:]
        ),
        taken=["index", *short_names.values()],
    )
    methods = {row.method for table in board.tables for row in table.rows if not row.slug}
    names = unique(((name, name) for name in sorted(methods)), taken=["index"])
    places = {place: f"backends/{each}.html" for place, each in (firsts | rest).items()}
    return Links(
        places=places,
        backends={name: places[its[0].place] for name, its in tables.items()},
        methods={name: f"methods/{each}.html" for name, each in names.items()},
    )
