"""Where rows are tokens: the same questions of examples, with answers that are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.contracts import (
    PairedActivations,
    SparseCodes,
    Subject,
    averaged,
    pooling,
    strongest,
)
from benchmark.metrics.probe import balanced
from benchmark.metrics.subsets import caption_pairs, captions_as_images, rows_of
from benchmark.references.changes import identity
from benchmark.references.sides import other_captions
from benchmark.references.standings import coded
from benchmark.sae.plain_dictionaries import identity as dense
from methods.posthoc import PostHoc
from methods.shared import Shared
from tasks.modality_split import ModalitySplit
from tasks.reconstruction import Reconstruction
from tasks.retrieval import Retrieval
from tests.subjects import Written, subject
from tests.token_rows import SMALL, by_hand, reordered, tokens, training


def scores(task, asked: Subject) -> dict[str, np.ndarray]:
    return {name: np.asarray(units.numerator) for name, units in task.score(asked).items()}


# ------------------------------------------------------------------------------------ by hand


def test_codes_of_examples_by_hand() -> None:
    found = subject(by_hand()).codes("test", "image").dense()
    assert found.tolist() == [[1, 2, 0, 0], [0, 0, 3, 4]]
    assert subject(by_hand()).codes("test", "text").dense().tolist() == [
        [0, 1, 0, 0],
        [0, 0, 1, 1],
        [1, 0, 0, 0],
    ]


def test_retrieval_and_false_captions_by_hand() -> None:
    found = Retrieval().score(subject(by_hand()))
    assert found["r@1/i2t"].numerator.tolist() == [1, 1]
    assert found["r@1/t2i"].numerator.tolist() == [1, 1, 1]
    assert found["tie_rate/i2t"].numerator.tolist() == [0, 0]
    # Picture a has latents 0 and 1, the false caption latent 2; b has 2 and 3, the false one 1, 3.
    assert found["hard_negatives"].numerator.tolist() == [1, 1]
    assert found["hard_negatives/position"].numerator.tolist() == [1]


def test_a_false_caption_is_read_from_all_of_its_own_words() -> None:
    swapped = by_hand(negative_owner=torch.tensor([0, 0, 1]))
    negatives = torch.tensor([[1.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0.0]])
    found = Retrieval().score(subject(replace(swapped, negatives=negatives)))
    assert found["hard_negatives"].numerator.tolist() == [0, 1]


def test_dense_is_the_mean_of_tokens() -> None:
    changed = identity(subject(by_hand()), np.random.default_rng(0))
    wanted = torch.tensor([[1, 2, 0, 0], [0, 0, 4, 4.0]]) / 3
    assert torch.equal(changed.codes("test", "image").dense(), wanted)
    assert torch.equal(coded(changed, "reconstruction/", "image").values, wanted)
    assert coded(changed, "", "text").values[1].tolist() == [0, 0, 0.5, 0.5]


def test_reconstructions_are_compared_by_their_mean() -> None:
    rows = coded(subject(by_hand()), "reconstruction/", "image").values
    assert torch.equal(rows, averaged(by_hand().image, by_hand().image_owner, 2))


def test_the_probe_sees_means() -> None:
    (image, text), images = balanced(by_hand(), 10)
    assert images.tolist() == [0, 1]
    assert np.allclose(image, np.array([[1, 2, 0, 0], [0, 0, 4, 4]]) / 3)
    assert text.tolist() == [[0, 1, 0, 0], [0, 0, 0.5, 0.5]]


def test_explained_variance_is_of_tokens_and_re_of_examples() -> None:
    zero = Written(4, back=torch.zeros(4))
    data = by_hand(image=by_hand().image + torch.tensor([0, 0, 0, 0.5]))
    found = Reconstruction().score(subject(data, zero))
    assert found["mse/image"].denominator.tolist() == [12, 12]
    assert found["mse/text"].denominator.tolist() == [4, 8, 4]
    assert found["re"].numerator.tolist() == [1, 1, 1]
    assert found["l0/text"].numerator.tolist() == [1, 2, 1]


# -------------------------------------------------------------------- one token an example


@pytest.mark.parametrize("linear", [False, True])
def test_one_token_an_example_is_the_pooled_site(
    monkeypatch: pytest.MonkeyPatch, linear: bool
) -> None:
    """To the bit, also where examples are put together from rows that happen to be one each."""
    data = tokens(60, 1, 0)
    fitted = dense(8, 8) if linear else PostHoc(**SMALL).fit(training(data)).dictionary
    asked = (Retrieval(), Reconstruction(), ModalitySplit())
    pooled = [scores(task, subject(data, fitted)) for task in asked]
    monkeypatch.setattr(pooling, "rows_are_examples", lambda *_: False)
    for task, wanted in zip(asked, pooled, strict=True):
        found = scores(task, subject(data, fitted))
        assert found.keys() == wanted.keys()
        for name, value in found.items():
            assert np.array_equal(value, wanted[name]), name


def test_pooling_one_row_an_example_changes_no_bit() -> None:
    x = torch.randn(30, 7, generator=torch.Generator().manual_seed(0))
    back = torch.arange(30).flip(0)
    assert averaged(x, torch.arange(30), 30) is x
    assert torch.equal(averaged(x.flip(0), back, 30), x)
    assert torch.equal(strongest(SparseCodes.from_dense(x.flip(0)), back, 30).dense(), x)


# ------------------------------------------------------------------------- order of tokens


@pytest.mark.parametrize("task", [Retrieval(), Reconstruction()])
def test_the_order_of_tokens_changes_nothing(task) -> None:
    data = tokens(30, 5, 3)
    dictionary = PostHoc(**SMALL).fit(training(data)).dictionary
    for one in (dictionary, dense(8, 8)):
        found = [scores(task, subject(d, one)) for d in (data, reordered(data, 1))]
        assert found[0].keys() == found[1].keys()
        for name, value in found[0].items():
            assert np.allclose(value, found[1][name], atol=1e-6), name


def test_modality_split_is_asked_of_examples() -> None:
    data = tokens(120, 4, 5)
    fitted = Shared(**SMALL | {"steps": 20}).fit(training(data)).dictionary
    found = [scores(ModalitySplit(), subject(d, fitted)) for d in (data, reordered(data, 2))]
    assert len(found[0]["transfer_auc"]) == 3
    assert len(found[0]["modality_probe/raw"]) == 240
    for name, value in found[0].items():
        assert np.allclose(value, found[1][name], atol=1e-6), name


# --------------------------------------------------------------------------- sceptic's cases


def test_an_empty_code_all_ties_and_a_single_example() -> None:
    silent = SparseCodes.from_dense(torch.zeros(6, 40))
    assert strongest(silent, torch.tensor([0, 0, 1, 1, 1, 2]), 3).l0().tolist() == [0, 0, 0]
    tied = SparseCodes.from_dense(torch.nn.functional.pad(torch.ones(6, 2), (0, 38)))
    found = strongest(tied, torch.zeros(6, dtype=torch.long), 1)
    assert found.dense()[0].tolist() == [1, 1] + [0] * 38
    flat = by_hand(image=torch.ones(6, 4), text=torch.ones(4, 4), negatives=torch.ones(3, 4))
    scored = Retrieval().score(subject(flat))
    assert scored["r@1/t2i"].numerator.tolist() == [0.5] * 3
    assert scored["hard_negatives"].numerator.tolist() == [0.5, 0.5]
    one = tokens(1, 3, 0)
    assert Retrieval().score(subject(one))["r@1/t2i"].numerator.tolist() == [1, 1]


def test_chunks_of_examples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    g = torch.Generator().manual_seed(2)
    dense_codes = torch.randn(200, 64, generator=g) * (torch.rand(200, 64, generator=g) < 0.05)
    codes = SparseCodes.from_dense(dense_codes)
    owner = torch.randint(50, (200,), generator=g)
    whole = strongest(codes, owner, 50)
    monkeypatch.setattr(pooling, "CELLS", 64 * 7)
    parts = strongest(codes, owner, 50)
    assert torch.equal(whole.dense(), parts.dense())
    assert torch.equal(whole.dense()[3].abs(), dense_codes[owner == 3].abs().amax(0))


# --------------------------------------------------------------------------------- captions


def test_captions_take_their_words_along() -> None:
    data = tokens(6, 3, 4)
    first, rest, owner = caption_pairs(data)
    made = captions_as_images(data, first, rest, owner)
    for new, old in enumerate(first.tolist()):
        mine = made.image[made.image_owner == new]
        assert torch.equal(mine, data.text[data.text_owner == old])
    changed = other_captions(subject(data), np.random.default_rng(0))
    assert torch.equal(changed.codes("test", "image").dense(), _codes(made.image, made, "image"))
    assert torch.equal(changed.native("test", "text").dense(), made.text)
    rows, new = rows_of(torch.tensor([0, 1, 1]), torch.tensor([1, 0, 1]))
    assert (rows.tolist(), new.tolist()) == ([1, 2, 0, 1, 2], [0, 0, 1, 2, 2])


def _codes(rows: Tensor, data: PairedActivations, modality) -> Tensor:
    codes = Written(rows.shape[1]).encode(rows, modality)
    return strongest(codes, data.owner(modality), data.n_examples(modality)).dense()
