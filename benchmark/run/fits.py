"""Where the fits of a run come from: made now or kept by an earlier run, or handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from benchmark.messages.storage import StorageError
from benchmark.run.cells import Case
from benchmark.run.fitting import Fit, fit, training_data
from benchmark.run.shelf import Shelf


class FitSource(Protocol):
    """All that a runner asks of fits; raises what the fit raised where there is none."""

    def __call__(self, case: Case, seed: int) -> Fit: ...


@dataclass
class Fits:
    """Fits the methods of a run, each case and seed once."""

    shelf: Shelf
    known: dict[str, Fit | Exception] = field(default_factory=dict)
    made: dict[str, Mapping[str, Tensor]] = field(default_factory=dict)
    """What several fits share."""

    def __call__(self, case: Case, seed: int) -> Fit:
        """The fit of a case and seed; one that failed fails again without being tried again."""
        key = case.fit_key(seed)
        if key not in self.known:
            self.known[key] = self._tried(case, seed, key)
        found = self.known[key]
        if isinstance(found, Exception):
            raise found
        return found

    def clear(self) -> None:
        """Forgets what is known, so that a long run holds no more than it needs."""
        self.known.clear()

    def _tried(self, case: Case, seed: int, key: str) -> Fit | Exception:
        memo = self.shelf.memo(case.common(seed), self.made)
        data = training_data(case.method, case.materials, seed, memo)
        try:
            return fit(case.method, data, *self.shelf.fit_files(key))
        except StorageError:
            raise
        except SystemExit as stop:
            return ValueError(f"the fit called sys.exit({stop.code})")
        except Exception as error:
            return error
