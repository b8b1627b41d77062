"""One submission verified: scored again, on a fresh test, trained again, and the verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.contracts import Progress, silent
from benchmark.messages.raised import one_line
from benchmark.messages.storage import StorageError
from benchmark.provenance import environment
from benchmark.results import Cell, read_units
from benchmark.run.cells import package_digest
from benchmark.run.fits import FitSource
from benchmark.submissions.verified import Verification
from benchmark.verification.asked import Asked
from benchmark.verification.comparing import compared
from benchmark.verification.given import Given, slot_of
from benchmark.verification.grouping import Group, groups
from benchmark.verification.recorded import choice_of, configured, stand_in
from benchmark.verification.refitting import Watched, unlike
from benchmark.verification.rescoring import FreshSeedError, Pair, Rescorer, openable
from benchmark.verification.told import Against, cell_name
from benchmark.verification.verdict import Findings, verdict

RUNS = "wanted --run-code, which runs its method.py here: read the file first, and isolate it"


@dataclass
class Verifier:
    """Everything that is found of one submission."""

    asked: Asked
    output: Path
    say: Callable[[str], None] = print
    progress: Progress = silent
    found: Findings = field(default_factory=Findings)

    def run(self) -> Verification:
        """Every group of the submission, as much as was asked for, then the verdict."""
        submitted = self.asked.submitted
        wanted = groups(submitted.cells, self.asked)
        if not wanted:
            raise ValueError("no cell of the submission is what --seed, --backend and --task name")
        self.choice = choice_of(submitted.record, submitted.folder)
        self.configs: dict[str, Any] = {c.variant: c.method.config for c in submitted.cells}
        slots = {slot_of(each): each for each in submitted.record.checkpoints}
        given = Given(submitted.folder, slots, self.configs)
        self.rescorer = Rescorer(self.asked, self.output, self.choice, self.progress, self.say)
        self._remarks(wanted)
        for group in wanted:
            self._group(group, given)
            given.clear()
        return verdict(self.found, self.asked)

    @property
    def against(self) -> Against:
        return self.found.against

    @property
    def is_ours(self) -> bool:
        """Whether the method ships with the benchmark: then its code is no stranger's."""
        record = self.asked.submitted.record
        return record.method_file is None and not record.imported

    @property
    def may_run(self) -> bool:
        return self.is_ours or self.asked.run_code

    def _group(self, group: Group, given: Given) -> None:
        blocked = openable(group.backend, self.asked)
        if blocked:
            self.against.add(f"{_count(group.cells)} on {group.backend} not scored: it {blocked}")
            return
        scored = [cell for cell in group.cells if cell.status == "scored"]
        kept = all(cell.method.checkpoint_sha256 for cell in scored)
        if not kept and not self.may_run:
            self.against.add(
                f"{_count(scored)} on {group.backend}: the dictionary is a class of the method's "
                f"own, which no checkpoint holds: {RUNS}"
            )
            return
        try:
            fits = Watched(given)
            if kept:
                self._again(group, fits)
            else:
                self.against.note(
                    f"{_count(scored)} on {group.backend} rest on a new fit alone: they agree "
                    f"within what seeds and items explain, not to the last digit"
                )
            if self.asked.refit or not kept:
                self._refit(group, fits.given)
        except (StorageError, FreshSeedError):
            raise
        except ValueError as error:
            self.against.add(f"{_count(group.cells)} on {group.backend}: {one_line(error)}")

    def _again(self, group: Group, fits: FitSource) -> None:
        """Scores the group on the public test, and where that is as recorded on a fresh one."""
        before, drawn = self.against.size, self.rescorer.fresh_data(group)
        method = stand_in(self.asked.submitted.record, self.choice, self.configs[group.variant])
        arguments = (group, method, self.configs[group.variant], fits)
        for pair in self.rescorer.pairs(*arguments):
            self._held(pair)
        if self.asked.fresh_seed is None:
            return
        if self.against.size > before:
            self.against.note(f"no fresh test of {group.backend}: the public one does not agree")
        elif drawn is None:
            self.against.note(f"no fresh test of {group.backend}: its data are not drawn")
        else:
            for pair in self.rescorer.pairs(*arguments, kind="fresh"):
                self._fresh(pair)

    def _held(self, pair: Pair) -> None:
        """One cell against its record."""
        old, new = pair.recorded, pair.again
        units = None
        if old.status == "scored":
            units = read_units(self.asked.submitted.units, old)
        same = old.package == package_digest()
        held = compared(old, new, units, pair.units, same_package=same)
        self.against.cell(old, held.lines)
        self.found.rescored.append(Pair(old, new, {}))
        self.found.n_numbers += held.n_numbers
        place = (old.backend.name, old.site, old.task.name, old.variant)
        for key, gap in held.largest.items():
            spot = (*place, *key)
            self.found.largest[spot] = max(gap, self.found.largest.get(spot, 0.0))
        said = "as recorded" if not held.lines else f"not as recorded: {held.lines[0]}"
        self._tell(old, said)

    def _fresh(self, pair: Pair) -> None:
        if pair.recorded.status == "scored" and pair.again.status == "scored":
            self.found.fresh.append(Pair(pair.recorded, pair.again, {}))
            self._tell(pair.recorded, "scored on the fresh test")
        elif pair.recorded.status == "scored":
            line = f"{cell_name(pair.recorded)}: not scored on the fresh test: {pair.again.reason}"
            failed = pair.again.status != "not_applicable"
            (self.against.add if failed else self.against.note)(line)

    def _refit(self, group: Group, submitted: Mapping[Any, Any]) -> None:
        """Trains again. Submitted code is run only where that was asked for."""
        if self.asked.submitted.record.imported:
            self.against.add("not trained again: its dictionaries were fitted elsewhere")
            return
        if not self.may_run:
            self.against.add(f"not trained again: {RUNS}")
            return
        method = configured(self.choice, self.configs[group.variant])
        fits = Watched(self.rescorer.fitting(group))
        arguments = (group, method, self.configs[group.variant], fits)
        for pair in self.rescorer.pairs(*arguments, kind="refit"):
            if pair.again.status != pair.recorded.status:
                self.against.cell(
                    pair.recorded,
                    [f"trained again it is {pair.again.status}: {pair.again.reason or 'a score'}"],
                )
            self.found.refitted.append(Pair(pair.recorded, pair.again, {}))
            self._tell(pair.recorded, "trained and scored again")
        for line in unlike(submitted, fits.given):
            self.against.add(line)

    def _tell(self, cell: Cell, said: str) -> None:
        self.say(f"{cell_name(cell)}: {said}")

    def _remarks(self, wanted: Sequence[Group]) -> None:
        """What holds of the whole submission, before anything is scored."""
        cells = [cell for group in wanted for cell in group.cells]
        others = {cell.package for cell in cells} - {package_digest()}
        if others:
            self.against.note(
                "the cells are of another version of the package than scores them here: "
                "what only one of the two has is not compared"
            )
        here, there = environment(), self.asked.submitted.record.environment
        for name in ("torch", "numpy", "scikit-learn"):
            if here.packages.get(name) != there.packages.get(name):
                versions = f"{there.packages.get(name)} there, {here.packages.get(name)} here"
                self.against.note(f"{name} is {versions}")
        lost = [c for c in self.asked.submitted.cells if c.status in ("failed", "oom", "skipped")]
        if lost:
            self.against.note(f"{_count(lost)} without a score in the record: nothing to hold")
        if self.asked.submitted.record.imported:
            self.against.note("fitted elsewhere: nothing is said of how, and seeds have no spread")
        elif not self.asked.refit:
            self._one_dictionary(cells)

    def _one_dictionary(self, cells: Iterable[Cell]) -> None:
        """The same dictionary at several seeds: what has no spread has too narrow an interval."""
        seeds: dict[tuple[Any, ...], set[int]] = defaultdict(set)
        for cell in cells:
            if cell.status == "scored" and cell.method.checkpoint_sha256:
                place = (cell.backend.name, cell.site, cell.method.checkpoint_sha256)
                seeds[place].add(cell.seed)
        for (backend, site, _), found in seeds.items():
            if len(found) > 1:
                told = ", ".join(map(str, sorted(found)))
                self.against.add(
                    f"{backend}, {site}: seeds {told} hold one and the same dictionary: --refit "
                    f"shows whether the method draws nothing"
                )


def _count(cells: Sequence[Cell]) -> str:
    return f"{len(cells)} cell{'s' * (len(cells) != 1)}"
