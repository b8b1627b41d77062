"""Every experiment by its name."""

from __future__ import annotations

from benchmark.messages.nearest import hint
from benchmark.reproduce.experiment import Experiment
from benchmark.reproduce.heterogeneity import ALPHA_EXPERIMENT
from benchmark.reproduce.penalties import LAMBDA_EXPERIMENT
from benchmark.reproduce.pocket import (
    CONTROL_EXPERIMENT,
    LAYER_EXPERIMENT,
    OPERATOR_EXPERIMENT,
    VISTA_EXPERIMENT,
)

EXPERIMENTS = {
    each.name: each
    for each in (
        ALPHA_EXPERIMENT,
        LAMBDA_EXPERIMENT,
        CONTROL_EXPERIMENT,
        OPERATOR_EXPERIMENT,
        VISTA_EXPERIMENT,
        LAYER_EXPERIMENT,
    )
}


def experiment(name: str) -> Experiment:
    """Raises ValueError, one line, with the nearest name, where there is none of that name."""
    if name not in EXPERIMENTS:
        raise ValueError(f"no experiment {name}: {hint(name, list(EXPERIMENTS))}")
    return EXPERIMENTS[name]
