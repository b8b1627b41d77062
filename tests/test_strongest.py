"""Codes of examples from codes of their tokens: of each latent the strongest value."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contracts import SparseCodes, strongest


def test_by_hand():
    rows = torch.tensor([[0, 2.0, 0], [1, -3, 0], [0, 0, 0], [0.5, 0, 4]])
    owner = torch.tensor([0, 0, 1, 2])
    found = strongest(SparseCodes.from_dense(rows), owner, 4)
    wanted = torch.tensor([[1, -3.0, 0], [0, 0, 0], [0.5, 0, 4], [0, 0, 0]])
    assert torch.equal(found.dense(), wanted)


def test_of_equal_magnitudes_the_first_rows_counts():
    rows = torch.tensor([[2.0], [-2.0], [-1.0], [1.0]])
    found = strongest(SparseCodes.from_dense(rows), torch.tensor([0, 0, 1, 1]), 2)
    assert found.dense().flatten().tolist() == [2.0, -1.0]


def test_rows_that_are_the_examples_come_back_as_they_are():
    codes = SparseCodes.from_dense(torch.eye(4))
    assert strongest(codes, torch.arange(4), 4) is codes


def test_an_example_without_rows_is_empty():
    codes = SparseCodes.from_dense(torch.zeros(3, 5))
    found = strongest(codes, torch.tensor([0, 0, 0]), 2)
    assert found.l0().tolist() == [0, 0]


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 8), st.integers(8, 200))
def test_it_is_the_largest_magnitude_of_each_latent(seed: int, rows: int, n: int, width: int):
    generator = torch.Generator().manual_seed(seed)
    dense = torch.randn(rows, width, generator=generator)
    dense *= torch.rand(rows, width, generator=generator) < 0.1
    owner = torch.randint(n, (rows,), generator=generator).sort().values
    found = strongest(SparseCodes.from_dense(dense), owner, n)
    for i in range(n):
        own = dense[owner == i]
        wanted = own.abs().amax(0) if len(own) else torch.zeros(width)
        assert torch.equal(found.dense()[i].abs(), wanted)
    if found.indices is not None:
        kept = found.indices.masked_fill(found.values == 0, -1)
        assert (kept.diff(dim=1) >= 0).all()
