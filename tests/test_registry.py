"""Names come from files, are read without running them, and never from a foreign folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.configure import build, parse, parse_sets, settings
from benchmark.registry import ROOT, catalogue, find, load, read

METHOD = '''"""A method of one line."""
from dataclasses import dataclass
from benchmark.contracts import Method
PRESETS = {"big": {"size": 9}}

@dataclass(frozen=True)
class Mine(Method):
    size: int = 3
    rate: float = 0.5
    loud: bool = False
    names: tuple[str, ...] = ()
    limit: int | None = None

    def fit(self, data):
        return None
'''


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(METHOD)
    return path


def test_every_file_is_a_name_with_its_presets():
    names = catalogue("method")
    assert {"jsae", "posthoc", "separated", "shared", "identity"} <= set(names)
    assert "jsae-noalign-posthoc" in names["jsae"].names
    assert find("method", "jsae-noalign-posthoc").fields == {"lambda_a": 0.0, "posthoc": True}
    assert find("task", "modality-split").name == "modality_split"


def test_a_file_is_read_without_being_run(tmp_path: Path):
    path = tmp_path / "loud.py"
    path.write_text('"""Says one line."""\nraise SystemExit\nclass A:\n    def fit(self): ...\n')
    assert read(path, "method").summary == "Says one line."


def test_presets_and_fields_of_a_users_file(mine: Path):
    choice = find("method", str(mine))
    assert build(choice, {"size": 4}).size == 4
    assert choice.entry.presets == {"big": {"size": 9}}


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("7", "size", 7),
        ("1e-3", "rate", 1e-3),
        ("yes", "loud", True),
        ("a,b", "names", ("a", "b")),
        ("none", "limit", None),
        ("4", "limit", 4),
    ],
)
def test_words_become_the_type_of_their_field(mine: Path, text: str, field: str, value: object):
    choice = find("method", str(mine))
    assert settings([choice], {field: text}) == [{field: value}]


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        ({"sise": "3"}, "mine has no field sise: did you mean size?"),
        ({"size": "3.5"}, "--set size=3.5: wanted a whole number, found '3.5'"),
        ({"rate": "nan"}, "--set rate=nan: wanted a number, found 'nan'"),
        ({"loud": "maybe"}, "wanted true or false"),
        ({"other.size": "3"}, "other is not run here, only mine"),
        ({"mine.sise": "3"}, "mine has no field sise: did you mean size?"),
    ],
)
def test_wrong_settings_are_one_line(mine: Path, sets: dict[str, str], says: str):
    with pytest.raises(ValueError, match=r"has no field|wanted|not run here") as error:
        settings([find("method", str(mine))], sets)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_key_reaches_every_method_that_has_it(mine: Path):
    choices = [find("method", str(mine)), find("method", "posthoc")]
    assert settings(choices, {"k": "8"}) == [{}, {"k": 8}]
    assert settings(choices, {"mine.size": "1", "posthoc.k": "4"}) == [{"size": 1}, {"k": 4}]


@pytest.mark.parametrize("item", ["k", "=3", ".k=3", "mine.=3", "mine..k=3"])
def test_a_setting_is_a_pair(item: str):
    with pytest.raises(ValueError, match="wanted key=value"):
        parse_sets([item])


def test_a_key_is_set_once():
    assert parse_sets(["k=3", "mine.k=4"]) == {"k": "3", "mine.k": "4"}
    with pytest.raises(ValueError, match="--set k is given twice, 3 and 4"):
        parse_sets(["k=3", "k=4"])


def test_what_is_said_to_one_method_goes_before_what_is_said_to_all(mine: Path):
    choices = [find("method", str(mine)), find("method", str(mine))]
    for sets in ({"mine.size": "1", "size": "2"}, {"size": "2", "mine.size": "1"}):
        assert settings(choices, sets) == [{"size": 1}] * 2


def test_literals_are_checked():
    from typing import Literal

    with pytest.raises(ValueError, match="wanted one of a, b"):
        parse("c", Literal["a", "b"], "--set x=c")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f(): ...", "holds no single method: wanted one class with a `fit`, found none"),
        ("class A:\n    def score(self): ...", "found none"),
        ("class A:\n  def fit(self): ...\nclass B:\n  def fit(self): ...", "found A, B"),
        ("class A(:\n", "not a Python file"),
        ("import nosuchmodule\nclass A:\n    def fit(self): ...", "nosuchmodule"),
        ("raise RuntimeError('no')\nclass A:\n    def fit(self): ...", "RuntimeError: no"),
        ("x = 2\nPRESETS = {'a': {'k': x}}\nclass A:\n    def fit(self): ...", "not a literal"),
        ("PRESETS = 3\nclass A:\n    def fit(self): ...", "PRESETS is 3, wanted a mapping"),
        ("PRESETS = {'a': 3}\nclass A:\n    def fit(self): ...", "PRESETS['a'] is 3"),
        ("PAPER = {1: 2}\nclass A:\n    def fit(self): ...", "PAPER is {1: 2}"),
        ("\n1 / 0\nclass A:\n    def fit(self): ...", "by zero (line 2 of broken.py)"),
        ("x = 1\0", "broken.py: source code string cannot contain null bytes"),
    ],
)
def test_a_file_that_is_no_method_is_one_line(tmp_path: Path, source: str, says: str):
    path = tmp_path / "broken.py"
    path.write_text(source)
    with pytest.raises(ValueError, match="broken") as error:
        load(find("method", str(path)).entry)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("method", "jsea", "did you mean jsae?"),
        ("task", "retreival", "did you mean retrieval?"),
        ("method", "zzz", "there are: "),
        ("method", "no.such.module", "not importable from here"),
        ("method", "nowhere.py", "cannot read the method file nowhere.py: No such file"),
        ("method", "/", "/ is no method file: wanted one that ends in .py"),
        ("method", "os.path", "no method module os.path: not importable"),
        ("method", "sys.path", "no method module sys.path: not importable"),
        ("method", "", "no method called '': there are"),
        ("method", "JSAE", "did you mean jsae?"),
    ],
)
def test_unknown_names_say_the_nearest(kind, name: str, says: str):
    with pytest.raises(ValueError, match=r"no |cannot") as error:
        find(kind, name)
    assert says in str(error.value)


def test_foreign_folders_never_shadow_ours(tmp_path: Path):
    for folder in ("methods", "tasks"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("raise RuntimeError('foreign')")
        (tmp_path / folder / "jsae.py").write_text("raise RuntimeError('foreign')")
    listed = subprocess.run(
        [sys.executable, "-m", "benchmark", "ls", "methods"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "posthoc" in listed.stdout
    assert "foreign" not in listed.stdout
