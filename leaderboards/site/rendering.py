"""Templates to text: everything is escaped, and what could reorder or hide text becomes visible."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.reports.names import short
from benchmark.reports.numbers import number, span
from leaderboards.site.pages import Nav, Page

TEMPLATES = Path(__file__).parent / "templates"
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls, marks without width and overrides of direction."""


def inert(value: Any) -> Any:
    """Text as it is meant to be read: each unseen character shows as U+FFFD. Markup stays."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNSEEN.sub("\ufffd", value)
    return value


def clipped(text: str, longest: int = 60) -> str:
    """Text that fits a table."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


@cache
def environment() -> Environment:
    """Strict about names, autoescaping whatever a template is called."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=inert,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"num": number, "short": short, "clip": clipped, "thousands": thousands}
    made.globals |= {"span": span}
    return made


def thousands(n: int) -> str:
    """1,234."""
    return f"{n:,}"


def rendered(page: Page, nav: Sequence[Nav], shared: dict[str, Any]) -> str:
    """The page's text; `root` in a template leads to the root of the site, such as `../`."""
    root = "../" * page.path.count("/")
    own = {"page": page, "nav": nav, "root": root}
    return environment().get_template(page.template).render(shared | dict(page.context) | own)
