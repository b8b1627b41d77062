"""Steering finds what dials say: effects, doses, peaks, and what cannot be steered."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from benchmark.contracts import Speaker, Steerable, Units
from benchmark.run.scoring import Scored, score
from benchmark.statistics import point_value
from benchmark.steering import cases
from benchmark.steering.gaps import DOSES
from benchmark.steering.published import last_accepted
from benchmark.steering.sweep import Sweep
from tasks.steering_asymmetry import SteeringAsymmetry
from tests.steered_world import MEMBERS, THINGS, Dials, drawn, luck, world

TASK, CASES = SteeringAsymmetry(), 16
ADD, SUPP = (0.05, 0.1, 0.2, 0.15), (0.1, 0.1, 0.1, 0.1)
LOGIT = (0.5, 1.0, 2.0, 1.5), (1.0, 1.0, 1.0, 1.0)


def values(found: dict[str, Units]) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in found.items()}


def scored(model: Dials) -> Scored:
    return score(TASK, world(model), frozenset(), {})


@pytest.fixture(scope="module", autouse=True)
def _few() -> Iterator[None]:
    """Fewer cases of each concept: the same code in a sixth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(cases.N_CASES, "val", 5)  # type: ignore[arg-type]
        patch.setitem(cases.N_CASES, "test", CASES)  # type: ignore[arg-type]
        yield


@pytest.fixture(scope="module")
def planted(_few: None) -> Scored:
    return scored(Dials(ADD, SUPP, *LOGIT))


def test_the_dials_speak() -> None:
    assert isinstance(Dials(ADD, SUPP, *LOGIT), Speaker)
    assert isinstance(drawn(0), Steerable)


def lucky(sign: cases.Sign, share: float) -> float:
    """In how many pictures an effect of this share happens."""
    sweep = Sweep(world(Dials(ADD, SUPP, *LOGIT)))
    every = sweep.cases("test")
    rows = sweep.shown("test", sign, every)
    drawn = [luck(row)[case.concept] for row, case in zip(rows, every, strict=True)]
    return float(np.mean(np.array(drawn) < share))


def test_the_dials_are_recovered_within_their_intervals(planted: Scored) -> None:
    by_name = {each.name: each for each in planted.scores}
    covered = []
    for i in range(3):
        dose = by_name[f"dose/block:{i}"].value
        for sign, dial, logit in (("add", ADD, LOGIT[0]), ("supp", SUPP, LOGIT[1])):
            mention = by_name[f"{sign}/block:{i}"]
            said = min(1, dial[i] * dose)
            assert mention.value == pytest.approx(lucky(sign, said))
            covered.append((mention.ci_low or 0) <= said <= (mention.ci_high or 0))
            assert by_name[f"{sign}_logit/block:{i}"].value == pytest.approx(logit[i] * dose, 1e-5)
            written = by_name[f"{sign}/decode/block:{i}"].value
            twice = 2 * dial[i] * by_name[f"dose/decode/block:{i}"].value
            assert written == pytest.approx(lucky(sign, min(1, twice)))
    assert sum(covered) >= len(covered) - 1


def test_after_the_last_block_only_writing_is_reached(planted: Scored) -> None:
    found = {each.name: each.value for each in planted.scores}
    assert found["add/block:3"] == found["supp/block:3"] == found["add_logit/block:3"] == 0
    assert found["add/decode/block:3"] > 0


def test_the_peak_is_where_adding_works_best(planted: Scored) -> None:
    found = {each.name: each for each in planted.scores}
    doses = [found[f"dose/block:{i}"].value for i in range(3)]
    peak = int(np.argmax(np.array(ADD[:3]) * doses))
    assert found["peak"].value == peak
    add, supp = (found[f"{sign}/block:{peak}"].value for sign in cases.SIGNS)
    assert found["add_minus_supp"].value == pytest.approx(add - supp)
    assert found["asymmetry"].value == pytest.approx((add - supp) / (add + supp))


def test_references_stand_where_arithmetic_puts_them(planted: Scored) -> None:
    (main,) = [each for each in planted.scores if each.name == "add/block:1"]
    found = {reference.name: reference.value for reference in main.references}
    assert abs(found["random direction"]) <= 0.05
    assert found["redrawn picture"] == 1
    assert found["told in the prompt"] == 0
    assert found["difference of means"] > 0


def test_one_shape_of_both_signs_is_not_called_two() -> None:
    same = Dials(ADD, ADD, LOGIT[0], LOGIT[0])
    found = values(TASK.score(world(same)))
    assert found["interaction_logit/p"] > 0.05
    two = Dials(ADD, ADD[::-1], LOGIT[0], (2.0, 1.0, 0.5, 1.0))
    assert values(TASK.score(world(two)))["interaction_logit/p"] < 0.05


def test_equal_effects_are_flat_and_unequal_ones_not() -> None:
    found = values(TASK.score(world(Dials(ADD, SUPP, LOGIT[0], (1.0, 1.0, 1.0, 1.0)))))
    assert found["share/supp_logit/apart/high"] <= 0.15
    assert found["share/add_logit/apart/low"] > 0.15


def test_a_concept_without_a_latent_counts_and_is_told() -> None:
    model = Dials(ADD, SUPP, *LOGIT)
    concepts = Sweep(world(model)).concepts
    assert len(concepts) == 10
    assert sum(c in MEMBERS for c in concepts) == 2
    found = values(TASK.score(world(model, mute=[concepts[0], concepts[-1]])))
    assert found["with_latent/block:0"] == pytest.approx(8 / 10)
    whole = values(TASK.score(world(model)))
    dose = found["dose/block:1"]
    assert found["add_logit/block:1"] == pytest.approx(LOGIT[0][1] * dose * 8 / 10, 1e-5)
    assert whole["add_logit/block:1"] == pytest.approx(LOGIT[0][1] * whole["dose/block:1"], 1e-5)


def test_doses_that_break_every_answer_are_told() -> None:
    found = values(TASK.score(world(Dials(ADD, SUPP, *LOGIT, dumb_above=0.1))))
    for i in range(3):
        assert found[f"sound/block:{i}"] == 0
        assert found[f"dose/block:{i}"] == DOSES[0]
        assert (
            found[f"parsed/block:{i}"] == found[f"add/block:{i}"] == found[f"supp/block:{i}"] == 0
        )


def test_fluency_bounds_the_dose() -> None:
    found = values(TASK.score(world(Dials(ADD, SUPP, *LOGIT, dumb_above=1.1))))
    assert {found[f"dose/block:{i}"] for i in range(3)} == {1.0}


def test_a_model_that_nothing_moves_has_no_effect_and_no_ratio() -> None:
    still = (0.0,) * 4
    found = values(TASK.score(world(Dials(still, still, still, still))))
    assert found["add_minus_supp"] == 0
    assert not [name for name in found if name.startswith(("asymmetry", "share/"))]


def test_both_signs_meet_the_same_scenes() -> None:
    sweep = Sweep(world(Dials(ADD, SUPP, *LOGIT)))
    every = sweep.cases("test")
    assert len(every) == 10 * CASES
    before, after = (sweep.shown("test", sign, every) for sign in cases.SIGNS)
    for case, a, b in zip(every, before, after, strict=True):
        changed = np.flatnonzero((a != b).any(1).numpy())
        assert tuple(changed) == case.patches
        assert case.thing in (case.concept, *MEMBERS.get(case.concept, ()))
        assert case.thing < THINGS


def test_published_steering_walks_up_and_counts_any_name() -> None:
    """The norm is 1, so alpha is a dose; writing is pushed too, which counts twice here."""
    paper = SteeringAsymmetry(variant="paper")
    model = Dials(ADD, SUPP, *LOGIT)
    found = values(paper.score(world(model)))
    assert found["before/add"] == 0
    assert found["before/supp"] == 1
    assert found["dose/add/block:1"] == pytest.approx(3)
    assert found["peak"] == 2
    for i in range(4):
        assert found[f"add/block:{i}"] == pytest.approx(min(1, 6 * ADD[i]), abs=0.1)
    difference = found["add/block:2"] - found["supp/block:2"]
    assert found["add_minus_supp"] == pytest.approx(difference)


@pytest.mark.parametrize(
    ("perplexities", "gains", "said", "accepted"),
    [
        ([1, 1, 1, 1], None, ["a b c d"] * 3, 3),
        ([1, 50, 50, 1], None, ["a b c d"] * 3, 1),
        ([30, 15, 1, 1], None, ["a b c d"] * 3, 1),
        ([1, 1, 1, 1], [0.2, 0.1, 0.3], ["a b c d"] * 3, 1),
        ([1, 1, 1, 1], [0.05, 0.01, 0.3], ["a b c d"] * 3, 3),
        ([1, 1, 1, 1], [-0.3, -0.1, -0.3], ["a b c d"] * 3, 3),
        ([1, 1, 1, 1], [-0.1, -0.3, -0.3], ["a b c d"] * 3, 2),
        ([1, 1, 1], None, ["a b c d", "ba " * 40], 1),
    ],
)
def test_published_rules_stop_where_they_say(
    perplexities: list[float], gains: list[float] | None, said: list[str], accepted: int
) -> None:
    assert last_accepted(perplexities, gains, said) == accepted


def test_a_random_direction_is_drawn_for_every_case() -> None:
    sweep = Sweep(world(Dials(ADD, SUPP, *LOGIT)))
    found = sweep.cases("test")
    drawn = torch.stack([sweep.direction_of("random direction", 0)(case) for case in found])
    assert torch.allclose(drawn.norm(dim=1), torch.ones(len(found)))
    assert len(drawn.unique(dim=0)) == len(found)
    again = Sweep(world(Dials(ADD, SUPP, *LOGIT))).direction_of("random direction", 0)
    assert torch.equal(drawn[7], again(found[7]))
    own = torch.stack([sweep.direction_of("own", 0)(case) for case in found])
    assert len(own.unique(dim=0)) == len(sweep.concepts)
