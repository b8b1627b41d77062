"""Each method on a tiny planted world: what it claims, what it must equal, what it must find."""

from __future__ import annotations

import importlib
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from benchmark.alignment.mapping import recall_at_1
from benchmark.contracts import Artifact, Method, Modality, Need
from benchmark.sae.checkpoints import digest
from benchmark.sae.dictionaries import Paired
from methods.identity import Identity
from methods.jsae import JSAE
from methods.labelled import Labelled
from methods.pca import PCA
from methods.posthoc import PostHoc
from methods.random import Random
from methods.separated import Separated
from methods.shared import Shared
from methods.untrained import Untrained
from tests.planted import split, training

SMALL = {"n_latents": 128, "k": 6, "steps": 150, "batch_size": 128, "lr": 4e-3}
TEST = split(300, seed=3)
SIDES: tuple[Modality, Modality] = ("image", "text")


@cache
def fitted(method: Method) -> Artifact:
    return method.fit(training())


def paired(method: Method) -> Paired:
    dictionary = fitted(method).dictionary
    assert isinstance(dictionary, Paired)
    return dictionary


def explained(method: Method, modality: Modality) -> float:
    x, dictionary = TEST.rows(modality), paired(method)
    error = dictionary.decode(dictionary.encode(x, modality), modality) - x
    return 1 - float(error.square().sum() / (x - x.mean(0)).square().sum())


def retrieved(method: Method) -> float:
    dictionary = paired(method)
    image, text = (dictionary.align(dictionary.encode(TEST.rows(m), m), m) for m in SIDES)
    return recall_at_1(image, text, TEST.pairs)


TRAINED = [
    Shared(**SMALL),
    Separated(**SMALL),
    PostHoc(**SMALL),
    JSAE(**SMALL, activation="topk"),
    JSAE(**{**SMALL, "lr": 1e-2}),
]
ALL = [*TRAINED, Random(**SMALL), Untrained(**SMALL), PCA(**SMALL), Identity(), Labelled()]


def label(method: Method) -> str:
    return type(method).__name__ + getattr(method, "activation", "")


@pytest.mark.parametrize("method", ALL, ids=label)
def test_codes_and_directions_fit_the_frame(method: Method) -> None:
    dictionary = paired(method)
    for m in SIDES:
        codes = dictionary.align(dictionary.encode(TEST.rows(m), m), m)
        assert codes.width == dictionary.width
        assert torch.isfinite(codes.values).all()
        assert dictionary.directions(m).shape == (dictionary.width, 32)


@pytest.mark.parametrize("method", TRAINED, ids=label)
def test_trained_beats_random_and_identity_beats_all(method: Method) -> None:
    for m in SIDES:
        assert explained(Random(**SMALL), m) + 0.2 < explained(method, m) < 1
        assert explained(Identity(), m) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("method", [*TRAINED[:4], Random(**SMALL), Untrained(**SMALL)], ids=label)
def test_topk_codes_have_k_latents_at_most(method: Method) -> None:
    for m in SIDES:
        l0 = paired(method).encode(TEST.rows(m), m).l0()
        assert int(l0.max()) <= 6 == fitted(method).k


@pytest.mark.parametrize("method", [Shared(**SMALL), JSAE(**SMALL)], ids=label)
def test_the_same_seed_gives_the_same_dictionary(method: Method) -> None:
    again = method.fit(training()).dictionary
    assert digest(again) == digest(paired(method))
    assert digest(method.fit(training(seed=1)).dictionary) != digest(again)


@pytest.mark.parametrize("sparsity", ["batchtopk", "jumprelu", "matryoshka"])
def test_every_way_to_be_sparse_keeps_near_the_budget_and_explains(sparsity: str) -> None:
    method = Shared(**{**SMALL, "steps": 300}, sparsity=sparsity)
    l0 = [paired(method).encode(TEST.rows(m), m).l0().double().mean() for m in SIDES]
    assert 3 < float(sum(l0) / 2) < 7.5
    for m in SIDES:
        assert explained(method, m) > explained(Random(**SMALL), m) + 0.2
        codes = paired(method).encode(TEST.rows(m), m)
        alone = paired(method).encode(TEST.rows(m)[5:6], m)
        assert torch.allclose(codes.dense()[5:6], alone.dense(), atol=1e-4)


def test_matryoshka_spends_its_strongest_latents_better() -> None:
    plain, nested = (Shared(**SMALL, sparsity=s) for s in ("topk", "matryoshka"))
    few = []
    for method in (plain, nested):
        codes = paired(method).encode(TEST.image, "image").truncated(1)
        few.append(float((paired(method).decode(codes, "image") - TEST.image).square().sum()))
    assert few[1] < few[0]


def test_posthoc_and_separated_hold_the_same_towers() -> None:
    for operator in ("hungarian", "procrustes"):
        mapped, apart = paired(PostHoc(**SMALL, operator=operator)), paired(Separated(**SMALL))
        for m in SIDES:
            assert torch.equal(mapped.tower(m).W_enc, apart.tower(m).W_enc)
            x = TEST.rows(m)
            assert torch.equal(
                mapped.decode(mapped.encode(x, m), m), apart.decode(apart.encode(x, m), m)
            )


def test_separated_retrieves_at_chance_and_every_map_far_above() -> None:
    assert retrieved(Separated(**SMALL)) == pytest.approx(1 / 300)
    for operator in ("hungarian", "greedy", "sinkhorn", "procrustes", "cca"):
        assert retrieved(PostHoc(**SMALL, operator=operator)) > 0.05, operator


def test_posthoc_records_its_cut_and_nocut_keeps_every_match() -> None:
    cut, nocut = fitted(PostHoc(**SMALL)).chosen, fitted(PostHoc(**SMALL, cut=False)).chosen
    assert cut["cut"] >= cut["chance"] > 0
    assert nocut["cut"] is None
    assert 0 < cut["matches"] <= nocut["matches"] <= 64


def test_alignment_makes_pairs_agree_and_without_it_they_do_not() -> None:
    aligned = JSAE(**SMALL, activation="topk", lambda_a=0.3)
    apart = JSAE(**SMALL, activation="topk", lambda_a=0.0)
    assert retrieved(aligned) > 0.05 > 0.03 > retrieved(apart)
    mapped = JSAE(**SMALL, activation="topk", lambda_a=0.0, posthoc=True)
    assert retrieved(mapped) > 0.05
    assert fitted(mapped).chosen["matches"] > 0


def test_relu_jsae_keeps_the_budget_on_val_and_says_how() -> None:
    method = JSAE(**{**SMALL, "lr": 1e-2, "steps": 300})
    chosen, val = fitted(method).chosen, training().val
    for m in SIDES:
        l0 = float(paired(method).encode(val.rows(m), m).l0().double().mean())
        assert l0 == pytest.approx(chosen[f"val_l0/{m}"])
        assert 2 < l0 <= 6
        assert chosen[f"lambda_s/{m}"] > 0


def test_a_given_lambda_is_kept() -> None:
    chosen = fitted(JSAE(**SMALL, lambda_s=0.03)).chosen
    assert chosen["lambda_s/image"] == chosen["lambda_s/text"] == 0.03


def test_paper_variant_of_jsae_is_as_published() -> None:
    module = importlib.import_module("methods.jsae")
    method = JSAE(**{**module.PAPER, "epochs": 1})
    dictionary = method.fit(training(n=200)).dictionary
    assert isinstance(dictionary, Paired)
    assert dictionary.image.d_sae == 4 * 32
    assert dictionary.image.scale == 1
    assert dictionary.image.activation == "relu"


def test_random_towers_claim_index_identity_and_agree_by_chance_only() -> None:
    assert abs(retrieved(Random(**SMALL)) - 1 / 300) < 0.02
    dictionary = paired(Random(**SMALL))
    assert not torch.equal(dictionary.image.W_dec, dictionary.text.W_dec)
    assert torch.allclose(dictionary.image.W_dec.norm(dim=1), torch.ones(64), atol=1e-6)


def test_untrained_is_where_training_starts() -> None:
    shared, apart = paired(Untrained(**SMALL)), paired(Untrained(**SMALL, start="separated"))
    assert torch.equal(shared.image.W_enc, shared.text.W_enc)
    assert shared.width == apart.width == 128
    first = Shared(**{**SMALL, "steps": 1, "lr": 1e-12}).fit(training()).dictionary
    assert isinstance(first, Paired)
    assert torch.allclose(first.image.W_enc, shared.image.W_enc, atol=1e-6)
    assert Need.SAME_WIDTH not in Untrained(**SMALL, start="separated").needs


def test_pca_is_the_best_linear_code_of_its_width_for_equal_modalities() -> None:
    data = training()
    twin = type(data)(
        *(type(s)(**{**vars(s), "text": s.image}) for s in (data.train, data.val)), data.site, 0
    )
    dictionary = PCA(**SMALL).fit(twin).dictionary
    x = twin.train.image
    singular = torch.linalg.svdvals((x - x.mean(0)).double())
    best = 1 - float(singular[6:].square().sum() / singular.square().sum())
    error = dictionary.decode(dictionary.encode(x, "text"), "text") - x
    found = 1 - float(error.square().sum() / (x - x.mean(0)).square().sum())
    assert found == pytest.approx(best, abs=1e-5)


def test_identity_codes_are_the_raw_rows() -> None:
    dictionary = paired(Identity())
    assert torch.equal(dictionary.encode(TEST.image, "image").dense(), TEST.image)
    scores = torch.nn.functional.normalize(TEST.image) @ torch.nn.functional.normalize(TEST.text).T
    hits = [(scores.argmax(i) == torch.arange(300)).double().mean() for i in (0, 1)]
    assert retrieved(Identity()) == pytest.approx(float(sum(hits) / 2))


def test_labelled_detects_its_concepts_and_its_decoder_is_the_difference_of_means() -> None:
    dictionary, data = paired(Labelled()), training()
    for m in SIDES:
        z, has = dictionary.encode(TEST.rows(m), m).dense().numpy(), TEST.labels(m)
        assert np.mean([roc_auc_score(has[:, j], z[:, j]) for j in range(40)]) > 0.95
        assert (z > 0).mean() == pytest.approx(has.mean(), rel=0.25)
        x, on = data.train.rows(m), torch.from_numpy(data.train.labels(m)[:, 4])
        difference = x[on].mean(0) - x[~on].mean(0)
        assert torch.cosine_similarity(dictionary.directions(m)[4], difference, dim=0) > 0.9999
    assert retrieved(Labelled()) > 0.1


def test_a_concept_without_examples_is_a_dead_latent() -> None:
    data = training()
    concepts = data.train.concepts
    assert concepts is not None
    concepts.image[:, 0] = False
    tower = Labelled().fit(data).dictionary
    assert isinstance(tower, Paired)
    assert not tower.encode(data.train.image, "image").dense()[:, 0].any()
    assert torch.isfinite(tower.directions("image")).all()


@pytest.mark.parametrize(
    "method",
    [Shared(**SMALL), PostHoc(**SMALL, operator="decoder"), PCA(**SMALL), Identity(), Untrained()],
    ids=label,
)
def test_unequal_widths_are_declared_and_refused_in_one_line(method: Method) -> None:
    assert Need.SAME_WIDTH in method.needs
    with pytest.raises(ValueError, match=r"image has 32 columns and text 24: [^\n]*$"):
        method.fit(training(d_text=24))


@pytest.mark.parametrize("method", [Separated(**SMALL), PostHoc(**SMALL), JSAE(**SMALL)], ids=label)
def test_two_towers_take_unequal_widths(method: Method) -> None:
    dictionary = method.fit(training(d_text=24)).dictionary
    assert dictionary.directions("text").shape[1] == 24
