"""Names from text: by hand, against the definition, and what chance can name."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.metrics import fbeta_score, precision_score, recall_score

from benchmark.contracts import SparseCodes
from benchmark.metrics.naming import UNNAMED, Names, lasting, named


def marks(n: int, *columns: list[int]) -> np.ndarray:
    """Boolean columns of n rows, true at these rows."""
    found = np.zeros((n, len(columns)), dtype=bool)
    for j, rows in enumerate(columns):
        found[rows, j] = True
    return found


def alike(fires: np.ndarray, labels: np.ndarray) -> Names:
    """Names where train and val are the same captions."""
    return named(fires, labels, fires, labels)


def sparse(fires: np.ndarray) -> SparseCodes:
    """Codes that fire there, with random values of either sign."""
    values = np.random.default_rng(0).standard_normal(fires.shape) * fires
    found = torch.from_numpy(values)
    k = max(1, int(fires.sum(1).max()))
    slots = found.abs().topk(k, dim=1).indices
    return SparseCodes.from_slots(found.gather(1, slots), slots, fires.shape[1])


# ------------------------------------------------------------------------------------ by hand


def test_every_number_by_hand() -> None:
    """Ten captions each; cat on 0-3 and dog on 3-4 of train, cat on 0 and dog on 9 of val."""
    train = marks(10, [0, 1, 2, 9], [3, 4])
    val = marks(10, [0, 5], [1, 9])
    labels = marks(10, [0, 1, 2, 3], [3, 4])
    found = named(train, labels, val, marks(10, [0], [9]))
    assert found.concept.tolist() == found.best.tolist() == [0, 1]
    assert found.precision.tolist() == [3 / 4, 1]
    assert found.recall.tolist() == [3 / 4, 1]
    assert found.f_half == pytest.approx([3 / 4, 1])
    assert found.val_precision.tolist() == [1 / 2, 1 / 2]
    assert found.val_lift.tolist() == [5, 5]
    assert (found.fires.tolist(), found.hits.tolist()) == ([4, 2], [3, 2])
    assert (found.val_fires.tolist(), found.val_hits.tolist()) == ([2, 2], [1, 1])
    assert found.named.all()


def test_precision_counts_more_than_recall() -> None:
    """Half of the cats without a mistake, against all of the dogs with as many others."""
    found = alike(marks(40, [0, 1, 2, 3]), marks(40, [0, 1, 2, 3, 4, 5, 6, 7], [0, 1]))
    assert found.best.tolist() == [0]
    assert found.f_half[0] == pytest.approx(1.25 * 0.5 / (0.25 + 0.5))


@pytest.mark.parametrize(
    ("n", "hits", "fires", "asserted", "kept"),
    [
        (100, 5, 10, 10, True),
        (100, 4, 9, 4, False),
        (100, 5, 9, 11, True),
        (99, 5, 10, 10, False),
        (100, 1, 1, 20, True),
        (100, 1, 1, 21, False),
        (100, 0, 0, 5, False),
        (100, 0, 5, 0, False),
        (0, 0, 0, 0, False),
        (10**7, 5 * 10**6, 10**7, 10**6, True),
    ],
)
def test_the_bounds_are_exact(n: int, hits: int, fires: int, asserted: int, kept: bool) -> None:
    """Precision .5 and lift 5 are enough; what is less by one caption is not."""
    assert lasting(n, *(np.array([v]) for v in (hits, fires, asserted))).tolist() == [kept]


def test_a_category_wins_over_its_objects_by_score_alone() -> None:
    """One latent fires on every animal, one on cats: each takes what it says best."""
    cats, dogs = [0, 1, 2], [3, 4, 5]
    labels = marks(60, cats, dogs, cats + dogs)
    found = alike(marks(60, cats + dogs, cats), labels)
    assert found.concept.tolist() == [2, 0]


def test_the_lowest_index_wins_a_tie() -> None:
    same = [0, 1, 2]
    found = alike(marks(40, same), marks(40, [5], same, same))
    assert found.concept.tolist() == [1]
    # 5 · 2 / (2 + 4 · 2) and 5 · 4 / (4 + 4 · 4) are one number, made of other ones.
    assert alike(marks(80, [0, 1, 2, 3]), marks(80, [0, 1, 2, 3], [0, 1, 2, 3])).best.tolist() == [
        0
    ]


# ----------------------------------------------------------------------------------- nothing


def test_silent_and_constant_latents_have_no_name() -> None:
    every = list(range(40))
    found = alike(marks(40, [], every, [0, 1]), marks(40, [0, 1], [5]))
    assert found.concept.tolist() == [UNNAMED, UNNAMED, 0]
    assert found.best.tolist() == [UNNAMED, 0, 0]
    assert found.val_lift.tolist() == [0, 1, 20]
    assert found.precision[0] == found.recall[0] == found.f_half[0] == 0


def test_a_concept_that_is_never_asserted_names_nothing() -> None:
    found = alike(marks(40, [0, 1]), marks(40, []))
    assert (found.concept.tolist(), found.best.tolist()) == ([UNNAMED], [UNNAMED])
    assert finite(found)


@pytest.mark.parametrize("without", ["latent", "concept", "both", "captions"])
def test_what_val_does_not_show_is_not_kept(without: str) -> None:
    fires, labels = marks(40, [0, 1]), marks(40, [0, 1])
    n = 0 if without == "captions" else 40
    val = marks(n, [] if without != "concept" else [0])
    found = named(fires, labels, val, marks(n, [] if without != "latent" else [0]))
    assert (found.concept.tolist(), found.best.tolist()) == ([UNNAMED], [0])
    assert found.val_lift.tolist() == found.val_precision.tolist() == [0]
    assert finite(found)


def finite(found: Names) -> bool:
    return all(np.isfinite(value).all() for value in vars(found).values())


@pytest.mark.usefixtures("as_users_run")
def test_what_does_not_fit_is_said_in_a_line() -> None:
    one, two = marks(4, [0]), marks(4, [0], [1])
    with pytest.raises(ValueError, match=r"codes of 4 captions and labels \[3, 1\], wanted a row"):
        named(one, one[:3], one, one)
    with pytest.raises(ValueError, match="at least one concept"):
        named(one, one[:, :0], one, one)
    for val, labels in ((two, one), (one, two)):
        with pytest.raises(ValueError, match="wanted the same on both"):
            named(one, one, val, labels)


# ---------------------------------------------------------------------------- the definition


def drawn(
    n: int, w: int, c: int, seed: int, rate: float = 0.05, fires: float = 0.03
) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and latents of which the first c mostly fire where their own concept is asserted."""
    rng = np.random.default_rng(seed)
    labels = rng.random((n, c)) < rate
    firing = rng.random((n, w)) < fires
    firing[:, :c] = (labels & (rng.random((n, c)) < 0.8)) | (rng.random((n, c)) < 0.005)
    return firing, labels


def test_equals_the_definition() -> None:
    (train, seen), (val, held) = drawn(400, 12, 5, 1), drawn(300, 12, 5, 2)
    found = named(train, seen, val, held)
    for j in range(12):
        table = [fbeta_score(seen[:, c], train[:, j], beta=0.5, zero_division=0) for c in range(5)]
        best = int(np.argmax(table))
        assert found.best[j] == best
        assert found.f_half[j] == pytest.approx(table[best], abs=1e-12)
        assert found.precision[j] == pytest.approx(precision_score(seen[:, best], train[:, j]))
        assert found.recall[j] == pytest.approx(recall_score(seen[:, best], train[:, j]))
        precision = precision_score(held[:, best], val[:, j], zero_division=0)
        assert found.val_precision[j] == pytest.approx(precision)
        assert found.val_lift[j] == pytest.approx(precision / held[:, best].mean())
        kept = precision >= 0.5 and precision / held[:, best].mean() >= 5
        assert found.concept[j] == (best if kept else UNNAMED)
    assert found.concept[:5].tolist() == list(range(5))


@pytest.mark.parametrize("form", ["sparse", "dense", "csr", "stored zeros"])
def test_how_firing_is_written_changes_nothing(form: str) -> None:
    (train, seen), (val, held) = drawn(200, 90, 5, 3), drawn(150, 90, 5, 4)

    def written(fires: np.ndarray) -> SparseCodes | sp.csr_array:
        if form == "dense":
            return SparseCodes(sparse(fires).dense(), None, fires.shape[1])
        if form == "stored zeros":
            return sp.csr_array(
                (fires.ravel(), np.tile(np.arange(90), len(fires)), np.arange(len(fires) + 1) * 90),
                shape=fires.shape,
            )
        return sp.csr_array(fires) if form == "csr" else sparse(fires)

    wanted, found = named(train, seen, val, held), named(written(train), seen, written(val), held)
    for name, value in vars(wanted).items():
        assert np.array_equal(vars(found)[name], value), name


def test_order_of_captions_and_of_latents_changes_nothing() -> None:
    (train, seen), (val, held) = drawn(200, 30, 5, 5), drawn(150, 30, 5, 6)
    rng = np.random.default_rng(7)
    rows, latents = rng.permutation(200), rng.permutation(30)
    found = named(train[rows][:, latents], seen[rows], val[:, latents], held)
    assert np.array_equal(found.concept, named(train, seen, val, held).concept[latents])


# -------------------------------------------------------------------------------- by chance


def test_chance_names_few_and_the_planted_names_are_found() -> None:
    """Labels of other captions: of 2,000 latents at most a few per cent are named."""
    (train, seen), (val, held) = drawn(4000, 2000, 60, 8), drawn(2000, 2000, 60, 9)
    found = named(sparse(train), seen, sparse(val), held)
    assert found.concept[:60].tolist() == list(range(60))
    assert found.named[60:].mean() <= 0.01
    rng = np.random.default_rng(10)
    shuffled = named(sparse(train), rng.permutation(seen), sparse(val), rng.permutation(held))
    assert shuffled.named.mean() <= 0.01


def test_chance_names_a_latent_only_where_val_hardly_shows_it() -> None:
    """One firing on val is right by chance as often as the concept is asserted."""
    (train, seen), (val, held) = drawn(4000, 2000, 60, 11), drawn(2000, 2000, 60, 12, fires=0.001)
    rng = np.random.default_rng(13)
    found = named(sparse(train), rng.permutation(seen), sparse(val), rng.permutation(held))
    assert found.named.mean() <= 0.08
    assert found.val_fires[found.named].max() <= 4
    assert not found.named[found.val_fires >= 5].any()


def test_a_large_vocabulary_is_counted_without_writing_codes_out() -> None:
    """60,000 captions, 2,048 latents, 100 concepts: [n, w] would be 123 MB as bytes alone."""
    rng = np.random.default_rng(14)
    n, w, k = 60_000, 2048, 16
    codes = SparseCodes(
        torch.ones(n, k), torch.from_numpy(np.sort(rng.integers(0, w, (n, k)), axis=1)), w
    )
    labels = rng.random((n, 100)) < 0.05
    tracemalloc.start()
    found = named(codes, labels, codes[:5000], labels[:5000])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.named.mean() <= 0.01
    assert peak < 200e6
