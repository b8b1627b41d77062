"""One run by several processes: each takes what is next, all write to one results folder.

First everything is fitted, then scored, as a score may look at fits of other seeds; a fit is found
by the others as what an earlier run left is.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import torch

from benchmark.contracts import Progress, silent
from benchmark.results import Cell
from benchmark.run import worker
from benchmark.run.cells import Case
from benchmark.run.materials import gather
from benchmark.run.request import Request
from benchmark.run.runner import Runner
from benchmark.run.shelf import Shelf
from benchmark.run.worker import Job

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass
class Workers:
    """What a `Runner` does, by `n` processes that read the same command line."""

    arguments: argparse.Namespace
    request: Request
    shelf: Shelf
    n: int
    progress: Progress = silent
    say: Callable[[str], None] = print
    from_before: set[str] = field(default_factory=set)
    """Keys of the cells that an earlier run left whole."""

    def run(self) -> Iterator[Cell]:
        """Every cell of the request, as soon as it is recorded, those of earlier runs first.

        Raises ValueError, one line, where a process was killed.
        """
        if self.request.overwrite == "always":
            raise ValueError(
                "--workers with --overwrite-strategy always: several processes cannot tell what is "
                "to be made anew from what one of them has just made; choose another --output-path"
            )
        kept, together = self._shared_out()
        self.from_before |= {cell.key for cell in kept}
        yield from kept
        if not together:
            return
        try:
            with self._processes() as pool:
                yield from self._scored(pool, together)
        except BrokenProcessPool:
            raise ValueError(
                f"one of {self.n} workers was killed, as systems do where memory runs out: what "
                "was scored is kept; run again with fewer --workers"
            ) from None

    def _scored(
        self, pool: ProcessPoolExecutor, together: Sequence[Sequence[Job]]
    ) -> Iterator[Cell]:
        try:
            fits = [pool.submit(worker.fit, jobs) for jobs in together]
            for _ in self.progress(as_completed(fits), f"fits, {self.n} workers"):
                pass
            for future in as_completed(
                [pool.submit(worker.score, job) for jobs in together for job in jobs]
            ):
                done = future.result()
                for line in done.said:
                    self.say(line)
                yield from (cell for cell in done.cells if cell.key not in self.from_before)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _shared_out(self) -> tuple[list[Cell], list[list[Job]]]:
        """Cells that are there, and jobs for all others.

        Jobs of one method's file, backend and seed are together: its presets share parts of fits.
        """
        kept: list[Cell] = []
        jobs: dict[tuple[object, ...], list[Job]] = {}
        runner = Runner(self.request, self.shelf, self.progress, self.say)
        for spec in self.request.backends:
            opened = gather(spec, self.request, self.progress, self.say)
            for number, case in enumerate(runner.cases(opened)):
                for seed in self.request.seeds:
                    found = [self.shelf.kept(place) for place in runner.places(case, seed)]
                    kept += [cell for cell in found if cell is not None]
                    if None in found:
                        file = (spec, case.choice.entry.path, seed)
                        jobs.setdefault(file, []).append(Job(spec, number, seed))
                        self._read(case)
        return kept, list(jobs.values())

    def _read(self, case: Case) -> None:
        """Leaves activations in the store, so that no two processes read the same."""
        for part in case.parts or (case,):
            for name in ("train", "val", self.request.split):
                with suppress(ValueError):  # told by the cells
                    part.materials.split(name)

    @contextmanager
    def _processes(self) -> Iterator[ProcessPoolExecutor]:
        """Processes that share the threads of this one."""
        threads = max(1, torch.get_num_threads() // self.n)
        context = multiprocessing.get_context("spawn")
        with (
            environment(dict.fromkeys(THREADS, str(threads))),
            ProcessPoolExecutor(self.n, context, worker.begin, (self.arguments, threads)) as pool,
        ):
            yield pool


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """These variables for as long as it lasts: processes that are started inherit them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
