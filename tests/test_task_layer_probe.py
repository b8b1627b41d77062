"""The layer probe against known answers: exchanged captions, exact halves, and cheats that fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from benchmark.contracts import (
    MODALITIES,
    NotApplicableError,
    PairedActivations,
    SparseCodes,
    Subject,
)
from benchmark.metrics.auc import auc
from benchmark.metrics.exchanged import exchanged, separation
from benchmark.metrics.pair_features import (
    ALIKE,
    BESIDE,
    COMPARED,
    PUBLISHED,
    Features,
    Made,
    cosine,
    scaling,
    shown,
    shown_to,
)
from benchmark.metrics.pair_probe import Reader, fit
from benchmark.references.changes import identity
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Same, disjoint
from benchmark.statistics import estimate, point_value
from tasks.layer_probe import LayerProbe, map_shuffled, partners_shuffled
from tests.subjects import World, Written, activations, subject, unit_rows

TASK = LayerProbe()
PAPER = LayerProbe("paper")


def values(judged: Subject, task: LayerProbe = TASK) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in task.score(judged).items()}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def planted() -> Subject:
    """Fitted, chosen and scored on three different samples of one world."""
    world = World()
    return replace(world.subject(), val=world.split(200, 13))


@pytest.fixture
def data() -> PairedActivations:
    """Forty images with one to five captions; every fifth caption is true of every image."""
    owner = [i for i in range(40) for _ in range(1 + i % 5)]
    pairs = {(i, j) for j, i in enumerate(owner)}
    pairs |= {(i, j) for i in range(40) for j in range(0, len(owner), 5)}
    return activations(torch.zeros(40, 2), torch.zeros(len(owner), 2), owner, sorted(pairs))


# ----------------------------------------------------------------------------------------- pairs


@pytest.mark.parametrize("each", [None, 1])
def test_images_and_captions_are_as_often_in_true_pairs_as_in_false_ones(
    data: PairedActivations, each: int | None
) -> None:
    pairs = exchanged(data, generator(), each=each)
    known = set(map(tuple, data.pairs.tolist()))
    for of in (pairs.image, pairs.caption):
        counts = [
            np.bincount(of[side], minlength=200).tolist() for side in (pairs.true, ~pairs.true)
        ]
        assert counts[0] == counts[1]
    for i, j, true in zip(pairs.image, pairs.caption, pairs.true, strict=True):
        assert ((int(i), int(j)) in known) == true
        assert not true or int(data.caption_of[j]) == i
    assert len(np.unique(pairs.caption)) * 2 == len(pairs.true) > 20


def test_two_clusters_share_no_image_and_no_caption(data: PairedActivations) -> None:
    pairs = exchanged(data, generator())
    for of in (pairs.image, pairs.caption):
        owners = {int(x): set(pairs.cluster[of == x].tolist()) for x in np.unique(of)}
        assert all(len(clusters) == 1 for clusters in owners.values())
    images = [len(np.unique(pairs.image[pairs.cluster == c])) for c in np.unique(pairs.cluster)]
    assert set(images) == {2}


def test_so_many_images_and_no_more(data: PairedActivations) -> None:
    assert len(np.unique(exchanged(data, generator(), images=10).image)) <= 10
    assert not len(exchanged(data, generator(), images=1).image)


# ---------------------------------------------------------------------------------------- reader


def codes(rows: Tensor) -> SparseCodes:
    return Written(rows.shape[1]).encode(rows, "image")


def plain(features: Features, v: Tensor, t: Tensor) -> np.ndarray:
    """Features of rows that belong together, written out."""
    return np.hstack(shown(features, v.double().numpy(), t.double().numpy()))


def test_features_by_hand_sparse_and_dense() -> None:
    v, t = torch.tensor([[1.0, 0, 2], [0, 0, 0]]), torch.tensor([[3.0, 4, 0], [0, 1, 0]])
    product, distance, alike = [3, 0, 0], [2, 4, 2], 3 / (5 * np.sqrt(5))
    wanted = [[*product, *distance, alike], [0, 0, 0, 0, 1, 0, 0]]
    assert plain(COMPARED, v, t) == pytest.approx(np.array(wanted))
    sparse = sp.hstack(shown(COMPARED, codes(v).csr(), codes(t).csr()))
    assert sparse.toarray() == pytest.approx(np.array(wanted))
    assert plain(PUBLISHED, v, t)[0] == pytest.approx([1, 0, 2, 3, 4, 0, *wanted[0]])


def drawn(forms: str, share: float = 0.4) -> tuple[SparseCodes, SparseCodes, Tensor, Tensor]:
    """Codes of images and texts stored as said, and the same written out; row 3 is empty."""
    rng, made = generator(), []
    for _ in range(2):
        rows = rng.standard_normal((30, 12)) * (rng.random((30, 12)) < share)
        made.append(torch.from_numpy(rows))
        made[-1][3] = 0
    image, text = (
        codes(rows) if form == "sparse" else SparseCodes(rows, None, 12)
        for form, rows in zip(forms.split(), made, strict=True)
    )
    return image, text, *made


KINDS_SHOWN = pytest.mark.parametrize(
    "features", [COMPARED, BESIDE, PUBLISHED, ALIKE], ids="-".join
)
FORMS = pytest.mark.parametrize("forms", ["sparse sparse", "sparse dense", "dense dense"])


@KINDS_SHOWN
@FORMS
def test_scores_are_the_features_times_their_weights(features: Features, forms: str) -> None:
    image, text, v, t = drawn(forms)
    rng = generator(1)
    i, c = rng.integers(0, 30, (2, 5000))
    i[:2], c[:2] = 3, (3, 4)
    x = plain(features, v[i], t[c])
    weight = rng.standard_normal(x.shape[1])
    found = Reader(features, weight, 0.5).scores(image, text, i, c)
    assert found == pytest.approx(x @ weight + 0.5, abs=2e-6)
    assert found[0] == 0.5


@KINDS_SHOWN
@FORMS
@pytest.mark.parametrize("n", [1, 5, 9000], ids="{} pairs".format)
def test_gradients_are_those_of_the_features_written_out(
    features: Features, forms: str, n: int
) -> None:
    image, text, v, t = drawn(forms)
    rng = generator(2)
    i, c, true = rng.integers(3, 30, n), rng.integers(3, 30, n), rng.random(n) < 0.3
    known, x = shown_to(features, image, text, i, c), plain(features, v[i], t[c])
    assert isinstance(known, Made) == (forms != "sparse sparse")
    weight = rng.standard_normal(x.shape[1])
    z, off, slope = known.gradient(weight, 0.5, true)
    assert z == pytest.approx(x @ weight + 0.5, rel=1e-12, abs=1e-12)
    assert off == pytest.approx(1 / (1 + np.exp(-z)) - true, rel=1e-12, abs=1e-15)
    assert slope == pytest.approx(off @ x, rel=1e-11, abs=1e-11)
    at = 0
    for part in shown(features, v[i].numpy(), t[c].numpy()):
        its = slice(at, at + part.shape[1])
        mean, scale = scaling(part.mean(axis=0), (part * part).mean(axis=0))
        assert known.mean[its] == pytest.approx(mean, rel=1e-12, abs=1e-15)
        assert known.scale[its] == pytest.approx(scale, rel=1e-9)
        at = its.stop
    assert at == len(known.mean) == len(known.scale)


def test_dense_codes_of_few_values_are_read_as_sparse_ones() -> None:
    image, text, v, t = drawn("dense dense", share=0.1)
    i, c = generator(3).integers(0, 30, (2, 400))
    known = shown_to(COMPARED, image, text, i, c)
    assert not isinstance(known, Made)
    weight = generator(4).standard_normal(25)
    found = known.gradient(weight, 0.0, np.zeros(400, bool))[0]
    assert found == pytest.approx(plain(COMPARED, v[i], t[c]) @ weight)


def test_gradients_do_not_depend_on_threads() -> None:
    image, text, *_ = drawn("dense dense")
    i, c = generator(5).integers(0, 30, (2, 3000))
    known, weight = shown_to(COMPARED, image, text, i, c), generator(6).standard_normal(25)
    alone = known.gradient(weight, 0.1, i == c)
    torch.set_num_threads(3)
    try:
        shared = known.gradient(weight, 0.1, i == c)
    finally:
        torch.set_num_threads(1)
    assert all((a == b).all() for a, b in zip(alone, shared, strict=True))


def test_the_reader_is_the_logistic_regression_of_the_textbook(planted: Subject) -> None:
    splits = []
    for split in ("train", "val"):
        pairs = exchanged(getattr(planted, split), generator())
        splits.append((planted.codes(split, "image"), planted.codes(split, "text"), pairs))
    reader = fit(COMPARED, *splits)
    image, text, pairs = splits[0]
    rows = image.dense()[pairs.image].numpy(), text.dense()[pairs.caption].numpy()
    dense = shown(COMPARED, *(x.astype(np.float64) for x in rows))
    scaled = np.hstack([x / np.sqrt(x.var(0) + x.var(0).mean()) for x in dense])
    textbook = LogisticRegression(C=1 / (reader.penalty * len(scaled)), tol=1e-8, max_iter=2000)
    textbook.fit(scaled, pairs.true)
    ours = reader.scores(image, text, pairs.image, pairs.caption)
    assert ours == pytest.approx(textbook.decision_function(scaled), abs=1e-3)


def test_rare_features_are_not_blown_up_and_constant_ones_count_for_nothing() -> None:
    x = np.stack([np.full(1000, 0.1), np.arange(1000) == 7, np.arange(1000) % 2], axis=1)
    mean, scale = scaling(x.mean(axis=0), (x * x).mean(axis=0))
    assert mean == pytest.approx([0.1, 0.001, 0.5])
    assert scale[0] == 0
    assert scale[1] < 2 * scale[2]
    same = np.full(2, 0.1)
    assert scaling(same, same**2)[1].tolist() == [0, 0]


def test_where_val_disagrees_with_train_no_weight_is_left(planted: Subject) -> None:
    pairs = exchanged(planted.train, generator())
    image, text = (planted.codes("train", modality) for modality in MODALITIES)
    other = replace(pairs, true=~pairs.true)
    assert fit(COMPARED, (image, text, pairs), (image, text, pairs)).weight.any()
    assert not fit(COMPARED, (image, text, pairs), (image, text, other)).weight.any()


def test_scores_that_differ_by_rounding_tie() -> None:
    image, text = codes(torch.eye(4)), codes(torch.eye(4) + 1)
    at = np.arange(4)
    assert Reader(ALIKE, np.full(1, 1e-9)).scores(image, text, at, at).tolist() == [0] * 4
    assert Reader(ALIKE, np.ones(1)).scores(image, text, at, at)[0] == np.round(2 / 7**0.5, 6)


# ----------------------------------------------------------------------------------------- score


def test_the_auc_is_that_of_ranks_and_weights_are_copies() -> None:
    random = generator(1)
    scores, true = random.integers(0, 9, 60).astype(float), np.arange(60) < 30
    scores[true] += 2
    units = separation(scores, true, np.arange(60) // 2)
    by_ranks = auc(SparseCodes(torch.from_numpy(scores)[:, None], None, 1), true[:, None])[0, 0]
    assert point_value(units) == pytest.approx(by_ranks, abs=1e-12)
    assert units.numerator.mean() == pytest.approx(by_ranks, abs=1e-12)
    weights = random.integers(0, 4, 60)
    copies = np.repeat(np.arange(60), weights)
    again = SparseCodes(torch.from_numpy(scores[copies])[:, None], None, 1)
    assert units.value is not None
    expected = auc(again, true[copies][:, None])[0, 0]
    assert units.value(weights.astype(float)) == pytest.approx(expected, abs=1e-12)


def test_matched_latents_tell_and_partners_of_others_do_not(planted: Subject) -> None:
    found = values(planted)
    assert found["auc"] > 0.9
    assert found["accuracy"] > 0.85
    assert found["auc/cosine"] > 0.9
    assert found["auc/control"] == 0.5
    null = [values(partners_shuffled(planted, generator(i)))["auc"] for i in range(20)]
    assert np.mean(null) == pytest.approx(0.5, abs=0.02)


def test_a_null_keeps_the_reader_of_train(
    planted: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    values(planted)
    fresh = values(partners_shuffled(planted.with_(), generator(3)))
    monkeypatch.setattr("tasks.layer_probe.fit", None)
    assert values(partners_shuffled(planted, generator(3))) == fresh


def test_any_pairing_of_latents_can_be_read_a_little_and_a_true_one_much_better(
    planted: Subject,
) -> None:
    """The reader weighs coordinates one by one, so that it learns what chance pairs share."""
    shuffled = values(map_shuffled(planted, generator()))
    assert 0.4 < shuffled["auc"] < 0.65
    assert shuffled["auc/cosine"] < 0.55
    assert values(map_shuffled(planted, generator(1))) == shuffled


@pytest.mark.parametrize("task", [TASK, PAPER], ids=["fair", "paper"])
def test_codes_in_disjoint_coordinates_give_exactly_one_half(
    planted: Subject, task: LayerProbe
) -> None:
    """v ⊙ t and cos are 0, and |v − t| is [|v|, |t|]: the control again."""
    apart = replace(planted.dictionary, frame=disjoint(12, 12))  # type: ignore[type-var]
    judged = planted.with_(artifact=replace(planted.artifact, dictionary=apart))
    units = task.score(judged)
    assert {point_value(each) for each in units.values()} == {0.5}
    found = estimate(units["auc"])
    assert found.low == found.high == 0.5


@pytest.mark.parametrize("task", [TASK, PAPER], ids=["fair", "paper"])
@pytest.mark.parametrize("row", [[0.0, 0, 0, 0], [1.0, 0, 0, 0], [1.0, 2, 0, -1]])
def test_a_code_that_ties_everything_scores_exactly_one_half(
    row: list[float], task: LayerProbe
) -> None:
    """Empty codes, one always-on latent, one code for all."""
    rows = activations(
        torch.tensor([row] * 8), torch.tensor([row] * 24), [j // 3 for j in range(24)]
    )
    assert set(values(subject(rows), task).values()) == {0.5}


@pytest.mark.parametrize("empty", ["image", "text"])
def test_one_silent_side_is_one_half(planted: Subject, empty: str) -> None:
    tower = planted.dictionary.tower(empty)  # type: ignore[attr-defined]
    mute = replace(tower, b_enc=torch.full_like(tower.b_enc, -1e9))
    silenced = replace(planted.dictionary, **{empty: mute})  # type: ignore[type-var]
    judged = planted.with_(artifact=replace(planted.artifact, dictionary=silenced))
    assert set(values(judged).values()) == {0.5}


def test_an_always_on_latent_whose_strength_says_nothing_is_no_better_than_chance() -> None:
    def split(seed: int) -> PairedActivations:
        image, text = (1 + torch.from_numpy(generator(seed + m).random((400, 1))) for m in (0, 9))
        return activations(image.float(), text.float())

    judged = replace(subject(split(1), train=split(2)), val=split(3))
    found = estimate(TASK.score(judged)["auc"])
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0.5 <= found.high


def test_an_untrained_pairing_of_random_weights_is_far_below_the_planted_one(
    planted: Subject,
) -> None:
    random, width = generator(3), 48
    towers = [
        replace(
            planted.dictionary.tower(m),  # type: ignore[attr-defined]
            W_enc=torch.from_numpy(random.standard_normal((48, width))).float(),
            b_enc=torch.zeros(width),
            W_dec=torch.zeros(width, 48),
        )
        for m in ("image", "text")
    ]
    found = {}
    for name, frame in (("apart", disjoint(width, width)), ("claimed", Same(width))):
        made = replace(planted.artifact, dictionary=Paired(*towers, frame))
        found[name] = values(planted.with_(artifact=made))["auc"]
    assert found["apart"] == 0.5
    assert 0.4 < found["claimed"] < 0.65


def test_dense_rows_of_unequal_width_show_nothing_and_of_one_space_everything() -> None:
    def split(seed: int, turn: Tensor) -> PairedActivations:
        rows = unit_rows(200, 16, seed)
        return activations(rows, (rows + 0.1 * unit_rows(200, 16, seed + 50)) @ turn)

    def score(turn: Tensor) -> float:
        test, train, val = (split(seed, turn) for seed in (1, 2, 3))
        judged = replace(subject(test, train=train), val=val)
        return values(identity(judged, generator()))["auc"]

    assert score(torch.eye(16)) > 0.97
    assert score(torch.eye(16)[:, :15]) == 0.5


def test_every_method_has_the_same_units(planted: Subject) -> None:
    apart = replace(planted.dictionary, frame=disjoint(12, 12))  # type: ignore[type-var]
    other = planted.with_(artifact=replace(planted.artifact, dictionary=apart))
    one, two = TASK.score(planted), TASK.score(other)
    assert one.keys() == two.keys()
    for name, units in one.items():
        assert units.cluster is not None
        assert units.cluster.tolist() == two[name].cluster.tolist()  # type: ignore[union-attr]


# ----------------------------------------------------------------------------------------- swaps


def with_swaps(rows: Tensor, of: list[int], kinds: tuple[str, ...]) -> Subject:
    eye = torch.eye(8)
    data = activations(eye, eye)
    test = replace(data, negatives=rows, negative_of=torch.tensor(of), negative_kinds=kinds)
    return subject(test, train=data)


def test_swaps_by_hand() -> None:
    """Caption 0 beats its swap, which means nothing; caption 1 ties with its own."""
    judged = with_swaps(torch.eye(8)[[7, 1]], [0, 1], ("colour", "position"))
    units = TASK.score(judged)
    assert units["preferred/swapped"].numerator.tolist() == [1, 0.5]
    assert units["auc/swapped"].cluster.tolist() == [0, 1, 0, 1]  # type: ignore[union-attr]
    assert point_value(units["auc/swapped"]) == pytest.approx((1 + 0.5 + 1 + 0.5) / 4)
    assert point_value(units["auc/swapped/colour"]) == 1
    assert point_value(units["auc/swapped/position"]) == 0.5


def test_words_without_order_cannot_tell_a_swap() -> None:
    judged = with_swaps(torch.eye(8), list(range(8)), ("colour",) * 8)
    found = values(judged)
    assert found["auc"] == 1
    assert found["auc/swapped"] == found["preferred/swapped"] == 0.5
    assert "auc/swapped/position" not in found


# ----------------------------------------------------------------------------- what cannot be asked


def test_a_single_image_has_nobody_to_exchange_captions_with() -> None:
    one = activations(torch.eye(3)[:1], torch.eye(3), [0, 0, 0])
    with pytest.raises(NotApplicableError, match="no two of 1 images of train can exchange"):
        TASK.score(subject(one))


def test_captions_that_are_true_of_every_image_are_no_negatives() -> None:
    every = [(i, j) for i in range(4) for j in range(4)]
    data = activations(torch.eye(4), torch.eye(4), pairs=every)
    judged = subject(data, train=activations(torch.eye(4), torch.eye(4)))
    with pytest.raises(NotApplicableError, match="images of test can exchange"):
        TASK.score(judged)


def test_a_cosine_has_no_direction_without_a_code() -> None:
    v, t = torch.zeros(2, 3), torch.ones(2, 3)
    assert cosine(codes(v).csr(), codes(t).csr()).tolist() == [[0], [0]]
    assert cosine(v.numpy(), t.numpy()).tolist() == [[0], [0]]
