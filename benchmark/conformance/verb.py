"""The `check` verb: one line a promise, what was found under it, and an exit code."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.configure import parse_sets, settings
from benchmark.conformance.promises import Outcome
from benchmark.registry import Choice, find


def check(arguments: argparse.Namespace) -> int:
    """Checks a method (or, where `task` names one, a task): 0 if every promise holds, else 1.

    Raises ValueError for a name, file or field that is not there.
    """
    started = time.perf_counter()
    task = getattr(arguments, "task", None)
    choice = find("task", task) if task else find("method", arguments.method)
    given = settings([choice], parse_sets(arguments.set))[0]
    outcomes = outcomes_of(choice, given)
    console = Console(highlight=False, soft_wrap=True)
    console.print(table(outcomes))
    seconds = time.perf_counter() - started
    broken = sum(bool(outcome.faults) for outcome in outcomes)
    kept = sum(not outcome.faults and not outcome.open_because for outcome in outcomes)
    left = len(outcomes) - broken - kept
    counts = f"{kept} promises hold, {broken} broken" + (f", {left} not judged" if left else "")
    console.print(f"{escape(choice.name)}: {counts}, on a tiny planted world in {seconds:.0f} s")
    return 1 if broken or left else 0


def outcomes_of(choice: Choice, given: dict[str, object]) -> list[Outcome]:
    """Every promise of a method or task."""
    if choice.entry.kind == "task":
        from benchmark.conformance.tasks import check_task

        return check_task(choice, given)
    from benchmark.conformance.methods import check_method

    return check_method(choice, given)


def table(outcomes: Sequence[Outcome]) -> Table:
    """A row a promise, and one for each thing that was found; at the end what was not judged."""
    shown = Table(box=None, show_header=False, padding=(0, 1))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for outcome in outcomes:
        if outcome.open_because:
            continue
        verdict = "[red]broken[/red]" if outcome.faults else "[green]ok[/green]"
        shown.add_row(verdict, escape(outcome.says))
        for text in outcome.faults:
            shown.add_row("", f"  [red]{escape(text)}[/red]")
        for text in outcome.notes:
            shown.add_row("", f"  [dim]note: {escape(text)}[/dim]")
    left = [outcome.says for outcome in outcomes if outcome.open_because]
    if left:
        shown.add_row("[yellow]?[/yellow]", "not judged until what is broken above holds:")
        shown.add_row("", f"  [dim]{escape('; '.join(left))}[/dim]")
    return shown
