"""The shapes in signatures are really checked while tests run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.contracts import SparseCodes, Units
from benchmark.metrics.errors import cosine, squared_error
from tests.shapes import ShapeError


def test_an_array_with_the_wrong_number_of_axes_is_refused() -> None:
    with pytest.raises(ShapeError, match="wanted"):
        squared_error(np.zeros(3), np.zeros(3))


def test_one_letter_is_one_length() -> None:
    with pytest.raises(ShapeError):
        cosine(np.zeros((2, 3)), np.zeros((2, 4)))


def test_whole_numbers_are_no_activations() -> None:
    with pytest.raises(ShapeError):
        squared_error(np.zeros((2, 3), int), np.zeros((2, 3), int))


def test_fields_of_dataclasses_are_checked() -> None:
    SparseCodes(torch.zeros(2, 1), torch.zeros(2, 1, dtype=torch.long), 4)
    with pytest.raises(ShapeError):
        SparseCodes(torch.zeros(2, 1), torch.zeros(2, 2, dtype=torch.long), 4)
    with pytest.raises(ShapeError):
        Units(np.zeros((2, 1)))


def test_what_fits_passes() -> None:
    assert cosine(np.eye(2), np.eye(2)).tolist() == [1.0, 1.0]
