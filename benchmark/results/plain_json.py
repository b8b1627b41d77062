"""JSON as records take it: one value a name, finite numbers, and no deeper or longer than said."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from itertools import chain
from typing import Any, NoReturn

from benchmark.messages.visible import visible

DEEPEST = 32
"""Levels: a document has nine, a configuration may have more of its own."""
LONGEST_TEXT = 100_000
"""Characters of one text."""
MOST_VALUES = 50_000_000
MOST_BYTES = 1 << 30

HUGE = re.compile(rb"\d{300}|[eE]\+?\d{3}")
"""What a number must have to be past the largest float; a text may have it as well."""
HALF = re.compile("[\ud800-\udfff]")


def parsed(
    content: bytes | str,
    *,
    deepest: int = DEEPEST,
    longest: int = LONGEST_TEXT,
    most_values: int = MOST_VALUES,
) -> Any:
    """The tree of a JSON text. Raises ValueError, one line, for what is out of bounds or not JSON.

    Refused: a byte order mark and what is no UTF-8, a name twice in one object, NaN, infinities and
    numbers that no float holds, half a surrogate pair, more than `MOST_BYTES`; and levels, texts
    and a number of values over the bounds given.
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
    values = raw.count(b"[") + raw.count(b"{") + raw.count(b",")
    if values > most_values:
        raise ValueError(f"it holds some {values:,} values, at most {most_values:,} are read")
    try:
        tree = json.loads(text, object_pairs_hook=_once, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise ValueError(f"it is nested deeper than {deepest} levels") from None
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise ValueError("it holds a number of thousands of digits") from None
        raise
    _check_levels(tree, (deepest, longest), halves=b"\\u" in raw, huge=bool(HUGE.search(raw)))
    return tree


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"it has the key {printable(twice, 60)} twice in one object")
    return found


def _constant(word: str) -> NoReturn:
    raise ValueError(f"it holds {word}: wanted finite numbers")


def _check_levels(tree: Any, bounds: tuple[int, int], *, halves: bool, huge: bool) -> None:
    """Depth and texts of a tree, level by level; half characters and huge numbers where the text
    may hold any.
    """
    deepest, most = bounds
    level, depth = [tree], 0
    while level:
        objects = [each for each in level if type(each) is dict]
        lists = [each for each in level if type(each) is list]
        texts = [each for each in level if type(each) is str]
        texts += chain.from_iterable(objects)
        longest = max(map(len, texts), default=0)
        if longest > most:
            raise ValueError(f"it holds a text of {longest:,} characters, at most {most:,}")
        if halves and any(map(HALF.search, texts)):
            raise ValueError("it holds half a character (a lone surrogate)")
        if huge:
            _check_numbers(level)
        depth += bool(objects or lists)
        if depth > deepest:
            raise ValueError(f"it is nested deeper than {deepest} levels")
        level = list(chain.from_iterable(each.values() for each in objects))
        level += chain.from_iterable(lists)


def _check_numbers(level: list[Any]) -> None:
    for each in level:
        if type(each) is float and not math.isfinite(each):
            raise ValueError("it holds a number that is too large: wanted finite numbers")
        if type(each) is int and abs(each) >= 10**300:
            raise ValueError("it holds a whole number of over 300 digits")


def printable(text: str, longest: int = 300) -> str:
    """Text of unknown origin as one line of visible characters, cut where it is long."""
    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
