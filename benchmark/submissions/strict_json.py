"""JSON of unknown origin: bounded before it is parsed, and nothing that JSON does not have."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from benchmark.submissions.limits import DEEPEST_JSON, LONGEST_TEXT, MOST_NODES
from benchmark.submissions.words import escaped

TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""A text with its quotes; one without end is taken to the last byte, so that any is one pass."""
HALF = re.compile("[\ud800-\udfff]")
LONGEST_NUMBER = 400
"""Digits: float('1' * 10**6) and int of as many are slow."""


def parsed(
    content: bytes,
    *,
    deepest: int = DEEPEST_JSON,
    nodes: int = MOST_NODES,
    longest: int = LONGEST_TEXT,
) -> Any:
    """The tree of a JSON text. Raises ValueError in one line for anything out of bounds.

    UTF-8 without a mark at its start, finite numbers, no key twice in an object, no lone surrogate,
    bounded in depth, number of values and length of each text.
    """
    text = _decoded(content)
    _bounded(content, deepest, nodes)
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_no_twins,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise ValueError(f"is nested deeper than {deepest} levels") from None
    _texts(tree, longest)
    return tree


def _decoded(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise ValueError("begins with a byte order mark: save it as plain UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"is no UTF-8 text (byte {error.start})") from None


def _bounded(content: bytes, deepest: int, nodes: int) -> None:
    """Depth and number of values, counted in the text before anything is built from it."""
    bare = TEXT.sub(b"", content)
    commas = bare.count(b",") + bare.count(b"[") + bare.count(b"{")
    if commas > nodes:
        raise ValueError(f"holds {commas:,} values, at most {nodes:,} are read")
    depth = 0
    for bracket in re.finditer(rb"[\[\]{}]", bare):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > deepest:
            raise ValueError(f"is nested deeper than {deepest} levels")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"has the key {escaped(twice, 60)} twice in one object")
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"holds {word}: wanted finite numbers")


def _finite(digits: str) -> float:
    if len(digits) > LONGEST_NUMBER or not math.isfinite(value := float(digits)):
        raise ValueError(f"holds the number {escaped(digits, 24)}: wanted a finite one")
    return value


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"holds a number of {len(digits):,} digits")
    return int(digits)


def _texts(tree: Any, longest: int) -> None:
    """Raises ValueError for a text that is too long or that no file can hold."""
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            if len(each) > longest:
                raise ValueError(f"holds a text of {len(each):,} characters, at most {longest:,}")
            if HALF.search(each):
                raise ValueError("holds half a character (a lone surrogate)")
