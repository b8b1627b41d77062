"""What is shown of steering: one case of each sign at every dose, and curves over doses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.contracts import Exhibit, Exhibited
from benchmark.run.pictures import draw_exhibit
from benchmark.statistics import point_value
from benchmark.steering.answers import Push, answers, at_every_dose
from benchmark.steering.cases import SIGNS
from benchmark.steering.doses import chosen
from benchmark.steering.gaps import DOSES, gaps
from benchmark.steering.sweep import Sweep
from tasks.steering_asymmetry import SteeringAsymmetry
from tests.steered_world import THINGS, Dials, world

ADD, SUPP = (0.05, 0.1, 0.3, 0.15), (0.1, 0.1, 0.2, 0.1)
LOGIT = (0.5, 1.0, 2.0, 1.5), (1.0, 1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return Sweep(world(Dials(ADD, SUPP, *LOGIT)))


@pytest.fixture(scope="module")
def peak(sweep: Sweep) -> int:
    return chosen(sweep, "own").peak


@pytest.fixture(scope="module")
def shown(sweep: Sweep) -> Exhibit:
    found = SteeringAsymmetry().exhibit(sweep.subject)
    assert found is not None
    return found


def test_a_case_of_each_sign_is_shown_with_its_room_and_an_answer_a_dose(
    shown: Exhibit, peak: int
) -> None:
    assert [case.title.split()[1] for case in shown.cases] == ["adding", "suppressing"]
    for case in shown.cases:
        assert case.title.endswith(f"block {peak}")
        assert [line.split(":")[0].split()[1] for line in case.lines[2:]] == [
            f"{dose:g}" for dose in DOSES
        ]
        assert sum("(chosen)" in line for line in case.lines) == 1
        assert len(case.boxes) == 1


def test_curves_are_of_the_peak_and_go_where_the_dials_say(shown: Exhibit, peak: int) -> None:
    for chart, dial in zip(shown.charts, (LOGIT[0][peak], -LOGIT[1][peak]), strict=True):
        assert not chart.shares
        assert chart.chosen in DOSES
        own, means, at_random = chart.curves
        assert own.at == DOSES
        values = [point_value(units) for units in own.units]
        assert values == pytest.approx([dial * dose for dose in DOSES], abs=1e-5)
        assert abs(point_value(means.units[-1])) < abs(values[-1])
        assert abs(point_value(at_random.units[-1])) < 0.2 * abs(values[-1])


@pytest.mark.parametrize("sign", SIGNS)
def test_a_case_alone_says_what_it_says_among_all(sweep: Sweep, peak: int, sign: str) -> None:
    few = [0, 17, len(sweep.cases("test")) - 1]
    alone = {k: at_every_dose(sweep, "test", sign, Push("own"), peak, k) for k in few}
    for j, dose in enumerate(DOSES):
        among = answers(sweep, "test", sign, Push("own"), peak, dose)
        assert [alone[k][j] for k in few] == [among[k] for k in few]
        assert [alone[k][j].after.said for k in few] == [among[k].after.said for k in few]


def test_the_case_is_the_median_of_those_that_can_be_pushed() -> None:
    first = Sweep(world(Dials(ADD, SUPP, *LOGIT))).concepts[0]
    sweep = Sweep(world(Dials(ADD, SUPP, *LOGIT), mute=[first]))
    found = SteeringAsymmetry().exhibit(sweep.subject)
    assert found is not None
    for sign, case in zip(SIGNS, found.cases, strict=True):
        before, after = (float(part.split(":")[1]) for part in case.lines[0].split(","))
        dose = DOSES.index(found.charts[0].chosen or 0)
        change = gaps(sweep, "test", sign, "own").change()[chosen(sweep, "own").peak, dose]
        pushed = change[[case.concept != first for case in sweep.cases("test")]]
        assert after - before == pytest.approx(np.median(pushed), abs=0.1)


def test_nothing_is_shown_where_no_concept_has_a_direction() -> None:
    every = range(THINGS + 3)
    assert SteeringAsymmetry().exhibit(world(Dials(ADD, SUPP, *LOGIT), mute=every)) is None
    assert SteeringAsymmetry(variant="paper").exhibit(world(Dials(ADD, SUPP, *LOGIT))) is None


def test_everything_that_is_told_is_inside_the_picture(shown: Exhibit, tmp_path: Path) -> None:
    lines = ("a line that goes on and on until it has to be broken",) * 12
    long = Exhibited("long", lines, np.full((96, 96, 3), 128, np.uint8))
    for name, exhibit in (("real", shown), ("long", Exhibit((long,), shown.charts))):
        path = draw_exhibit(exhibit, name, tmp_path / f"{name}.png")
        pixels = np.asarray(Image.open(path).convert("L"))
        assert (pixels[-4:] == 255).all()
        assert (pixels[:, -4:] == 255).all()
