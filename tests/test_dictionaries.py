"""Towers, frames, tie-breaking and checkpoints against answers known by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.contracts import SparseCodes
from benchmark.contracts.topk import k_strongest
from benchmark.sae.checkpoints import digest, load, parameters, save
from benchmark.sae.dictionaries import Paired, Tower, same_width
from benchmark.sae.frames import DenseMap, Matched, Same, disjoint


def tower(d: int = 5, m: int = 12, k: int = 3, seed: int = 0, scale: float = 2.0) -> Tower:
    g = torch.Generator().manual_seed(seed)
    W_enc, W_dec = torch.randn(d, m, generator=g), torch.randn(m, d, generator=g)
    b_enc, b_dec = torch.randn(m, generator=g), torch.randn(d, generator=g)
    return Tower(W_enc, b_enc, W_dec, b_dec, scale, "topk", k)


def paired(frame: Same | Matched | DenseMap | None = None) -> Paired:
    return Paired(tower(seed=1), tower(seed=2), frame or disjoint(12, 12))


def sparse(rows: list[list[float]]) -> SparseCodes:
    values = torch.tensor(rows)
    return SparseCodes.from_slots(values, torch.arange(values.shape[1]).expand(*values.shape), 4)


def test_encode_and_decode_follow_the_formula() -> None:
    t, x = tower(), torch.randn(40, 5)
    pre = ((x * 2 - t.b_dec) @ t.W_enc + t.b_enc).relu()
    kept = pre * (pre >= pre.sort(dim=1, descending=True).values[:, 2:3])
    assert torch.allclose(t.encode(x).dense(), kept, atol=1e-5)
    assert torch.allclose(t.decode(t.encode(x)), (kept @ t.W_dec + t.b_dec) / 2, atol=1e-5)


def test_scaled_data_with_the_scale_undone_gives_the_same_codes_and_scaled_reconstructions() -> (
    None
):
    t, x = tower(), torch.randn(20, 5)
    other = replace(t, scale=0.2)
    assert torch.allclose(t.encode(x).dense(), other.encode(10 * x).dense(), atol=1e-5)
    assert torch.allclose(10 * t.decode(t.encode(x)), other.decode(other.encode(10 * x)), atol=1e-4)


def test_a_row_is_encoded_by_itself_whatever_stands_beside_it() -> None:
    t, x = tower(64, 512, 8), torch.randn(33, 64)
    whole = t.encode(x).dense()
    for size in (1, 7, 32):
        parts = torch.cat([t.encode(part).dense() for part in x.split(size)])
        assert torch.allclose(whole, parts, atol=1e-5)


def test_the_lowest_index_wins_every_tie() -> None:
    rows = torch.ones(3, 50)
    assert k_strongest(rows, 4)[1].sort(dim=1).values.tolist() == [[0, 1, 2, 3]] * 3
    rows[1, 40] = 2.0
    assert k_strongest(rows, 4)[1].sort(dim=1).values.tolist()[1] == [0, 1, 2, 40]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(0, 10_000))
def test_strongest_is_the_stable_sort(k: int, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    rows = torch.randint(0, 4, (6, 10), generator=g).float()
    values, indices = k_strongest(rows, k)
    mine = torch.zeros_like(rows).scatter(1, indices, values)
    order = rows.sort(dim=1, descending=True, stable=True)
    theirs = torch.zeros_like(rows).scatter(1, order.indices[:, :k], order.values[:, :k])
    assert torch.equal(mine, theirs)


def test_fewer_than_k_fire_where_fewer_are_positive_and_an_empty_code_decodes_to_the_bias() -> None:
    t = replace(tower(), b_enc=torch.full((12,), -1e6))
    codes = t.encode(torch.randn(4, 5))
    assert codes.l0().tolist() == [0] * 4
    assert torch.allclose(t.decode(codes), t.b_dec.expand(4, -1) / 2)


def test_other_activations() -> None:
    t, x = tower(), torch.randn(30, 5)
    pre = t.pre_activations(x)
    relu = replace(t, activation="relu", k=None)
    assert torch.equal(relu.encode(x).dense(), pre.relu())
    theta = torch.full((12,), 0.7)
    jump = replace(t, activation="jumprelu", k=None, threshold=theta)
    assert torch.equal(jump.encode(x).dense(), pre * (pre > 0.7))
    assert torch.equal(replace(t, activation="identity", k=None).encode(x).dense(), pre)


@pytest.mark.parametrize("changes", [{"k": None}, {"activation": "relu"}, {"threshold": 1.0}])
def test_an_activation_takes_its_own_setting_and_no_other(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="alone take"):
        replace(tower(), **changes)  # type: ignore[arg-type]


def test_rows_or_codes_of_another_width_are_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match="text has 7 columns, the dictionary wants 5: was it"):
        paired().encode(torch.zeros(2, 7), "text")
    dictionary = paired()
    aligned = dictionary.align(dictionary.encode(torch.randn(3, 5), "text"), "text")
    with pytest.raises(ValueError, match="native codes"):
        dictionary.decode(aligned, "text")
    with pytest.raises(ValueError, match="image has 3 columns and text 4"):
        same_width(3, 4, "x")


def test_disjoint_towers_never_share_a_latent() -> None:
    dictionary = paired()
    x = torch.randn(50, 5)
    image, text = (dictionary.align(dictionary.encode(x, m), m) for m in ("image", "text"))
    assert dictionary.width == 24
    assert not (image.dense()[:, 12:] != 0).any()
    assert not (text.dense()[:, :12] != 0).any()
    assert not dictionary.directions("image")[12:].any()
    assert not dictionary.directions("text")[:12].any()


def test_a_partial_map_moves_matched_latents_and_leaves_the_rest_alone() -> None:
    frame = Matched(3, torch.tensor([2, -1, 0, -1]))
    moved = frame.align(sparse([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]]), "text")
    assert moved.dense().tolist() == [[3, 0, 1, 0, 2, 0, 4], [0] * 7]
    fired = moved.indices[0].tolist() if moved.indices is not None else []
    assert fired == sorted(fired)
    rows = torch.arange(4.0)[:, None] + 1
    assert frame.place(rows, "text")[:, 0].tolist() == [3, 0, 1, 0, 2, 0, 4]
    assert frame.place(rows[:3], "image")[:, 0].tolist() == [1, 2, 3, 0, 0, 0, 0]
    dense = SparseCodes(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), None, 4)
    assert frame.align(dense, "text").dense().tolist() == [[3, 0, 1, 0, 2, 0, 4]]


@pytest.mark.parametrize("image_of", [[0, 0], [5, -1]])
def test_a_map_that_is_not_one_to_one_is_refused(image_of: list[int]) -> None:
    with pytest.raises(ValueError, match="latent"):
        Matched(3, torch.tensor(image_of))


def test_directions_decode_aligned_codes_in_original_units() -> None:
    """x̂ = z_aligned @ directions + constant, also through a rotation of all codes."""
    turn = torch.linalg.qr(torch.randn(12, 12))[0]
    dense = DenseMap(torch.eye(12), turn, torch.zeros(12), torch.zeros(12))
    for frame in (Same(12), disjoint(12, 12), Matched(12, torch.arange(12).flip(0)), dense):
        dictionary, x = paired(frame), torch.randn(9, 5)
        for m in ("image", "text"):
            codes = dictionary.encode(x, m)
            aligned = dictionary.align(codes, m).dense()
            t = dictionary.tower(m)
            again = aligned @ dictionary.directions(m) + t.b_dec / t.scale
            assert torch.allclose(again, dictionary.decode(codes, m), atol=1e-4)


def test_what_is_saved_comes_back_and_shared_weights_stay_shared(tmp_path: Path) -> None:
    one = tower()
    dense = DenseMap(torch.eye(12), torch.eye(12), torch.zeros(12), torch.zeros(12))
    for dictionary in (
        Paired(one, replace(one, scale=7.0), Same(12)),
        paired(Matched(12, torch.arange(12))),
        paired(dense),
    ):
        save(dictionary, tmp_path / "d.safetensors")
        again = load(tmp_path / "d.safetensors")
        assert digest(again) == digest(dictionary)
        assert parameters(again) == parameters(dictionary)
        x = torch.randn(5, 5)
        assert torch.equal(again.encode(x, "text").dense(), dictionary.encode(x, "text").dense())
    shared = Paired(one, replace(one, scale=7.0), Same(12))
    assert parameters(shared) == 12 * 5 * 2 + 12 + 5
    assert [path.name for path in tmp_path.iterdir()] == ["d.safetensors"]


def test_the_digest_sees_every_tensor_and_the_frame() -> None:
    base = paired()
    changed = replace(base.text, b_dec=base.text.b_dec + 1e-7)
    others = [
        Paired(base.image, changed, base.frame),
        Paired(base.image, base.text, Same(12)),
        Paired(base.image, base.text, Matched(12, torch.tensor([0] + [-1] * 11))),
        Paired(base.text, base.image, base.frame),
        Paired(base.image, replace(base.text, scale=3.0), base.frame),
        Paired(base.image, replace(base.text, k=4), base.frame),
    ]
    assert len({digest(d) for d in [base, *others]}) == 7


def test_a_broken_file_and_a_foreign_dictionary_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "d.safetensors"
    save(paired(), path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ValueError, match="no whole safetensors file"):
        load(path)
    with pytest.raises(ValueError, match="only a Paired can be saved"):
        save(object(), path)  # type: ignore[arg-type]
