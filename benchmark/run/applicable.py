"""Which cells make sense: computed from what a method and a task need and what is offered."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.contracts import Method, Need, Task
from benchmark.run.materials import Materials


def not_applicable(
    task: Task,
    method: Method,
    materials: Materials,
    swept: Sequence[Materials] | None = None,
) -> str | None:
    """Why a cell makes no sense, or None: (task.needs | method.needs) − all that is provided.

    Raises ValueError where `--split all` meets a method that fits: that is a mistake, no cell.
    """
    if materials.request.split == "all":
        if method.fits:
            raise ValueError(
                f"--split all holds the rows that {type(method).__name__} fits on: "
                "wanted a method that fits nothing (identity), or --split test"
            )
        if task.fits:
            return "chooses on train, which --split all also evaluates"
    if materials.request.split == "val" and task.tunes:
        return "chooses on val, which --split val evaluates"
    needs = task.needs | method.needs
    missing = needs - {Need.SAME_WIDTH} - (materials.offers | method.provides)
    own = getattr(method, "site", None)
    if swept is not None and not missing and (own is not None or not swept):
        at = f"the method is for the site {own} alone" if own else "no site of the run is one"
        return f"scores all decoder blocks together, and {at}"
    if own not in (None, materials.site.name):
        return f"needs the site {own}, which {materials.backend.name} does not have"
    if not missing and Need.SAME_WIDTH in needs:
        missing = needs - (materials.provides | method.provides)
    if missing:
        return "needs " + " and ".join(sorted(need.value for need in missing))
    return None
