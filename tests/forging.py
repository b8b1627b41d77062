"""A real submission of a tiny planted world, and forgeries of it that `validate` cannot tell.

Whoever forges well leaves no broken checksum: scores are those of the forged units, keys those of
the forged cells, and every digest is made anew. Only scoring the dictionaries again tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from benchmark.__main__ import main
from benchmark.results import cell_key
from benchmark.results.unit_files import content_sha256, packed, unpacked
from benchmark.statistics import Refusal, StoredUnits, normalised
from benchmark.statistics.bootstrap import restored
from benchmark.submissions import known
from benchmark.submissions.dictionaries import digest
from benchmark.submissions.tensors import read_tensors
from tests.submitted import sealed

WORLD = "synthetic:tiny,n_train=400,n_val=150,n_test=200"
METHOD = '''"""Atoms: rows of train as a dictionary."""

from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

from benchmark.contracts import Artifact, Budget, Method
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same
from benchmark.sae.training import rows, written_pairs


@dataclass(frozen=True)
class Atoms(Budget, Method):
    gain: float = 0.3

    def fit(self, data):
        image_of, text_of = written_pairs(data.train)
        m = self.n_latents // 2
        drawn = torch.randperm(len(text_of), generator=data.generator("atoms"))[:m]
        towers = {}
        for modality, index in (("image", image_of[drawn]), ("text", text_of[drawn])):
            source = rows(data, modality)
            atoms = normalize(source.take(index) - source.mean, dim=1)
            towers[modality] = Tower(
                W_enc=self.gain * atoms.T.contiguous(),
                b_enc=torch.zeros(m),
                W_dec=atoms,
                b_dec=source.mean,
                scale=source.scale,
                activation="topk",
                k=self.k,
            )
        return Artifact(Paired(**towers, frame=Same(m)), data.site, k=self.k)
'''


@contextmanager
def few_tasks(*wanted: str) -> Iterator[None]:
    """A suite of these tasks alone, where `validate` asks whether a row is whole."""
    every = known.tasks()
    few = {name: every[name] for name in wanted}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmark.submissions.cell_checks.tasks", lambda: few)
        yield


def submission(
    root: Path,
    source: str = METHOD,
    name: str = "atoms",
    tasks: tuple[str, ...] = ("reconstruction", "retrieval"),
    **flags: str,
) -> Path:
    """A submission made as users make them: run, then submit. `flags` go to `run`."""
    file = root / f"{name}.py"
    file.write_text(source)
    asked = {"backend": WORLD, "set": "n_latents=64"} | flags
    words = [word for flag, value in asked.items() for word in (f"--{flag}", *value.split(" "))]
    results = root / f"results-{name}"
    run = ["run", "--method", str(file), *words, "--set", "k=4", "--seed", "0", "1", "2"]
    assert main([*run, "--task", *tasks, "--quiet", "--output-path", str(results)]) == 0
    made = ["submit", str(results), "--method", str(file), "--author", "A. Person"]
    out = root / "submissions"
    assert main([*made, "--licence", "MIT", "--output-path", str(out)]) == 0
    return out / name.replace("_", "-")


Units = Mapping[str, StoredUnits]


def reforged(
    folder: Path,
    cell: Callable[[dict[str, Any]], None] | None = None,
    units: Callable[[dict[str, Any], Units], Units] | None = None,
    record: Callable[[dict[str, Any]], Any] | None = None,
) -> None:
    """Changes cells, units and the record, and makes every number and digest agree again."""
    document = json.loads((folder / "document.json").read_text())
    for each in document["cells"]:
        own = each["units_file"] and folder / "units" / each["units_file"]
        kept = unpacked(own) if own else None
        if cell is not None:
            cell(each)
        if kept is not None and units is not None:
            kept = dict(units(each, kept))
            rescore(each, kept)
        each["key"] = key(each)
        if own:
            own.unlink()
        if each["status"] == "scored":
            each |= {"units_file": f"{each['key']}.npz", "units_sha256": content_sha256(kept)}
            (folder / "units" / each["units_file"]).write_bytes(packed(kept))
    (folder / "document.json").write_text(json.dumps(document))
    rerecorded(folder, record)


def rerecorded(folder: Path, change: Callable[[dict[str, Any]], Any] | None = None) -> None:
    """Changes `submission.json` and seals it."""
    path = folder / "submission.json"
    told = json.loads(path.read_text())
    if change is not None:
        change(told)
    path.write_text(json.dumps(told))
    sealed(folder)


def rescore(cell: dict[str, Any], units: Units) -> None:
    """Scores of a cell as these units give them."""
    found = restored(units)
    for score in cell["scores"]:
        full = score["variant"] == "full"
        name = score["name"] if full else f"{score['name']}#{score['variant']}"
        one = found[name]
        share = normalised(
            one.value,
            floor=score["floor"],
            ceiling=score["ceiling"],
            se=one.se,
            higher_is_better=score["higher_is_better"],
        )
        score |= {
            "value": one.value,
            "ci_low": one.low,
            "ci_high": one.high,
            "se": one.se,
            "n": one.n,
            "n_clusters": one.n_clusters,
            "interval": one.shape,
            "normalised": None if isinstance(share, Refusal) else share,
        }


def key(cell: dict[str, Any]) -> str:
    """The key that the content of a cell asks for."""
    return cell_key(
        task=cell["task"]["name"],
        task_version=cell["task"]["version"],
        variant=cell["variant"],
        method=cell["method"]["name"],
        config=cell["method"]["config"],
        code=cell["method"]["code"],
        backend=cell["backend"]["name"],
        backend_revision=cell["backend"]["revision"],
        site=cell["site"],
        data=cell["data"]["name"],
        data_revision=cell["data"]["revision"],
        split=cell["split"],
        seed=cell["seed"],
        limit=cell["data"]["limit"],
        centred=cell["data"]["centred"],
        siblings=cell["siblings"],
        package=cell["package"],
    )


def checkpoint(folder: Path, seed: int, site: str | None = None) -> Path:
    """The dictionary of a seed."""
    told = json.loads((folder / "submission.json").read_text())["checkpoints"]
    (found,) = [c for c in told if c["seed"] == seed and site in (None, c["site"])]
    return folder / found["file"]


def rewritten(
    path: Path,
    tensors: Callable[[dict[str, torch.Tensor]], None] | None = None,
    parts: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Changes the tensors or the settings of a dictionary."""
    with safe_open(path, framework="pt") as file:
        meta = dict(file.metadata())
        held = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    described = json.loads(meta["parts"])
    if tensors is not None:
        tensors(held)
    if parts is not None:
        parts(described)
    contiguous = {name: value.contiguous() for name, value in held.items()}
    save_file(contiguous, path, metadata=meta | {"parts": json.dumps(described)})


def redigested(folder: Path) -> None:
    """Gives the record and the cells the digests of the checkpoints as they are now."""
    told = json.loads((folder / "submission.json").read_text())["checkpoints"]
    own = {}
    for each in told:
        patch = (folder / each["file"]).with_suffix(".patch.safetensors")
        weights = read_tensors(patch.read_bytes()) if patch.is_file() else None
        found = digest(read_tensors((folder / each["file"]).read_bytes()), weights)
        own[(each["site"], each["seed"])] = found

    def of_cell(cell: dict[str, Any]) -> None:
        if cell["status"] == "scored":
            cell["method"]["checkpoint_sha256"] = own[(cell["site"], cell["seed"])]

    def of_record(record: dict[str, Any]) -> None:
        for each in record["checkpoints"]:
            each["digest"] = own[(each["site"], each["seed"])]

    reforged(folder, cell=of_cell, record=of_record)
