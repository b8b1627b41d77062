"""What the findings say of steering is what every seed and both yardsticks say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from leaderboards import steering

BLOCKS = 3


def score(name: str, value: float) -> Any:
    return SimpleNamespace(name=name, value=value, se=0.01, ci_low=value - 0.1, ci_high=value + 0.1)


def cell(
    seed: int, *, method: str = "jsae", add: tuple[float, ...], low: float, p: float = 0.01
) -> Any:
    values = {"peak": 1.0, "peak/apart": 0.0}
    for suffix in steering.YARDSTICKS.values():
        for i in range(BLOCKS):
            values[f"add{suffix}/block:{i}"] = add[i]
            values[f"supp{suffix}/block:{i}"] = 0.3
        values |= {f"share/supp{suffix}/low": low, f"share/supp{suffix}/high": low + 0.1}
        values |= {f"add_minus_supp{suffix}": add[1] - 0.3, f"interaction{suffix}/p": p}
    for i in range(BLOCKS):
        values |= {f"dose/block:{i}": 0.5, f"dose/add/block:{i}": 3.0}
        values[f"perplexity_ratio/decode/block:{i}"] = 10.0**i
    return SimpleNamespace(
        task=SimpleNamespace(name=steering.TASK),
        method=SimpleNamespace(name=method),
        backend=SimpleNamespace(name="pocket-llava"),
        variant="fair",
        status="scored",
        seed=seed,
        scores=tuple(score(name, value) for name, value in values.items()),
    )


PEAKED = (0.1, 0.5, 0.2)


def test_a_claim_needs_every_seed() -> None:
    told = steering.text(steering.rows([cell(s, add=PEAKED, low=0.2) for s in range(3)]))
    assert "works best after block 1 of 0 to 2" in told
    assert "suppressing is not flat over blocks" in told
    assert "one shape is rejected" in told
    assert "10 times the perplexity" in told
    flat = steering.text(steering.rows([cell(s, add=PEAKED, low=0.01) for s in range(3)]))
    assert "suppressing is flat over blocks" in flat
    mixed = [cell(0, add=PEAKED, low=0.2), cell(1, add=PEAKED, low=0.01, p=0.5)]
    doubtful = steering.text(steering.rows(mixed))
    assert "suppressing is not shown flat" in doubtful
    assert "one shape is not rejected" in doubtful


def test_methods_that_are_one_experiment_share_a_row() -> None:
    alike = [cell(0, method=m, add=PEAKED, low=0.2) for m in ("jsae", "jsae-noalign")]
    other = cell(0, method="posthoc", add=(0.3, 0.1, 0.1), low=0.2)
    lines = steering.text(steering.rows([*alike, other])).splitlines()
    rows = [line for line in lines if line.startswith("| `pocket-llava`")]
    assert len(rows) == 2 * len(steering.YARDSTICKS)
    assert "`jsae`, `jsae-noalign`" in rows[0]


def test_an_effect_without_bounds_is_none() -> None:
    (row, *_) = steering.rows([cell(0, add=PEAKED, low=0.2)])
    assert row["shape/add"] == "no effect"
    assert row["curves"]["add"][1] == pytest.approx([0.5, 0.4, 0.6])
    assert steering.text([]) == ""
