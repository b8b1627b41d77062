"""The workflows: what they may do, what they run, and that the one of submissions answers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmark.registry import ROOT
from benchmark.submissions.proposed import proposed
from tests.submitted import submission

FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.glob("*.yml"))
UNTRUSTED = re.compile(r"\$\{\{[^}]*(head|title|body|ref_name|actor|label|message)[^}]*\}\}")


def workflow(name: str) -> dict[Any, Any]:
    """A workflow's tree; YAML 1.1 reads its key `on` as true."""
    tree = yaml.safe_load((FOLDER / name).read_text())
    assert isinstance(tree, dict)
    return tree


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def test_the_three_workflows_are_there() -> None:
    assert NAMES == ["site.yml", "submission.yml", "tests.yml"]


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_can_do_no_more_than_it_must(name: str) -> None:
    tree, text = workflow(name), (FOLDER / name).read_text()
    assert tree["permissions"] == {"contents": "read"}
    granted = {key for job in tree["jobs"].values() for key in job.get("permissions", ())}
    assert granted == ({"pages", "id-token"} if name == "site.yml" else set())
    assert not re.search(r"\$\{\{[^}]*(secrets|token)", text)
    assert "pull_request_target" not in text
    assert "workflow_run" not in text
    for job in tree["jobs"].values():
        assert job["timeout-minutes"] <= 120


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_and_leave_no_token_behind(name: str) -> None:
    for step in steps(name):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_a_pull_request_reaches_a_shell(name: str) -> None:
    for step in steps(name):
        assert not UNTRUSTED.search(step.get("run", ""))
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("name", ["site.yml", "submission.yml"])
def test_what_is_installed_is_what_the_package_asks_for(name: str) -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    installed = {
        word
        for step in steps(name)
        for word in re.findall(r'"([^"]+>=[^"]+)"', step.get("run", ""))
    }
    assert len(installed) >= 7
    assert installed <= set(asked)
    assert not any(word.startswith("torch") for word in installed)


def test_what_a_pull_request_brings_is_read_and_the_base_branch_runs() -> None:
    tree = workflow("submission.yml")
    assert set(tree[True]) == {"pull_request"}
    places = {
        step["with"]["path"]: step["with"]["ref"]
        for step in steps("submission.yml")
        if step.get("uses", "").startswith("actions/checkout@")
    }
    assert places["base"] == "${{ github.event.pull_request.base.sha }}"
    running = [step for step in steps("submission.yml") if "benchmark" in step.get("run", "")]
    assert [step["working-directory"] for step in running] == ["base", "base"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["README.md"], "README.md changes"),
        (
            ["leaderboards/submissions/a/x", "benchmark/__main__.py"],
            "benchmark/__main__.py changes",
        ),
        (["leaderboards/submissions/a/x", "leaderboards/submissions/b/x"], "found a, b"),
        (["leaderboards/submissions/README.md"], "README.md changes"),
        (["leaderboards/submissions/$(id)/x"], "is no name of a submission"),
        (["leaderboards/submissions/../x"], "is no name of a submission"),
        (["leaderboards/submissions/a\n/x"], "is no name of a submission"),
        (["leaderboards/submissions//x"], "is no name of a submission"),
        (["leaderboards/submissions/a" + "a" * 64 + "/x"], "is no name of a submission"),
        ([], "found none"),
    ],
)
def test_a_submission_changes_one_folder_of_its_own(names: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        proposed(names)
    assert proposed(["leaderboards/submissions/a/x", "leaderboards/submissions/a/b/c"]) == "a"


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.hooksPath=/dev/null"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def answered(workspace: Path) -> tuple[int, str]:
    """Runs the steps of the workflow that are ours: exit code of the last, and the summary."""
    summary, output = workspace / "summary", workspace / "output"
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(workspace),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(output),
    }
    for step in steps("submission.yml"):
        if step.get("working-directory") != "base":
            continue
        if "SLUG" in step.get("env", {}):
            env["SLUG"] = output.read_text().strip().removeprefix("slug=")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=workspace / "base",
            env=env,
            capture_output=True,
        )
        if done.returncode:
            return done.returncode, summary.read_text()
    return 0, summary.read_text()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The base branch, and a merge of a pull request that adds a valid submission."""
    (tmp_path / "base").mkdir()  # whose code is found by PYTHONPATH
    proposed_tree = tmp_path / "proposed"
    proposed_tree.mkdir()
    git(proposed_tree, "init", "--quiet")
    (proposed_tree / "README.md").write_text("base\n")
    git(proposed_tree, "add", ".")
    git(proposed_tree, "commit", "--quiet", "-m", "base")
    made = tmp_path / "made"
    made.mkdir()
    shutil.copytree(submission(made), proposed_tree / "leaderboards" / "submissions" / "mine")
    return tmp_path


def committed(workspace: Path) -> None:
    git(workspace / "proposed", "add", ".")
    git(workspace / "proposed", "commit", "--quiet", "-m", "merge")


def test_a_valid_submission_passes_and_the_summary_says_so(workspace: Path) -> None:
    committed(workspace)
    code, said = answered(workspace)
    assert code == 0
    assert "## Submission `mine`" in said
    assert "mine: valid (33 cells, 3 checkpoints)" in said


def test_an_altered_one_fails_and_the_summary_names_the_fault(workspace: Path) -> None:
    with (workspace / "proposed/leaderboards/submissions/mine/document.json").open("a") as file:
        file.write(" ")
    committed(workspace)
    code, said = answered(workspace)
    assert code == 1
    assert "fault: document.json: has" in said


def test_a_pull_request_that_changes_more_fails_before_anything_is_read(workspace: Path) -> None:
    (workspace / "proposed" / "README.md").write_text("other\n")
    committed(workspace)
    code, said = answered(workspace)
    assert code == 1
    assert "README.md changes: a submission changes files of leaderboards/submissions/" in said
