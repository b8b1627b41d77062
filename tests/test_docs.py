"""What the documents say is so: recipes run, generated parts are fresh, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.contracts import Need
from benchmark.registry import ROOT
from leaderboards.readme import generated

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
FILES = re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", CONTRIBUTING, re.DOTALL)
COMMANDS = re.findall(r"<!-- run -->\n```\n(.*?)```", CONTRIBUTING, re.DOTALL)
SMALL = ["--backend", "synthetic:tiny", "--quiet"]
BUDGET = ["--set", "n_latents=64", "--set", "k=4", "--set", "steps=20"]


def test_every_recipe_of_contributing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert [name for name, _ in FILES] == ["top_atoms.py", "translated.py", "shared_top.py"]
    for name, source in FILES:
        assert source.count("\n") <= 60, f"{name} is longer than the recipe promises"
        Path(name).write_text(source)
    lines = [line.split("#")[0] for block in COMMANDS for line in block.strip().splitlines()]
    assert len(lines) == 7
    for line in lines:
        python, minus_m, package, *words = shlex.split(line)
        assert (python, minus_m, package) == ("python", "-m", "benchmark")
        more = [*SMALL, *BUDGET] if words[0] == "run" else []
        assert main([*words, *more]) == 0, line


def test_the_task_of_contributing_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("shared_top.py").write_text(dict(FILES)["shared_top.py"])
    assert main(["check", "--task", "shared_top.py"]) == 0


def test_every_need_is_listed_in_its_own_words():
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \| [^|]+ \|$", CONTRIBUTING, re.MULTILINE)
    assert rows == [(need.name, need.value) for need in Need]


def test_generated_parts_of_the_readme_are_fresh():
    text = (ROOT / "README.md").read_text()
    assert generated(text) == text, "run make docs"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name: str):
    prose = re.sub(r"```.*?```", "", (ROOT / name).read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)\)", prose):
        assert target.startswith("https://") or (ROOT / target).exists(), target
