"""A plan as it is printed: a block a backend, with a table of its methods, then all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from benchmark.planning.amounts import size, span
from benchmark.planning.explaining import large, lines
from benchmark.planning.memory import total
from benchmark.planning.methods import MethodPlan
from benchmark.planning.plan import BackendPlan
from benchmark.planning.rates import Rate
from benchmark.planning.warnings import warnings
from benchmark.reports.consoles import add, fitting, head, note, wide
from benchmark.reports.consoles import plain as plain_table
from benchmark.reports.names import short

COLUMNS = ("method", "cells", "scored", "n/a", "to fit", "fitting", "scoring", "fits on disk")


def show(made: Sequence[BackendPlan], rate: Rate, *, explain: bool) -> None:
    """Everything, on stdout."""
    console = wide(stderr=False)
    for each in made:
        _backend(each, rate, console, explain=explain)
    head(console, "all together")
    for line in together(made):
        note(console, f"  {line}")
    note(console, f"  {rate.told}")
    if rate.busy:
        note(console, f"  {rate.busy}")


def _backend(made: BackendPlan, rate: Rate, console: Console, *, explain: bool) -> None:
    head(console, heading(made))
    for line in facts(made):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    for line in warnings(made, rate):
        console.print(f"  ! {line}", markup=False, highlight=False, soft_wrap=True)
    console.print(fitting(lambda gap: table(made.methods, gap), console))
    if explain or large(made):
        for line in lines(made, rate):
            note(console, f"  {line}")
    console.print()


def heading(made: BackendPlan) -> str:
    """Which backend, data and sites."""
    counts = " / ".join(f"{c.images:,}" for c in made.material.counts)
    names = " / ".join(c.split for c in made.material.counts)
    sites = ", ".join(site.name for site in made.sites[:3])
    more = f" and {len(made.sites) - 3} more" if len(made.sites) > 3 else ""
    where = f" · {sites}{more}" if sites else ""
    own = short(made.outline.name), short(made.data.name)
    named = " · ".join(dict.fromkeys(own))
    return f"{named}, {counts} pictures ({names}){where}"


def facts(made: BackendPlan) -> Iterator[str]:
    """Download, disk, memory and time, a line each."""
    for parcel in made.fetches:
        yield f"to fetch     {parcel.told}"
    if not made.fetches:
        yield "to fetch     nothing"
    yield f"on disk      {on_disk(made)}"
    yield f"memory       {size(total(made.machine))} at the peak"
    if made.gpu:
        yield f"GPU memory   {size(total(made.gpu))} at batches of {made.batch:,}"
    fit, score = (sum(getattr(m, n) for m in made.methods) for n in ("fit_s", "score_s"))
    read = max(0.0, made.seconds - fit - score - made.start_s)
    yield (
        f"time         {span(made.seconds)}: starting {span(made.start_s)}, reading {span(read)}, "
        f"fitting {span(fit)}, scoring {span(score)}"
    )


def on_disk(made: BackendPlan) -> str:
    """Activations, and what of them is in the store."""
    if made.outline.in_memory:
        return "no activations: rows lie in memory"
    whole = sum(part.bytes for part in made.parts)
    there = sum(part.bytes for part in made.parts if part.there)
    n, again = made.patched, sum(p.bytes for p in made.parts if p.modality == "image")
    patched = f", and {size(again)} for each of {n} models that a fit changed" if n else ""
    if not made.store_known:
        return f"{size(whole)} of activations{patched}"
    return f"{size(whole)} of activations, {size(there)} of them in the store{patched}"


def table(methods: Sequence[MethodPlan], gap: int) -> Table:
    """A row a method."""
    found = plain_table(gap)
    for i, name in enumerate(COLUMNS):
        found.add_column(name, justify="right" if i else "left", no_wrap=True)
    for m in methods:
        name = m.method if m.variant == "fair" else f"{m.method} ({m.variant})"
        cells = (m.cells, m.scored, m.not_applicable, m.fits)
        spans = (span(m.fit_s), span(m.score_s), size(m.fit_bytes))
        add(found, name, *(f"{n:,}" for n in cells), *spans)
    return found


def together(made: Sequence[BackendPlan]) -> Iterator[str]:
    """Sums over all backends; of memory the largest."""
    methods = [m for each in made for m in each.methods]
    cells, scored, absent = (
        sum(getattr(m, name) for m in methods) for name in ("cells", "scored", "not_applicable")
    )
    due = cells - scored - absent
    yield f"{cells:,} cells: {scored:,} scored, {absent:,} not applicable, {due:,} to score"
    new = sum(each.new_bytes for each in made)
    fits = sum(m.fit_bytes for m in methods)
    yield f"disk: {size(new)} of activations and {size(fits)} of fits to write"
    parcels = {parcel.name: parcel for each in made for parcel in each.fetches}
    missing = [parcel.missing for parcel in parcels.values() if parcel.kept]
    known = sum(each for each in missing if each is not None)
    unknown = " and more that only the hub knows" if None in missing else ""
    streamed = sum(parcel.missing or 0.0 for parcel in parcels.values() if not parcel.kept)
    read = f", and {size(streamed)} that are read and not kept" if streamed else ""
    yield f"to fetch: {size(known)}{unknown}{read}"
    most = max(total(each.machine) for each in made)
    gpu = max((total(each.gpu) for each in made), default=0.0)
    yield f"memory: {size(most)} at the peak" + (f", {size(gpu)} on the GPU" if gpu else "")
    yield f"time: {span(sum(each.seconds for each in made))}"
