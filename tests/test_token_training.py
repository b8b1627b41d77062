"""Training where rows are tokens: what a batch holds, what is aligned, whose labels are meant."""

from __future__ import annotations

import pytest
import torch

from benchmark.contracts import MODALITIES, averaged
from benchmark.sae.pairs import TOKENS, of_pairs, pair_batches, row_batches, spans
from benchmark.sae.trainable import Pass, cosine
from methods import jsae
from methods.jsae import JSAE
from methods.labelled import Labelled
from methods.shared import Shared
from tests.subjects import subject
from tests.token_rows import SMALL, by_hand, tokens, training


def test_a_batch_of_pairs_has_as_many_rows_and_only_those_of_its_pairs() -> None:
    data = tokens(20, 6, 1)
    budget = JSAE(**SMALL)
    batches = pair_batches(training(data), budget)
    for step in range(budget.steps):
        drawn = batches(step)
        assert [len(drawn[m]) for m in MODALITIES] == [16, 16]
        image = data.image_owner[drawn["image"]].view(-1, TOKENS)
        text = data.text_owner[drawn["text"]].view(-1, TOKENS)
        assert (image == image[:, :1]).all()
        assert torch.equal(data.caption_of[text[:, 0]], image[:, 0])
        assert all(len(set(four.tolist())) == 4 for four in drawn["image"].view(-1, TOKENS))
    image, text = row_batches(training(data), budget)
    assert image.shape == text.shape == (6, 16)
    assert len(image.flatten().unique()) == 96


def test_tokens_of_an_example_are_drawn_equally_often() -> None:
    own = spans(tokens(3, 6, 1), "image")
    drawn = own.some(torch.full((3000,), 1), 4, torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn, minlength=18)
    assert counts[:6].sum() == counts[12:].sum() == 0
    assert (counts[6:12] - 2000).abs().max() < 130


def test_an_example_without_rows_is_one_clear_line() -> None:
    gone = by_hand(image_owner=torch.zeros(6, dtype=torch.long))
    with pytest.raises(ValueError, match="image 1 of train has no row"):
        spans(gone, "image")


def test_codes_of_pairs_are_the_strongest_and_gradients_reach_them_alone() -> None:
    z = torch.tensor([[1.0, 0], [3, 2], [0, 0], [5, 4]], requires_grad=True)
    found = of_pairs(Pass(z, z, None), 2, 2)
    assert found.values.tolist() == [[3, 2], [5, 4]]
    found.values.sum().backward()
    assert z.grad is not None
    assert z.grad.tolist() == [[0, 0], [1, 1], [0, 0], [1, 1]]
    indices = torch.tensor([[0, 1], [0, 1], [1, 0], [0, 1]])
    sparse = of_pairs(Pass(z, z.detach(), indices), 2, 3)
    assert sparse.values.tolist() == [[3, 2, 0], [5, 4, 0]]


@pytest.mark.parametrize("activation", ["relu", "topk"])
def test_jsae_at_tokens_is_repeatable_and_its_alignment_matters(activation) -> None:
    data = tokens(40, 5, 2)
    fits = [
        JSAE(**SMALL, activation=activation, lambda_a=weight).fit(training(data)).dictionary
        for weight in (3.0, 3.0, 0.0)
    ]
    made = [fit.directions("image") for fit in fits]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_jsae_compares_codes_of_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def noting(a: Pass, b: Pass, m: int) -> torch.Tensor:
        compared.append((len(a.values), len(b.values)))
        return cosine(a, b, m)

    monkeypatch.setattr(jsae, "cosine", noting)
    JSAE(**SMALL).fit(training(tokens(40, 5, 2)))
    assert set(compared) == {(SMALL["batch_size"] // TOKENS,) * 2}


def test_labels_are_of_mean_activations() -> None:
    data = tokens(60, 4, 6)
    made = Labelled().fit(training(data)).dictionary.directions("image")
    means = averaged(data.image, data.image_owner, 60).double()
    has = torch.from_numpy(data.labels("image"))
    wanted = torch.stack([means[has[:, c]].mean(0) - means[~has[:, c]].mean(0) for c in range(3)])
    cosine = torch.nn.functional.cosine_similarity(made.double(), wanted)
    assert cosine.min() > 1 - 1e-6
    fires = subject(data, Labelled().fit(training(data)).dictionary).codes("test", "image")
    assert (fires.dense() != 0).sum(0).tolist() == has.sum(0).tolist()


@pytest.mark.parametrize("sparsity", ["topk", "batchtopk", "jumprelu", "matryoshka"])
def test_shared_trains_on_token_rows(sparsity) -> None:
    data = tokens(40, 5, 2)
    made = Shared(**SMALL | {"k": 4}, sparsity=sparsity).fit(training(data))
    assert made.dictionary.encode(data.image, "image").l0().double().mean() > 0
