"""What can be taken away: every row as CSV, Parquet and JSON, and what their columns say."""

from __future__ import annotations

from collections.abc import Iterator

from leaderboards.site.exports import FIELDS, METRICS
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page

NAV = Nav(90, "Data", "data.html", "every row as CSV, Parquet and JSON")


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    n_values = sum(len(row.entries) for table in facts.board.tables for row in table.rows)
    context = {"fields": FIELDS, "metrics": set(METRICS), "n_values": n_values}
    yield Page(NAV.path, "Data", "data.html.j2", context)
