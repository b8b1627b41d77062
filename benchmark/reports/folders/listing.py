"""`ls results`: every results folder in a few lines, newest first."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from benchmark.messages.visible import visible
from benchmark.reports.folders.finding import results_folders
from benchmark.reports.folders.holding import Held, Line, held
from benchmark.reports.numbers import number

HERE = "results"
"""Where runs write to unless they are told otherwise."""
PIPE_WIDTH = 140
MOST_LINES = 6
"""Lines of numbers of a folder that was not asked for by name."""
MOST_SEEDS = 10
"""Seeds that are named."""


def ls_results(folders: Sequence[str], *, as_json: bool) -> int:
    """Lists the results folders at or under these. Raises ValueError for one that is not there."""
    named = [Path(each) for each in folders] or [Path(HERE)]
    for each in named:
        if folders and not each.is_dir():
            raise ValueError(f"{each} is no folder: wanted one that results were written to")
    found = list(dict.fromkeys(path for each in named for path in results_folders(each)))
    every = sorted((held(path, found) for path in found), key=newest, reverse=True)
    if as_json:
        print(json.dumps([each.as_json() for each in every], indent=1))
        return 0
    if not every:
        where = ", ".join(map(str, named))
        print(f"no results in {where}: `python -m benchmark run` writes to {HERE}/ by default")
    blocks = [
        "\n".join(map(visible, told(h, None if h.folder in folders else MOST_LINES))) for h in every
    ]
    if blocks:
        print("\n\n".join(blocks))
    return 0


def newest(each: Held) -> tuple[str, str]:
    """What the list is ordered by."""
    return (each.created or "", each.folder)


def told(each: Held, most: int | None) -> Iterator[str]:
    """A folder in lines no wider than the terminal."""
    statuses = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in each.statuses.items())
    n = sum(each.statuses.values())
    counted = f"{n} cell{'s' * (n != 1)}{': ' * bool(n)}{statuses}"
    parts = [each.folder, when(each.created), counted, size(each.size)]
    yield " · ".join([*parts, *state(each)])
    if each.methods:
        yield from filled("methods", ", ".join(each.methods))
        yield from filled("tasks", ", ".join(each.tasks))
        yield from filled("on", " · ".join([*backends(each), over(each.seeds)]))
    shown = each.lines[:most]
    for line in shown:
        yield from filled(title(each, line), scores(line))
    if len(each.lines) > len(shown):
        yield f"  and {len(each.lines) - len(shown)} more: ls results {each.folder}"
    for problem in each.problems:
        yield f"  cannot be read: {problem}"


def when(created: str | None) -> str:
    """Local time to the minute."""
    if created is None:
        return "no time"
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return created


def size(n: int) -> str:
    """Bytes as people say them."""
    amount, unit = float(n), "B"
    for larger in ("kB", "MB", "GB"):
        if amount >= 1000:
            amount, unit = amount / 1000, larger
    return f"{amount:,.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def state(each: Held) -> list[str]:
    """`whole`, or what keeps it from being so."""
    if each.whole:
        return ["whole"]
    unreadable = [f"{len(each.problems)} unreadable"] if each.problems else []
    return [*unreadable, *["not finished"] * (not each.finished)]


def backends(each: Held) -> list[str]:
    """Backends, and their sites where there are several or one is not the usual."""
    sites = [site for site in each.sites if site != "embedding"] and list(each.sites)
    return [", ".join(each.backends), *([", ".join(sites)] if sites else [])]


def over(seeds: Sequence[int]) -> str:
    """`seeds 0, 1, 2`; of many how many, and the ends."""
    if len(seeds) > MOST_SEEDS:
        return f"{len(seeds)} seeds, {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def title(each: Held, line: Line) -> str:
    """The method, and where it was scored if the folder has several places."""
    backend = [line.backend] if len(each.backends) > 1 else []
    site = [line.site or "all sites"] if len({x.site for x in each.lines}) > 1 else []
    return " · ".join([line.method, *backend, *site])


def scores(line: Line) -> str:
    """Main scores, over how many seeds where there are several."""
    told = " · ".join(f"{name} {number(value)}" for name, value in line.scores.items())
    return f"{told} (mean of {len(line.seeds)})" if len(line.seeds) > 1 else told


def filled(start: str, text: str) -> list[str]:
    """A line with its name before it, broken where the terminal ends."""
    columns = shutil.get_terminal_size((PIPE_WIDTH, 50)).columns
    return textwrap.wrap(
        text,
        max(columns, 50),
        initial_indent=f"  {start}: ",
        subsequent_indent="    ",
        break_on_hyphens=False,
        break_long_words=False,
    )
