"""The nearest known name to one that is not known: the one hint that every such error gives."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, n: int = 1, cutoff: float = 0.6) -> list[str]:
    """The n known names most like this one, best first, whatever the case; none below `cutoff`."""
    folded = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), list(folded), n=n, cutoff=cutoff)
    return [folded[each] for each in close]


def hint(name: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or all names that there are, in the order given."""
    there = list(known)
    near = nearest(name, there)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(there) or 'none'}"
