"""What every test starts from: checked shapes, one thread, a store that is not the user's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.shapes import CheckedFinder, active

ROOT = Path(__file__).resolve().parents[1]


def checked_modules() -> list[str]:
    """Those of `benchmark` that have shapes in signatures.

    What Triton and numba compile is left out: they read functions as written.
    """
    found = []
    for file in (ROOT / "benchmark").rglob("*.py"):
        place = file.relative_to(ROOT).with_suffix("")
        compiled = "kernels" in place.parts and file.stem in COMPILED
        if not compiled and "jaxtyping" in file.read_text():
            found.append(".".join(place.parts))
    return found


COMPILED = ("triton", "cpu", "__init__")
sys.meta_path.insert(0, CheckedFinder(checked_modules()))
torch.set_num_threads(1)
if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"


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
