"""Checkpoints of other libraries: the codes that their formulas give, and one line where not."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmark.command.checkpoint_flags import FORMATS as NAMED
from benchmark.configure import build, settings
from benchmark.contracts import Artifact, NotApplicableError, Site, TrainingData
from benchmark.interchange import detect, releases
from benchmark.interchange.files import find
from benchmark.interchange.rows import checkpoint_rows
from benchmark.interchange.words import words_of
from benchmark.sae.checkpoints import save
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import DenseMap, Matched, Same
from tests.planted import SITE, split
from tests.test_run import one_error, run
from tests.tiny_checkpoints import (
    ROWS,
    THRESHOLD,
    D,
    K,
    M,
    V,
    W,
    Weights,
    linear,
    ones,
    saelens,
    topk,
    torch_file,
    trainer,
    whole,
)

ONES = ones()


def method(*words: str, asked: str = "auto", **fields: object):
    """The method of one `--checkpoint`, its words being fields where they name any."""
    (choice,), sets = checkpoint_rows([words], asked, [])
    (given,) = settings([choice], sets)
    return build(choice, {**given, **fields})


def data(rows: torch.Tensor = ROWS, site: Site | None = None):
    """Training data whose rows of both modalities are these."""
    both = replace(split(n=len(rows), d=rows.shape[1]), image=rows, text=rows)
    return TrainingData(both, both, site or SITE, 0)


def fitted(*words: str, rows: torch.Tensor = ROWS, site: Site | None = None, **fields: object):
    return method(*words, **fields).fit(data(rows, site))


def codes(artifact: Artifact, modality: str = "image", rows: torch.Tensor = ROWS) -> torch.Tensor:
    return artifact.dictionary.encode(rows, modality).dense()


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return float((a - b).abs().max()) <= 1e-5


@pytest.mark.parametrize("name", ONES)
def test_codes_and_reconstructions_are_those_of_the_format(name: str, tmp_path: Path) -> None:
    one = ONES[name]
    artifact = fitted(str(one.write(tmp_path / "sae")), *one.says)
    assert artifact.chosen["format"] == one.format
    assert (one.codes != 0).any(1).all()
    for modality in ("image", "text"):
        assert close(codes(artifact, modality), one.codes)
        made = artifact.dictionary.decode(artifact.dictionary.encode(ROWS, modality), modality)
        assert close(made, one.out)


@pytest.mark.parametrize("name", ONES)
def test_no_other_format_takes_it_for_its_own(name: str, tmp_path: Path) -> None:
    found = find(ONES[name].write(tmp_path / "sae"))
    seen = {name for name, module in detect.FORMATS.items() if module.sees(found)}
    assert seen == {ONES[name].format}


def test_every_format_can_be_named_on_the_command_line() -> None:
    assert tuple(detect.FORMATS) == NAMED


def test_jsae_has_two_towers_in_one_frame_and_subtracts_nothing(tmp_path: Path) -> None:
    state = {}
    for side, w in (("vision", W), ("text", V)):
        state |= {
            f"{side}_encoder.0.weight": w.W_enc.T,
            f"{side}_encoder.0.bias": w.b_enc,
            f"{side}_decoder.weight": w.W_dec.T,
            f"{side}_decoder.bias": w.b_dec,
        }
    path = torch_file(tmp_path / "jsae" / "best.pt", {"model_state_dict": state, "epoch": 20})
    artifact = fitted(str(path), "name=theirs")
    assert artifact.chosen["format"] == "jsae"
    assert isinstance(artifact.dictionary.frame, Same)
    for modality, w in (("image", W), ("text", V)):
        assert close(codes(artifact, modality), w.pre(ROWS, subtracts=False).relu())


def test_vl_sae_encodes_by_distance_and_keeps_its_encoder_once(tmp_path: Path) -> None:
    state = {"encoder.weight": W.W_enc.T}
    for side, w in (("image", W), ("text", V)):
        state |= {f"decoder_{side}.weight": w.W_dec.T, f"decoder_{side}.bias": w.b_dec}
    path = torch_file(tmp_path / "vl" / "sae.pt", state)
    artifact = fitted(str(path), f"k={K}")
    unit = torch.nn.functional.normalize
    distance = torch.cdist(unit(ROWS, dim=1), unit(W.W_enc.T, dim=1))
    assert artifact.chosen["format"] == "vl-sae"
    assert close(codes(artifact, "text"), topk(2 - distance))
    assert artifact.dictionary.image.W_enc is artifact.dictionary.text.W_enc
    with pytest.raises(ValueError, match="does not say its k"):
        method(str(path))


def two_pretrained(folder: Path, perm: list[int] | None) -> Path:
    folder.mkdir(parents=True)
    tensors = {}
    for side, w in (("image", W), ("text", V)):
        mine = {**linear(w), "W_dec": w.W_dec, "b_dec": w.b_dec}
        tensors |= {f"sae_{side}.{key}": t for key, t in mine.items()}
    save_file(whole(tensors), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"hidden_size": D, "k": K}))
    if perm is not None:
        np.savez(folder / "perm.npz", perm=np.array(perm))
    return folder


def test_the_permutation_of_the_heterogeneity_paper_moves_text_codes(tmp_path: Path) -> None:
    perm = torch.randperm(M, generator=torch.Generator().manual_seed(3))
    artifact = fitted(str(two_pretrained(tmp_path / "a", perm.tolist())))
    native = artifact.dictionary.encode(ROWS, "text")
    assert close(native.dense(), topk(V.pre(ROWS)))
    aligned = artifact.dictionary.align(native, "text").dense()
    assert close(aligned[:, :M], topk(V.pre(ROWS))[:, perm])
    assert not aligned[:, M:].any()
    apart = fitted(str(two_pretrained(tmp_path / "b", None))).dictionary.frame
    assert not (apart.image_of >= 0).any()
    for wrong, says in (([0, 0], "twice"), ([0, M], "d_sae"), (list(range(M + 1)), "at most")):
        with pytest.raises(ValueError, match=says):
            method(str(two_pretrained(tmp_path / says.replace(" ", ""), wrong)))


def test_our_own_dictionaries_come_back_as_they_were(tmp_path: Path) -> None:
    towers = [Tower(w.W_enc, w.b_enc, w.W_dec, w.b_dec, 2.0, "topk", K) for w in (W, V)]
    kept = Paired(*towers, Matched(M, torch.arange(M).flip(0)))
    save(kept, tmp_path / "mine.safetensors")
    artifact = fitted(str(tmp_path / "mine.safetensors"))
    assert torch.equal(codes(artifact), kept.encode(ROWS, "image").dense())
    assert torch.equal(artifact.dictionary.frame.image_of, kept.frame.image_of)
    with pytest.raises(ValueError, match="says all that it needs"):
        method(str(tmp_path / "mine.safetensors"), "k=3")


def test_two_paths_are_two_saes_and_one_path_reads_both(tmp_path: Path) -> None:
    image = saelens(tmp_path / "image", W, architecture="topk", k=K)
    text = saelens(tmp_path / "text", V, architecture="topk", k=K)
    two = fitted(f"image={image}", f"text={text}")
    folder = fitted(str(tmp_path))
    for artifact in (two, folder):
        assert close(codes(artifact, "image"), topk(W.pre(ROWS)))
        assert close(codes(artifact, "text"), topk(V.pre(ROWS)))
        assert artifact.dictionary.width == 2 * M
    one = fitted(str(image)).dictionary
    assert one.image is one.text
    assert one.width == M


def test_an_sae_of_images_alone_says_nothing_of_texts(tmp_path: Path) -> None:
    image = saelens(tmp_path / "image", W, architecture="topk", k=K)
    artifact = fitted(f"image={image}")
    assert close(codes(artifact), topk(W.pre(ROWS)))
    assert not codes(artifact, "text").any()
    made = artifact.dictionary.decode(artifact.dictionary.encode(ROWS, "text"), "text")
    assert close(made, ROWS.mean(0).expand_as(ROWS))
    assert "never fires" in artifact.chosen["dictionary/text"]


def test_a_map_that_is_missing_is_fitted_where_it_is_asked_for(tmp_path: Path) -> None:
    image = saelens(tmp_path / "a", W, architecture="topk", k=K)
    words = (f"image={image}", f"text={image}", "align=hungarian")
    frame = fitted(*words).dictionary.frame
    there = frame.image_of >= 0
    assert there.any()
    assert torch.equal(frame.image_of[there], torch.arange(M)[there])
    with pytest.raises(ValueError, match="for two SAEs without a map"):
        method(str(image), "align=hungarian")


def test_a_missing_scale_is_what_brings_rows_to_the_length_that_training_had(
    tmp_path: Path,
) -> None:
    path = saelens(tmp_path / "s", normalize_activations="expected_average_only_in")
    artifact = fitted(str(path), rows=3 * ROWS)
    scale = D**0.5 / (3 * ROWS).norm(dim=1).mean()
    assert artifact.chosen["input_scale/image"] == pytest.approx(float(scale))
    assert close(codes(artifact, rows=3 * ROWS), W.pre(3 * ROWS * scale).relu())
    as_is = fitted(str(path), "input_scale=1", rows=3 * ROWS)
    assert close(codes(as_is, rows=3 * ROWS), W.pre(3 * ROWS).relu())
    assert method(str(path)).fits
    assert not method(str(path), "input_scale=1").fits


def test_norms_of_single_rows_fold_where_rows_are_alike_and_are_refused_elsewhere(
    tmp_path: Path,
) -> None:
    unit = torch.nn.functional.normalize(ROWS, dim=1) * 3
    path = saelens(tmp_path / "c", normalize_activations="constant_norm_rescale")
    artifact = fitted(str(path), rows=unit)
    u = unit * D**0.5 / 3
    assert close(codes(artifact, rows=unit), W.pre(u).relu())
    made = artifact.dictionary.decode(artifact.dictionary.encode(unit, "image"), "image")
    assert close(made, W.out(W.pre(u).relu()) * 3 / D**0.5)
    with pytest.raises(ValueError, match="each row divided by its own length"):
        fitted(str(path))


@pytest.mark.parametrize("subtracts", [True, False])
def test_layer_norm_folds_where_deviations_are_alike(tmp_path: Path, subtracts: bool) -> None:
    level, std = 0.4, 1.7
    centred = ROWS - ROWS.mean(1, keepdim=True)
    rows = centred / centred.std(1, keepdim=True) * std + level
    norm = {"normalize_activations": "layer_norm", "apply_b_dec_to_input": subtracts}
    artifact = fitted(str(saelens(tmp_path / "l", **norm)), rows=rows)
    u = (rows - rows.mean(1, keepdim=True)) / (rows.std(1, keepdim=True) + 1e-5)
    z = W.pre(u, subtracts=subtracts).relu()
    assert close(codes(artifact, rows=rows), z)
    made = artifact.dictionary.decode(artifact.dictionary.encode(rows, "image"), "image")
    assert close(made, W.out(z) * std + level)


def test_what_a_user_says_goes_before_what_the_file_says(tmp_path: Path) -> None:
    path = str(saelens(tmp_path / "s", architecture="topk", k=K))
    assert close(codes(fitted(path, "k=2")), topk(W.pre(ROWS), 2))
    assert close(codes(fitted(path, "activation=relu")), W.pre(ROWS).relu())
    assert close(codes(fitted(path, "subtracts=false")), topk(W.pre(ROWS, subtracts=False)))
    jump = codes(fitted(path, "activation=jumprelu", "threshold=0.5"))
    assert close(jump, W.pre(ROWS).relu() * (W.pre(ROWS) > 0.5))
    with pytest.raises(ValueError, match="has no threshold"):
        method(path, "activation=jumprelu")


class Turned(Weights):
    """The same weights with W_enc transposed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "W_enc", self.W_enc.T)


def broken(folder: Path) -> dict[str, tuple[Path, str]]:
    """Checkpoints that must be refused, and what the one line must say."""
    lin = {**linear(), "decoder.weight": W.W_dec.T.contiguous()}
    pickled = torch_file(folder / "p" / "ae.pt", {"sae": SimpleNamespace(a=1)})
    short = folder / "short" / "ae.pt"
    torch_file(short, {**lin, "bias": W.b_dec})
    short.write_bytes(short.read_bytes()[:300])
    (folder / "text.pt").write_text("no tensors")
    (folder / "empty").mkdir()
    nan = saelens(folder / "nan", more={"b_enc": W.b_enc * float("nan")})
    small = torch_file(
        folder / "dl" / "ae.pt",
        {**lin, "b_dec": W.b_dec[:5], "k": torch.tensor(4)},
        trainer("AutoEncoderTopK", k=K),
    )
    heads = {"hook_head_index": 3}
    return {
        "transposed": (
            saelens(folder / "t", Turned(), d_in=D, d_sae=M),
            rf"W_enc has shape \[{M}, {D}\], wanted \[d_in, d_sae\] = \[{D}, {M}\] .*transposed",
        ),
        "pickle": (pickled, "more than tensors.*SimpleNamespace.*state_dict"),
        "short": (short.parent, "is no whole torch file"),
        "text": (folder / "text.pt", "is no whole torch file"),
        "empty": (folder / "empty", "holds none that could be the weights"),
        "nowhere": (folder / "nowhere", "is not there"),
        "not finite": (nan, f"{M} numbers of b_enc are not finite"),
        "bias of another size": (small, r"wanted \[d_sae, d_in\] = \[40, 5\] .*d_in = 5 of b_dec"),
        "other sizes in cfg": (saelens(folder / "z", d_in=D + 1), "cfg.json says d_in = 13"),
        "signs": (saelens(folder / "abs", architecture="abstopk", k=K), "codes have signs"),
        "transcoder": (saelens(folder / "tr", d_out=D), "it is a transcoder"),
        "whitened": (
            saelens(folder / "wh", normalize_activations="covariance_whitening"),
            "covariance_whitening: fold it with SAELens",
        ),
        "one head": (saelens(folder / "h", metadata=heads), "one attention head"),
        "k too large": (saelens(folder / "k", architecture="topk", k=M + 1), "k is 41, wanted 1"),
        "no threshold": (saelens(folder / "j", architecture="jumprelu"), "has no threshold"),
        "no format": (torch_file(folder / "x" / "x.pt", {"weights": W.W_enc}), "has no format"),
        "no dictionary class": (
            torch_file(folder / "i" / "ae.pt", lin, trainer("IdentityDict")),
            "dict_class IdentityDict is not read",
        ),
        "either kind of TopK": (
            torch_file(
                folder / "tk" / "ae.pt",
                {**lin, "b_dec": W.b_dec, "k": torch.tensor(4), "threshold": torch.tensor(1.0)},
            ),
            "say which, --set activation=topk",
        ),
    }


@pytest.mark.usefixtures("as_users_run")
def test_what_cannot_be_read_is_one_line_that_names_axes_and_what_to_do(tmp_path: Path) -> None:
    for name, (path, says) in broken(tmp_path).items():
        with pytest.raises(ValueError, match=says) as raised:
            method(str(path))
        assert "\n" not in str(raised.value), name


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a", "b"], "names two paths"),
        (["a", "image=b"], "beside image= or text="),
        (["name=x"], "names no SAE"),
        (["image="], "wanted PATH"),
        (["image=a", "image=b"], "image= twice"),
        (["a", "name=///"], "makes no name"),
    ],
)
def test_words_that_make_no_sense(words: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        words_of(words)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["/x/My SAE (v2)"], "my-sae-v2"),
        (["image=/x/clip/image", "text=/x/clip/text"], "clip"),
        (["a", "name=Mine"], "mine"),
        (["saelens:gemma-scope:layer_1/w16k"], "gemma-scope-layer-1-w16k"),
    ],
)
def test_a_row_is_named_after_its_folder_or_as_told(words: list[str], name: str) -> None:
    assert words_of(words).name == name


def test_rows_of_another_width_name_both(tmp_path: Path) -> None:
    path = str(saelens(tmp_path / "s"))
    with pytest.raises(ValueError, match=r"image rows here are \[n, 9\].*d_in = 12, d_sae = 40"):
        fitted(path, rows=ROWS[:, :9])
    with pytest.raises(ValueError, match="is W_enc transposed"):
        fitted(path, rows=torch.randn(60, M))


def block(number: int) -> Site:
    return Site(f"block:{number}", "image.module", "text.module", block=number)


def test_an_sae_of_another_block_is_not_applicable_unless_told(tmp_path: Path) -> None:
    hook = {"hook_name": "blocks.3.hook_resid_post", "model_name": "gemma-2-2b"}
    path = str(saelens(tmp_path / "s", metadata=hook))
    assert fitted(path, site=block(3)).chosen["block"] == 3
    with pytest.raises(NotApplicableError, match="wanted --site block:3"):
        fitted(path, site=block(2))
    assert fitted(path, "any_site=true", site=block(2)).chosen["hook"] == hook["hook_name"]
    pre = str(saelens(tmp_path / "p", metadata={"hook_name": "blocks.3.hook_resid_pre"}))
    assert fitted(pre, site=block(2)).chosen["block"] == 2
    mlp = str(saelens(tmp_path / "m", metadata={"hook_name": "blocks.3.hook_mlp_out"}))
    with pytest.raises(NotApplicableError, match="the residual stream after a block"):
        fitted(mlp, site=block(3))


GOOD = Weights(2)
object.__setattr__(
    GOOD, "W_dec", torch.cat([torch.eye(D), -torch.eye(D), torch.zeros(M - 2 * D, D)])
)
object.__setattr__(GOOD, "W_enc", GOOD.W_dec.T.contiguous())
object.__setattr__(GOOD, "b_enc", torch.zeros(M))
"""An SAE that rebuilds its rows exactly: each axis has a latent for either sign."""


def said(l0: float, ev: float) -> dict[str, float]:
    return {"expected_l0": l0, "expected_explained_variance": ev}


@pytest.mark.parametrize(
    ("rows", "cfg", "meta", "says"),
    [
        (ROWS, {"architecture": "topk", "k": 2}, said(12, 1.0), "activation=relu"),
        (ROWS - 3, {"apply_b_dec_to_input": False}, said(12, 1.0), "subtracts=true"),
        (ROWS, {}, said(12, 1.0), None),
        (ROWS, {}, said(80, 0.9), "is it of another model, layer or kind of row .*tiny"),
    ],
)
def test_a_release_is_held_to_its_own_numbers_and_the_mistake_is_named(
    tmp_path: Path, rows: torch.Tensor, cfg: dict, meta: dict, says: str | None
) -> None:
    metadata = {"model_name": "tiny", **meta}
    path = str(saelens(tmp_path / "s", GOOD, metadata=metadata, **cfg))
    if says is None:
        chosen = fitted(path, rows=rows).chosen
        assert chosen["val_l0/image"] == pytest.approx(12, abs=0.1)
        assert chosen["val_explained_variance/image"] == pytest.approx(1.0, abs=1e-4)
        assert chosen["expected_l0/image"] == 12
        return
    with pytest.raises(ValueError, match=f"its release says l0.*{says}.*probe=report"):
        fitted(path, rows=rows)
    assert fitted(path, "probe=report", rows=rows).chosen["expected_l0/text"] == meta["expected_l0"]


def test_a_missing_scale_is_named(tmp_path: Path) -> None:
    w = Weights(3)
    object.__setattr__(w, "W_dec", GOOD.W_dec)
    object.__setattr__(w, "W_enc", GOOD.W_enc)
    object.__setattr__(w, "b_enc", torch.full((M,), -0.3))
    object.__setattr__(w, "b_dec", torch.zeros(D))
    path = str(saelens(tmp_path / "s", w, metadata=said(9, 0.9)))
    far = ROWS / 50
    scale = D**0.5 / float(far.norm(dim=1).mean())
    with pytest.raises(ValueError, match="input_scale") as raised:
        fitted(path, rows=far)
    assert f"{scale:.3g}"[:3] in str(raised.value)
    assert fitted(path, f"input_scale={scale}", rows=far)


def test_a_run_scores_a_checkpoint_as_a_row_of_its_own_wherever_it_lies(tmp_path: Path) -> None:
    g = torch.Generator().manual_seed(0)
    w = Weights()
    shapes = {"W_enc": (64, 96), "W_dec": (96, 64), "b_enc": (96,), "b_dec": (64,)}
    for name, shape in shapes.items():
        object.__setattr__(w, name, 0.2 * torch.randn(*shape, generator=g))
    for place in ("a", "b"):
        saelens(tmp_path / place / "mine", w, architecture="topk", k=8)
    tail = ["--backend", "synthetic:tiny", "--task", "reconstruction", "--quiet"]
    keys = []
    for place in ("a", "b"):
        words = ["--checkpoint", str(tmp_path / place / "mine"), *tail]
        (cell,) = run(tmp_path / f"out-{place}", *words).cells
        keys.append(cell.key)
    assert cell.method.name == "mine"
    assert cell.method.checkpoint_sha256
    assert cell.method.l0 == {"image": 8.0, "text": 8.0}
    assert keys[0] == keys[1]
    saelens(tmp_path / "a" / "mine", w, architecture="topk", k=9)
    words = ["--checkpoint", str(tmp_path / "a" / "mine"), *tail]
    changed = run(tmp_path / "out-a", *words, "--method", "identity").cells
    assert {cell.method.name for cell in changed} == {"mine", "identity"}
    assert keys[0] not in {cell.key for cell in changed}


@pytest.mark.usefixtures("as_users_run")
def test_bad_commands_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(saelens(tmp_path / "mine", architecture="topk", k=K))
    tail = ["--output-path", str(tmp_path / "out"), "--backend", "synthetic:tiny"]
    for words, says in (
        ([], "there is nothing to run"),
        (["--checkpoint", path, "--checkpoint", path], "say name=OTHER"),
        (["--checkpoint", path, "name=jsae"], "say name=OTHER"),
        (["--checkpoint", path, "kk=3"], "mine has no field kk: did you mean k?"),
        (["--checkpoint", path, "k=x"], "wanted a whole number"),
        (["--checkpoint", str(tmp_path / "none")], "is not there"),
        (["--checkpoint", path, "--format", "sparsify"], "has no encoder.weight"),
        (["--checkpoint", path, "map=nowhere.safetensors"], "nowhere.safetensors"),
    ):
        assert says in one_error(capsys, "run", *words, *tail)


def test_a_release_without_the_package_or_with_a_wrong_name_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sae_lens", None)
    with pytest.raises(ValueError, match=r"needs the package sae-lens.*\[saelens\]"):
        method("saelens:gemma-scope-2b-pt-res-canonical:layer_12/width_16k/canonical")
    with pytest.raises(ValueError, match="wanted saelens:RELEASE:ID"):
        method("saelens:gemma-scope-2b-pt-res-canonical")


def known() -> SimpleNamespace:
    return SimpleNamespace(
        saes_map={"layer_3": "layer_3"},
        expected_l0={"layer_3": 12.0},
        expected_var_explained={"layer_3": 1.0},
    )


def test_a_release_is_held_to_what_the_list_of_saelens_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tensors = whole(
        {"W_enc": GOOD.W_enc, "W_dec": GOOD.W_dec, "b_enc": GOOD.b_enc, "b_dec": W.b_dec}
    )
    config = {"architecture": "standard", "d_in": D, "d_sae": M, "metadata": {"model_name": "tiny"}}
    monkeypatch.setattr(releases, "directory", lambda: {"tiny-res": known()})
    monkeypatch.setattr(releases, "downloaded", lambda *_: (dict(config), tensors))
    artifact = fitted("saelens:tiny-res:layer_3", "name=tiny")
    assert artifact.chosen["expected_l0/text"] == 12.0
    assert "expected_explained_variance/text" not in artifact.chosen
    with pytest.raises(ValueError, match="has no SAE layer_4: did you mean layer_3"):
        method("saelens:tiny-res:layer_4")
    with pytest.raises(ValueError, match="no release tiny-ress: did you mean tiny-res"):
        method("saelens:tiny-ress:layer_3")


def test_codes_are_those_that_saelens_computes(tmp_path: Path) -> None:
    pytest.importorskip("sae_lens")
    from sae_lens import SAE
    from sae_lens.registry import get_sae_class

    kinds: list[tuple[str, dict]] = [
        ("standard", {}),
        ("standard", {"apply_b_dec_to_input": False}),
        ("topk", {"k": K}),
        ("topk", {"k": K, "rescale_acts_by_decoder_norm": True}),
        ("jumprelu", {}),
        ("gated", {}),
    ]
    for i, (kind, more) in enumerate(kinds):
        made, config = get_sae_class(kind)
        sae = made(config(d_in=D, d_sae=M, **more))
        with torch.no_grad():
            for j, (name, p) in enumerate(sorted(sae.named_parameters())):
                p.copy_(torch.randn(p.shape, generator=torch.Generator().manual_seed(j)) * 0.5)
                if name == "threshold":
                    p.copy_(THRESHOLD)
        sae.save_model(tmp_path / str(i))
        theirs = SAE.load_from_disk(tmp_path / str(i))
        with torch.no_grad():
            wanted = theirs.encode(ROWS)
        artifact = fitted(str(tmp_path / str(i)))
        assert close(codes(artifact), wanted), (kind, more)
        made_of = artifact.dictionary.decode(artifact.dictionary.encode(ROWS, "text"), "text")
        assert close(made_of, theirs.decode(wanted).detach()), (kind, more)


def test_codes_are_those_that_dictionary_learning_computes(tmp_path: Path) -> None:
    pytest.importorskip("dictionary_learning")
    from dictionary_learning.dictionary import (
        AutoEncoder,
        AutoEncoderNew,
        GatedAutoEncoder,
        JumpReluAutoEncoder,
    )
    from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
    from dictionary_learning.trainers.top_k import AutoEncoderTopK
    from dictionary_learning.utils import load_dictionary

    for kind, more in (
        (AutoEncoder, {}),
        (AutoEncoderNew, {}),
        (GatedAutoEncoder, {}),
        (JumpReluAutoEncoder, {}),
        (AutoEncoderTopK, {"k": K}),
        (BatchTopKSAE, {"k": K}),
    ):
        sae = kind(D, M, **more)
        with torch.no_grad():
            for j, p in enumerate(sae.parameters()):
                p.copy_(torch.randn(p.shape, generator=torch.Generator().manual_seed(j)) * 0.5)
            if more:
                sae.threshold.fill_(0.6)
        config = trainer(kind.__name__, **more)
        folder = torch_file(tmp_path / kind.__name__ / "ae.pt", sae.state_dict(), config)
        theirs, _ = load_dictionary(str(folder), "cpu")
        with torch.no_grad():
            assert close(codes(fitted(str(folder))), theirs.encode(ROWS)), kind


def test_dense_maps_are_read_back(tmp_path: Path) -> None:
    from benchmark.interchange.maps import map_bytes, read_map

    dense = DenseMap(*(torch.randn(M, 6) for _ in range(2)), *(torch.randn(M) for _ in range(2)))
    for frame in (Same(M), Matched(M, torch.arange(M)), dense):
        path = tmp_path / f"{frame.kind}.safetensors"
        path.write_bytes(map_bytes(frame))
        again = read_map(path, (M, M))
        for name, value in vars(frame).items():
            there = getattr(again, name)
            assert torch.equal(there, value) if isinstance(value, torch.Tensor) else there == value
        with pytest.raises(ValueError, match="is it of others"):
            read_map(path, (M, M + 1))
