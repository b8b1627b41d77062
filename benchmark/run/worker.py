"""What one of several processes of a run does: jobs that it is handed, one after another.

Opened backends and what they share between methods stay for as long as jobs are of one backend.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import torch

from benchmark.contracts import Task
from benchmark.results import Cell
from benchmark.run.applicable import not_applicable
from benchmark.run.cells import Case
from benchmark.run.materials import gather
from benchmark.run.request import Request, request
from benchmark.run.runner import Runner
from benchmark.run.shelf import Shelf


@dataclass(frozen=True)
class Job:
    """A case of one backend, by its place among them, at one seed."""

    spec: str
    case: int
    seed: int


@dataclass(frozen=True)
class Done:
    """The cells that a job asked for, and what there was to say meanwhile."""

    cells: list[Cell]
    said: list[str]


@dataclass
class Worker:
    """One process: its request is the run's, made anew from the same command line."""

    request: Request
    said: list[str] = field(default_factory=list)
    spec: str = ""
    cases: Sequence[Case] = ()

    def __post_init__(self) -> None:
        self.runner = self._fresh()

    def _fresh(self) -> Runner:
        return Runner(self.request, Shelf(self.request), say=self.said.append)

    def case(self, job: Job) -> Case:
        """The case of a job; a backend and fits on it stay until another one is asked for."""
        if job.spec != self.spec:
            self.runner = self._fresh()
            opened = gather(job.spec, self.request, self.runner.progress, self.runner.say)
            self.cases, self.spec = tuple(self.runner.cases(opened)), job.spec
        return self.cases[job.case]

    def fit(self, job: Job) -> None:
        """Leaves the fits of a case in their files; one that fails is told by the cells."""
        case = self.case(job)
        if all(not_applicable_to(case, place.task) for place in self.runner.places(case, job.seed)):
            return
        for part in case.parts or (case,):
            with suppress(Exception):
                self.runner.fit(part, job.seed)

    def score(self, job: Job) -> Done:
        """Records the cells of a case and seed."""
        self.said.clear()
        return Done(list(self.runner.cells(self.case(job), [job.seed])), list(self.said))


def not_applicable_to(case: Case, task: Task) -> str | None:
    """Why a task does not go with a case, if it does not."""
    return not_applicable(task, case.method, case.materials, case.swept)


_here: list[Worker] = []


def begin(arguments: argparse.Namespace, threads: int) -> None:
    """What a process does first."""
    from benchmark.run.running import quiet_libraries

    threading.Thread(target=_end_with_the_run, daemon=True).start()
    quiet_libraries()
    torch.set_num_threads(threads)
    _here.append(Worker(request(arguments)))


def _end_with_the_run() -> None:
    """Nobody takes what is made for a run that was killed, and no signal tells its processes."""
    run = multiprocessing.parent_process()
    assert run is not None
    run.join()
    os._exit(1)


def fit(jobs: Sequence[Job]) -> None:
    """Fits for several jobs, in their order."""
    for job in jobs:
        _here[0].fit(job)


def score(job: Job) -> Done:
    """Cells of one job."""
    return _here[0].score(job)
