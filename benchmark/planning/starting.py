"""Seconds that a command takes before and beside all that it reads, fits and scores."""

from __future__ import annotations

from benchmark.planning.outline import Outline
from benchmark.planning.rates import MEASURED_AT, Rate

ROWS_S, MODEL_S = 1.6, 4.3
"""Of the processor that the tables were measured on: importing libraries, building methods and
tasks, opening the backend and writing records; less where a backend has rows and no model."""


def starting(outline: Outline, rate: Rate) -> float:
    """Seconds of a command on one backend alone."""
    spent = ROWS_S if outline.in_memory else MODEL_S
    return spent * MEASURED_AT / rate.processor


def told(seconds: float, rate: Rate) -> str:
    """The arithmetic in words."""
    once = seconds * rate.processor / MEASURED_AT
    slower = MEASURED_AT / rate.processor
    return f"{once:.1f} s of libraries, opening and records x {slower:.2f} for this processor"
