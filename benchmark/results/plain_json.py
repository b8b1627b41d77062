"""JSON as records take it: one value a name, finite numbers, and no deeper or longer than said."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

DEEPEST = 32
"""Levels: a document has nine, a configuration may have more of its own."""
LONGEST_TEXT = 100_000
"""Characters of one text."""
MOST_VALUES = 50_000_000
MOST_BYTES = 1 << 30

QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""A text with its quotes; one without an end reaches to the last byte."""
EMPTY = re.compile(rb"\[\]|\{\}")
HUGE = re.compile(rb"\d{300}|[eE]\+?\d{3}")
"""What a number must have to be past the largest float; a text may have it as well."""
HALF = re.compile("[\ud800-\udfff]")


def parsed(content: bytes | str) -> Any:
    """The tree of a JSON text. Raises ValueError, one line, for what is out of bounds or not JSON.

    Refused: a byte order mark and what is no UTF-8, a name twice in one object, NaN, infinities and
    numbers that no float holds, half a surrogate pair, `DEEPEST`, `LONGEST_TEXT`, `MOST_VALUES`,
    `MOST_BYTES`.
    """
    try:
        raw = content.encode() if isinstance(content, str) else content
        if len(raw) > MOST_BYTES:
            raise ValueError(f"it has {len(raw):,} bytes, at most {MOST_BYTES:,} are read")
        if raw.startswith(b"\xef\xbb\xbf"):
            raise ValueError("it begins with a byte order mark: save it as plain UTF-8")
        text = raw.decode()
    except UnicodeError:
        raise ValueError("it is no UTF-8 text") from None
    _bounded(raw)
    try:
        tree = json.loads(text, object_pairs_hook=_once, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise ValueError("it holds a number of thousands of digits") from None
        raise
    if len(raw) > LONGEST_TEXT or b"\\u" in raw or HUGE.search(raw):
        _check_leaves(tree)
    return tree


def _bounded(raw: bytes) -> None:
    """Number of values and depth, seen from the text before anything is built of it."""
    opened = raw.count(b"[") + raw.count(b"{")
    values = opened + raw.count(b",")
    if values > MOST_VALUES:
        raise ValueError(f"it holds some {values:,} values, at most {MOST_VALUES:,} are read")
    if opened <= DEEPEST:
        return
    brackets = QUOTED.sub(b"", raw).translate(None, bytes(set(range(256)) - set(b"[]{}")))
    for _ in range(DEEPEST):
        shorter = EMPTY.sub(b"", brackets)
        if len(shorter) in (0, len(brackets)):
            return
        brackets = shorter
    if brackets:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"it has the key {printable(twice, 60)} twice in one object")
    return found


def _constant(word: str) -> NoReturn:
    raise ValueError(f"it holds {word}: wanted finite numbers")


def _check_leaves(tree: Any) -> None:
    for leaf in _leaves(tree):
        if isinstance(leaf, str):
            if len(leaf) > LONGEST_TEXT:
                raise ValueError(
                    f"it holds a text of {len(leaf):,} characters, at most {LONGEST_TEXT:,}"
                )
            if HALF.search(leaf):
                raise ValueError("it holds half a character (a lone surrogate)")
        elif isinstance(leaf, float) and not math.isfinite(leaf):
            raise ValueError("it holds a number that is too large: wanted finite numbers")
        elif type(leaf) is int and abs(leaf) >= 10**300:
            raise ValueError("it holds a whole number of over 300 digits")


def _leaves(tree: Any) -> Iterator[Any]:
    """Every value that holds no others, and every name."""
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        else:
            yield each


def printable(text: str, longest: int = 300) -> str:
    """Text of unknown origin as one line of visible characters, cut where it is long."""
    line = " ".join(text.split())
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
