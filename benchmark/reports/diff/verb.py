"""The `diff` verb: two runs, what changed between them, and whether it is more than chance."""

from __future__ import annotations

import argparse
from functools import partial

from rich.console import Console

from benchmark.messages.visible import visible
from benchmark.reports.comparing import as_json, to_file
from benchmark.reports.consoles import fitting, head, note, wide
from benchmark.reports.diff.differing import differences
from benchmark.reports.diff.records import Diff, Fact
from benchmark.reports.diff.sentences import alone, counted, footer, turned
from benchmark.reports.diff.sources import read_source
from benchmark.reports.diff.tables import by_place, change_table, fact_table

SAME, DIFFERS, NOT_READ = 0, 1, 2


def diff_verb(arguments: argparse.Namespace) -> int:
    """0: the same but for times; 1: they differ; 2: not all of both could be read."""
    to_file(arguments.json)
    a, b = read_source(arguments.a), read_source(arguments.b)
    found = differences(a, b, every=arguments.all or bool(arguments.json))
    if arguments.json:
        as_json(arguments.json, found)
    else:
        print_diff(found, wide(stderr=False), every=arguments.all)
    return NOT_READ if found.problems else SAME if found.same else DIFFERS


def print_diff(diff: Diff, console: Console, *, every: bool = False) -> None:
    """Sections for what differs, none for what does not; the answer in the last line."""
    both, only_a, only_b = diff.cells
    note(console, f"A = {diff.a}")
    note(console, f"B = {diff.b}")
    console.print(f"cells: {both} in both, {only_a} in A alone, {only_b} in B alone")
    lines(console, "in A alone", alone(diff.only_a))
    lines(console, "in B alone", alone(diff.only_b))
    lines(console, "another status", turned(diff.turned))
    fields(console, "run with", diff.facts, diff)
    fields(console, "what fits gave", diff.outcomes, diff)
    numbers(console, diff, every=every)
    for line in diff.notes:
        note(console, line)
    lines(console, "cannot be read", list(diff.problems))
    head(console, answer(diff))


def lines(console: Console, title: str, told: list[str]) -> None:
    """A title and lines under it; nothing where there are none."""
    if told:
        head(console, f"\n{title}")
    for line in told:
        console.print(f"  {visible(line)}", markup=False)


def fields(console: Console, title: str, facts: tuple[Fact, ...], diff: Diff) -> None:
    """What fields go from and to."""
    if facts:
        head(console, f"\n{title}")
        methods = {c.method for c in diff.changes} | {m for f in facts for m in f.methods}
        tasks = {c.where.task for c in diff.changes} | {t for f in facts for t in f.tasks}
        console.print(fact_table(facts, len(methods), len(tasks)))


def numbers(console: Console, diff: Diff, *, every: bool) -> None:
    """How many metrics changed, and those that did: main ones, or all."""
    main = [each for each in diff.changes if each.main]
    others = [each for each in diff.changes if not each.main]
    shown = [each for each in diff.changes if every or (each.main and each.state != "same")]
    for place, here in by_place(shown).items():
        head(console, f"\nnumbers · {place}")
        console.print(fitting(partial(change_table, here), console))
    for line in footer(diff, shown):
        note(console, line)
    console.print()
    if main:
        console.print(f"{len(main)} main metrics: {counted(main, judged=True)}")
    if others:
        console.print(f"{len(others)} others: {counted(others, judged=every)}")


def answer(diff: Diff) -> str:
    """The whole in one line."""
    if diff.problems:
        return f"{amount(len(diff.problems), 'cell')} cannot be read: nothing is said of the whole"
    if diff.same:
        return "the same but for times"
    return f"they differ: {', '.join(_reasons(diff))}"


def _reasons(diff: Diff) -> list[str]:
    alone_ = len(diff.only_a) + len(diff.only_b)
    fields = len({fact.field for fact in diff.facts})
    moved = [each for each in diff.changes if each.state not in ("same", "beside")]
    main = [each for each in moved if each.main]
    significant = sum(each.state == "significant" for each in main)
    parts = [
        (alone_, f"{amount(alone_, 'cell')} in one alone"),
        (len(diff.turned), f"{amount(len(diff.turned), 'cell')} of another status"),
        (fields, f"{amount(fields, 'field')} of what they were run with"),
        (len(main), f"{amount(len(main), 'main metric')} ({significant} significantly)"),
        (len(moved) - len(main), f"{amount(len(moved) - len(main), 'other metric')}"),
    ]
    found = [what for n, what in parts if n]
    return found or ["what fits gave, or what stands beside numbers"]


def amount(n: int, what: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{n} {what}{'s' * (n != 1)}"
