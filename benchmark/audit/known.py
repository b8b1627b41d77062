"""The dictionary of known quality on a backend: planted where there is one, else from labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from benchmark.configure import build
from benchmark.contracts import Method, Need, Subject
from benchmark.registry import Choice, find
from benchmark.run.cells import Case
from benchmark.run.fitting import fit, training_data
from benchmark.run.judged import judged
from benchmark.run.materials import Materials
from benchmark.run.shelf import Shelf


def method_for(materials: Materials) -> Choice:
    """`oracle` or `labelled`. Raises ValueError where nothing is known of a backend's data."""
    if Need.PLANTED in materials.provides:
        return find("method", "oracle")
    if Need.CONCEPTS in materials.provides:
        return find("method", "labelled")
    raise ValueError(
        f"{materials.backend.name} has neither a planted dictionary nor concept labels: no "
        "dictionary of known quality can be made there, choose another --backend"
    )


@dataclass(frozen=True)
class Known:
    """The whole dictionary before its judges; nothing is read before it is asked for."""

    materials: Materials
    choice: Choice

    @cached_property
    def case(self) -> Case:
        method: Method = build(self.choice, {})
        return Case(self.choice, method, {}, "fair", self.materials)

    @cached_property
    def subject(self) -> Subject:
        """The fitted subject; its fit is kept where those of `run` are."""
        seen, method = self.materials, self.case.method
        shelf = Shelf(seen.request)
        files = shelf.fit_files(self.case.fit_key(0))
        fitted = fit(method, training_data(method, seen, 0), *files)
        return judged(fitted.artifact, seen, shelf, seed=0)
