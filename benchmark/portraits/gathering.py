"""All portraits of a run: those kept beside its results at once, the others made. No torch yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.portraits.asking import asks as asks_of
from benchmark.portraits.asking import unkept
from benchmark.portraits.records import Asked, Gallery, Refused
from benchmark.portraits.shelf import PortraitShelf
from benchmark.results import Cell

FOLDER = "portraits"
PATCH = ".patch.safetensors"


@dataclass(frozen=True)
class Absent:
    """Dictionaries that have no portraits here, and why."""

    what: str
    reason: str


@dataclass(frozen=True)
class Portraits:
    """Every gallery of a run, and what there is none of."""

    galleries: tuple[Gallery, ...]
    absent: tuple[Absent, ...]


def portraits(
    run: Path,
    cells: Sequence[Cell],
    specs: Sequence[str],
    *,
    wanted: int | None,
    device: str,
    progress: Callable[[Iterable[Any], str], Iterable[Any]],
    say: Callable[[str], None],
) -> Portraits:
    """Galleries of all fitted dictionaries of a run's cells, kept under `run/portraits/`.

    `specs` are how the run named its backends. Whatever keeps one from being made is a reason
    beside the others, never an error: the numbers of a run can be read without its pictures.
    """
    shelf = PortraitShelf(run / FOLDER)
    if wanted == 0:
        return Portraits((), ())
    asks = asks_of(cells, wanted)
    absent = [Absent(name, "its dictionary is not kept in a file") for name in unkept(cells)]
    found: dict[Asked, Gallery | Refused | str] = {}
    for ask in asks:
        if (known := shelf.kept(ask)) is not None:
            found[ask] = known
    missing = [ask for ask in asks if ask not in found]
    if missing and not any_fit(run / "fits"):
        found |= dict.fromkeys(missing, "the fitted dictionaries of this run are gone (fits/)")
    elif missing:
        from benchmark.portraits.studio import made

        found |= made(missing, run / "fits", specs, shelf, device, progress, say)
    galleries = [g for ask in asks if isinstance(g := found[ask], Gallery)]
    absent += [
        Absent(called(ask), why.reason if isinstance(why, Refused) else why)
        for ask in asks
        if not isinstance(why := found[ask], Gallery)
    ]
    return Portraits(tuple(galleries), tuple(absent))


def any_fit(folder: Path) -> bool:
    """Whether there is a file that may hold a dictionary."""
    return any(not path.name.endswith(PATCH) for path in folder.glob("*.safetensors"))


def called(ask: Asked) -> str:
    """A dictionary in words."""
    paper = ", the paper's setting" if ask.variant == "paper" else ""
    return f"{ask.method}, seed {ask.seed}, {ask.site}{paper}"
