"""`sweep.json`: the grid, every point's numbers, the rule and what it chose, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmark.results import Run
from benchmark.sweeps.asked import SCORED_ON, GridRequest
from benchmark.sweeps.axes import Axis
from benchmark.sweeps.preset import preset_line
from benchmark.sweeps.reading import Read, Reading
from benchmark.sweeps.rule import in_words

VERSION = 1


def record(asked: GridRequest, readings: Sequence[Reading], run: Run) -> dict[str, Any]:
    """Everything that the sweep says; the cells that it says it from are named by their keys."""
    axes = asked.axes
    return {
        "schema_version": VERSION,
        "method": asked.method.name,
        "code": asked.method.entry.digest,
        "grid": {name: list(values) for name, values in asked.grid.items()},
        "default": next(dict(p.values) for p in asked.points if p.is_default),
        "seeds": list(asked.request.seeds),
        "split": SCORED_ON,
        "metrics": {
            "x": asdict(axes.x),
            "y": asdict(axes.y),
            "beside": [asdict(axis) for axis in axes.beside],
        },
        "rule": {
            "says": in_words(axes.x.name, axes.y.name, asked.keep),
            "keep": asked.keep.amount,
            "of_best": asked.keep.share,
        },
        "places": [place(asked, reading) for reading in readings],
        "run": run.model_dump(mode="json"),
    }


def place(asked: GridRequest, reading: Reading) -> dict[str, Any]:
    """One backend, data set and site."""
    backend, data, site, _, _ = reading.where
    chosen = reading.chosen
    found: dict[str, Any] = {
        "backend": backend,
        "data": data,
        "site": site,
        "least_x": reading.least_x,
        "chosen": None if chosen is None else dict(chosen.point.values),
        "points": [of_point(asked, each) for each in reading.points],
    }
    if asked.preset and chosen:
        found["preset"] = preset_line(asked.preset, asked.method, chosen.point)
    return found


def of_point(asked: GridRequest, each: Read) -> dict[str, Any]:
    """One configuration: numbers over seeds and seed by seed, and what the rule made of it."""
    cells = sorted(each.standing.cells.items())
    tasks = dict.fromkeys(task for (task, _), _ in cells)
    return {
        "values": dict(each.point.values),
        "given": dict(each.point.given),
        "default": each.point.is_default,
        "candidate": each.point.on_grid,
        "missing": each.missing,
        "frontier": each.on_frontier,
        "keeps_x": each.keeps,
        "chosen": each.chosen,
        "metrics": [
            of_metric(each, axis) for axis in asked.axes.every if each.standing.scores(axis)
        ],
        "l0": each.standing.l0(),
        "y_over_default": None if each.gain is None else asdict(each.gain),
        "cells": {t: {str(s): c.key for (task, s), c in cells if task == t} for t in tasks},
    }


def of_metric(each: Read, axis: Axis) -> dict[str, Any]:
    """Mean over seeds in its interval, n units, and each seed."""
    scores, mean = each.standing.scores(axis), each.standing.mean(axis)
    return {
        "task": axis.task,
        "name": axis.name,
        "mean": mean.value,
        "ci_low": mean.low,
        "ci_high": mean.high,
        "n": max(score.n or 0 for score in scores.values()),
        "seeds": {str(seed): score.value for seed, score in scores.items()},
        "codes": {str(seed): score.variant for seed, score in scores.items()},
    }
