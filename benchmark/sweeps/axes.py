"""What a grid is read by: two metrics that have a better end, and the main scores beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from benchmark.contracts import Metric
from benchmark.messages.nearest import nearest
from benchmark.registry import Choice, catalogue, load

FIRST = "reconstruction"
"""The task whose main score is `--x` by default."""


@dataclass(frozen=True)
class Axis:
    """One metric of one task."""

    task: str
    name: str
    unit: str
    higher_is_better: bool | None

    def up(self, value: float) -> float:
        """A value so that more is better."""
        return -value if self.higher_is_better is False else value

    @property
    def titled(self) -> str:
        """The name, and which way is better."""
        return f"{self.name} {'↓' if self.higher_is_better is False else '↑'}"


@dataclass(frozen=True)
class Axes:
    """The two that the choice is made by, then the main scores of other tasks, only told."""

    x: Axis
    y: Axis
    beside: tuple[Axis, ...] = ()

    @property
    def every(self) -> tuple[Axis, ...]:
        return (self.x, self.y, *self.beside)


def axes_of(tasks: Sequence[Choice], x: str | None, y: str | None) -> Axes:
    """The metrics named, or main ones. Raises ValueError where they cannot be chosen by on val."""
    for task in tasks:
        check_scored_on_val(task)
    mains = {task.name: main(task) for task in tasks}
    first = named(tasks, x, "--x") if x else mains.get(FIRST) or next(iter(mains.values()))
    others = [axis for name, axis in mains.items() if name != first.task]
    if not y and not others:
        raise ValueError(f"one task, {first.task}: wanted another --task, or a --y of this one")
    second = named(tasks, y, "--y") if y else others[0]
    if first == second:
        raise ValueError(f"--x and --y are both {first.name}: wanted two metrics")
    beside = [axis for axis in mains.values() if axis not in (first, second)]
    return Axes(first, second, tuple(beside))


def check_scored_on_val(task: Choice) -> None:
    """Raises ValueError for a task that chooses on val itself, or asks of all blocks at once."""
    cls = load(task.entry)
    after = "leave it out here, and score it on test with `run` afterwards"
    if getattr(cls, "tunes", False):
        raise ValueError(f"{task.name} itself chooses on val, where a grid is scored: {after}")
    if getattr(cls, "sweeps", False):
        raise ValueError(
            f"{task.name} scores all decoder blocks together, a grid one site: {after}"
        )


def main(task: Choice) -> Axis:
    """The main metric of a task."""
    return axis(task, next(metric for metric in metrics(task) if metric.main))


def named(tasks: Sequence[Choice], name: str, flag: str) -> Axis:
    """The metric of that name, of the first of these tasks that declares it."""
    for task in tasks:
        for metric in metrics(task):
            if metric.name == name or fnmatchcase(name, metric.name):
                if metric.higher_is_better is None:
                    raise ValueError(f"{flag} {name}: neither end of it is better, by {task.name}")
                return axis(task, metric, name)
    for other in catalogue("task").values():
        if name in [metric.name for metric in metrics(Choice(other))]:
            raise ValueError(f"{flag} {name} is measured by {other.name}: add it to --task")
    where = ", ".join(task.name for task in tasks)
    near = nearest(name, [m.name for t in tasks for m in metrics(t)])
    there = f"did you mean {near[0]}?" if near else f"there is {main(tasks[0]).name} among others"
    raise ValueError(f"{flag} {name} is no metric of {where}: {there}")


def metrics(task: Choice) -> tuple[Metric, ...]:
    """What a task declares."""
    return load(task.entry).metrics  # type: ignore[attr-defined]


def axis(task: Choice, metric: Metric, name: str = "") -> Axis:
    return Axis(task.name, name or metric.name, metric.unit, metric.higher_is_better)
