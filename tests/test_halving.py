"""Rows are the same however often a batch had to be halved."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.activations.halving import Halving


def reader(room: int, asked: list[int]) -> Halving:
    """Rows of two keys on a device with room for so many examples."""

    def read(start: int, stop: int) -> dict[str, np.ndarray]:
        asked.append(stop - start)
        if stop - start > room:
            raise torch.OutOfMemoryError("no room")
        rows = np.arange(start, stop, dtype=np.float32)[:, None]
        return {"a": rows, "b": -rows}

    return Halving(read)


@pytest.mark.parametrize("room", [1, 2, 3, 7, 16, 100])
def test_a_batch_is_halved_until_it_fits_and_the_next_one_starts_there(room: int) -> None:
    asked: list[int] = []
    rows = reader(room, asked)
    for start in (0, 16, 32):
        found = rows(start, min(start + 16, 40))
        wanted = np.arange(start, min(start + 16, 40), dtype=np.float32)[:, None]
        assert np.array_equal(found["a"], wanted)
        assert np.array_equal(found["b"], -wanted)
    refused = [n for n in asked if n > room]
    assert refused == asked[: len(refused)]


def test_no_room_for_one_is_told() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        reader(0, [])(0, 8)


def test_nothing_to_read_is_nothing() -> None:
    assert reader(4, [])(3, 3)["a"].shape == (0, 1)
