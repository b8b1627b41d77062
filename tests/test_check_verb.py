"""`check METHOD`: what it prints, and its exit code: 0 kept, 1 broken, 2 for bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.conformance import method_codes
from benchmark.conformance.promises import Finding, Outcome, Promise, faults, hold, note
from tests.faults.dictionary_mutants import DICTIONARIES
from tests.faults.method_mutants import METHODS
from tests.faults.mutants import HERE

pytestmark = pytest.mark.usefixtures("as_users_run")
SOUND = str(HERE / "sound_method.py")


def test_a_sound_method_exits_0_and_lists_its_promises(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", SOUND]) == 0
    out = capsys.readouterr().out
    assert method_codes.ALONE in out
    assert "broken" not in out.replace("0 broken", "")
    assert "sound-method: 19 promises hold, 0 broken" in out


def test_a_faulty_method_exits_1_and_names_the_promise(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mutant = next(mutant for mutant in DICTIONARIES if mutant.name == "batch_leak")
    assert main(["check", str(mutant.write("sound_method.py", tmp_path))]) == 1
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert [line for line in lines if line[:1] == ["broken"]] == [
        ["broken", *method_codes.ALONE.split()]
    ]
    assert "use nothing of the other rows" in out
    assert "1 broken" in out


def test_what_is_not_judged_is_told_once_at_the_end(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mutant = next(mutant for mutant in METHODS if mutant.name == "no_artifact")
    assert main(["check", str(mutant.write("sound_method.py", tmp_path))]) == 1
    *rows, counts = capsys.readouterr().out.splitlines()
    (at,) = (i for i, row in enumerate(rows) if "not judged until" in row)
    assert rows[at].split()[0] == "?"
    told = " ".join(" ".join(rows[at + 1 :]).split())
    assert method_codes.ALONE in told
    assert f"{told.count(';') + 1} not judged" in counts


def test_fields_that_are_set_are_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", SOUND, "--set", "k=64"]) == 1
    assert "raised RuntimeError" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["separatd"], "did you mean separated?"),
        (["no_such_file.py"], "cannot read the method file"),
        ([SOUND, "--set", "m=3"], "has no field m"),
        ([SOUND, "--set", "k=three"], "wanted a whole number"),
        ([SOUND, "--set", "k"], "wanted key=value"),
        ([str(HERE / "sound_task.py")], "holds no single method"),
        ([str(HERE / "sound_task.py")], "has a `score`, so it is a task: name it with --task"),
        (["--task", SOUND], "has a `fit`, so it is a method: name it as a method"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *words]) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert len(captured.err.splitlines()) == 1
    assert says in captured.err


def test_a_file_that_raises_when_loaded_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "raises.py"
    path.write_text((HERE / "sound_method.py").read_text() + "\n1 / 0\n")
    assert main(["check", str(path)]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_what_needs_a_broken_promise_is_left_open_and_so_is_what_needs_that() -> None:
    promises = [
        Promise[int]("a", lambda n: [Finding(f"{n} is odd")] if n % 2 else [note("even")]),
        Promise[int]("b", lambda _: [], ("a",)),
        Promise[int]("c", lambda _: [], ("b",)),
        Promise[int]("d", lambda _: []),
    ]
    odd, even = (hold(promises, n, Path("file.py")) for n in (3, 4))
    assert faults(odd) == ["a: 3 is odd"]
    assert [outcome.open_because for outcome in odd] == ["", "a", "b", ""]
    assert not faults(even)
    assert even[0].notes == ("even",)
    assert not [outcome for outcome in even if outcome.open_because]


def test_an_exception_is_a_finding_with_its_line() -> None:
    def check(n: int) -> list[Finding]:
        raise KeyError(n)

    outcomes: list[Outcome] = hold([Promise("a", check)], 7, Path(__file__))
    line = check.__code__.co_firstlineno + 1
    assert outcomes[0].faults == (f"raised KeyError: 7 (line {line} of {Path(__file__).name})",)
