"""Results folders: which there are, what each holds, and whether it is whole."""

from benchmark.reports.folders.finding import results_folders
from benchmark.reports.folders.holding import Held, held

__all__ = ["Held", "held", "results_folders"]
