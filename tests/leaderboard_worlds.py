"""Cells as many as a grown leaderboard has, without running anything: every number from a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.results import (
    BackendRecord,
    Cell,
    DataRecord,
    Document,
    Environment,
    MethodRecord,
    ReferenceScore,
    Score,
    TaskRecord,
    cell_key,
)
from benchmark.submissions.records import FileRecord, Submission
from leaderboards.board.sources import Source
from leaderboards.board.tables import Lane
from leaderboards.metrics import stored

HERE = Environment(python="3.11.0", platform="Linux-x86_64")
METHODS = (
    "crosscoder",
    "group-sparse",
    "group-sparse-masked",
    "group-sparse-untuned",
    "identity",
    "iso-energy",
    "iso-energy-untuned",
    "jsae",
    "jsae-noalign",
    "jsae-noalign-posthoc",
    "jsae-topk",
    "labelled",
    "patch-sae",
    "pca",
    "posthoc",
    "posthoc-cca",
    "posthoc-decoder",
    "posthoc-greedy",
    "posthoc-nocut",
    "posthoc-procrustes",
    "posthoc-sinkhorn",
    "random",
    "separated",
    "shared",
    "shared-batchtopk",
    "shared-encoder",
    "shared-jumprelu",
    "shared-matryoshka",
    "sparc",
    "sparc-nocross",
    "text-sae",
    "untrained",
    "untrained-separated",
    "vision-sae",
    "vista",
    "vista-nosae",
    "vl-sae",
)
SITES = {
    "pocket-clip": ("embedding",),
    "pocket-llava": ("block:0", "block:2", "block:4", ""),
    "pocket-llava-frozen": ("block:2/tokens", "tower/tokens"),
    "pocket-llava-frozen-ssl": ("block:2/tokens",),
    "synthetic:n_shared=32": ("embedding",),
    "pocket-clip-untrained": ("embedding",),
}
KINDS = 20
"""Different methods among submissions."""
DENSE = ("jsae", "shared-jumprelu", "vl-sae")
"""Methods whose codes are not k-sparse."""


def quality(method: str, task: str, place: str) -> float:
    """Where a method stands in a task, between 0 and 1."""
    words = [method, task, place]
    drawn = np.random.default_rng([ord(c) for c in "/".join(words)]).random()
    own = np.random.default_rng([ord(c) for c in method]).random()
    return float(0.15 + 0.6 * own + 0.2 * drawn)


def made(
    method: str,
    task: str,
    backend: str,
    site: str,
    seed: int,
    *,
    version: int = 1,
    config: dict[str, Any] | None = None,
    created: str = "2026-11-20T10:00:00+00:00",
    revision: str = "r1",
    variant: str = "fair",
    more_metrics: int = 4,
    level: float | None = None,
) -> Cell:
    """One scored cell."""
    config = {"k": 16, "n_latents": 2048} if config is None else config
    rng = np.random.default_rng([seed, *(ord(c) for c in method + task + site)])
    middle = quality(method, task, backend + site) if level is None else level
    value = float(np.clip(middle + rng.normal(0, 0.012), 0, 1))
    said = stored().get(task)
    names = [said.main.name if said else "score"]
    names += [m.name for m in (said.metrics if said else ()) if not m.main and "*" not in m.name]
    kinds = ("full", "truncated") if method.startswith(DENSE) else ("full",)
    scores = [
        score(name, value * (0.97 if kind == "truncated" else 1) * 0.995**i, not i, kind)
        for kind in kinds
        for i, name in enumerate(names[: 1 + more_metrics])
    ]
    key = cell_key(
        task=task,
        task_version=version,
        variant=variant,
        method=method,
        config=config,
        code="c0de",
        backend=backend,
        backend_revision=revision,
        site=site or None,
        data="scenes",
        data_revision="d1",
        split="test",
        seed=seed,
    )
    mapped = {"map": "hungarian", "matches": 200, "cut": 0.04}
    chosen = {
        "posthoc-nocut": mapped | {"cut": None},
        "posthoc-cca": {"map": "cca"},
        "posthoc-procrustes": {"map": "procrustes"},
    }.get(method, mapped if method.startswith("posthoc") else {})
    return Cell(
        key=key,
        status="scored",
        task=TaskRecord(name=task, version=version),
        method=MethodRecord(
            name=method,
            config=config,
            code="c0de",
            chosen=chosen,
            parameters=526_592,
            l0={"image": 16.0, "text": 15.9},
            supervised=method == "labelled",
            patched="p1" if method.startswith("vista") else None,
        ),
        backend=BackendRecord(name=backend, revision=revision, dtype="float32"),
        site=site or None,
        data=DataRecord(name="scenes", revision="d1", licence="MIT"),
        split="test",
        variant=variant,
        seed=seed,
        scores=tuple(scores),
        environment=HERE,
        created=created,
    )


def score(name: str, value: float, main: bool, kind: str) -> Score:
    """One score with a floor under it."""
    null = ReferenceScore(name="shuffled", kind="null", value=0.1, draws=20)
    dense = ReferenceScore(name="dense", kind="baseline", value=0.8)
    return Score(
        name=name,
        main=main,
        variant=kind,
        value=value,
        ci_low=value - 0.02,
        ci_high=value + 0.02,
        se=0.01,
        n=2000,
        unit="image",
        floor=0.1,
        higher_is_better=True,
        references=(null, dense),
    )


def reference_cells(
    methods: Sequence[str] = METHODS,
    sites: dict[str, tuple[str, ...]] | None = None,
    seeds: Iterable[int] = range(5),
    tasks: Sequence[str] | None = None,
) -> list[Cell]:
    """Reference rows of every method on every place; the empty site has the sweeping task alone."""
    named = list(stored()) if tasks is None else list(tasks)
    seeds = list(seeds)
    return [
        made(method, task, backend, site, seed)
        for backend, its in (sites or SITES).items()
        for site in its
        for task in (["steering_asymmetry"] if site == "" else named)
        for method in methods
        for seed in seeds
    ]


def submission(slug: str, method: str, **changes: Any) -> Submission:
    """The record of one submission."""
    facts: dict[str, Any] = {
        "slug": slug,
        "method": method,
        "title": f"Row {slug}",
        "authors": ("A. Author",),
        "licence": "MIT",
        "created": "2026-11-21T00:00:00Z",
        "environment": HERE,
        "files": {"document.json": FileRecord(sha256="0" * 64, bytes=1)},
    }
    return Submission(**{**facts, **changes})


def submitted(
    n: int,
    backends: Sequence[str] = ("pocket-clip",),
    tasks: Sequence[str] = ("reconstruction", "retrieval", "modality_split"),
    seeds: Iterable[int] = range(3),
) -> list[Source]:
    """As many submissions of `KINDS` methods, every tenth of them verified."""
    seeds = list(seeds)
    cells = [
        [
            made(f"method-{i}", task, backend, SITES[backend][0], seed)
            for backend in backends
            for task in tasks
            for seed in seeds
        ]
        for i in range(min(n, KINDS))
    ]
    found = []
    for i in range(n):
        lane: Lane = "verified" if i % 10 == 0 else "self-reported"
        record = submission(f"sub-{i:04d}", f"method-{i % KINDS}")
        found.append(Source(cells[i % KINDS], lane, record))
    return found


def folders(root: Path, sources: Iterable[Source]) -> None:
    """These submissions as folders that can be read."""
    for each in sources:
        assert each.record is not None
        folder = root / each.record.slug
        folder.mkdir(parents=True)
        content = Document(cells=tuple(each.cells)).model_dump_json().encode()
        told = FileRecord(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        record = each.record.model_copy(update={"files": {"document.json": told}})
        (folder / "document.json").write_bytes(content)
        (folder / "submission.json").write_text(record.model_dump_json())


def site_of(folder: Path, sources: Sequence[Source]) -> Path:
    """The site of these sources."""
    from leaderboards.site.building import written
    from leaderboards.site.facts import gather

    written(gather(sources), folder)
    return folder
