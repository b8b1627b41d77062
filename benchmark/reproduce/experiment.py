"""An experiment of a paper as data: the runs behind it and what is held against their numbers."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.reproduce.claims import Claim


@dataclass(frozen=True)
class Asked:
    """A run, as `python -m benchmark run ARGUMENTS` asks for it, and what it is called here."""

    label: str
    arguments: str


@dataclass(frozen=True)
class Size:
    """One way to run an experiment: quickly on a laptop, or as the paper did."""

    says: str
    runs: tuple[Asked, ...]
    claims: tuple[Claim, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Experiment:
    """What a paper did, what of it is compared here, and what cannot be."""

    name: str
    asks: str
    source: str
    quick: Size
    full: Size
    not_here: str = ""
    """What of the published experiment is not compared, and what would be needed."""
