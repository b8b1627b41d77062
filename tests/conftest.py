"""What every test starts from: checked shapes, one thread, a store that is not the user's."""

from __future__ import annotations

from collections.abc import Iterator

import jaxtyping
import pytest
import torch

from tests.shapes import active, checked

jaxtyping.install_import_hook("benchmark", f"{checked.__module__}.{checked.__name__}")
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def store_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test touches the user's store of activations; what one computes the next may read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCHMARK_CACHE", str(tmp_path_factory.getbasetemp() / "activations"))
        yield


@pytest.fixture
def as_users_run() -> Iterator[None]:
    """Without the checks of shapes, which would speak before the code under test does."""
    token = active.set(False)
    yield
    active.reset(token)
