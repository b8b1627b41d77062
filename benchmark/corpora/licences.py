"""What a data set may be used for, as the card beside it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CARD = "README.md"
NOT_STATED = "not stated: whoever uses it knows"
UNKNOWN = frozenset({"", "unknown"})
"""What a card says that says nothing."""
OTHER = "other"


def licence_in(folder: Path) -> str:
    """The licence that the card in a folder states in its front matter."""
    from huggingface_hub import metadata_load
    from yaml import YAMLError

    try:
        facts = metadata_load(folder / CARD) or {}
    except (OSError, ValueError, YAMLError):
        return NOT_STATED
    stated = [name for name in map(str, listed(facts.get("license"))) if name not in UNKNOWN]
    named = [OTHER, *(str(facts[k]) for k in ("license_name", "license_link") if facts.get(k))]
    told = [" ".join(named) if name == OTHER else name for name in stated]
    return f"{', '.join(told)}, as its card says" if told else NOT_STATED


def listed(value: Any) -> list[Any]:
    """One or several."""
    return value if isinstance(value, list) else [] if value is None else [value]
