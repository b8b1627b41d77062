"""Templates to text: everything is escaped, and characters that hide or reorder text show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.reports.names import short
from benchmark.reports.numbers import interval, number, span

TEMPLATES = Path(__file__).parent / "templates"
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def inert(value: Any) -> Any:
    """Text as it is meant to be read; what cannot be seen becomes U+FFFD. Markup stays."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNSEEN.sub("\ufffd", value)
    return value


@cache
def environment() -> Environment:
    """Strict about names; autoescapes whatever a template is called."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=inert,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"num": number, "short": short, "many": many, "percent": percent}
    made.globals |= {"span": span, "interval": interval}
    return made


def many(n: int, one: str = "", more: str = "") -> str:
    """`1 latent`, `1,234 latents`; the number alone without a word."""
    if not one:
        return f"{n:,}"
    return f"{n:,} {one if n == 1 else more or one + 's'}"


def percent(share: float) -> str:
    """A share in percent, with one decimal where it is under ten."""
    value = 100 * share
    if value == 0 or value >= 10:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if value >= 0.05 else "<0.1 %"


def rendered(template: str, context: Mapping[str, Any]) -> str:
    """A template with its context."""
    return environment().get_template(template).render(context)


def stylesheet() -> Markup:
    """The page's style, which is ours and goes in as it is."""
    return Markup((TEMPLATES / "report.css").read_text())
