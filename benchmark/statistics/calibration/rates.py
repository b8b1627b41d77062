"""How often each claim is made in a setting."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from benchmark.statistics.calibration.settings import DIFFER, Setting
from benchmark.statistics.calibration.worlds import World, concept_effects, scenes
from benchmark.statistics.flatness import flatness
from benchmark.statistics.interaction import hotelling, interaction

Effects = tuple[Float[np.ndarray, "u b"], Int[np.ndarray, " u"]]
BAR = (0.035, 0.065)
"""Where the size of an exact test must lie: 5 % and three standard errors of 2,000 draws."""
WITHIN_DRAWS = 199


def measured(setting: Setting, rng: np.random.Generator, draws: int) -> dict[str, Any]:
    """A row of the record: the setting, the rates of its verdicts, and whether a size is held."""
    ask = flatness_rates if setting.test == "flatness" else interaction_rates
    rates = ask(setting, rng, draws)
    rate = rates.get(setting.claim, 0.0)
    lowest = BAR[0] if setting.kind == "exact" else 0.0
    held = lowest <= rate <= BAR[1] if setting.kind in ("exact", "at most") else None
    said = {f.name: getattr(setting, f.name) for f in fields(setting) if "supp" not in f.name}
    worlds: dict[str, Any] = {"world": changed(setting.world)}
    if setting.supp is not None:
        worlds |= {"supp": changed(setting.supp), "supp_mean": setting.supp_mean}
    found = {"draws": draws, "rate": rate, "rates": rates, "held": held}
    return said | worlds | found


def changed(world: World) -> dict[str, Any]:
    """What a world is, less what all are by default."""
    usual = asdict(World())
    return {
        name: value
        for name, value in asdict(world).items()
        if name in ("effects", "n_concepts") or value != usual[name]
    }


def flatness_rates(setting: Setting, rng: np.random.Generator, draws: int) -> dict[str, float]:
    """How often each verdict falls; "an effect" is any but "no effect"."""
    mean, found = np.array(setting.mean), Counter[str]()
    for _ in range(draws):
        own = concept_effects(rng, setting.world, len(mean))
        found[flatness(*scenes(rng, setting.world, mean, own)).verdict] += 1
    rates = {verdict: count / draws for verdict, count in sorted(found.items())}
    return rates | {"an effect": 1 - found["no effect"] / draws}


def interaction_rates(setting: Setting, rng: np.random.Generator, draws: int) -> dict[str, float]:
    """How often p is at most .05."""
    ask = p_of_concepts if setting.test == "interaction" else p_within_concepts
    return {DIFFER: sum(ask(rng, *directions(rng, setting)) <= 0.05 for _ in range(draws)) / draws}


def directions(rng: np.random.Generator, setting: Setting) -> tuple[Effects, Effects]:
    """Effects of addition and of suppression on the same concepts."""
    assert setting.supp is not None
    n_blocks = len(setting.mean)
    add = concept_effects(rng, setting.world, n_blocks)
    supp = add if setting.shared else concept_effects(rng, setting.supp, n_blocks)
    first = scenes(rng, setting.world, np.array(setting.mean), add)
    return first, scenes(rng, setting.supp, np.array(setting.supp_mean), supp)


def p_of_concepts(rng: np.random.Generator, add: Effects, supp: Effects) -> float:
    """Labels change for whole concepts: what `interaction` does."""
    found = interaction(add[0], supp[0], add_concept=add[1], supp_concept=supp[1], rng=rng)
    assert found.p is not None
    return found.p


def p_within_concepts(rng: np.random.Generator, add: Effects, supp: Effects) -> float:
    """Labels change for single profiles within concept: what it does not do, and why."""
    effects = np.concatenate([add[0], supp[0]])
    effects = effects - effects.mean(1, keepdims=True)
    concept, is_add = np.r_[add[1], supp[1]], np.r_[np.ones(len(add[1])), np.zeros(len(supp[1]))]
    contrasts = []
    for each in np.unique(concept):
        own, label = effects[concept == each], is_add[concept == each]
        drawn = rng.permuted(np.tile(label, (WITHIN_DRAWS, 1)), axis=1)
        labels = np.vstack([label, drawn])
        contrasts.append((labels / label.sum() - (1 - labels) / (1 - label).sum()) @ own)
    given = np.ones((1, len(contrasts)))
    found = np.array([hotelling(draw, given)[0] for draw in np.stack(contrasts, axis=1)])
    return float(np.mean(found >= found[0] * (1 - 1e-12)))
