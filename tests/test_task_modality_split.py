"""Transfer, correspondence, split and heterogeneity on planted worlds whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.contracts import MODALITIES, Concepts, NotApplicableError, Subject
from benchmark.metrics.correlations import correlations, pearson
from benchmark.metrics.correspondence import correspondences
from benchmark.metrics.heterogeneity import bin_names, binned_medians, split_into_many
from benchmark.metrics.probe import modality_probe
from benchmark.metrics.sides import Side, half, side
from benchmark.metrics.splitting import splitting
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import DenseMap, Matched, disjoint
from benchmark.statistics import estimates, point_value
from tasks.modality_split import ModalitySplit
from tests.subjects import World, activations, subject, unit_rows, wrongly_same

TASK = ModalitySplit()
REFERENCES = {reference.name: reference for reference in TASK.references}


def values(subject: Subject) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in TASK.score(subject).items()}


def refer(name: str, to: Subject, draw: int = 0) -> dict[str, float]:
    return values(REFERENCES[name].apply(to, np.random.default_rng(draw)))


def with_frame(to: Subject, frame: object) -> Subject:
    made = replace(to.dictionary, frame=frame)  # type: ignore[type-var]
    return to.with_(artifact=replace(to.artifact, dictionary=made))


@pytest.fixture(scope="module")
def planted() -> Subject:
    return World().subject()


@pytest.fixture(scope="module")
def apart(planted: Subject) -> Subject:
    return with_frame(planted, disjoint(12, 12))


def test_the_planted_map_carries_every_concept(planted: Subject) -> None:
    found = values(planted)
    assert found["transfer_auc"] > 0.98
    for name in ("hit@1", "hit@10", "mrr"):
        assert found[f"{name}/correspondence"] == 1
    assert found["candidates/correspondence"] == 12
    assert found["coverage"] == 1
    assert found["split_fraction"] == found["split_energy"] == 0
    assert 0.4 < found["mean_r"] < 1


def test_no_map_scores_exactly_nothing(apart: Subject) -> None:
    found = values(apart)
    assert found["transfer_auc"] == 0.5
    for name in ("hit@1/correspondence", "mrr/correspondence", "coverage", "mean_r"):
        assert found[name] == 0
    assert found["split_fraction"] == found["split_energy"] == 1


def test_a_wrong_claim_is_not_rewarded(planted: Subject) -> None:
    found = values(with_frame(planted, wrongly_same(World())))
    assert found["transfer_auc"] < 0.65
    assert found["coverage"] == 1
    assert found["split_fraction"] > 0.5


def test_a_shuffled_map_is_at_chance(planted: Subject) -> None:
    """A random permutation keeps each partner with 1/12: hit@k is k/12 by arithmetic."""
    drawn = [refer("shuffled map", planted, draw) for draw in range(40)]
    for k in (1, 5, 10):
        mean = np.mean([each[f"hit@{k}/correspondence"] for each in drawn])
        assert mean == pytest.approx(k / 12, abs=0.06)
    right = values(planted)["transfer_auc"]
    wrong = (6 - right) / 11
    assert 0.4 < wrong < 0.6
    expected = right / 12 + 11 / 12 * 0.45
    assert np.mean([each["transfer_auc"] for each in drawn]) == pytest.approx(expected, abs=0.06)


def test_shuffled_names_are_at_chance(planted: Subject) -> None:
    drawn = [refer("names shuffled", planted, draw)["transfer_auc"] for draw in range(40)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.06)


def test_names_are_shuffled_among_the_concepts_that_count_alone(planted: Subject) -> None:
    """A concept without positives is never scored, so its name is given to nobody."""
    data = {}
    for name in ("train", "test"):
        old = getattr(planted, name)
        rare = Concepts(
            (*old.concepts.names, "never"),
            (*old.concepts.kinds, "object"),
            np.pad(old.concepts.image, ((0, 0), (0, 1))),
            np.pad(old.concepts.text, ((0, 0), (0, 1))),
        )
        data[name] = replace(old, concepts=rare)
    to = planted.with_(val=data["train"], **data)
    for draw in range(5):
        changed = REFERENCES["names shuffled"].apply(to, np.random.default_rng(draw))
        units = TASK.score(changed)
        assert len(units["transfer_auc"].numerator) == 12
        concepts = changed.test.concepts
        assert concepts is not None
        assert not concepts.text[:, 12].any()
        assert "decoder_cosine/labels" in TASK.score(to)


def recomputed(name: str, to: Subject, draw: int) -> dict[str, float]:
    """The reference without the tables it brought along: everything from its own labels and map."""
    changed = REFERENCES[name].apply(to, np.random.default_rng(draw))
    kept = {"wanted": changed.cache["wanted"]}
    changed.cache.clear()
    changed.cache.update(kept)
    return values(changed)


@pytest.mark.parametrize("name", ["names shuffled", "shuffled map"])
@pytest.mark.parametrize("form", ["matched", "apart", "dense", "one dead"])
def test_reordered_tables_are_those_of_the_reordered_subject(
    planted: Subject, name: str, form: str
) -> None:
    eye, zero = torch.eye(12), torch.zeros(12)
    frames = {
        "matched": planted.dictionary.frame,  # type: ignore[attr-defined]
        "apart": disjoint(12, 12),
        "dense": DenseMap(eye, eye.roll(1, 0), zero, zero),
    }
    to = with_frame(planted, frames.get(form, frames["matched"]))
    if form == "one dead":
        made = to.dictionary
        assert isinstance(made, Paired)
        bias = made.text.b_enc - 1e6 * (torch.arange(12) == 2)
        made = replace(made, text=replace(made.text, b_enc=bias))
        to = to.with_(artifact=replace(to.artifact, dictionary=made))
    assert refer(name, to, 7) == pytest.approx(recomputed(name, to, 7), abs=1e-12)


def test_the_ceilings_hold_and_need_no_map(planted: Subject, apart: Subject) -> None:
    for to in (planted, apart):
        assert refer("chosen in place", to)["transfer_auc"] > 0.98
        assert refer("same modality", to)["hit@1/correspondence"] == 1
    assert (
        values(planted)["transfer_auc"] <= refer("chosen in place", planted)["transfer_auc"] + 1e-9
    )


def test_an_empty_code_scores_one_half_and_has_nothing_alive(planted: Subject) -> None:
    made = planted.dictionary
    assert isinstance(made, Paired)
    towers = [replace(t, b_enc=t.b_enc - 1e6) for t in (made.image, made.text)]
    mute = planted.with_(artifact=replace(planted.artifact, dictionary=Paired(*towers, made.frame)))
    found = values(mute)
    assert found["transfer_auc"] == 0.5
    assert found["hit@10/correspondence"] == 0
    assert "split_fraction" not in found


def test_an_always_on_latent_knows_nothing_but_has_the_energy() -> None:
    n = 200
    labels = np.arange(n)[:, None] % 2 == 0
    rows = torch.zeros(n, 8)
    rows[:, 0] = 5
    data = activations(rows, rows.clone(), concepts=Concepts(("c",), ("k",), labels, labels))
    found = values(subject(data))
    assert found["transfer_auc"] == 0.5
    assert found["hit@1/correspondence"] == 0
    assert found["split_fraction"] == 1
    assert found["mean_r"] == 0


def test_too_few_positives_are_refused_in_one_line() -> None:
    labels = np.eye(6, dtype=bool)
    data = activations(
        torch.eye(6), torch.eye(6), concepts=Concepts(tuple("abcdef"), ("k",) * 6, labels, labels)
    )
    with pytest.raises(NotApplicableError, match="none of 6 concepts has 5 positives") as error:
        TASK.score(subject(data))
    assert "\n" not in str(error.value)


def test_rare_concepts_leave_out_correspondence_alone(planted: Subject) -> None:
    small = World().split(40, 11)
    found = values(planted.with_(test=small))
    assert "transfer_auc" in found
    assert "hit@1/correspondence" not in found


def test_energy_and_split_by_hand() -> None:
    """Latent 0 in both; 1 images only; 2 captions only; 3 in both but never on the same pair;
    4 and 5 fire together, but all the energy is on one side."""
    image, text = torch.zeros(40, 8), torch.zeros(40, 8)
    image[:20, 0], text[:20, 0] = 2, 1
    image[:20, 1], text[20:, 2] = 1, 3
    image[:20, 3], text[20:, 3] = 1, 1
    image[10:30, 4], text[10:30, 4] = 10, 1
    image[10:30, 5], text[10:30, 5] = 1, 10
    found = splitting(subject(activations(image, text)))
    assert found.energy[:4] == pytest.approx([2.5, 0.5, 4.5, 1])
    assert found.modality_score[:6] == pytest.approx([0.8, 1, 0, 0.5, 100 / 101, 1 / 101])
    assert found.r[[0, 3, 4, 5]] == pytest.approx([1, -1, 1, 1])
    assert found.cross.tolist() == [True] + [False] * 7
    assert found.alive[:6].all()


def test_unmatched_latents_count_as_0_in_the_mean(planted: Subject) -> None:
    frame = planted.dictionary.frame  # type: ignore[attr-defined]
    partly = Matched(12, torch.where(torch.arange(12) < 6, frame.image_of, -1))
    one, other = values(planted), values(with_frame(planted, partly))
    assert other["coverage"] == 0.5
    assert 0.3 < other["mean_r"] / one["mean_r"] < 0.7


def test_correlations_equal_numpy_and_dense_equals_sparse(planted: Subject) -> None:
    found = correlations(planted)
    image = planted.codes("test", "image").dense()[planted.test.caption_of].numpy()
    text = planted.codes("test", "text").dense().numpy()
    expected = np.corrcoef(image[:, found.image].T, text[:, found.text].T)[:12, 12:]
    assert found.r == pytest.approx(expected, abs=1e-9)
    assert found.chance < 0.2
    codes = [planted.codes("test", m) for m in MODALITIES]
    written = [replace(c, values=c.dense(), indices=None) for c in codes]
    owner = planted.test.caption_of
    assert pearson(*written, owner) == pytest.approx(pearson(*codes, owner), abs=1e-9)


def test_halves_share_no_image(planted: Subject) -> None:
    first, second = (half(planted, name, "image") for name in ("first", "second"))
    assert sorted([*first, *second]) == list(range(300))
    captions = half(planted, "first", "text")
    assert set(planted.test.caption_of.numpy()[captions]) == set(first)


def test_a_concept_that_one_side_does_not_know_is_a_counted_miss(planted: Subject) -> None:
    concepts = planted.test.concepts
    assert concepts is not None
    noise = np.random.default_rng(0).random(len(concepts.text)) < 0.3
    text = concepts.text.copy()
    text[:, 0] = noise
    test = replace(planted.test, concepts=replace(concepts, text=text))
    changed = planted.with_(test=test)
    found = correspondences(changed)
    assert found is not None
    for way in found:
        assert way.hit(1).tolist() == [0] + [1] * 11
    assert side(changed, "second", "text").best()[1][0] < 0.7


def test_a_partner_that_ranks_first_is_a_miss_where_nobody_knows_the_concept(
    planted: Subject,
) -> None:
    """Concept 0 is known on both sides; of concept 1 the target knows too little; 2 is rare there:
    its partner is dead."""
    to = planted.with_()
    table = np.full((24, 12), 0.5)
    for c in range(12):
        table[c, c] = 0.9
    weak = table.copy()
    weak[1, 1] = 0.69
    alive = np.arange(24) < 12
    dead = alive & (np.arange(24) != 2)
    to.cache["side", "first", "image"] = Side(table, alive)
    to.cache["side", "second", "text"] = Side(weak, dead)
    to.cache["side", "first", "text"] = Side(weak, dead)
    to.cache["side", "second", "image"] = Side(table, alive)
    found = correspondences(to)
    assert found is not None
    for way in found:
        assert way.hit(1).tolist() == [1, 0, 0] + [1] * 9
        assert way.reciprocal_rank().tolist() == [1, 0, 0] + [1] * 9


def test_label_picked_directions_are_those_of_the_atoms(planted: Subject) -> None:
    world = World()
    expected = (world.atoms("image") * world.atoms("text")).sum(1).mean()
    assert values(planted)["decoder_cosine/labels"] == pytest.approx(float(expected), abs=1e-5)


def test_shared_weights_have_cosine_1_by_construction() -> None:
    world = World()
    data = {n: world.split(size, seed) for n, size, seed in (("test", 300, 1), ("train", 600, 2))}
    same = {
        n: replace(d, text=d.text @ torch.linalg.pinv(world.atoms("text")) @ world.atoms("image"))
        for n, d in data.items()
    }
    tower = world.tower("image", torch.arange(12), 4)
    shared = subject(same["test"], Paired(tower, tower, wrongly_same(world)), same["train"], k=4)
    found = values(shared)
    assert found["decoder_cosine/labels"] == pytest.approx(1)
    assert found["transfer_auc"] > 0.98


def test_medians_by_bin_by_hand() -> None:
    r = np.array([[0.9, 0.85, 0.1], [0.2, 0.0, -0.5], [1.0, 0.39, 0.0]])
    cosine = np.array([[1.0, 0.5, 0.3], [0.2, 9, 9], [0.6, 0.4, 9]])
    found = {name: medians.tolist() for name, medians in binned_medians(r, cosine)}
    low, second, _, _, top = bin_names()
    assert found == {low: [0.3], second: [0.2, 0.4], top: [0.75, 0.6]}


def test_one_to_many_by_hand() -> None:
    assert split_into_many(np.array([[0.4, 0.5], [0.9, 0.1], [0, 0]])).tolist() == [1, 0, 0]


def test_two_runs_of_the_same_tower_point_the_same_way(planted: Subject) -> None:
    twin = replace(planted, siblings=(planted.artifact,), cache={})
    found = values(twin)
    top = bin_names()[-1]
    for modality in MODALITIES:
        assert found[f"decoder_cosine/two_runs/{modality}/{top}"] == pytest.approx(1, abs=1e-5)
    assert not [name for name in values(planted) if "two_runs" in name]


def test_the_probe_sees_a_gap_and_nothing_after_centring() -> None:
    image, text = unit_rows(400, 16, 0), unit_rows(400, 16, 1) + 0.5
    train, test = activations(image[:300], text[:300]), activations(image[300:], text[300:])
    assert modality_probe(train, test, centred=False)[0].mean() > 0.95
    correct, cluster = modality_probe(train, test, centred=True)
    assert correct.mean() == pytest.approx(0.5, abs=0.1)
    assert cluster.tolist() == [*range(100), *range(100)]


def test_neither_scale_nor_batches_matter(planted: Subject) -> None:
    made = planted.dictionary
    assert isinstance(made, Paired)
    towers = [replace(t, scale=0.1) for t in (made.image, made.text)]
    data = {
        name: replace(old, image=old.image * 10, text=old.text * 10)
        for name in ("train", "val", "test")
        if (old := getattr(planted, name))
    }
    ten = planted.with_(
        artifact=replace(planted.artifact, dictionary=Paired(*towers, made.frame)), **data
    )
    one = values(planted)
    assert values(ten) == pytest.approx(one, abs=1e-4)
    assert values(planted.with_(batch_size=7)) == pytest.approx(one, abs=1e-5)


def test_every_interval_can_be_computed(planted: Subject) -> None:
    found = estimates(TASK.score(planted), draws=50)
    assert found["transfer_auc"].n == 12
