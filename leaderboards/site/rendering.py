"""Templates to text: everything is escaped, and what could reorder or hide text becomes visible."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmark.reports.names import short
from benchmark.reports.numbers import number, span
from leaderboards.site.inert import UNSEEN, clipped, inert, prose
from leaderboards.site.pages import Nav, Page

__all__ = ["UNSEEN", "clipped", "environment", "inert", "prose", "rendered"]
TEMPLATES = Path(__file__).parent / "templates"


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
    made.filters |= {
        "num": number,
        "short": short,
        "clip": clipped,
        "thousands": thousands,
        "signed": signed,
        "minus": minus,
    }
    made.globals |= {"span": span, "prose": prose}
    return made


def thousands(n: int) -> str:
    """1,234."""
    return f"{n:,}"


def minus(value: float) -> str:
    """A number with a minus that is as wide as a plus."""
    return number(value).replace("-", "−", 1)


def signed(value: float) -> str:
    """A difference: +0.120, −0.034, and 0.000 without a sign."""
    text = minus(value)
    return f"+{text}" if value > 0 and text != number(0.0) else text


def rendered(page: Page, nav: Sequence[Nav], shared: dict[str, Any]) -> str:
    """The page's text; `root` in a template leads to the root of the site, such as `../`."""
    root = "../" * page.path.count("/")
    own = {"page": page, "nav": nav, "root": root}
    return environment().get_template(page.template).render(shared | dict(page.context) | own)
