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
    seed: int,
    *,
    method: str = "jsae",
    add: tuple[float, ...],
    low: float,
    p: float = 0.01,
    site: str = "block:*",
) -> Any:
    values = {"peak": 1.0, "peak/apart": 1.0, "peak/decode": 2.0}
    for suffix in steering.YARDSTICKS.values():
        for i in range(BLOCKS):
            values[f"add{suffix}/block:{i}"] = add[i]
            values[f"supp{suffix}/block:{i}"] = 0.3
        values |= {f"share/supp{suffix}/low": low, f"share/supp{suffix}/high": low + 0.1}
        values |= {f"spread/add{suffix}": 0.2, f"spread/supp{suffix}": 0.2}
        values |= {f"add_minus_supp{suffix}": add[1] - 0.3, f"interaction{suffix}/p": p}
    for i in range(BLOCKS):
        values |= {f"dose/block:{i}": 0.5, f"dose/add/block:{i}": 3.0}
        values[f"dose/decode/block:{i}"] = 0.25
        values[f"perplexity_ratio/decode/block:{i}"] = 10.0**i
    return SimpleNamespace(
        task=SimpleNamespace(name=steering.TASK),
        method=SimpleNamespace(name=method, given={}),
        backend=SimpleNamespace(name="pocket-llava"),
        variant="fair",
        site=site,
        split="test",
        data=SimpleNamespace(limit=None, centred=False),
        status="scored",
        seed=seed,
        scores=tuple(score(name, value) for name, value in values.items()),
    )


PEAKED = (0.1, 0.5, 0.2)


def test_a_claim_needs_every_seed() -> None:
    told = steering.text(steering.rows([cell(s, add=PEAKED, low=0.2) for s in range(3)]))
    assert "works best on val after block 1 in every seed: 0.50" in told
    assert "suppressing is not the same over blocks" in told
    assert "than a constant is shown" in told
    assert "100 times the perplexity" in told
    flat = steering.text(steering.rows([cell(s, add=PEAKED, low=0.01) for s in range(3)]))
    assert "suppressing is the same over blocks" in flat
    mixed = [cell(0, add=PEAKED, low=0.2), cell(1, add=PEAKED, low=0.01, p=0.5)]
    doubtful = steering.text(steering.rows(mixed))
    assert "not shown to be the same over blocks, nor not to be" in doubtful
    assert "than a constant is not shown" in doubtful


def test_cells_of_other_runs_are_no_seeds_of_this_one() -> None:
    other = cell(1, add=PEAKED, low=0.2, site="block:1,block:4")
    rows = steering.rows([cell(0, add=PEAKED, low=0.2), other])
    assert {tuple(row["seeds"]) for row in rows} == {(0,)}
    with pytest.raises(ValueError, match="twice with one seed"):
        steering.rows([cell(0, add=PEAKED, low=0.2)] * 2)


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
    assert row["curves"]["add"]["1"] == pytest.approx([0.5, 0.4, 0.6])
