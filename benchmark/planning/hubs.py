"""What of a model has to be fetched from the hub: how much, what is there, what is gated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmark.backends.hub import INDEX, Repository
from benchmark.planning.known import known

WEIGHTS = ("*.safetensors", "*.bin", "*.pth")
PAGE = "https://huggingface.co/{}"


@dataclass(frozen=True)
class Fetch:
    """One thing to fetch: bytes in all and bytes that are here; None where that is not known."""

    name: str
    total: float | None
    here: float = 0.0
    gated: bool | None = None
    """None where only the hub knows."""
    page: str = ""
    why: str = ""
    """Where the total comes from."""
    kept: bool = True
    """Whether it lies on disk then; else it is read from the hub as it is asked for."""
    command: str = ""
    """What fetches it."""

    @property
    def missing(self) -> float | None:
        """Bytes still to fetch."""
        return None if self.total is None else max(0.0, self.total - self.here)

    @property
    def told(self) -> str:
        """In a line: how much, what is here, and whose terms are to be accepted."""
        if self.missing == 0:
            return f"{self.name}: nothing to fetch, {self.here / 1e9:.2f} GB are here"
        size = "a size only the hub knows" if self.total is None else f"{self.total / 1e9:.1f} GB"
        parts = [f"{self.name}: {size}" + (f" ({self.why})" if self.why else "")]
        if not self.kept:
            parts[0] += " are read from the hub while it runs, nothing is kept on disk"
        if self.here:
            parts.append(f"{self.here / 1e9:.2f} GB of it are here")
        if self.gated:
            parts.append(f"gated: accept the terms at {self.page}, then hf auth login")
        elif self.gated is None:
            parts.append(f"whether it is gated only the hub knows ({self.page})")
        if self.command:
            parts.append(self.command)
        return ", ".join(parts)


def fetch(repository: Repository, parameters: int = 0, each: float = 4.0) -> Fetch:
    """What a repository's weights take, by its index, the table, or its parameters."""
    told, folder = known(repository.id), repository.cached
    here = held(folder)
    whole = folder is not None and not repository.lacking()
    total, why = (here, "") if whole else _total(folder, repository, parameters, each)
    gated = False if whole else None if told is None else told.gated
    at = f" --revision {repository.revision}" if repository.revision else ""
    return Fetch(
        repository.id,
        total,
        here,
        gated,
        PAGE.format(repository.id),
        why,
        command=f"hf download {repository.id}{at}",
    )


def _total(
    folder: Path | None, repository: Repository, parameters: int, each: float
) -> tuple[float | None, str]:
    """Bytes of weights in all, and who says so."""
    if folder is not None and (folder / INDEX).is_file():
        try:
            said = json.loads((folder / INDEX).read_text())["metadata"]["total_size"]
            return float(said), "its index says"
        except (OSError, ValueError, KeyError, TypeError):
            pass
    told = known(repository.id)
    if told is not None:
        return told.download_gb * 1e9, "assumed"
    if parameters:
        return parameters * each, f"about: {parameters / 1e9:.2f} B parameters x {each:g} bytes"
    return None, ""


def held(folder: Path | None) -> float:
    """Bytes of weights that lie in a folder; 0 where there is none."""
    if folder is None:
        return 0.0
    files = {file for pattern in WEIGHTS for file in folder.glob(pattern) if file.exists()}
    return float(sum(file.stat().st_size for file in files))
