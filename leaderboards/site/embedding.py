"""Data that a page brings along for its script: JSON that cannot end its own element."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from leaderboards.site.inert import UNSEEN

ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}


def embedded(value: Any) -> Markup:
    """ASCII JSON without <, > and &; unseen characters of texts show as U+FFFD, as on pages."""
    text = json.dumps(_seen(value), separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(ESCAPES))


def _seen(value: Any) -> Any:
    if isinstance(value, str):
        return UNSEEN.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_seen(key): _seen(each) for key, each in value.items()}
    return [_seen(each) for each in value] if isinstance(value, list | tuple) else value
