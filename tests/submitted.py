"""A run's results folder made by hand, and the submission of it: small, valid, and soon made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.__main__ import main
from benchmark.registry import catalogue
from benchmark.results import (
    BackendRecord,
    Cell,
    DataRecord,
    MethodRecord,
    ReferenceScore,
    Score,
    TaskRecord,
    cell_key,
    write_cell,
)
from benchmark.statistics import StoredUnits, estimates
from benchmark.submissions.dictionaries import digest
from benchmark.submissions.known import code_of, tasks
from benchmark.submissions.tensors import read_tensors
from tests.records import HERE

METHOD = '''"""Mine: a method of a test."""


class Mine:
    def fit(self, data):
        raise SystemExit("a submitted file was run")
'''
SEEDS = (0, 1, 2)
SCORED = "retrieval"
N = 40


def safetensors(header: Any, body: bytes = b"") -> bytes:
    """A file of that format; `header` as JSON, or as the bytes themselves."""
    table = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(table).to_bytes(8, "little") + table + body


def dictionary(seed: int) -> bytes:
    """A dictionary of two towers of one latent each, as `save` writes them."""
    shapes = {"W_enc": [2, 1], "b_enc": [1], "W_dec": [1, 2], "b_dec": [2]}
    table: dict[str, Any] = {}
    body = b""
    tower: dict[str, Any] = {"scale": 1.5, "activation": "topk", "k": 1, "threshold": None}
    parts: dict[str, Any] = {"frame": {"kind": "same", "width": 1}}
    for modality in ("image", "text"):
        fields: dict[str, Any] = {"kind": "tower"}
        for name, shape in shapes.items():
            numbers = np.arange(1, np.prod(shape) + 1, dtype="<f4") + seed
            table[f"{modality}.{name}"] = {
                "dtype": "F32",
                "shape": shape,
                "data_offsets": [len(body), len(body) + numbers.nbytes],
            }
            body += numbers.tobytes()
            fields[name] = {"tensor": f"{modality}.{name}"}
        parts[modality] = fields | tower
    meta = {"format": "crossmodal-dictionary-1", "parts": json.dumps(parts)}
    return safetensors({"__metadata__": meta, **table}, body)


def units(seed: int, names: tuple[str, ...]) -> dict[str, StoredUnits]:
    """Hits and misses, a unit a picture."""
    rng = np.random.default_rng(seed)
    return {name: StoredUnits((rng.random(N) < 0.4).astype(np.float64)) for name in names}


def scores(kept: dict[str, StoredUnits]) -> tuple[Score, ...]:
    """Scores that these units give, each with a null of its own."""
    return tuple(
        Score(
            name=name,
            main=name == "r@1",
            value=found.value,
            ci_low=found.low,
            ci_high=found.high,
            se=found.se,
            n=found.n,
            unit="image",
            n_clusters=found.n_clusters,
            interval=found.shape,
            floor=0.025,
            not_normalised="there is no true ceiling",
            higher_is_better=True,
            references=(
                ReferenceScore(
                    name="shuffled partners",
                    kind="null",
                    value=0.025,
                    ci_low=0.0,
                    ci_high=0.05,
                    draws=20,
                ),
            ),
        )
        for name, found in estimates(kept).items()
    )


def cell(task: str, seed: int, code: str, **more: Any) -> Cell:
    """One cell of the method on a backend that no reference row is of."""
    version = tasks()[task].version
    facts: dict[str, Any] = {"status": "not_applicable", "reason": "needs concept labels"}
    key = cell_key(
        task=task,
        task_version=version,
        variant="fair",
        method="mine",
        config={"k": 4},
        code=code,
        backend="embeddings:rows.npz",
        backend_revision="r1",
        site="embedding",
        data="rows",
        data_revision="d1",
        split="test",
        seed=seed,
    )
    return Cell(
        key=key,
        task=TaskRecord(name=task, version=version),
        backend=BackendRecord(
            name="embeddings:rows.npz", revision="r1", sites=("embedding",), dtype="float32"
        ),
        site="embedding",
        data=DataRecord(name="rows", revision="d1", licence="MIT"),
        split="test",
        seed=seed,
        environment=HERE.model_copy(update={"commit": "c0ffee", "dirty": False}),
        created=f"2026-01-0{seed + 1}T00:00:00+00:00",
        **(facts | more),
        method=MethodRecord(
            name="mine", config={"k": 4}, code=code, checkpoint_sha256=fitted(seed)
        ),
    )


def fitted(seed: int) -> str:
    """Digest of the dictionary of a seed."""
    return digest(read_tensors(dictionary(seed)))


def run_folder(root: Path) -> Path:
    """`mine.py` and `results/` of three seeds: one task scored, the others not applicable."""
    (root / "mine.py").write_text(METHOD)
    own = hashlib.sha256(METHOD.encode()).hexdigest()
    for task in (name for name, known in tasks().items() if not known.named_only):
        code = code_of(own, catalogue("task")[task].digest)
        for seed in SEEDS:
            if task == SCORED:
                kept = units(seed, ("r@1", "r@1/i2t"))
                more = {"scores": scores(kept), "left_out": {"dense": "needs nothing"}}
                made = cell(task, seed, code, status="scored", reason=None, **more)
                write_cell(root / "results" / "cells", made, kept)
            else:
                write_cell(root / "results" / "cells", cell(task, seed, code))
    fits = root / "results" / "fits"
    fits.mkdir()
    for seed in SEEDS:
        (fits / f"{seed}.safetensors").write_bytes(dictionary(seed))
        of = {"backend": "embeddings:rows.npz", "data": "rows", "site": "embedding", "seed": seed}
        facts = {"k": 1, "chosen": {}, "seconds": 0.1, "patched": False, "of": of}
        (fits / f"{seed}.json").write_text(json.dumps(facts))
    return root / "results"


def submission(root: Path) -> Path:
    """A valid submission, made by the verb."""
    words = ["--method", str(root / "mine.py"), "--author", "A. Person", "--licence", "MIT"]
    out = root / "submissions"
    assert main(["submit", str(run_folder(root)), *words, "--output-path", str(out)]) == 0
    return out / "mine"


def sealed(folder: Path) -> None:
    """Writes the checksums of all files anew, as one who forges them would."""
    record = json.loads((folder / "submission.json").read_text())
    record["files"] = {
        str(path.relative_to(folder)): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "submission.json"
    }
    (folder / "submission.json").write_text(json.dumps(record))
