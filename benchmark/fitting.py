"""One fit: what a method may see, the artifact it leaves, and the file that survives a kill."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from benchmark.checkpoints import digest, load, parameters, save
from benchmark.contracts import Artifact, Method, Need, Site, TrainingData, derived_seed
from benchmark.dictionaries import Paired
from benchmark.materials import Materials


@dataclass(frozen=True)
class Fit:
    """A fitted method with what the record says of it."""

    artifact: Artifact
    digest: str | None
    parameters: int | None
    seconds: float
    file: Path | None


def training_data(method: Method, materials: Materials, seed: int) -> TrainingData:
    """Train and val as the method may see them: labels and truth only if it declared the need."""
    labelled = Need.CONCEPTS in method.needs
    read = [materials.split(name) for name in ("train", "val")]
    train, val = (each if labelled else replace(each, concepts=None) for each in read)
    return TrainingData(
        train=train,
        val=val,
        site=materials.site,
        seed=seed,
        backend=materials.backend,
        planted=materials.data.planted if Need.PLANTED in method.needs else None,
        device=torch.device(materials.request.device),
        progress=materials.progress,
    )


def fit(method: Method, data: TrainingData, file: Path) -> Fit:
    """The artifact of a method, from its file where an earlier run left it whole."""
    kept = _kept(file, data.site)
    if kept is not None:
        return kept
    torch.manual_seed(derived_seed("global", data.seed))
    started = time.perf_counter()
    artifact = method.fit(data)
    seconds = time.perf_counter() - started
    if not isinstance(artifact, Artifact):
        found = type(artifact).__name__
        raise ValueError(f"{type(method).__name__}.fit returned {found}, wanted an Artifact")
    if not isinstance(artifact.dictionary, Paired):
        return Fit(artifact, None, None, seconds, None)
    save(artifact.dictionary, file)
    facts = {"k": artifact.k, "chosen": dict(artifact.chosen), "seconds": seconds}
    sidecar = file.with_suffix(".json")
    part = sidecar.with_suffix(".part")
    part.write_text(json.dumps(facts))
    part.replace(sidecar)
    return _described(artifact, seconds, file)


def _kept(file: Path, site: Site) -> Fit | None:
    """The fit of an earlier run; None unless both its files are whole."""
    sidecar = file.with_suffix(".json")
    if not (file.is_file() and sidecar.is_file()):
        return None
    facts: dict[str, Any] = json.loads(sidecar.read_text())
    artifact = Artifact(load(file), site, k=facts["k"], chosen=facts["chosen"])
    return _described(artifact, facts["seconds"], file)


def _described(artifact: Artifact, seconds: float, file: Path) -> Fit:
    dictionary = artifact.dictionary
    assert isinstance(dictionary, Paired)
    return Fit(artifact, digest(dictionary), parameters(dictionary), seconds, file)
