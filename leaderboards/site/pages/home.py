"""The first page: what this is, which questions it answers, and where to go."""

from __future__ import annotations

from collections.abc import Iterator

from leaderboards.site.facts import Facts
from leaderboards.site.pages import Page


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    del facts
    yield Page("index.html", "Do image and text share latents?", "home.html.j2")
