"""Experiments of the papers, run again here: ours beside what was published, and the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator

from leaderboards import finding_pages
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Page
from leaderboards.site.pages.findings import TABS


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    del facts
    files = sorted(finding_pages.REPRODUCED.glob("*.json"))
    found = [json.loads(file.read_text()) for file in files]
    context = {"tabs": TABS, "experiments": found}
    yield Page(
        TABS[3][1], "Experiments of the papers, run again", "papers.html.j2", context, TABS[0][1]
    )
