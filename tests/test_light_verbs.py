"""Verbs that only read records import no torch, and every `--help` is there at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.results import Run, document, read_cells, write_document
from tests.records import hits, put

ROOT = Path(__file__).resolve().parents[1]
STARTS_WITHIN_S = 1.0
WATCHED = """
import os, sys
from benchmark.__main__ import main
codes = []
for words in eval(sys.argv[1]):
    try:
        codes.append(main(words))
    except SystemExit as end:
        codes.append(end.code)
spent = sum(os.times()[:2])
print("CODES", codes, file=sys.stderr)
print("HEAVY", sorted(set(sys.argv[2:]) & set(sys.modules)), file=sys.stderr)
print("CPU", spent, file=sys.stderr)
"""


def watched(
    folder: Path, *commands: tuple[str, ...], heavy: tuple[str, ...] = ("torch",)
) -> tuple[str, str, dict[str, str]]:
    """Runs commands in a process of its own: stdout, stderr, and what it imported and spent."""
    command = [sys.executable, "-c", WATCHED, repr(commands), *heavy]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = dict(line.split(" ", 1) for line in done.stderr.splitlines()[-3:])
    return done.stdout, done.stderr, told


def test_the_watch_sees_what_is_imported(tmp_path: Path) -> None:
    told = watched(tmp_path, ("--help",), heavy=("argparse", "torch"))[2]
    assert told["HEAVY"] == "['argparse']"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with two results folders of two methods."""
    here = tmp_path_factory.mktemp("light")
    for name, shift in (("results", 0), ("again", 1)):
        for seed in (0, 1, 2):
            for method, p in (("posthoc", 0.6), ("separated", 0.3)):
                units = {"r@1": hits(p, noise=10 * seed + shift)}
                put(here / name / "cells", units, method=method, seed=seed)
        cells = read_cells(here / name / "cells").cells
        write_document(here / name / "document.json", document(Run(), cells))
    return here


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("ls", "results"), 0, "6 cells: 6 scored"),
        (("ls", "results", "--json"), 0, '"folder": "results"'),
        (("diff", "results", "again"), 1, "2 main metrics"),
        (("diff", "results/document.json", "again", "--all"), 1, "they differ"),
        (("diff", "results", "again", "--json", "-"), 1, '"same": false'),
        (("diff", "results", "results"), 0, "the same but for times"),
        (("compare", "posthoc", "separated"), 0, "posthoc against separated"),
        (("compare", "posthoc", "separated", "--json", "-"), 0, '"verdict"'),
        (("validate", "results"), 1, "results"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_verbs_that_read_records_import_no_torch(
    runs: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    out, err, told = watched(runs, words)
    assert (told["CODES"], told["HEAVY"]) == (f"[{code}]", "[]"), err
    assert says in out


def test_the_leaderboard_is_built_without_torch(runs: Path) -> None:
    out, err, told = watched(runs, ("leaderboard", "build", "--output-path", "site"))
    assert (told["CODES"], told["HEAVY"]) == ("[0]", "[]"), out + err
    assert (runs / "site" / "index.html").is_file()


def test_every_help_is_there_at_once_and_needs_nothing_heavy(tmp_path: Path) -> None:
    from benchmark.command.arguments import parser

    (verbs,) = (a.choices for a in parser()._actions if a.dest == "verb")
    commands = [("--help",), *((verb, "--help") for verb in verbs)]
    heavy = ("torch", "numpy", "scipy", "pandas", "matplotlib", "pydantic", "rich", "jinja2")
    out, err, told = watched(tmp_path, *commands, heavy=heavy)
    assert told["CODES"] == str([0] * len(commands)), err
    assert told["HEAVY"] == "[]"
    assert float(told["CPU"]) < STARTS_WITHIN_S
    assert out.count("usage: python -m benchmark") == len(commands)
    assert len(verbs) >= 10
