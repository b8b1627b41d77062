"""What comes back under another seed: known answers, blind dictionaries, and broken maps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from benchmark.contracts import MODALITIES, Artifact, Need, NotApplicableError, Subject
from benchmark.metrics.chance_cosine import CHANCE, chances
from benchmark.metrics.returning import FIRING, OTHERS, by_direction, by_firing, claims, others
from benchmark.metrics.sides import living
from benchmark.run.scoring import score
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Matched, Same, disjoint
from benchmark.statistics import estimates, point_value
from tasks.stability import Stability
from tests.subjects import SITE, World, activations, subject, unit_rows

TASK = Stability()
REFERENCES = {reference.name: reference for reference in TASK.references}
D = 24


def values(judged: Subject) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in TASK.score(judged).items()}


def refer(name: str, to: Subject, draw: int = 0) -> dict[str, float]:
    return values(REFERENCES[name].apply(to, np.random.default_rng(draw)))


def beside(first: Subject, *others: Paired) -> Subject:
    """The subject of a run that fitted these with its other seeds."""
    fits = tuple(Artifact(each, SITE, k=first.artifact.k) for each in others)
    return first.with_(siblings=fits)


def ordered(world: World, order: list[int]) -> Paired:
    """The planted dictionary, image latents and their partners in another order."""
    image = world.tower("image", torch.tensor(order), 4)
    text = world.tower("text", torch.tensor(order), 4)
    return Paired(image, text, Same(12))


@pytest.fixture(scope="module")
def planted() -> Subject:
    world = World()
    return beside(world.subject(), ordered(world, [*range(6, 12), *range(6)]))


# ------------------------------------------------------------------------------------ subjects


def test_the_same_dictionary_in_another_order_comes_back_whole(planted: Subject) -> None:
    found = values(planted)
    for name in ("cosine", "adjusted/cosine", "returned", "cosine/energy", "claims"):
        assert found[name] == pytest.approx(1, abs=1e-6)
    assert found["codes"] == pytest.approx(1, abs=1e-6)
    match = by_direction(planted, planted.with_(artifact=planted.siblings[0]), "image")
    assert match.partner.tolist() == [*range(6, 12), *range(6)]


def test_a_map_that_is_not_kept_loses_the_claims_alone(planted: Subject) -> None:
    other = planted.siblings[0].dictionary
    assert isinstance(other, Paired)
    crossed = replace(other, frame=Matched(12, torch.arange(12).roll(1)))
    found = values(beside(planted, crossed))
    assert found["claims"] == 0
    assert found["cosine"] == pytest.approx(1, abs=1e-6)
    apart = replace(other, frame=disjoint(12, 12))
    assert values(beside(planted, apart))["claims"] == 0


def test_without_a_claim_there_is_none_to_keep(planted: Subject) -> None:
    made = replace(planted.dictionary, frame=disjoint(12, 12))  # type: ignore[type-var]
    found = values(planted.with_(artifact=replace(planted.artifact, dictionary=made)))
    assert "claims" not in found
    assert found["cosine"] == pytest.approx(1, abs=1e-6)


def test_scores_are_means_over_the_other_seeds(planted: Subject) -> None:
    same = planted.siblings[0].dictionary
    assert isinstance(same, Paired)
    turned = rotated(same)
    one, other = values(planted), values(beside(planted, turned))
    both = values(beside(planted, same, turned))
    for name in ("cosine", "codes", "claims"):
        assert both[name] == pytest.approx((one[name] + other[name]) / 2)
    assert other["cosine"] < 0.6


def rotated(made: Paired) -> Paired:
    """Decoders and encoders in other directions."""
    turn = torch.linalg.qr(unit_rows(48, 48, 9))[0]
    image, text = (
        replace(t, W_enc=turn.T @ t.W_enc, W_dec=t.W_dec @ turn) for t in (made.image, made.text)
    )
    return Paired(image, text, made.frame)


def test_opposite_directions_do_not_match(planted: Subject) -> None:
    made = planted.siblings[0].dictionary
    assert isinstance(made, Paired)
    image, text = (replace(t, W_dec=-t.W_dec) for t in (made.image, made.text))
    assert values(beside(planted, Paired(image, text, made.frame)))["cosine"] < 0.3


def test_norms_of_latents_change_nothing(planted: Subject) -> None:
    made = planted.dictionary
    assert isinstance(made, Paired)
    sizes = torch.logspace(-2, 2, 12)[:, None]
    image, text = (
        replace(t, W_enc=t.W_enc / sizes.T, b_enc=t.b_enc / sizes[:, 0], W_dec=t.W_dec * sizes)
        for t in (made.image, made.text)
    )
    turned = beside(planted, rotated(made)).with_(k=12)
    loud = turned.with_(artifact=Artifact(Paired(wide(image), wide(text), made.frame), SITE))
    quiet = turned.with_(
        artifact=Artifact(Paired(wide(made.image), wide(made.text), made.frame), SITE)
    )
    assert values(loud) == pytest.approx(values(quiet), abs=1e-4)


def wide(tower: Tower) -> Tower:
    """The same tower whose latents do not compete."""
    return replace(tower, activation="relu", k=None)


def test_the_loud_latents_may_be_the_stable_ones() -> None:
    """Half of the latents are the same in both fits, and fire ten times as strongly."""
    judged = random_run(40, shared=20)
    found = values(judged)
    assert 0.3 < found["adjusted/cosine"] < 0.7
    strong = torch.where(torch.arange(40) < 20, 10.0, 0.1)
    made = judged.dictionary
    assert isinstance(made, Paired)
    image, text = (replace(t, W_dec=t.W_dec * strong[:, None]) for t in (made.image, made.text))
    loud = values(judged.with_(artifact=Artifact(Paired(image, text, made.frame), SITE)))
    assert loud["cosine/energy"] > 0.99
    assert loud["adjusted/cosine"] == pytest.approx(found["adjusted/cosine"], abs=0.02)


def random_tower(m: int, seed: int, shared: int = 0) -> Tower:
    rows = torch.cat([unit_rows(shared, D, 77), unit_rows(m - shared, D, seed)]).roll(seed // 20, 0)
    return Tower(rows.T.contiguous(), torch.zeros(m), rows, torch.zeros(D), activation="relu")


def random_run(m: int, shared: int = 0, n_other: int | None = None) -> Subject:
    """Two fits of random directions over Gaussian rows, some in both, one place further on."""
    rows = [torch.randn(300, D, generator=torch.Generator().manual_seed(i)) for i in range(4)]
    train, test = activations(rows[0], rows[1]), activations(rows[2], rows[3])
    n_other = m if n_other is None else n_other
    fits = [
        Paired(*(random_tower(n, seed + i, shared) for i in (0, 1)), Same(n))
        for n, seed in ((m, 10), (n_other, 20))
    ]
    return beside(subject(test, fits[0], train), fits[1])


@pytest.mark.parametrize("m", [30, 200])
def test_blind_dictionaries_are_at_chance_however_many_latents_they_have(m: int) -> None:
    found = values(random_run(m))
    assert found["cosine"] > 0.35, "the best of many is near by chance"
    assert found["adjusted/cosine"] == pytest.approx(0, abs=0.03)
    assert found["returned"] < 0.05
    assert found["claims"] < 0.15


def test_more_latents_do_not_raise_it() -> None:
    """The same dictionary with as many blind latents again, and again."""
    scores = [values(random_run(m, shared=20))["adjusted/cosine"] for m in (20, 40, 100)]
    assert scores[0] == pytest.approx(1, abs=1e-6)
    assert scores[0] > scores[1] > scores[2] > 0.1


def test_a_latent_without_a_partner_scores_nothing() -> None:
    whole, half = random_run(40, shared=40), random_run(40, shared=20, n_other=20)
    assert values(whole)["cosine"] == pytest.approx(1, abs=1e-6)
    assert values(half)["cosine"] < 0.55
    assert by_direction(half, half.with_(artifact=half.siblings[0]), "text").partner.min() == -1


def test_nulls_leave_this_fit_and_are_at_chance(planted: Subject) -> None:
    judged = random_run(60, shared=60)
    assert values(judged)["adjusted/cosine"] == pytest.approx(1, abs=1e-6)
    for name, lowest in (("blind", -0.04), ("random", -0.3)):
        drawn = [refer(name, judged, draw) for draw in range(5)]
        assert lowest < np.mean([each["adjusted/cosine"] for each in drawn]) < 0.04
        assert np.mean([each["returned"] for each in drawn]) < 0.05
    assert refer("blind", planted)["codes"] < 0.6
    assert "codes" not in refer("random", planted)


@pytest.mark.parametrize("name", ["blind", "random"])
def test_a_null_is_of_one_other_fit_and_costs_no_more_with_more_seeds(name: str) -> None:
    """Every draw takes one, with what chance is for it; all of them have their turn."""
    fits = [random_run(30, n_other=n).siblings[0].dictionary for n in (12, 18, 24)]
    judged = beside(random_run(30), *fits)  # type: ignore[arg-type]
    sizes = [int(living(each, "image").sum()) for each in others(judged)]
    known = chances(judged, "image")
    seen = set()
    for draw in range(30):
        changed = REFERENCES[name].apply(judged, np.random.default_rng(draw))
        (blind,) = others(changed)
        which = sizes.index(int(living(blind, "image").sum()))
        assert changed.cache[CHANCE, "image"] == (known[which],)
        seen.add(which)
    assert seen == {0, 1, 2}


def test_blind_fits_keep_to_the_dimensions_of_the_other_fit() -> None:
    """Directions in 3 of 24 dimensions are near each other: no sign of one and the same latent."""
    judged = random_run(40)
    made = []
    for each in (judged.dictionary, judged.siblings[0].dictionary):
        assert isinstance(each, Paired)
        flat = [
            replace(t, W_dec=normalize(t.W_dec * (torch.arange(D) < 3), dim=1))
            for t in (each.image, each.text)
        ]
        made.append(Paired(flat[0], flat[1], each.frame))
    flat_run = beside(judged.with_(artifact=Artifact(made[0], SITE)), made[1])
    found = values(flat_run)
    assert found["cosine"] > 0.8
    assert found["adjusted/cosine"] == pytest.approx(0, abs=0.15)
    assert refer("random", flat_run)["cosine"] < found["cosine"] - 0.3


def test_an_exchanged_map_keeps_one_claim_in_as_many(planted: Subject) -> None:
    drawn = [refer("map exchanged", planted, draw)["claims"] for draw in range(40)]
    assert np.mean(drawn) == pytest.approx(1 / 12, abs=0.05)
    changed = REFERENCES["map exchanged"].apply(planted, np.random.default_rng(3))
    tables = claims(changed)[1]
    fits = changed.cache[OTHERS]
    for modality in MODALITIES:
        del changed.cache[FIRING, modality]
    assert claims(changed)[1].tolist() == tables.tolist()
    for fit in fits:
        fit.cache.clear()
    assert claims(changed)[1].tolist() == tables.tolist(), "the fits agree with the tables"


def test_the_same_fit_is_the_ceiling() -> None:
    found = refer("same fit", random_run(30))
    for name in ("cosine", "adjusted/cosine", "returned", "claims"):
        assert found[name] == pytest.approx(1, abs=1e-6)
    assert 0.9 < found["codes"] <= 1 + 1e-9


def test_matches_by_firing_are_chosen_on_train_and_read_elsewhere(planted: Subject) -> None:
    """Where evaluated rows are another's the strength falls; the partners do not change."""
    test = planted.test
    moved = replace(test, image=unit_rows(len(test.image), 48, 5))
    noise = planted.with_(test=moved)
    one, other = (by_firing(each, "image")[0] for each in (planted, noise))
    assert one.partner.tolist() == other.partner.tolist()
    assert one.strength.min() > 0.99


def test_chance_depends_on_the_fits_alone(planted: Subject) -> None:
    one = chances(planted, "image")[0]
    refer("blind", planted)
    assert chances(planted, "image")[0] is one
    assert chances(planted.with_(seed=9), "image")[0].cosine.tolist() == one.cosine.tolist()


# -------------------------------------------------------------------------------- what is missing


def test_a_fit_that_draws_nothing_is_not_stable_but_not_applicable(planted: Subject) -> None:
    made = planted.dictionary
    assert isinstance(made, Paired)
    again = Paired(made.image, made.text, made.frame)
    with pytest.raises(NotApplicableError, match="nothing was drawn"):
        TASK.score(beside(planted, again, again))
    other = random_run(12).siblings[0].dictionary
    assert isinstance(other, Paired)
    assert values(beside(planted, again, ordered(World(), range(12))))["cosine"] > 0


def test_one_seed_is_not_enough(planted: Subject) -> None:
    assert Need.SECOND_SEED in TASK.needs
    with pytest.raises(ValueError, match="needs a second seed of the same run"):
        TASK.score(planted.with_(siblings=()))


def dead(made: Paired, *sides: str) -> Paired:
    towers = {side: replace(getattr(made, side), b_enc=torch.full((12,), -1e6)) for side in sides}
    return replace(made, **towers)


def test_dead_dictionaries_do_not_come_back(planted: Subject) -> None:
    made, other = planted.dictionary, planted.siblings[0].dictionary
    assert isinstance(made, Paired)
    assert isinstance(other, Paired)
    nothing = planted.with_(artifact=Artifact(dead(made, "image", "text"), SITE))
    with pytest.raises(NotApplicableError, match="no latent is alive on train"):
        TASK.score(nothing)
    half = values(planted.with_(artifact=Artifact(dead(made, "text"), SITE)))
    assert half["adjusted/cosine"] == pytest.approx(half["adjusted/cosine/image"] / 2)
    gone = values(beside(planted, dead(other, "image", "text")))
    assert gone["cosine"] == gone["codes"] == gone["returned"] == gone["claims"] == 0


def test_a_single_latent_shows_nothing(planted: Subject) -> None:
    world = World()
    towers = [world.tower(m, torch.tensor([0]), 1) for m in MODALITIES]
    one, other = (
        Paired(*(replace(t, W_dec=t.W_dec * length) for t in towers), Same(1)) for length in (1, 2)
    )
    found = values(beside(planted.with_(artifact=Artifact(one, SITE, k=1)), other))
    assert found["cosine"] == pytest.approx(1)
    assert found["adjusted/cosine"] == 0, "blind directions around one latent are that latent"


def test_truncated_codes_belong_to_both_fits(planted: Subject) -> None:
    cut = planted.truncated(1)
    other = by_firing(cut, "image")
    assert cut.cache[OTHERS][0].k == 1
    assert other[0].strength.min() > 0.9


def test_batches_and_units_do_not_matter(planted: Subject) -> None:
    one = values(planted)
    assert values(planted.with_(batch_size=7)) == pytest.approx(one, abs=1e-6)


def test_every_interval_and_every_reference_can_be_computed(planted: Subject) -> None:
    assert estimates(TASK.score(planted), draws=50)["adjusted/cosine"].n == 24
    found = {s.name: s for s in score(TASK, planted, frozenset(), {}).scores if s.variant == "full"}
    main = found["adjusted/cosine"]
    assert main.ceiling == pytest.approx(1)
    assert main.floor == pytest.approx(0, abs=0.1)
    assert {r.name for r in main.references} == {"blind", "random", "same fit"}
    assert {r.name for r in found["claims"].references} == {"map exchanged", "same fit"}
