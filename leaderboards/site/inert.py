"""Text of others, so that it can only be read: unseen characters show, long names are cut."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls, marks without width and overrides of direction."""
CODE = re.compile(r"`([^`]+)`")
PAPER = re.compile(r"arXiv (\d{4}\.\d{4,5})")


def inert(value: Any) -> Any:
    """Text as it is meant to be read: each unseen character shows as U+FFFD. Markup stays."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNSEEN.sub("\ufffd", value)
    return value


def clipped(text: str, longest: int = 60) -> str:
    """Text that fits a table."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def prose(text: str) -> Markup:
    """Text with `code` set as code and papers linked; all else is escaped."""
    safe = str(escape(inert(text)))
    safe = CODE.sub(r"<code>\1</code>", safe)
    return Markup(PAPER.sub(r'<a href="https://arxiv.org/abs/\1">arXiv&nbsp;\1</a>', safe))
