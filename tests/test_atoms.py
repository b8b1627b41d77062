"""Planted atoms: the prescribed angle is exact, interference bounded, the impossible refused."""

from __future__ import annotations

import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.worlds.atoms import Layout, interference, planted_atoms, welch_bound
from benchmark.worlds.planted_recipe import Recipe


@pytest.mark.parametrize("alpha", [-1, -0.4, 0, 0.5, 0.8, 0.99, 1])
@pytest.mark.parametrize(
    ("shape", "eps_max"), [((64, 32, 32, 64), 0.3), ((9, 3, 5, 40), 0.0), ((200, 50, 30, 96), 0.25)]
)
def test_angle_is_exact_and_interference_bounded(
    alpha: float, shape: tuple[int, int, int, int], eps_max: float
) -> None:
    layout = Layout(*shape, alpha=alpha)
    image, text = planted_atoms(layout, eps_max=eps_max, seed=3)
    n = layout.n_shared
    assert image.shape == (n + layout.n_image, layout.d)
    assert text.shape == (n + layout.n_text, layout.d)
    for atoms in (image, text):
        assert (atoms.double().norm(dim=1) - 1).abs().max() < 1e-6
    cosine = (image[:n].double() * text[:n].double()).sum(1)
    assert (cosine - alpha).abs().max() < 1e-6
    assert interference(image, text, n) <= eps_max + 1e-6


def test_interference_sees_every_pair_but_the_prescribed_ones() -> None:
    eye = torch.eye(4)
    assert interference(eye[:2], eye[:2], 2) == 0
    assert interference(eye[:2], eye[:2], 1) == pytest.approx(1), "across modalities, unprescribed"
    leaning = torch.tensor([[0.6, 0.8, 0, 0]])
    assert interference(torch.cat([eye[:1], leaning]), eye[2:3], 0) == pytest.approx(0.6)
    assert interference(eye[:1], leaning, 0) == pytest.approx(0.6)
    assert interference(eye[:1], leaning, 1) == 0


def test_paper_sizes_at_the_published_interference() -> None:
    layout = Layout(1024, 512, 512, 256, alpha=0.5)
    started = time.process_time()
    image, text = planted_atoms(layout, eps_max=0.10, seed=0)
    assert interference(image, text, 1024) <= 0.10
    assert (time.process_time() - started) < 30, "about a second on an idle core"


def test_atoms_depend_on_the_seed_alone() -> None:
    layout = Layout(30, 10, 10, 32, alpha=0.5)
    first = planted_atoms(layout, eps_max=0.4, seed=1)
    torch.manual_seed(99)
    again = planted_atoms(layout, eps_max=0.4, seed=1)
    other = planted_atoms(layout, eps_max=0.4, seed=2)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.allclose(first[0], other[0], atol=0.1)


@settings(max_examples=40, deadline=None)
@given(shape=st.tuples(*[st.integers(1, 9)] * 3, st.integers(3, 8)), alpha=st.floats(-1, 1))
def test_welch_bound_is_never_above_what_some_atoms_reach(
    shape: tuple[int, int, int, int], alpha: float
) -> None:
    layout = Layout(*shape, alpha=alpha)
    image, text = planted_atoms(layout, eps_max=1.0, seed=0)
    assert interference(image, text, layout.n_shared) >= welch_bound(layout) - 1e-6


def test_welch_bound_of_a_known_optimum() -> None:
    """d + 1 vectors of a simplex meet at exactly 1/d: the bound is attained."""
    assert welch_bound(Layout(0, 5, 0, 4, alpha=0)) == pytest.approx(1 / 4)
    assert welch_bound(Layout(4, 0, 0, 8, alpha=0)) == 0


def test_infeasible_requests_say_what_is_feasible() -> None:
    with pytest.raises(ValueError, match=r"Welch bound\): ask for eps_max 0\.1 or more") as caught:
        Recipe(n_shared=1024, n_image=512, n_text=512, eps_max=0.05)
    assert "\n" not in str(caught.value)
    layout = Layout(40, 0, 0, 16, alpha=0.0)
    with pytest.raises(ValueError, match=r"came no lower than 0\.\d+ .* ask for eps_max 0\.\d+"):
        planted_atoms(layout, eps_max=welch_bound(layout) + 1e-3, seed=0)
