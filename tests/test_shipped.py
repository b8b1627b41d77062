"""Shipped language and vision-language models: their cards are of these weights, and true."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

import benchmark
from benchmark.recipes import card as cards
from benchmark.recipes import pocket_lm
from benchmark.recipes.recipe import Recipe

ASSETS = Path(benchmark.__file__).parent / "assets"
SHIPPED: dict[str, Recipe] = {"pocket-lm": pocket_lm.RECIPE}
MOST_BYTES = 24 * 10**6


def card(name: str) -> dict[str, Any]:
    return json.loads((ASSETS / name / cards.CARD_FILE).read_text())


def test_all_assets_together_are_small() -> None:
    assert sum(file.stat().st_size for file in ASSETS.rglob("*") if file.is_file()) <= MOST_BYTES


@pytest.mark.parametrize("name", SHIPPED)
def test_card_is_of_these_weights(name: str) -> None:
    says, written = SHIPPED[name].says, card(name)
    weights = ASSETS / name / says.weights
    assert written["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    with safe_open(weights, framework="pt") as file:
        kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
    assert kinds == {torch.float16}
    assert (ASSETS / name / cards.README_FILE).read_text() == cards.readme(says, written)


@pytest.mark.parametrize("name", SHIPPED)
def test_card_reaches_the_bars(name: str) -> None:
    assert cards.missed(SHIPPED[name].says, card(name)["measured"]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_measured_again_the_bars_hold(name: str) -> None:
    measured = SHIPPED[name].measure(ASSETS / name, torch.device("cpu"), 0)
    assert cards.missed(SHIPPED[name].says, measured) == {}
    for what, row in card(name)["measured"].items():
        assert measured[what]["n"] == row["n"]
        assert measured[what]["value"] == pytest.approx(row["value"], abs=0.005), what
