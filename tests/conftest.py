"""What every test starts from: one thread, and an activation store that is not the user's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def store_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's store of activations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCHMARK_CACHE", str(cache_of(tmp_path_factory)))
        yield


def cache_of(factory: pytest.TempPathFactory) -> Path:
    """One folder a worker: what one test has computed the next may read."""
    return factory.getbasetemp() / "activations"
