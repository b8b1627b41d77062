"""Dictionaries that leave and come back: the same codes, the same scores, and a card."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from benchmark.__main__ import main
from benchmark.configure import build
from benchmark.contracts import MODALITIES, Need
from benchmark.interchange.export.choosing import Fitted, Wanted, fitted
from benchmark.interchange.export.writing import contents
from benchmark.interchange.rows import checkpoint_rows
from benchmark.results import Cell, Document
from benchmark.sae.checkpoints import load, save_patch
from tests.test_interchange import data
from tests.test_run import one_error, run

TINY = ["--backend", "synthetic:tiny", "--set", "n_latents=64", "--set", "k=4", "--set", "steps=20"]
TASKS = ["--task", "reconstruction", "retrieval", "modality_split", "--quiet"]
LOOSE = {"retrieval": 2e-3}
"""Biases are folded, so a code moves by its rounding: a near tie between two pictures may turn."""
METHODS = ["posthoc", "posthoc-cca", "shared", "shared-jumprelu", "jsae"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of five methods and two whose codes SAELens has no architecture for."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCHMARK_CACHE", str(tmp_path_factory.mktemp("cache")))
        words = [w for name in [*METHODS, "pca", "vl-sae"] for w in ("--method", name)]
        run(folder, *words, *TINY, *TASKS)
    return folder


def export(results: Path, name: str, folder: Path, *more: str) -> Path:
    words = ["export", str(results), "--method", name, "--output-path", str(folder), *more]
    assert main(words) == 0
    return folder


def scores(document: Document) -> dict[tuple[str, str, str], float]:
    return {
        (cell.task.name, score.name, score.variant): score.value
        for cell in document.cells
        for score in cell.scores
    }


def came_back(checkpoint: Path, out: Path) -> Document:
    words = ["--checkpoint", str(checkpoint), "name=again", "--backend", "synthetic:tiny", *TASKS]
    return run(out, *words)


@pytest.mark.parametrize("name", METHODS)
def test_what_was_exported_comes_back_with_the_same_codes_and_scores(
    name: str, results: Path, tmp_path: Path
) -> None:
    folder = export(results, name, tmp_path / "sae")
    again = came_back(folder, tmp_path / "out")
    (file,) = (tmp_path / "out" / "fits").glob("*.safetensors")
    kept, there = fitted(results, Wanted(name)).dictionary, load(file)
    for modality in MODALITIES:
        x = torch.randn(200, 64, generator=torch.Generator().manual_seed(1)) / 8
        before, after = (d.encode(x, modality) for d in (kept, there))
        assert (before.dense() - after.dense()).abs().max() <= 1e-5
        ours, theirs = (d.align(c, modality).dense() for d, c in ((kept, before), (there, after)))
        assert (ours - theirs).abs().max() <= 1e-4
        made = (d.decode(c, modality) for d, c in ((kept, before), (there, after)))
        assert torch.allclose(*made, atol=1e-5)
    whole = Document.model_validate_json((results / "document.json").read_bytes())
    mine = [cell for cell in whole.cells if cell.method.name == name]
    wanted = scores(whole.model_copy(update={"cells": tuple(mine)}))
    found = scores(again)
    assert set(found) == set(wanted)
    for key, value in wanted.items():
        assert abs(found[key] - value) <= LOOSE.get(key[0], 1e-6) * max(1.0, abs(value)), key


def test_two_towers_become_two_saes_and_a_map_and_one_a_single_folder(
    results: Path, tmp_path: Path
) -> None:
    two = {"image/cfg.json", "text/sae_weights.safetensors", "map.safetensors", "README.md"}
    folder = export(results, "posthoc", tmp_path / "two")
    assert two <= {str(p.relative_to(folder)) for p in folder.rglob("*")}
    told = json.loads((folder / "image" / "cfg.json").read_text())
    assert (told["architecture"], told["k"], told["d_in"]) == ("topk", 4, 64)
    assert told["metadata"]["expected_l0"] == pytest.approx(4.0)
    assert told["metadata"]["modality"] == "image"


def test_an_export_is_the_same_bytes_each_time(results: Path, tmp_path: Path) -> None:
    a, b = (export(results, "posthoc", tmp_path / place / "sae") for place in ("a", "b"))
    files = sorted(p.relative_to(a) for p in a.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(b) for p in b.rglob("*") if p.is_file())
    assert all((a / name).read_bytes() == (b / name).read_bytes() for name in files)


def test_the_card_says_where_it_comes_from_whose_data_it_saw_and_how_to_read_it(
    results: Path, tmp_path: Path
) -> None:
    folder = export(results, "posthoc", tmp_path / "my-sae")
    card = (folder / "README.md").read_text()
    cell = fitted(results, Wanted("posthoc")).cell
    for said in (
        cell.backend.name,
        cell.data.revision[:40],
        str(cell.method.checkpoint_sha256),
        "Licence of the data | MIT",
        "`image_of` [d_sae of texts]",
        'SAE.load_from_disk("my-sae/image")',
        "| reconstruction v1 | explained_variance |",
        "python -m benchmark run --checkpoint my-sae",
    ):
        assert said in card
    assert str(tmp_path) not in card


def test_what_saelens_has_no_architecture_for_goes_out_as_runs_keep_it(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, says in (("pca", "dense codes with signs"), ("vl-sae", "encodes by distance")):
        words = ["export", str(results), "--method", name, "--output-path", str(tmp_path / name)]
        assert says in one_error(capsys, *words)
        assert not (tmp_path / name).exists()
        folder = export(results, name, tmp_path / name, "--format", "benchmark")
        capsys.readouterr()
        kept = fitted(results, Wanted(name)).dictionary
        there = load(folder / "dictionary.safetensors")
        x = torch.randn(20, 64)
        assert torch.equal(kept.encode(x, "text").dense(), there.encode(x, "text").dense())


def test_bad_commands_are_one_line_and_leave_nothing(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--output-path", str(tmp_path / "x")]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    taken = ["--output-path", str(tmp_path / "full")]
    for words, says in (
        ([str(results), "--method", "posthok", *out], "did you mean posthoc"),
        ([str(tmp_path), "--method", "posthoc", *out], "holds no cells/"),
        ([str(results), "--method", "posthoc", "--seed", "7", *out], "no scored cell of that fit"),
        ([str(results), "--method", "posthoc", *taken], "holds files"),
        ([str(results), "--method", "posthoc", *taken, "--replace"], "that no export wrote"),
    ):
        assert says in one_error(capsys, "export", *words)
    assert not (tmp_path / "x").exists()
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_several_fits_of_a_method_are_told_apart_by_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--method", "separated", *TINY, "--task", "reconstruction", "--quiet"]
    run(tmp_path / "run", *words, "--seed", "0", "1")
    out = ["--output-path", str(tmp_path / "x")]
    said = one_error(capsys, "export", str(tmp_path / "run"), "--method", "separated", *out)
    assert "2 fits of separated, wanted one: say --seed 0 or 1" in said
    folder = export(tmp_path / "run", "separated", tmp_path / "x", "--seed", "1")
    assert json.loads((folder / "text" / "cfg.json").read_text())["metadata"]["seed"] == 1
    again = export(tmp_path / "run", "separated", tmp_path / "x", "--seed", "0", "--replace")
    assert json.loads((again / "text" / "cfg.json").read_text())["metadata"]["seed"] == 0
    (again / "text" / "notes.txt").write_text("mine")
    capsys.readouterr()
    words = ["export", str(tmp_path / "run"), "--method", "separated", "--seed", "1", *out]
    assert "holds text/notes.txt that no export wrote" in one_error(capsys, *words, "--replace")
    assert json.loads((again / "text" / "cfg.json").read_text())["metadata"]["seed"] == 0


@pytest.mark.parametrize("name", ["README.md", "image/photo.jpg"])
def test_nothing_is_taken_away_that_no_export_wrote(
    name: str, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("# my project\n")
    words = ["export", str(results), "--method", "posthoc", "--output-path", str(tmp_path / "mine")]
    assert f"holds {name} that no export wrote" in one_error(capsys, *words, "--replace")
    assert mine.read_text() == "# my project\n"


def test_a_fit_that_is_gone_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path / "run", "--method", "separated", *TINY, "--task", "reconstruction", "--quiet")
    for file in (tmp_path / "run" / "fits").iterdir():
        file.unlink()
    words = [str(tmp_path / "run"), "--method", "separated", "--output-path", str(tmp_path / "x")]
    assert re.search(r"no whole fit \w{12}", one_error(capsys, "export", *words))


def with_patch(found: Fitted, file: Path) -> Fitted:
    save_patch({"projector.weight": torch.ones(3, 2)}, file)
    return Fitted(found.dictionary, found.cells, found.file, file, found.k)


@pytest.mark.parametrize("layout", ["saelens", "benchmark"])
def test_weights_that_a_method_put_in_its_backend_go_along(
    layout: str, results: Path, tmp_path: Path
) -> None:
    found = with_patch(fitted(results, Wanted("posthoc")), tmp_path / "p.safetensors")
    for name, content in contents(found, layout, "sae").items():
        (tmp_path / "sae" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sae" / name).write_bytes(content)
    path = tmp_path / "sae" / ("dictionary.safetensors" if layout == "benchmark" else "")
    (choice,), _ = checkpoint_rows([[str(path)]], "auto", [])
    method = build(choice, {})
    assert Need.PATCH in method.provides
    artifact = method.fit(data(torch.randn(60, 64)))
    assert torch.equal(artifact.patch["projector.weight"], torch.ones(3, 2))


def test_centred_rows_are_told(results: Path) -> None:
    found = fitted(results, Wanted("posthoc"))
    cell = found.cell
    centred = cell.data.model_copy(update={"centred": True})
    told: Cell = cell.model_copy(update={"data": centred})
    made = contents(Fitted(found.dictionary, (told,), found.file, None, 4), "saelens", "sae")
    assert json.loads(made["image/cfg.json"])["metadata"]["centred"] is True
    assert "--site embedding --centre" in made["README.md"].decode()


def test_saelens_reads_what_was_exported(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("sae_lens")
    from sae_lens import SAE

    for name in ("posthoc", "shared-jumprelu", "jsae"):
        folder = export(results, name, tmp_path / name)
        kept = fitted(results, Wanted(name)).dictionary
        x = torch.randn(100, 64, generator=torch.Generator().manual_seed(2)) / 8
        for modality in MODALITIES:
            sae = SAE.load_from_disk(folder / modality)
            with torch.no_grad():
                codes = sae.encode(x)
                made = sae.decode(codes)
            ours = kept.encode(x, modality)
            assert (codes - ours.dense()).abs().max() <= 1e-5
            assert torch.allclose(made, kept.decode(ours, modality), atol=1e-5)


def test_names_go_along_and_descriptions_are_held_against_them(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = ["--method", "labelled", *TINY[:2], "--task", "reconstruction", "--quiet"]
    run(tmp_path / "run", *known)
    folder = export(tmp_path / "run", "labelled", tmp_path / "own", "--descriptions", "own")
    lines = [json.loads(line) for line in (folder / "latents.jsonl").read_text().splitlines()]
    assert f"{len(lines)} of " in capsys.readouterr().out
    assert len(lines) >= 3
    assert {"latent", "name", "precision", "lift", "image_latent", "description"} <= set(lines[0])
    exported = [
        {"modelId": "m", "layer": "3-res", "index": str(each["latent"]), "description": text}
        for each in lines
        for text in [f"talk of {each['name']} and more"]
    ]
    (tmp_path / "neuronpedia.json").write_text(json.dumps(exported))
    given = ["--descriptions", str(tmp_path / "neuronpedia.json")]
    export(tmp_path / "run", "labelled", tmp_path / "given", *given)
    said = capsys.readouterr().out
    assert f"of {len(lines)} latents with both, 100% of the descriptions hold" in said
    assert re.search(r"\((\d+)% by chance\)", said).group(1) not in ("100",)  # type: ignore[union-attr]
    out = ["--output-path", str(tmp_path / "x"), "--descriptions"]
    words = ["export", str(results), "--method", "posthoc-cca", *out, "own"]
    assert "a dense map leaves no latent" in one_error(capsys, *words)
