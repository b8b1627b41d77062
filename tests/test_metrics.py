"""Reconstruction formulas and averages on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.metrics.averages import mean_of_ratios, median_of, total
from benchmark.metrics.errors import (
    cosine,
    row_errors,
    sorted_median,
    squared_deviation,
    squared_error,
)
from benchmark.statistics import estimates

X = np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]], dtype=np.float32)
X_HAT = np.array([[3.0, 0.0], [1.0, 0.0], [0.0, 2.0]], dtype=np.float32)


def test_errors_and_deviations_by_hand() -> None:
    assert squared_error(X, X_HAT).tolist() == [16, 1, 5]
    assert squared_deviation(X, np.array([1.0, 0.0])).tolist() == [20, 1, 0]


def test_cosine_by_hand_and_0_without_a_direction() -> None:
    assert cosine(X, X_HAT) == pytest.approx([0.6, 0, 0])


def test_relative_error_divides_both_by_the_norm_of_x() -> None:
    found = row_errors(X, X_HAT, np.zeros(2))
    assert found.relative_error == pytest.approx([16 / 25, 1, 5])
    assert row_errors(X[1:2], X[1:2], np.zeros(2)).relative_error.tolist() == [0]


def test_row_errors_do_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(0)
    x, x_hat = rng.standard_normal((2, 101, 7)).astype(np.float32)
    one, many = row_errors(x, x_hat, x.mean(0)), row_errors(x, x_hat, x.mean(0), batch=3)
    for name in ("error", "deviation", "cosine", "norm", "norm_hat"):
        assert getattr(one, name) == pytest.approx(getattr(many, name), abs=1e-12)


def test_errors_refuse_another_shape() -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 1\), wanted that of x: \(3, 2\)"):
        row_errors(X, X[:, :1], np.zeros(2))


@pytest.mark.parametrize(
    ("values", "weights", "expected"),
    [
        ([1.0, 2, 9], [1.0, 1, 1], 2),
        ([1.0, 2, 4, 9], [1.0, 1, 1, 1], 3),
        ([1.0, 2, 9], [0.0, 1, 3], 9),
        ([1.0, 2, 9], [5.0, 0, 0], 1),
        ([1.0, 2, 9], [2.0, 1, 1], 1.5),
    ],
)
def test_weighted_median_by_hand(
    values: list[float], weights: list[float], expected: float
) -> None:
    assert sorted_median(np.array(values), np.array(weights)) == expected


def test_weighted_median_is_that_of_repeated_values() -> None:
    rng = np.random.default_rng(1)
    values = np.sort(rng.standard_normal(40))
    weights = rng.integers(0, 4, 40)
    expected = np.median(np.repeat(values, weights))
    assert sorted_median(values, weights.astype(float)) == pytest.approx(expected, abs=1e-15)


def test_median_of_unsorted_units() -> None:
    units = median_of(np.array([5.0, 1, 3]))
    assert units.value is not None
    assert units.value(np.ones(3)) == 3
    assert units.value(np.array([1.0, 0, 0])) == 5


def test_mean_of_ratios_is_exact_under_weights() -> None:
    rng = np.random.default_rng(2)
    parts = [(rng.random(20), 1 + rng.random(20)) for _ in range(2)]
    units = mean_of_ratios(*parts)
    assert units.value is not None
    weights = rng.integers(0, 3, 20).astype(float)
    rows = np.repeat(np.arange(20), weights.astype(int))
    expected = np.mean([top[rows].sum() / under[rows].sum() for top, under in parts])
    assert units.value(weights) == pytest.approx(expected, abs=1e-14)
    assert units.value(np.ones(20)) == pytest.approx(units.numerator.mean(), abs=1e-14)


def test_mean_of_ratios_over_nothing_is_refused_by_the_statistics() -> None:
    zeros = np.zeros(3)
    units = mean_of_ratios((zeros, zeros), (zeros + 1, zeros + 1))
    with pytest.raises(ValueError, match="not finite"):
        estimates({"score": units})


def test_totals_of_rows_by_owner() -> None:
    assert total(np.array([1.0, 2, 3]), np.array([2, 0, 2]), 4).tolist() == [2, 0, 4, 0]
