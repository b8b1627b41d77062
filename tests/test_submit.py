"""`submit`: from a run's results to a valid folder, and nothing left where it cannot be."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.registry import ROOT
from benchmark.results import read_units
from benchmark.sae import checkpoints
from benchmark.submissions import read_submission
from benchmark.submissions.card import card
from benchmark.submissions.dictionaries import CLASSES, digest
from benchmark.submissions.schema import SCHEMA_FILE, schema_text
from benchmark.submissions.tensors import read_tensors
from tests.submitted import run_folder, submission

WHO = ["--author", "A. Person", "--licence", "MIT"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that is no checkout, with results of `mine.py`."""
    monkeypatch.chdir(tmp_path)
    run_folder(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    """What is said where nothing may be written."""
    before = sorted(Path().rglob("*"))
    assert main(["submit", *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sorted(Path().rglob("*")) == before
    return captured.err


@pytest.mark.slow
def test_from_a_run_to_a_validated_folder_in_three_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    source = re.search(r"<!-- file: top_atoms.py -->\n```python\n(.*?)```", guide, re.DOTALL)
    assert source is not None
    monkeypatch.chdir(tmp_path)
    Path("my_method.py").write_text(source.group(1))
    words = ["--set", "n_latents=64", "--backend", "synthetic:tiny", "--seed", "0", "1", "2"]
    assert main(["run", "--method", "my_method.py", *words, "--quiet"]) == 0
    assert main(["submit", "results", "--method", "my_method.py", *WHO]) == 0
    said = capsys.readouterr().out
    assert "git add leaderboards/submissions/my-method" in said
    (step,) = [line.strip() for line in said.splitlines() if "cp -R" in line]
    clone = tmp_path / "a clone"
    clone.mkdir()
    for _ in range(2):
        subprocess.run(step, shell=True, check=True, cwd=clone)
        assert main(["validate", str(clone / "leaderboards/submissions/my-method")]) == 0
        capsys.readouterr()
    assert main(["validate", "leaderboards/submissions/my-method"]) == 0
    assert "valid (33 cells, 3 checkpoints)" in capsys.readouterr().out
    read = read_submission(Path("leaderboards/submissions/my-method"))
    assert read.record.method_file == "my_method.py"
    assert read.record.title.startswith("Top atoms: written pairs")
    for each in read.record.checkpoints:
        loaded = checkpoints.load(read.folder / each.file)
        assert checkpoints.digest(loaded) == each.digest
        assert each.digest in {cell.method.checkpoint_sha256 for cell in read.cells}


def test_a_submission_reads_back_with_its_units_and_is_self_reported(tmp_path: Path) -> None:
    read = read_submission(submission(tmp_path))
    assert read.lane == "self-reported"
    scored = [cell for cell in read.cells if cell.status == "scored"]
    assert len(scored) == 3
    assert set(read_units(read.units, scored[0])) == {"r@1", "r@1/i2t"}
    assert (read.folder / "CARD.md").read_text() == card(read.record)


def test_cells_that_were_changed_after_the_record_are_not_read(tmp_path: Path) -> None:
    folder = submission(tmp_path)
    text = (folder / "document.json").read_text()
    (folder / "document.json").write_text(text + " ")
    with pytest.raises(ValueError, match="it was changed"):
        read_submission(folder)


def test_a_digest_without_torch_is_that_of_the_loaded_dictionary(tmp_path: Path) -> None:
    folder = submission(tmp_path)
    files = sorted((folder / "checkpoints").glob("*.safetensors"))
    assert len(files) == 3
    for file in files:
        ours = digest(read_tensors(file.read_bytes()))
        assert ours == checkpoints.digest(checkpoints.load(file))
        patch = checkpoints.load(file).image.W_dec
        checkpoints.save_patch({"b.w": patch, "a.w": patch * 2}, tmp_path / "p.safetensors")
        both = digest(
            read_tensors(file.read_bytes()), read_tensors((tmp_path / "p.safetensors").read_bytes())
        )
        held = {"b.w": patch, "a.w": patch * 2}
        assert both == checkpoints.digest((checkpoints.load(file), held))


def test_every_kind_of_frame_has_its_class_in_the_digest() -> None:
    from benchmark.sae.frames import KINDS

    frames = {kind: cls.__name__ for kind, cls in KINDS.items()}
    assert {"tower": "Tower"} | frames == CLASSES


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere", "--method", "mine.py"], "nowhere holds no cells/"),
        (["results", "--method", "yours.py"], "cannot read the method file yours.py"),
        (["results", "--method", "posthoc"], "has no cells of posthoc: there are: mine"),
        (["results", "--method", "mine.py", "--slug", "A b"], "--slug: wanted lower case letters"),
        (["results", "--method", "mine.py", "--paper", "javascript:x"], "--paper: wanted an addr"),
        (
            ["results", "--method", "mine.py", "--title", "a\u202eb"],
            "--title: character 2 is U+2",
        ),
        (
            ["results", "--method", "mine.py", "--licence", "<b>"],
            "--licence: wanted an SPDX expression",
        ),
        (["results", "--method", "mine.py", "--checkpoint", "none"], "found no .safetensors file"),
        (
            ["results", "--method", "mine.py", "--summary", "x" * 501],
            "--summary: String should",
        ),
        (["results", "--method", "mine.py", "--output-path", "mine.py/x"], "choose another --outp"),
    ],
)
def test_what_is_wrong_is_one_line_that_says_the_flag(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert here.is_dir()
    told = refused(capsys, *WHO, *words)
    assert says in told
    assert told.count("\n") == 1
    assert told.startswith("error: ")


def test_every_flag_that_is_missing_is_named_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["submit", "results"])
    told = capsys.readouterr().err
    assert "--method, --author, --licence" in told
    assert told.count("\n") == 1


def test_what_would_not_be_valid_is_not_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (here / "results" / "cells").glob("*.json"):
        if json.loads(path.read_text())["seed"] == 2:
            path.unlink()
    told = refused(capsys, "results", "--method", "mine.py", *WHO, code=1)
    assert "fault: embeddings:rows.npz, embedding: 2 of at least 3 seeds of retrieval" in told
    assert "error: not valid, so leaderboards/submissions/mine was not written" in told


def test_a_method_that_was_edited_since_has_nothing_to_submit(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (here / "mine.py").read_text()
    (here / "mine.py").write_text(source + "\n# edited\n")
    told = refused(capsys, "results", "--method", "mine.py", *WHO)
    assert "no cell of mine in results was made by mine.py and the tasks as they are now" in told


def test_a_folder_that_is_there_is_replaced_only_when_asked(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["results", "--method", "mine.py", *WHO]
    assert main(["submit", *words]) == 0
    capsys.readouterr()
    assert "leaderboards/submissions/mine exists: take it away with --replace" in refused(
        capsys, *words
    )
    assert main(["submit", *words, "--replace", "--title", "Anew"]) == 0
    assert read_submission(here / "leaderboards" / "submissions" / "mine").record.title == "Anew"
    assert [path.name for path in (here / "leaderboards" / "submissions").iterdir()] == ["mine"]


def test_a_checkpoint_that_no_cell_used_is_refused_and_one_elsewhere_is_found(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "results" / "fits").rename(here / "kept")
    words = ["results", "--method", "mine.py", *WHO]
    assert main(["submit", *words, "--checkpoint", "kept"]) == 0
    assert (
        len(read_submission(here / "leaderboards" / "submissions" / "mine").record.checkpoints) == 3
    )
    capsys.readouterr()
    assert main(["submit", *words, "--slug", "bare"]) == 0
    assert "3 dictionaries are not there" in capsys.readouterr().err
    content = bytearray((here / "kept" / "0.safetensors").read_bytes())
    content[-1] ^= 1
    (here / "kept" / "0.safetensors").write_bytes(content)
    told = refused(capsys, *words, "--slug", "other", "--checkpoint", "kept/0.safetensors")
    assert "no cell of the method was scored with it" in told


def test_a_card_shows_text_as_text(tmp_path: Path) -> None:
    record = read_submission(submission(tmp_path)).record
    title = "<script>alert(1)</script> [x](javascript:y) | `z`"
    shown = card(record.model_copy(update={"title": title}))
    first = shown.splitlines()[0]
    assert "<script" not in first.replace("\\<", "")
    assert "](" not in first.replace("\\]", "").replace("\\(", "")


def test_the_exported_schema_is_that_of_the_record() -> None:
    assert SCHEMA_FILE.read_text() == schema_text()


def imported(run: Path) -> None:
    """Makes the cells of a run those of a dictionary that was fitted elsewhere."""
    for path in sorted((run / "cells").glob("*.json")):
        cell = json.loads(path.read_text())
        if cell["status"] == "scored":
            cell["method"]["chosen"] = {"format": "saelens", "sha256": "0" * 64}
            path.write_text(json.dumps(cell))


def test_a_dictionary_fitted_elsewhere_is_submitted_by_its_row_s_name(here: Path) -> None:
    imported(here / "results")
    assert main(["submit", "results", "--method", "mine", *WHO]) == 0
    record = read_submission(here / "leaderboards" / "submissions" / "mine").record
    assert record.imported
    assert record.method_file is None
    assert "method.py" not in record.files
    assert len(record.checkpoints) == 3
    assert main(["validate", "leaderboards/submissions/mine"]) == 0


def test_a_dictionary_fitted_elsewhere_is_nothing_without_its_checkpoint(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(here / "results")
    (here / "results" / "fits" / "0.json").unlink()
    told = refused(capsys, "results", "--method", "mine", *WHO, code=1)
    assert "fault: some cells have no checkpoint here" in told
