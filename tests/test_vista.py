"""The projector method: its loss, what it leaves behind, and how its rows are judged."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.__main__ import main
from benchmark.backends import open_backend
from benchmark.configure import build, in_variant
from benchmark.contracts import Need, NotApplicableError, TrainingData
from benchmark.registry import find, load
from benchmark.results import Document, read_document
from benchmark.run.memo import Kept
from benchmark.run.visible import VisibleBackend
from benchmark.sae.text_towers import block_rows, by_threshold, text_tower
from benchmark.sae.training import single
from benchmark.worlds.scenes import Scenes
from tests.test_hosts import made
from tests.tiny_recipes import language_folder, tower_folder

SMALL = {"n_latents": 64, "k": 4, "steps": 20, "batch_size": 64}
SPENT = {"projector_steps": 3, "projector_batch": 4}
DATA = Scenes(sizes=(24, 10, 12))
MODULE: Any = sys.modules[load(find("method", "vista").entry).__module__]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny host of parts."""
    place: Path = tmp_path_factory.mktemp("parts")
    tower_folder(place / "tower")
    language_folder(place / "language")
    return made(place / "host", place / "tower", place / "language")


@pytest.fixture(scope="module")
def backend(host: Path) -> Any:
    return open_backend(f"llava:{host}")


def method(**given: Any) -> Any:
    return build(find("method", "vista"), {**SMALL, **SPENT, **given})


def data_for(backend: Any, seed: int = 0, site: int = 0) -> TrainingData:
    """What a fit sees at one of the backend's sites."""
    from benchmark.activations.reading import activations

    read = [
        activations(backend, DATA, split, backend.sites[site], store=None)
        for split in ("train", "val")
    ]
    visible: Any = VisibleBackend(backend, DATA, frozenset({Need.PROJECTOR}))
    return TrainingData(*read, backend.sites[site], seed, visible)


def test_the_normalised_error_does_not_reward_shrinking() -> None:
    rng = torch.Generator().manual_seed(0)
    h = torch.randn(200, 8, generator=rng)
    data: Any = TrainingData(None, None, None, 0)  # type: ignore[arg-type]
    tower = text_tower(h, h, replace(method(), k=2, n_latents=16), data, "x")
    small = replace(tower, scale=tower.scale * 10)
    for kind, ratio in (("fvu", 1.0), ("mse", 0.01)):
        one, two = MODULE.unexplained(tower, h, kind), MODULE.unexplained(small, h / 10, kind)
        assert two.item() == pytest.approx(ratio * one.item(), rel=1e-4)
    x_hat = tower.decode(tower.encode(h))
    by_hand = (x_hat - h).square().sum() / (h - h.mean(0)).square().sum()
    assert MODULE.unexplained(tower, h, "fvu").item() == pytest.approx(by_hand.item())


def test_a_text_dictionary_fires_k_latents_on_text_on_average() -> None:
    rng = torch.Generator().manual_seed(1)
    x = torch.randn(400, 12, generator=rng)
    data: Any = TrainingData(None, None, None, 0)  # type: ignore[arg-type]
    tower = text_tower(x, x, replace(method(), k=3, n_latents=32, steps=60), data, "x")
    assert tower.encode(x).l0().float().mean().item() == pytest.approx(3, abs=0.02)
    loud = tower.encode(3 * x).l0().float().mean()
    assert loud > 4
    again = text_tower(x, x, replace(method(), k=3, n_latents=32, steps=60), data, "x")
    assert torch.equal(tower.W_dec, again.W_dec)
    other = text_tower(x, x, replace(method(), k=3, n_latents=32, steps=60), data, "y")
    assert not torch.equal(tower.W_dec, other.W_dec)


def test_a_threshold_never_lets_negative_latents_fire() -> None:
    rng = torch.Generator().manual_seed(1)
    x = torch.randn(40, 6, generator=rng)
    data: Any = TrainingData(None, None, None, 0)  # type: ignore[arg-type]
    tower = text_tower(x, x, replace(method(), k=3, n_latents=8, steps=2), data, "x")
    wide = by_threshold(tower, x, 8)
    assert wide.threshold is not None
    assert (wide.threshold == 0).all()
    assert (wide.encode(x).values >= 0).all()


def test_rows_of_blocks_are_those_of_the_sites(backend: Any) -> None:
    examples = DATA.split("val")
    found = block_rows(backend, examples, 4, range(2))
    texts = list(examples.captions[:20])
    for block in range(2):
        site = next(s for s in backend.sites if s.name == f"block:{block}/tokens")
        own = backend.encode_texts(texts, site).rows
        torch.testing.assert_close(found[block], own, atol=1e-4, rtol=0)


def test_a_constrained_block_is_held_to_the_dictionary_that_is_scored_there(backend: Any) -> None:
    site = next(i for i, s in enumerate(backend.sites) if s.name == "block:0/tokens")
    data = data_for(backend, site=site)
    fitted = method().fit(data)
    [aim] = MODULE.Taught(data.backend, data).dictionaries(method(), 1).values()
    scored = fitted.dictionary.text
    torch.testing.assert_close(aim.W_dec, scored.W_dec, atol=1e-3, rtol=0)
    torch.testing.assert_close(aim.threshold, scored.threshold, atol=1e-3, rtol=1e-3)


def test_it_speaks_of_text_alone_and_of_what_follows_the_projector(backend: Any, host: Any) -> None:
    before = next(i for i, s in enumerate(backend.sites) if s.name == "tower/tokens")
    with pytest.raises(NotApplicableError, match="before the projector"):
        method().fit(data_for(backend, site=before))
    joint = open_backend(f"llava:{host}?text_pass=joint")
    with pytest.raises(NotApplicableError, match="text alone"):
        method().fit(data_for(joint))
    for depth in (0, 1.2):
        with pytest.raises(ValueError, match="depth is"):
            method(depth=depth)


def test_the_papers_setting_never_replaces_what_makes_a_preset() -> None:
    for name, field, wanted in (("vista-nosae", "weight", 0.0), ("vista", "error", "mse")):
        choice = find("method", name)
        assert getattr(build(choice, in_variant(choice, {}, "paper")), field) == wanted
    choice = find("method", "jsae-noalign")
    assert build(choice, in_variant(choice, {}, "paper")).lambda_a == 0
    assert build(choice, in_variant(choice, {"lambda_a": 0.5}, "paper")).lambda_a == 0.5
    assert build(choice, in_variant(choice, {}, "fair")).lr == 1e-2


def test_what_is_left_behind(backend: Any) -> None:
    data = data_for(backend)
    before = {name: value.clone() for name, value in backend.model.state_dict().items()}
    first, again = method().fit(data), method().fit(data)
    assert first.patch.keys() == backend.projector.keys()
    for name, own in backend.projector.items():
        assert first.patch[name].shape == own.shape
        assert torch.equal(first.patch[name], again.patch[name])
        assert not first.patch[name].requires_grad
    other = method().fit(data_for(backend, seed=1))
    assert not torch.equal(*(each.patch[name] for each in (first, other)))
    for name, value in backend.model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert {"val/ce", "val/fvu/block:0", "val/l0/block:0", "val/norm/block:0"} <= set(first.chosen)
    assert first.dictionary.image is first.dictionary.text


def test_the_first_fifth_of_the_blocks_is_constrained(backend: Any) -> None:
    taught = MODULE.Taught(data_for(backend).backend, data_for(backend))
    for depth, wanted in ((0.19, 1), (1.0, backend.n_blocks)):
        found = method(depth=depth).constrained(taught)
        assert list(found) == list(range(wanted))
    assert MODULE.Vista(depth=0.19).first(6) == 2
    assert MODULE.Vista(depth=0.19).first(26) == 5


def test_the_constraint_lowers_the_error_where_it_is_set(backend: Any) -> None:
    data = data_for(backend)
    more = {"projector_steps": 30, "projector_lr": 3e-2}
    free = method(weight=0.0, **more).fit(data)
    held = method(weight=30.0, **more).fit(data)
    assert held.chosen["val/fvu/block:0"] < free.chosen["val/fvu/block:0"]
    assert held.chosen["val/ce"] > free.chosen["val/ce"] - 0.05


def test_one_projector_serves_all_sites(backend: Any, tmp_path: Path) -> None:
    made: dict[str, Any] = {}
    calls: list[str] = []

    def memo(name: str, of: Any, make: Any) -> Any:
        def noted() -> Any:
            calls.append(name)
            return make()

        return Kept(tmp_path, ("facts",), False, made)(name, of, noted)

    fits = [method().fit(replace(data_for(backend, site=site), memo=memo)) for site in (0, 1)]
    assert calls == ["projector"]
    for name in backend.projector:
        assert torch.equal(fits[0].patch[name], fits[1].patch[name])
    made.clear()
    later = method().fit(replace(data_for(backend), memo=memo))
    assert calls == ["projector"]
    assert later.chosen == fits[0].chosen
    method(weight=0.7).fit(replace(data_for(backend), memo=memo))
    assert calls == ["projector"] * 2


def test_a_spoilt_file_of_the_memo_is_made_again(tmp_path: Path) -> None:
    def made() -> dict[str, torch.Tensor]:
        return {"a": torch.ones(3)}

    Kept(tmp_path, (1,), False, {})("x", {"b": 2}, made)
    [file] = tmp_path.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:20])
    found = Kept(tmp_path, (1,), False, {})("x", {"b": 2}, made)
    assert torch.equal(found["a"], torch.ones(3))
    assert Kept(tmp_path, (1,), False, {})("x", {"b": 2}, dict)["a"].sum() == 3
    assert Kept(tmp_path, (1,), True, {})("x", {"b": 2}, dict) == {}
    assert Kept(tmp_path, (2,), False, {})("x", {"b": 2}, dict) == {}


def test_answers_are_for_those_who_train_a_projector(backend: Any) -> None:
    closed: Any = VisibleBackend(backend, DATA, frozenset({Need.PAIRS}))
    with pytest.raises(ValueError, match="does not declare"):
        closed.data.split("train").talks(0, 1)
    with pytest.raises(ValueError, match="may see train and val"):
        closed.data.split("test")


def run(folder: Path, *words: str) -> Document:
    """A short run that must succeed, as its document."""
    sets = [f"--set={name}={value}" for name, value in SMALL.items()]
    common = ["--limit", "12", "--quiet", "--output-path", str(folder)]
    assert main(["run", *words, *sets, *common]) == 0
    return read_document(folder / "document.json")


def test_rows_come_from_the_patched_backend(
    host: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images are read anew, texts are not; the old projector stands beside as a baseline."""
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    words = ["--method", "vista", "--backend", f"llava:{host}", "--site", "block:0/tokens"]
    sets = [f"--set={name}={value}" for name, value in SPENT.items()]
    found = run(tmp_path / "a", *words, *sets, "--task", "reconstruction")
    kept = [
        sorted(f.stem for f in m.parent.glob("*.npy") if "." not in f.stem)
        for m in (tmp_path / "cache").glob("*/manifest.json")
    ]
    assert kept.count(["image"]) == 2 * 3
    assert sum("text" in names for names in kept) == 3
    [cell] = found.cells
    assert cell.status == "scored", cell.reason
    assert cell.method.patched not in (None, cell.backend.revision)
    assert cell.method.supervised
    by_name = {s.name: s for s in cell.scores if s.variant == "full"}
    for name, moves in (("explained_variance/image", True), ("explained_variance/text", False)):
        [bare] = [r for r in by_name[name].references if r.name == "unpatched"]
        assert (abs(bare.value - by_name[name].value) > 1e-6) == moves, name
        assert bare.kind == "baseline"


def test_a_method_with_a_site_of_its_own_is_read_there(host: Path, tmp_path: Path) -> None:
    words = ["--method", "patch-sae", "vision-sae", "--backend", f"llava:{host}"]
    found = run(tmp_path, *words, "--site", "block:0", "--task", "reconstruction")
    read = {(c.method.name, c.site, c.status) for c in found.cells}
    assert read == {("patch-sae", "tower/tokens", "scored"), ("vision-sae", "tower", "scored")}
    shown = {s.name: s.value for s in found.cells[0].scores}
    assert np.isfinite(list(shown.values())).all()
    elsewhere = run(tmp_path / "b", "--method", "patch-sae", "--backend", "synthetic:tiny")
    assert {c.status for c in elsewhere.cells} == {"not_applicable"}


def test_several_sites_are_several_cells(host: Path, tmp_path: Path) -> None:
    words = ["--method", "text-sae", "--backend", f"llava:{host}", "--task", "reconstruction"]
    found = run(tmp_path, *words, "--site", "block:*/tokens")
    sites = [cell.site for cell in found.cells]
    assert sites == [f"block:{i}/tokens" for i in range(len(sites))]
    assert len(sites) > 1
    assert len({cell.key for cell in found.cells}) == len(sites)


def test_a_site_that_is_not_there_is_one_line(
    host: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--method", "text-sae", "--backend", f"llava:{host}", "--site", "block:9"]
    assert main([*words, "--output-path", str(tmp_path)]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "no site block:9" in said
    assert "block:0" in said


def test_without_a_projector_to_train_it_is_not_applicable(tmp_path: Path) -> None:
    found = run(tmp_path, "--method", "vista", "--backend", "synthetic:tiny")
    assert {cell.status for cell in found.cells} == {"not_applicable"}
    assert all("a projector that can be trained" in (c.reason or "") for c in found.cells)


def test_vision_only_image_latents_are_those_of_separated(backend: Any) -> None:
    site = next(i for i, s in enumerate(backend.sites) if s.name == "tower/tokens")
    data = data_for(backend, site=site)
    found = build(find("method", "patch-sae"), SMALL).fit(data)
    own = single(data, "image", build(find("method", "separated"), SMALL))
    assert torch.equal(found.dictionary.image.W_dec, own.W_dec)
