"""`audit` as a user runs it: tasks of their own, verdicts in words, goes on, bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.audit import points
from benchmark.audit.records import AuditDocument, read_audit, unreliable
from benchmark.registry import ROOT

TASK = '''"""Stub metrics whose verdicts are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from benchmark.contracts import Metric, Need, Reference, Subject, Task, Units, derived_seed
from benchmark.references.changes import mean_predictor, reference

AUDIT = {
    "kept": {"rotated": "must fall", "dropped": "must fall", "shuffled": "must not move"},
    "leaky": {"rotated": "must fall", "shuffled": "must not move"},
    "noise": {"mixed": "must fall"},
    "constant": {"dropped": "must fall"},
    "upside_down": {"dropped": "must fall"},
}


@dataclass(frozen=True)
class Stubs(Task):
    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Does the audit see it?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset()
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("kept", "row", True, "1 - squared error", main=True),
        Metric("leaky", "row", True, "the same, and a little of the first pair's codes"),
        Metric("noise", "row", True, "drawn from the codes"),
        Metric("constant", "row", True, "always one half"),
        Metric("upside_down", "row", True, "squared error, called better"),
        Metric("free", "row", None, "claims nothing"),
    )
    references: ClassVar[tuple[Reference, ...]] = (
        reference("mean", "null", mean_predictor, metrics=("kept",)),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        x = subject.test.rows("image")
        error = (x - subject.reconstruction("test", "image")).square().sum(1).numpy()
        image, text = (subject.codes("test", m).csr() for m in ("image", "text"))
        overlap = np.asarray((image.multiply(text)).sum(1)).ravel()
        drawn = np.random.default_rng(derived_seed(float(error.sum())))
        return {
            "kept": Units(1 - error),
            "leaky": Units(1 - error + 1e-3 * overlap),
            "noise": Units(drawn.standard_normal(1).repeat(len(x))),
            "constant": Units(np.full(len(x), 0.5)),
            "upside_down": Units(error),
            "free": Units(error),
        }
'''
FEW = ("--levels", "7", "--draws", "2")


def audit(*words: str) -> int:
    return main(["audit", "--backend", "synthetic:tiny", "--limit", "300", *FEW, *words])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the audit of the stubs."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "stubs.py").write_text(TASK)
    code = audit("--task", str(folder / "stubs.py"), "--output-path", str(folder / "out"))
    assert code == 1
    return folder


def document(folder: Path) -> AuditDocument:
    return read_audit(folder / "out" / "audit.json")


def test_each_stub_gets_the_verdict_that_it_deserves(ran: Path) -> None:
    (found,) = document(ran).audits
    verdicts = {metric.name: (metric.verdict, metric.reason or "") for metric in found.metrics}
    assert verdicts["kept"] == ("reliable", "")
    assert verdicts["free"][0] == "no claim"
    for name, says in {
        "leaky": "moves when the map is shuffled, by up to ",
        "noise": "when random latents are mixed in (ρ ",
        "constant": "does not move when latents are dropped",
        "upside_down": "gets better when latents are dropped (ρ -1.00)",
    }.items():
        assert verdicts[name][0] == "unreliable"
        assert says in verdicts[name][1]


def test_the_document_holds_every_score_and_what_it_is_read_against(ran: Path) -> None:
    (found,) = document(ran).audits
    assert (found.method, found.status, found.draws) == ("oracle", "audited", 2)
    assert (found.levels[0], found.levels[-1], len(found.levels)) == (0, 1, 7)
    kept = found.metrics[0]
    assert (kept.name, kept.main, kept.floor is not None) == ("kept", True, True)
    for curve in kept.curves:
        assert [len(row) for row in curve.values] == [2] * 7
        assert set(curve.values[0]) == {kept.whole}
        assert all(se is not None for se in curve.item_se)
    shuffled = next(curve for curve in kept.curves if curve.degradation == "shuffled")
    assert {value for row in shuffled.values for value in row} == {kept.whole}


def test_the_leaderboard_can_read_it_without_torch(ran: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from benchmark.audit.records import read_audit, unreliable\n"
        "for key in unreliable(read_audit(Path(sys.argv[1]))): print(*key[1:])\n"
        "assert 'torch' not in sys.modules\n"
    )
    words = [sys.executable, "-c", code, str(ran / "out" / "audit.json")]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {key[2] for key in unreliable(document(ran))}
    assert names == {"leaky", "noise", "constant", "upside_down"}
    assert {line.split()[-1] for line in told.splitlines()} == names


def test_it_goes_on_where_it_was_stopped(
    ran: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, before = ran / "out", document(ran)
    kept = sorted((out / "points").glob("*.json"))
    assert len(kept) == 1 + 4 * 6 * 2
    gone, torn = [path for path in kept if not json.loads(path.read_text())["scores"]][:2]
    gone.unlink()
    torn.write_text(torn.read_text()[:40])
    made = []
    real = points.degraded
    monkeypatch.setattr(points, "degraded", lambda *a: made.append(a) or real(*a))
    words = ("--task", str(ran / "stubs.py"), "--output-path", str(out))
    for _ in range(2):
        assert audit(*words) == 1
        assert len(made) == 2
        assert document(ran).audits == before.audits
    said = capsys.readouterr()
    assert "12 dictionaries, 12 of them kept" in said.err


def test_names_are_whole_where_a_table_has_little_room(
    ran: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    audit("--task", str(ran / "stubs.py"), "--output-path", str(ran / "out"))
    lines = capsys.readouterr().out.splitlines()
    (row,) = [line for line in lines if line.startswith("kept ↑")]
    assert row.rstrip().endswith("reliable")
    assert len(row) <= 80


def test_table_and_figure_are_told_and_show_the_verdict(
    ran: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    out = ran / "out"
    audit("--task", str(ran / "stubs.py"), "--output-path", str(out))
    said = capsys.readouterr()
    assert "kept ↑" in said.out
    assert "constant: does not move when latents are dropped" in said.out
    assert "1 reliable, 4 unreliable, 1 without a claim" in said.out
    for place in (out / "audit.json", out / "audit" / "stubs-synthetic-tiny.png"):
        assert str(place) in said.err
        assert place.is_file()


def test_a_task_that_fails_is_told_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TASK.replace(
        'return {\n            "kept"', 'assert overlap.any()\n        return {\n            "kept"'
    )
    (tmp_path / "brittle.py").write_text(text)
    (tmp_path / "steady.py").write_text(TASK)
    words = ("--task", *(str(tmp_path / f"{n}.py") for n in ("brittle", "steady")), "localization")
    code = audit(*words, "--output-path", str(tmp_path / "out"), "--quiet")
    failed, other, absent = document(tmp_path).audits
    assert code == 2
    assert failed.status == "failed"
    assert "AssertionError" in capsys.readouterr().err
    assert (other.status, other.task.name) == ("audited", "steady")
    assert absent.status == "not_applicable"
    assert absent.reason == "needs pictures in which it is known where things are"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--levels", "6"), "--levels 6: wanted 7 or more"),
        (("--draws", "1"), "--draws 1: wanted 2 or more: one shows no noise"),
        (("--task", "retrival"), "no task called retrival: did you mean retrieval?"),
        (("--backend", "embeddings:nothing.npz"), "nothing.npz"),
        (("--site", "block:9"), "has no site block:9"),
        (("--limit", "1"), "--limit 1"),
        (("--output-path", ""), "--output-path is empty"),
    ],
)
def test_bad_input_is_one_line(
    words: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["audit", "--quick", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert says in said
    assert said.count("\n") == 1


def test_a_backend_of_which_nothing_is_known_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    np.savez(tmp_path / "pairs.npz", image=rows, text=rows)
    words = ["--backend", f"embeddings:{tmp_path / 'pairs.npz'}", "--task", "reconstruction"]
    assert main(["audit", *words, "--output-path", str(tmp_path / "out"), "--quiet"]) == 2
    assert "no dictionary of known quality" in capsys.readouterr().err


def test_what_a_task_file_says_wrongly_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(TASK.replace('"constant": {"dropped"', '"constant": {"drop"'))
    words = ["--task", str(tmp_path / "mine.py"), "--output-path", str(tmp_path / "out")]
    assert main(["audit", *words]) == 2
    assert "mine.py: AUDIT names drop: did you mean dropped?" in capsys.readouterr().err


def test_an_audit_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "audit.json").write_text("{}x")
    with pytest.raises(ValueError, match="is no audit document"):
        read_audit(tmp_path / "audit.json")
    with pytest.raises(ValueError, match="cannot read"):
        read_audit(tmp_path / "none.json")


def test_another_seed_of_a_degraded_dictionary_is_another_draw(tmp_path: Path) -> None:
    """The whole one comes back as it was; a worse one less and less; a map tells nothing of it."""
    code = audit("--task", "stability", "--output-path", str(tmp_path / "out"), "--quiet")
    assert code in (0, 1), "1: a side metric, of one modality, of few rows"
    (found,) = document(tmp_path).audits
    assert found.status == "audited"
    by_name = {metric.name: metric for metric in found.metrics}
    main_one = by_name["adjusted/cosine"]
    assert main_one.main
    assert main_one.whole == pytest.approx(1.0, abs=1e-6)
    assert main_one.verdict == "reliable", main_one.reason
    of = {curve.degradation: curve for curve in main_one.curves}
    assert of["shuffled"].expected == "must not move"
    assert of["mixed"].expected == "must fall"
