"""Which submission a pull request proposes: `python -m benchmark.submissions.proposed < NAMES`.

Reads the names of changed files, a NUL after each, and prints the one slug that they are under.
"""

from __future__ import annotations

import re
import sys

from benchmark.submissions.records import SLUG
from benchmark.submissions.words import escaped

UNDER = "leaderboards/submissions/"


def proposed(names: list[str]) -> str:
    """The slug. Raises ValueError, one line, where other files change or several submissions."""
    slugs = set()
    for name in names:
        slug, slash, _ = name.removeprefix(UNDER).partition("/")
        if not name.startswith(UNDER) or not slash:
            raise ValueError(
                f"{escaped(name, 160)} changes: a submission changes files of {UNDER}<slug>/ alone"
            )
        if not re.fullmatch(SLUG, slug) or len(slug) > 64:
            raise ValueError(f"{UNDER}{escaped(slug, 80)}/ is no name of a submission")
        slugs.add(slug)
    if len(slugs) != 1:
        found = ", ".join(sorted(slugs)[:5]) or "none"
        raise ValueError(f"wanted one submission a pull request, found {found}")
    return slugs.pop()


def main() -> int:
    """Prints the slug; exit code 1 and the line of what is wrong otherwise."""
    text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    try:
        print(proposed([name for name in text.split("\0") if name]))
    except ValueError as error:
        print(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
