"""Whether the checkpoints are those of the cells: each is read as bytes, and its digest made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmark.reports.names import short
from benchmark.results import Cell
from benchmark.results.plain_json import parsed
from benchmark.submissions.cell_checks import told
from benchmark.submissions.dictionaries import digest, together
from benchmark.submissions.faults import Faults
from benchmark.submissions.limits import MOST_SITES
from benchmark.submissions.loading import Loaded
from benchmark.submissions.records import CHECKPOINTS, Checkpoint
from benchmark.submissions.tensors import read_tensors

DICTIONARY, PATCH, SIDECAR = ".safetensors", ".patch.safetensors", ".json"
LONGEST_SITE = 2_000
FACTS = {"k", "chosen", "seconds", "patched", "of"}


def check_checkpoints(read: Loaded, found: Faults) -> None:
    """Every file that is there, then every cell; what is missing is told with all files."""
    record = read.record
    if record is None:
        return
    names = {each.file for each in record.checkpoints}
    for name in sorted(names & read.listing.sizes.keys()):
        with found.told(name):
            check_file(read, name, {c.digest for c in record.checkpoints if c.file == name})
    stems = {name.removesuffix(DICTIONARY) for name in names}
    for name in read.listing.sizes:
        if name.startswith(f"{CHECKPOINTS}/") and stem(name) not in stems:
            found.add(f"{name} is of no checkpoint that submission.json names: take it out")
    if read.document is None:
        return
    check_places(record.checkpoints, read.cells, found)
    for cell in read.cells:
        if cell.status == "scored":
            check_cell(
                cell, record.checkpoints, found.add if record.imported else found.warn, found
            )


def stem(name: str) -> str:
    """What the files of one checkpoint have in common."""
    for suffix in (PATCH, DICTIONARY, SIDECAR):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def check_file(read: Loaded, name: str, digests: set[str]) -> None:
    """A dictionary, its facts and its patch. Raises ValueError where one is not what it must be."""
    base, there = name.removesuffix(DICTIONARY), read.listing.sizes
    if base + SIDECAR not in there:
        raise ValueError(f"has no {base + SIDECAR} beside it")
    facts = parsed(read.listing.read(base + SIDECAR))
    if not isinstance(facts, dict) or not {"k", "chosen", "patched"} <= set(facts) <= FACTS:
        raise ValueError(f"{base + SIDECAR} holds other facts than {', '.join(sorted(FACTS))}")
    if bool(facts["patched"]) != (base + PATCH in there):
        raise ValueError(f"{base + SIDECAR} and {base + PATCH} disagree on whether it is patched")
    patch = read_tensors(read.listing.read(base + PATCH)) if base + PATCH in there else None
    found = digest(read_tensors(read.listing.read(name)), patch)
    if digests != {found}:
        said = ", ".join(sorted(each[:12] for each in digests))
        raise ValueError(f"holds the dictionary {found[:12]}, submission.json says {said}")


def place(of: Checkpoint | Cell, site: str | None = None) -> tuple[object, ...]:
    """Where a dictionary was fitted: the same for a checkpoint and for the cells that used it."""
    if isinstance(of, Checkpoint):
        where = (of.backend, of.data, of.limit, of.centred)
        return (*where, of.site, of.variant, of.seed)
    where = (of.backend.name, of.data.name, of.data.limit, of.data.centred)
    return (*where, site or of.site, of.variant, of.seed)


def check_places(checkpoints: Sequence[Checkpoint], cells: Sequence[Cell], found: Faults) -> None:
    """One checkpoint a place, and each place that of some cell."""
    taken = {place(cell, site) for cell in cells for site in sites(cell)}
    seen: set[tuple[object, ...]] = set()
    for each in checkpoints:
        own = place(each)
        if own in seen:
            found.add(f"submission.json: two checkpoints are of {short(each.backend)}, {each.site}")
        if own not in taken:
            found.add(f"{each.file} is of no cell: {short(each.backend)}, seed {each.seed}")
        seen.add(own)


def sites(cell: Cell) -> tuple[str, ...]:
    """The sites whose dictionaries a cell used, in their order: of a sweep every block."""
    site, there = cell.site or "", cell.backend.sites
    if len(there) > MOST_SITES or len(site) > LONGEST_SITE:
        return ()
    if site.count("*") == 1:
        before, after = site.split("*")
        return tuple(name for name in there if _block(name, before, after).isdecimal())
    return tuple(site.split(",")) if site else ()


def _block(name: str, before: str, after: str) -> str:
    """What stands between two parts of a name; nothing where it has other ones."""
    if len(name) <= len(before) + len(after) or not name.startswith(before):
        return ""
    return name[len(before) : len(name) - len(after)] if name.endswith(after) else ""


def check_cell(
    cell: Cell, checkpoints: Sequence[Checkpoint], lacking: Callable[[str], None], found: Faults
) -> None:
    """The digest that the cell names is that of its checkpoints.

    `lacking` takes the line of a dictionary that is not there: of a method that can be fitted anew
    it is a warning, of one that was imported a fault.
    """
    by_place = {place(each): each.digest for each in checkpoints}
    digests = [by_place.get(place(cell, site)) for site in sites(cell)]
    there = [each for each in digests if each is not None]
    if cell.method.checkpoint_sha256 is None:
        if there:
            found.add(f"{told(cell)}: names no dictionary, and a checkpoint claims to be its")
        else:
            lacking("some cells name no dictionary that was kept: only a new fit verifies them")
    elif not there or len(there) < len(digests):
        lacking("some cells have no checkpoint here: only a new fit verifies them")
    elif together(there) != cell.method.checkpoint_sha256:
        found.add(f"{told(cell)}: was scored with another dictionary than its checkpoint holds")
