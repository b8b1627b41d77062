"""JSON that a person can read and a diff can show: what fits a line is on one."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 240


def as_json(value: Any, depth: int = 0) -> str:
    """Objects and lists that are longer than a line are broken, one level at a time; a list of
    numbers or words never is.
    """
    flat = json.dumps(value, ensure_ascii=False)
    plain = not isinstance(value, dict | list) or not _nested(value)
    if plain or len(flat) + depth <= WIDTH:
        return flat
    inner = " " * (depth + 1)
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {as_json(each, depth + 1)}"
            for key, each in value.items()
        ]
    else:
        parts = [as_json(each, depth + 1) for each in value]
    opened, closed = ("{", "}") if isinstance(value, dict) else ("[", "]")
    joined = f",\n{inner}".join(parts)
    return f"{opened}\n{inner}{joined}\n{' ' * depth}{closed}"


def _nested(value: dict[str, Any] | list[Any]) -> bool:
    return isinstance(value, dict) or any(isinstance(each, dict | list) for each in value)
