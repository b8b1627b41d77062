"""`validate` on hostile folders: whatever is wrong is one clear line, and nothing is ever run."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import re
import shutil
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.corpora.known import KNOWN
from benchmark.reports.panels import bundled_cells
from benchmark.results import Cell, DataRecord
from benchmark.results.plain_json import parsed
from benchmark.results.unit_files import packed
from benchmark.statistics import StoredUnits
from benchmark.submissions.beside import check_beside
from benchmark.submissions.cell_checks import check_licence
from benchmark.submissions.checkpoint_checks import sites as sites_of
from benchmark.submissions.faults import Faults
from benchmark.submissions.folders import UnreadableError
from benchmark.submissions.known import tasks
from benchmark.submissions.number_checks import check_score
from benchmark.submissions.ranges import bounds
from benchmark.submissions.tensors import read_tensors
from benchmark.submissions.unit_arrays import read_arrays
from benchmark.submissions.validating import Verdict, validate
from tests import records
from tests.submitted import METHOD, N, dictionary, safetensors, sealed, submission

JSON = "submission.json"


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid submission, to be copied."""
    return submission(tmp_path_factory.mktemp("valid"))


@pytest.fixture
def folder(valid: Path, tmp_path: Path) -> Path:
    """A copy of it that may be changed."""
    return Path(shutil.copytree(valid, tmp_path / "mine"))


def told(folder: Path) -> list[str]:
    """The faults of a folder, each one printable line."""
    verdict = validate(folder)
    for line in (*verdict.faults, *verdict.warnings):
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 450
    return list(verdict.faults)


def says(folder: Path, line: str) -> None:
    """One of the faults holds this."""
    faults = told(folder)
    assert any(line in fault for fault in faults), faults


def edited(folder: Path, name: str, change: Callable[[Any], None], *, seal: bool = True) -> None:
    """Changes the tree of a JSON file, and the checksums after it."""
    tree = json.loads((folder / name).read_text())
    change(tree)
    (folder / name).write_text(json.dumps(tree))
    if seal and name != JSON:
        sealed(folder)


def unit_file(folder: Path) -> Path:
    return next((folder / "units").iterdir())


def first_scored(tree: Any) -> Any:
    return next(cell for cell in tree["cells"] if cell["status"] == "scored")


def test_a_sound_submission_is_valid_and_none_of_it_is_run(folder: Path) -> None:
    assert "raise SystemExit" in METHOD
    verdict = validate(folder)
    assert verdict.valid, verdict.faults
    assert (verdict.slug, verdict.cells, verdict.checkpoints) == ("mine", 33, 3)
    assert all("no reference rows" in line for line in verdict.warnings)


def test_the_verb_says_the_same_in_words_in_data_and_by_exit_code(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(folder)]) == 0
    assert f"{folder}: valid (33 cells, 3 checkpoints)" in capsys.readouterr().out
    (folder / "junk.txt").write_text("x")
    assert main(["validate", str(folder), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)["submissions"][0]
    assert answer["valid"] is False
    assert answer["faults"] == ["junk.txt is no file that a submission has: take it out"]
    assert main(["validate", str(tmp_path / "nowhere"), str(folder)]) == 2
    captured = capsys.readouterr()
    assert "No such file" in captured.err
    assert "not valid, 1 fault (" in captured.out


def test_it_starts_soon_and_without_torch(folder: Path) -> None:
    code = (
        "import sys; from benchmark.__main__ import main; code = main(sys.argv[1:]); "
        "assert not {'torch', 'pandas', 'matplotlib'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, "validate", str(folder)], timeout=60)
    assert done.returncode == 0


# The folder itself.


def links(folder: Path) -> None:
    (folder / "units" / ("a" * 64 + ".npz")).symlink_to("/etc/passwd")


def linked_folder(folder: Path) -> None:
    shutil.move(folder / "units", folder.parent / "elsewhere")
    (folder / "units").symlink_to(folder.parent / "elsewhere")


def hard_link(folder: Path) -> None:
    os.link(folder / "document.json", folder.parent / "other.json")


def pipe(folder: Path) -> None:
    (folder / "CARD.md").unlink()
    os.mkfifo(folder / "CARD.md")


def hidden(folder: Path) -> None:
    (folder / ".git").mkdir()


def strange(folder: Path) -> None:
    (folder / "units" / "a\x1b[31m\u202e.npz").write_bytes(b"x")


def not_utf8(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe"))).write_bytes(b"x")


def pickled(folder: Path) -> None:
    (folder / "checkpoints" / "a.pkl").write_bytes(pickle.dumps({}))


def large(folder: Path) -> None:
    with (folder / "method.py").open("ab") as file:
        file.truncate(10 << 20)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (links, "is a link: put the file itself there"),
        (linked_folder, "units is a link"),
        (hard_link, "document.json is one file under several names (a hard link): copy it"),
        (pipe, "CARD.md is a device, pipe or socket"),
        (hidden, ".git/ is no folder that a submission has"),
        (strange, r"units/a\x1b[31m\u202e.npz is no file that a submission has"),
        (not_utf8, "is no file that a submission has"),
        (pickled, "checkpoints/a.pkl is no file that a submission has"),
        (large, "method.py has 10 MB, at most 256 KB are taken"),
    ],
)
def test_what_is_no_plain_file_of_a_submission_is_refused(
    folder: Path, change: Callable[[Path], None], line: str
) -> None:
    change(folder)
    says(folder, line)


def test_a_folder_that_is_a_link_or_none_cannot_be_looked_at(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(folder)
    for name, line in (("link", "is a link"), ("mine/CARD.md", "is no folder"), ("a\0b", "")):
        assert main(["validate", str(tmp_path / name)]) == 2
        assert line in capsys.readouterr().err


def test_thousands_of_files_are_counted_and_no_more_looked_at(folder: Path) -> None:
    for number in range(5_100):
        (folder / "units" / f"{number}").touch()
    started = time.perf_counter()
    says(folder, "and ")
    says(folder, "holds over 5,000 files")
    assert time.perf_counter() - started < 20


# JSON.


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'{"a": NaN}', "holds NaN: wanted finite numbers"),
        (b'{"a": -Infinity}', "holds -Infinity"),
        (b'{"a": 1e999}', "holds a number that is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "holds a number of thousands of digits"),
        (b'{"a": 1, "a": 2}', "has the key a twice"),
        (b"[" * 100_000, "is nested deeper than"),
        (b'{"a":' * 100_000, "is nested deeper than"),
        (b"[" + b"," * 50_000_000 + b"]", "values, at most 50,000,000 are read"),
        (b'"' + b"x" * 130_000 + b'"', "holds a text of 130,000 characters"),
        (b'"\\ud800"', "holds half a character"),
        (b"\xff\xfe", "is no UTF-8 text"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b"", "is no JSON"),
        (b'{"a": 1', "is no JSON"),
        (b"{'a': 1}", "is no JSON"),
        (b"\x00", "is no JSON"),
    ],
)
def test_json_that_is_none_is_refused_in_one_line_and_at_once(content: bytes, line: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ValueError, match=re.escape(line)):
        parsed(content)
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("content", [b'"' * 2_000_001, b'"\\"' * 700_000, b"\\" * 2_000_000])
def test_quotes_without_end_cost_one_pass(content: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(ValueError, match="is no JSON"):
        parsed(content)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("name", "version", "line"),
    [
        (JSON, 2, "schema_version is 2, this checkout reads 1: update the benchmark"),
        (JSON, 0, "schema_version is 0, this checkout reads 1: run `submit` anew"),
        (JSON, "1", "schema_version is '1': wanted the number 1"),
        (JSON, True, "schema_version is True: wanted the number 1"),
        (JSON, None, "schema_version is None: wanted the number 1"),
        ("document.json", 2_000, "schema_version is 2000, newer than the"),
        ("document.json", 0, "schema_version is 0: wanted the number"),
        ("document.json", 1.0, "schema_version is 1.0: wanted the number"),
    ],
)
def test_other_versions_are_told_with_what_to_do(
    folder: Path, name: str, version: Any, line: str
) -> None:
    edited(folder, name, lambda tree: tree.update(schema_version=version))
    says(folder, f"{name}: {line}")


SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("title", "pay\u202egnp.exe", "title: character 4 is U+202E, which is not visible"),
        ("title", "zero\u200bwidth", "title: character 5 is U+200B"),
        ("title", "bell\x07", "title: character 5 is U+0007"),
        ("title", "line\nbreak", "title: character 5 is U+000A"),
        ("title", "e\u0301", "title: is not in composed form"),
        ("title", "z" + "\u0335" * 40, "title: character 4 is mark 3 on one letter"),
        ("title", "tag\U000e0041", "title: character 4 is U+E0041"),
        ("title", "blank\u3164", "title: character 6 is U+3164"),
        ("title", " padded", "title: begins or ends with a space"),
        ("title", "", "title: String should have at least 1"),
        ("title", "x" * 121, "title: String should have at most 120"),
        ("title", 7, "title: Input should be a valid string"),
        ("authors", [], "authors: Tuple should have at least 1"),
        ("authors", "A. Person", "authors: Input should be a valid"),
        ("authors", ["a\u2066b"], "authors.0: character 2 is U+2066"),
        ("licence", SCRIPT, "licence: String should match"),
        ("paper", "javascript:alert(1)", "paper: wanted an address that begins with https://"),
        ("paper", "https://a@b.c/", "paper: wanted an address"),
        ("paper", 'https://a.b/"onclick=', "paper: wanted a plain web address"),
        ("paper", "https://\u0430rxiv.org/x", "paper: wanted a plain web address"),
        ("paper", "data:text/html,x", "paper: wanted an address"),
        ("slug", "../../etc", "slug: String should match"),
        ("slug", "m\u0456ne", "slug: String should match"),
        ("slug", "mine\n", "slug: String should match"),
        ("slug", "other", "slug is other, the folder is called mine"),
        ("method", SCRIPT, "method: String should match"),
        ("method_file", "../x.py", "method_file: String should match"),
        ("method_file", None, "method_file and method.py come together"),
        ("created", "yesterday", "created: String should match"),
        ("extra", 1, "extra: Extra inputs are not permitted"),
        ("checkpoints", [{"file": "checkpoints/../../x.safetensors"}], "checkpoints.0.file: Str"),
        ("tasks", {}, "tasks does not name the file of"),
    ],
)
def test_every_field_of_the_record_is_held_to_what_it_is(
    folder: Path, field: str, value: Any, line: str
) -> None:
    edited(folder, JSON, lambda tree: tree.update({field: value}))
    says(folder, line)


@pytest.mark.parametrize("field", ["title", "summary"])
def test_a_script_in_text_is_text(folder: Path, field: str) -> None:
    edited(folder, JSON, lambda tree: tree.update({field: SCRIPT}))
    verdict = validate(folder)
    assert verdict.valid
    assert any("CARD.md is not what `submit` writes" in line for line in verdict.warnings)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "units/../document.json", "units/x.pkl", "a\x00b", SCRIPT]
)
def test_no_path_leads_out_of_the_folder(folder: Path, name: str) -> None:
    told_of = {"sha256": "0" * 64, "bytes": 1}
    edited(folder, JSON, lambda tree: tree["files"].update({name: told_of}))
    says(folder, "is no file that a submission has")


@pytest.mark.parametrize("slug", ["posthoc", "post-h0c", "jsae-topk", "jsae", "jsae-t0pk", "all"])
def test_names_of_bundled_rows_and_their_looks_are_reserved(
    folder: Path, tmp_path: Path, slug: str
) -> None:
    edited(folder, JSON, lambda tree: tree.update(slug=slug))
    os.rename(folder, tmp_path / slug)
    says(tmp_path / slug, "which ships with the benchmark: choose another")


def test_a_slug_that_looks_like_a_neighbour_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "m1ne")
    says(folder, "slug mine looks like the submission m1ne beside it")


# Checksums and files.


def test_the_same_dictionaries_under_another_name_are_told(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(folder, again)
    edited(again, JSON, lambda tree: tree.update(slug="again"), seal=False)
    verdict = validate(again)
    assert any("its dictionaries are those of mine" in line for line in verdict.warnings)


def test_a_folder_of_submissions_is_told_from_one(folder: Path) -> None:
    with pytest.raises(UnreadableError, match=r"holds submissions and is none: name one .*mine"):
        validate(folder.parent)


def test_what_is_missing_is_told_once_and_what_to_do(folder: Path) -> None:
    next((folder / "checkpoints").glob("*.safetensors")).unlink()
    (fault,) = told(folder)
    assert "is missing: put it back, or make the folder again by `submit`" in fault


def test_seeds_that_are_missing_are_one_line_a_place(folder: Path) -> None:
    def one_less(tree: Any) -> None:
        tree["cells"] = [cell for cell in tree["cells"] if cell["seed"] != 2]

    edited(folder, "document.json", one_less)
    lines = [line for line in told(folder) if "of at least 3 seeds" in line]
    (line,) = lines
    assert "2 of at least 3 seeds of " in line
    assert line.startswith("embeddings:rows.npz, embedding: ")
    assert "retrieval" in line


def test_a_document_that_cannot_be_read_says_where_and_blames_no_units(folder: Path) -> None:
    name, seed = "", 0

    def beyond(tree: Any) -> None:
        nonlocal name, seed
        cell = first_scored(tree)
        cell["scores"][0]["value"] = 99.0
        name, seed = cell["task"]["name"], cell["seed"]

    edited(folder, "document.json", beyond, seal=False)
    faults = told(folder)
    assert any(f"({name}, seed {seed}).scores.0 (" in fault for fault in faults), faults
    assert any("it was changed since `submit` wrote it" in fault for fault in faults)
    assert not any("belongs to no scored cell" in fault for fault in faults)


@pytest.mark.parametrize("licence", ["do what you want", "proprietary"])
def test_a_licence_is_one_of_spdx(folder: Path, licence: str) -> None:
    edited(folder, JSON, lambda tree: tree.update(licence=licence), seal=False)
    says(folder, f"licence: {licence} is no SPDX expression: wanted one as in MIT")


def test_an_altered_file_is_found_by_its_checksum(folder: Path) -> None:
    for name in ("document.json", "method.py", "CARD.md", f"units/{unit_file(folder).name}"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-2] + b" " + content[-1:])
        says(folder, f"{name}: has sha256")
        (folder / name).write_bytes(content + b" ")
        says(folder, f"{name}: has {len(content) + 1:,} bytes")
        (folder / name).unlink()
        says(folder, f"{name} is missing")
        (folder / name).write_bytes(content)
    assert validate(folder).valid


def test_a_forged_method_file_is_not_that_of_the_cells(folder: Path) -> None:
    (folder / "method.py").write_text(METHOD + "\n# other\n")
    sealed(folder)
    says(folder, "was not made by method.py")


def test_line_ends_of_a_method_file_change_nothing(folder: Path) -> None:
    (folder / "method.py").write_bytes(METHOD.replace("\n", "\r\n").encode())
    sealed(folder)
    assert validate(folder).valid


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("x = 1  # \u202e\n", "line 1 holds U+202E, which nobody sees"),
        ("x = 1\n\x00", "line 2 holds U+0000"),
        ("a\u200bb = 1", "line 1 holds U+200B"),
    ],
)
def test_a_source_that_reads_other_than_it_runs_is_refused(
    folder: Path, source: str, line: str
) -> None:
    (folder / "method.py").write_text(source)
    sealed(folder)
    says(folder, f"method.py: {line}")


# Cells.


def each_cell(change: Callable[[Any], None]) -> Callable[[Any], None]:
    def apply(tree: Any) -> None:
        for cell in tree["cells"]:
            change(cell)

    return apply


def one_score(**changes: Any) -> Callable[[Any], None]:
    def apply(tree: Any) -> None:
        score = next(s for s in first_scored(tree)["scores"] if s["name"] == "r@1")
        score.update(changes)

    return apply


def every_score(**changes: Any) -> Callable[[Any], None]:
    def apply(tree: Any) -> None:
        for score in first_scored(tree)["scores"]:
            score.update(changes)

    return apply


def dropped(task: str, seed: int | None = None) -> Callable[[Any], None]:
    def apply(tree: Any) -> None:
        tree["cells"] = [
            cell
            for cell in tree["cells"]
            if cell["task"]["name"] != task or (seed is not None and cell["seed"] != seed)
        ]

    return apply


def renamed(tree: Any) -> None:
    tree["cells"][0]["method"]["name"] = "posthoc"


def doubled(tree: Any) -> None:
    tree["cells"].append(tree["cells"][0])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (one_score(value=0.9, ci_high=0.95), "value is 0.9, its units give"),
        (one_score(ci_low=0.0), "ci_low is 0.0, its units give"),
        (one_score(se=1e-4), "se is 0.0001, its units give"),
        (one_score(n=N * 100), f"n is {N * 100}, its units give {N}"),
        (one_score(n_clusters=7), "n_clusters is 7"),
        (one_score(interval="bca"), "interval is bca, its units give wilson"),
        (one_score(level=0.5), "its interval is of level 0.5, wanted 0.95"),
        (one_score(floor=0.0), "floor is 0.0, its references give 0.025"),
        (one_score(floor=None), "has no floor"),
        (one_score(ceiling=1.0), "ceiling is 1.0, its references give None"),
        (one_score(normalised=0.99), "normalised is 0.99, its references give None"),
        (every_score(references=[], floor=None), "reference shuffled partners is missing"),
        (one_score(higher_is_better=False), "higher_is_better is False, retrieval declares True"),
        (one_score(unit="caption"), "unit is caption, retrieval declares image"),
        (one_score(name="r@0"), "retrieval declares no such score"),
        (every_score(variant="best"), "variant best is none"),
        (one_score(value=1.5, ci_low=1.4, ci_high=1.6), "is 1.5, which it cannot be: 0 to 1"),
        (one_score(value=float("nan")), "holds NaN"),
        (one_score(value="0.5"), "value: Input should be a valid number"),
        (one_score(main=False), "main scores of variant full: none; wanted exactly one"),
        (dropped("retrieval"), "no cells of retrieval: run every task"),
        (dropped("stability"), "no cells of stability: run every task"),
        (dropped("retrieval", seed=1), "2 of at least 3 seeds"),
        (renamed, "is not the key of this content"),
        (doubled, "is there more than once"),
        (each_cell(lambda cell: cell.update(seed=cell["seed"] + 1)), "is not the key"),
        (each_cell(lambda cell: cell.update(status="great")), "status: Input should be"),
        (each_cell(lambda cell: cell.update(units_file="../x.npz")), "units_file is ../x.npz"),
        (each_cell(lambda cell: cell["data"].update(licence=" ")), "come without a licence"),
        (each_cell(lambda cell: cell["data"].update(licence=None)), "come without a licence"),
        (lambda tree: tree.update(cells=[]), "document.json holds no cells"),
        (lambda tree: tree.update(cells={}), "cells: Input should be a valid"),
        (lambda tree: tree.update(cells=[[]] * 50), "more"),
        (lambda tree: tree.update(cells=[0] * 5_001), "holds over 5,000 cells"),
        (lambda tree: first_scored(tree).update(scores=[0] * 100_001), "holds over 100,000 scores"),
        (
            each_cell(lambda cell: cell.update(reason="a\u202eb")),
            "the text a\\u202eb holds U+202E",
        ),
        (
            each_cell(lambda cell: cell["left_out"].update({"\u200b": "x"})),
            "holds U+200B, which",
        ),
    ],
)
def test_cells_are_held_to_their_units_tasks_and_keys(
    folder: Path, change: Callable[[Any], None], line: str
) -> None:
    edited(folder, "document.json", change)
    if line == "more":
        assert len(told(folder)) >= 50
    else:
        says(folder, line)


def test_a_reference_of_another_kind_is_not_the_task_s(folder: Path) -> None:
    def change(tree: Any) -> None:
        for score in first_scored(tree)["scores"]:
            score["references"][0]["kind"] = "baseline"
            score["floor"] = None

    edited(folder, "document.json", change)
    says(folder, "reference shuffled partners is a baseline, retrieval declares null")


def test_units_that_were_altered_are_not_those_of_the_record(folder: Path) -> None:
    path = unit_file(folder)
    kept = {name: StoredUnits(np.ones(N)) for name in ("r@1", "r@1/i2t")}
    path.write_bytes(packed(kept))
    sealed(folder)
    says(folder, "does not hold the units of its record")


def test_units_that_belong_to_no_cell_are_told(folder: Path) -> None:
    shutil.copy(unit_file(folder), folder / "units" / ("0" * 64 + ".npz"))
    sealed(folder)
    says(folder, "belongs to no scored cell: take it out")


# Arrays.


def npy(header: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    size = len(header) if length is None else length
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", size) + header + body


def spelled(descr: str, shape: str) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    return text.encode().ljust(117) + b"\n"


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def objects() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return out.getvalue()


LONG = npy(spelled("<f8", "(1000000,)"), b"\0" * 8_000_000)
FLOATS = npy(spelled("<f8", "(1,)"), b"\0" * 8)


def lying(claimed: int) -> bytes:
    """An archive whose directory claims another size for its one member."""
    content = bytearray(zipped({"a|numerator.npy": b"\0" * 50_000_000}))
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", claimed)
    return bytes(content)


def encrypted() -> bytes:
    content = bytearray(zipped({"a|numerator.npy": FLOATS}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (zipped({"a|numerator.npy": b"\0" * 300_000_000}), "unpacks to over 64 MB"),
        (zipped({f"{i}|numerator.npy": LONG for i in range(9)}), "over 64 MB"),
        (lying(100), "is no whole file of units (Bad CRC-32"),
        (lying(60_000_000), "does not unpack to the 60,000,000 bytes it claims"),
        (zipped({f"{i}|numerator.npy": b"" for i in range(4001)}), "holds 4,001 arrays"),
        (zipped({"a|numerator.npy": objects()}), "is no row of float64 or int64 numbers"),
        (zipped({"../../x|numerator.npy": FLOATS[:-1]}), "claims 1 numbers, and holds 7 bytes"),
        (zipped({"a|numerator.npy": npy(spelled("<f8", "(1000000000,)"))}), "no row of"),
        (zipped({"a|numerator.npy": npy(spelled("<f8", "(999999999,)"))}), "claims 999,999,999"),
        (zipped({"a|numerator.npy": npy(spelled("<f8", "(1, 1)"), b"\0" * 8)}), "no row of"),
        (zipped({"a|numerator.npy": npy(spelled("<f8", "()"), b"\0" * 8)}), "is one number"),
        (zipped({"a|numerator.npy": npy(spelled("<i8", "(1,)"), b"\0" * 8)}), "is of type <i8"),
        (zipped({"a|numerator.npy": npy(spelled("|O", "(1,)"), b"\0" * 8)}), "is no row of"),
        (zipped({"a|numerator.npy": npy(b"__import__('os')", length=65535)}), "is no row of"),
        (zipped({"a|numerator.npy": FLOATS[:8]}), "is no array of numpy's format"),
        (zipped({"a|evil.npy": FLOATS}), "holds a|evil.npy, which no unit file has"),
        (zipped({"x.py": b"print(1)"}), "holds x.py, which no unit file has"),
        (zipped({"a|denominator.npy": FLOATS}), "holds no numerators of a"),
        (zipped({"a|numerator.npy": FLOATS, "a|point.npy": FLOATS}), "is a row, wanted the other"),
        (
            zipped({"a|numerator.npy": npy(spelled("<f8", "(1,)"), b"\xff" * 8)}),
            "holds numbers that are not finite",
        ),
        (zipped({"a|numerator.npy": FLOATS}, method=zipfile.ZIP_BZIP2), "packed by method 12"),
        (encrypted(), "encrypted"),
        (gzip.compress(b"\0" * 10_000_000), "is no whole file of units"),
        (b"PK\x05\x06" + b"\0" * 18, ""),
        (pickle.dumps({"a": 1}), "is no whole file of units"),
        (b"", "is no whole file of units"),
    ],
)
def test_a_unit_file_holds_rows_of_numbers_and_nothing_else(
    folder: Path, content: bytes, line: str
) -> None:
    started = time.perf_counter()
    if line:
        with pytest.raises(ValueError, match=re.escape(line)):
            read_arrays(content)
    else:
        assert read_arrays(content) == {}
    unit_file(folder).write_bytes(content)
    sealed(folder)
    assert told(folder)
    assert time.perf_counter() - started < 20


def test_units_without_end_are_not_computed(folder: Path) -> None:
    def change(tree: Any) -> None:
        from benchmark.results.unit_files import content_sha256

        cell = first_scored(tree)
        wide = {name: StoredUnits(np.ones(600_000)) for name in ("r@1", "r@1/i2t")}
        (folder / "units" / cell["units_file"]).write_bytes(packed(wide))
        cell["units_sha256"] = content_sha256(wide)

    edited(folder, "document.json", change)
    started = time.perf_counter()
    says(folder, "r@1 has 600,000 clusters, at most 200,000 are drawn")
    assert time.perf_counter() - started < 20


# Dictionaries.

ONE = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "ends within its first 8 bytes"),
        (b"\xff" * 8, "has a table of over 2 MB"),
        (struct.pack("<Q", 100) + b"{}", "within its table of 100"),
        (safetensors(b"[" * 2000), "is nested deeper than 4 levels"),
        (safetensors(b'{"a":1,"a":2}'), "has the key a twice"),
        (safetensors([]), "has a table that is no JSON object"),
        (safetensors({"a": 1}), "wanted dtype, shape and data_offsets"),
        (safetensors({"a": ONE}, b"\0" * 3), "tensor a ends at byte 4 of 3"),
        (safetensors({"a": ONE}, b"\0" * 5), "has 1 bytes after its last tensor"),
        (safetensors({"a": ONE, "b": ONE}, b"\0" * 4), "has bytes of two tensors at 0"),
        (safetensors({"a": ONE | {"data_offsets": [4, 8]}}, b"\0" * 8), "has a hole at 4"),
        (safetensors({"a": ONE | {"data_offsets": [4, 0]}}, b"\0" * 4), "a start and an end"),
        (safetensors({"a": ONE | {"data_offsets": [-4, 0]}}), "a start and an end"),
        (safetensors({"a": ONE | {"shape": [10**9]}}, b"\0" * 4), "which is not its shape's"),
        (safetensors({"a": ONE | {"shape": [2**62] * 8}}, b"\0" * 4), "no shape that is read"),
        (safetensors({"a": ONE | {"shape": [True]}}, b"\0" * 4), "no shape that is read"),
        (safetensors({"a": ONE | {"dtype": "OBJECT"}}, b"\0" * 4), "of type OBJECT, which is not"),
        (safetensors({"a": ONE | {"dtype": ["F32"]}}, b"\0" * 4), "which is not read"),
        (safetensors({"a": ONE}, b"\0\0\xc0\x7f"), "holds numbers that are not finite"),
        (safetensors({"__metadata__": {"a": 1}}), "has metadata that are no texts"),
        (safetensors({}), "has the format None, wanted crossmodal-dictionary-1"),
        (pickle.dumps({"a": 1}), ""),
    ],
)
def test_a_checkpoint_is_numbers_that_fill_their_file(
    folder: Path, content: bytes, line: str
) -> None:
    path = sorted((folder / "checkpoints").glob("*.safetensors"))[0]
    path.write_bytes(content)
    sealed(folder)
    says(folder, line)
    if line and "format" not in line:
        with pytest.raises(ValueError, match=re.escape(line)):
            read_tensors(content)


def test_a_tensor_named_without_end_is_not_summed_without_end() -> None:
    from benchmark.submissions.dictionaries import digest

    one = {f"f{i}": {"tensor": "a"} for i in range(10_000)}
    parts = {name: {"kind": "tower", **one} for name in ("image", "text")}
    meta = {"format": "crossmodal-dictionary-1"}
    meta["parts"] = json.dumps(parts | {"frame": {"kind": "same", "width": 1}})
    size = 4 << 20
    big = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    tensors = read_tensors(safetensors({"__metadata__": meta, "a": big}, b"\0" * size))
    started = time.perf_counter()
    with pytest.raises(ValueError, match="describes one tensor over and over"):
        digest(tensors)
    assert time.perf_counter() - started < 10


def test_overlapping_tensors_are_refused_before_they_are_read() -> None:
    size = 4 << 20
    big = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
    started = time.perf_counter()
    with pytest.raises(ValueError, match="bytes of two tensors"):
        read_tensors(safetensors({f"t{i}": big for i in range(9_000)}, b"\0" * size))
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    ("site", "sites", "found"),
    [
        ("block:*", ("embedding", "block:0", "block:1", "block:0/tokens"), ("block:0", "block:1")),
        ("block:*/tokens", ("block:0", "block:0/tokens"), ("block:0/tokens",)),
        ("block:0,block:2", ("block:0", "block:1", "block:2"), ("block:0", "block:2")),
        ("embedding", ("embedding",), ("embedding",)),
        ("*" * 50, ("1" * 60 + "x",), ("*" * 50,)),
        ("a," * 5_000, ("a",), ()),
        ("block:*", ("block:0",) * 500, ()),
    ],
)
def test_sites_of_a_sweep_are_found_in_one_pass(
    site: str, sites: tuple[str, ...], found: tuple[str, ...]
) -> None:
    cell = retrieval()
    backend = cell.backend.model_copy(update={"sites": sites})
    assert sites_of(cell.model_copy(update={"site": site, "backend": backend})) == found


def test_a_checkpoint_with_one_number_changed_is_not_that_of_the_cells(folder: Path) -> None:
    path = sorted((folder / "checkpoints").glob("*.safetensors"))[0]
    path.write_bytes(path.read_bytes()[:-1] + b"\x41")
    sealed(folder)
    says(folder, "holds the dictionary")


def test_a_checkpoint_forged_with_its_record_is_not_that_of_the_cells(folder: Path) -> None:
    from benchmark.submissions.dictionaries import digest

    path = sorted((folder / "checkpoints").glob("*seed-0.safetensors"))[0]
    path.write_bytes(dictionary(7))
    sealed(folder)

    def change(tree: Any) -> None:
        for each in tree["checkpoints"]:
            if each["file"].endswith(path.name):
                each["digest"] = digest(read_tensors(dictionary(7)))

    edited(folder, JSON, change)
    says(folder, "was scored with another dictionary than its checkpoint holds")


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ("{}", "holds other facts than"),
        ('{"k": 1, "chosen": {}, "seconds": 1, "patched": true}', "disagree on whether"),
        ('{"k": 1, "chosen": {}, "patched": false, "run": "rm"}', "holds other facts than"),
        ("[NaN]", "holds NaN"),
    ],
)
def test_the_facts_beside_a_checkpoint_are_facts(folder: Path, facts: str, line: str) -> None:
    sorted((folder / "checkpoints").glob("*.json"))[0].write_text(facts)
    sealed(folder)
    says(folder, line)


# Beside the reference rows.


def altered(cell: Cell, **changes: Any) -> list[str]:
    """Faults of a bundled cell whose retrieval score was changed."""
    score = next(s for s in cell.scores if s.main and s.variant == "full")
    others = tuple(s for s in cell.scores if s is not score)
    found = Faults()
    changed = cell.model_copy(update={"scores": (score.model_copy(update=changes), *others)})
    check_beside([changed], found)
    return found.faults


def retrieval() -> Cell:
    return next(c for c in bundled_cells(["pocket-clip"]) if c.task.name == "retrieval")


def test_bundled_rows_themselves_are_without_fault() -> None:
    cells, found = bundled_cells(), Faults()
    check_beside(cells, found)
    assert found.valid, found.faults
    for cell in cells:
        for score in cell.scores:
            check_score(cell.task.name, score.name, score, found)
    assert [line for line in found.faults if "cannot be" in line or "beyond" in line] == []


def test_references_are_those_of_the_rows_beside() -> None:
    cell = retrieval()
    main_score = next(s for s in cell.scores if s.main and s.variant == "full")
    kept = tuple(r for r in main_score.references if r.name != "dense")
    moved = tuple(
        r.model_copy(update={"value": r.value * 0.5, "ci_low": None, "ci_high": None})
        for r in main_score.references
    )
    assert altered(cell) == []
    assert any("dense is missing: every reference row" in s for s in altered(cell, references=kept))
    assert any("dense is" in s and "every other" in s for s in altered(cell, references=moved))


def test_data_are_those_of_the_rows_beside() -> None:
    cell = retrieval()
    data = cell.data.model_copy(update={"ids_sha256": "0" * 64, "sizes": {"evaluated/images": 9}})
    found = Faults()
    check_beside([cell.model_copy(update={"data": data})], found)
    assert any("ids of its data are 000" in line for line in found.faults)
    assert any("sizes of its data are" in line for line in found.faults)


def test_a_backend_that_has_moved_makes_a_row_stale() -> None:
    cell, found = retrieval(), Faults()
    moved = cell.backend.model_copy(update={"revision": "0" * 64})
    check_beside([cell.model_copy(update={"backend": moved})], found)
    assert found.valid
    assert any("pocket-clip is stale" in line for line in found.warnings)


def test_no_declared_score_is_bounded_where_it_was_measured_outside() -> None:
    bounded = {m["name"] for task in tasks().values() for m in task.metrics if bounds(m["name"])}
    assert len(bounded) > 100
    for cell in bundled_cells():
        for score in cell.scores:
            low, high = bounds(score.name) or (-np.inf, np.inf)
            assert low - 1e-6 <= score.value <= high + 1e-6, (score.name, score.value)


def test_data_with_a_name_come_under_their_own_terms() -> None:
    found = Faults()
    data = DataRecord(name="imagenet", revision="r", licence="MIT")
    check_licence(records.cell().model_copy(update={"data": data}), found)
    assert "data imagenet say MIT: wanted their own terms" in str(found.faults)
    data = DataRecord(name="folder:mine", revision="r", licence="not stated: whoever uses it knows")
    check_licence(records.cell().model_copy(update={"data": data}), told := Faults())
    assert not told.faults
    assert "nobody stated a licence" in told.warnings[0]
    data = DataRecord(name="imagenet", revision="r", licence=KNOWN["imagenet"].licence)
    check_licence(records.cell().model_copy(update={"data": data}), fine := Faults())
    assert not fine.faults


def test_faults_are_counted_where_there_are_too_many() -> None:
    found = Faults()
    for number in range(1000):
        found.add(f"fault {number}")
    assert len(found.lines("faults")) == 201
    assert found.lines("faults")[-1] == "and 800 more faults like these"


def test_a_verdict_is_data() -> None:
    verdict = Verdict(Path("x"), "x", 1, 0, ("a",), ())
    assert verdict.as_json()["faults"] == ["a"]
