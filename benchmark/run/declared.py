"""What the class of a method or task must say of itself before a run can place it."""

from __future__ import annotations

from benchmark.contracts import Need
from benchmark.registry import Choice, load
from benchmark.sources import Kind

SAID: dict[Kind, tuple[str, ...]] = {
    "method": ("needs", "provides", "fits"),
    "task": ("needs", "fits", "metrics", "references", "version", "question"),
}
CONTRACT: dict[Kind, str] = {"method": "Method", "task": "Task"}


def check_declared(choice: Choice) -> None:
    """Raises ValueError, one line, where something is not said or `needs` holds no Needs."""
    kind, cls = choice.entry.kind, load(choice.entry)
    where = f"{cls.__name__} of {choice.entry.path.name}"
    missing = [name for name in SAID[kind] if not hasattr(cls, name)]
    if missing:
        raise ValueError(
            f"{where} has no {', '.join(missing)}: subclass {CONTRACT[kind]} of "
            f"benchmark.contracts, which has defaults, and write out the others"
        )
    for name in {"needs", "provides"} & set(SAID[kind]):
        value = getattr(cls, name)
        if not isinstance(value, frozenset) or not all(isinstance(n, Need) for n in value):
            raise ValueError(
                f"{where} has {name} {value!r}, wanted a frozenset of Need, as in "
                f"frozenset({{Need.PAIRS}})"
            )
