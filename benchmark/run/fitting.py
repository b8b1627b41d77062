"""One fit: what a method may see, the artifact it leaves, and the file that survives a kill."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from benchmark.contracts import (
    MODALITIES,
    Artifact,
    Memo,
    Method,
    Need,
    Site,
    TrainingData,
    derived_seed,
    unshared,
)
from benchmark.results import write_whole
from benchmark.run.materials import Materials
from benchmark.run.visible import VisibleBackend
from benchmark.sae.checkpoints import (
    digest,
    load,
    load_patch,
    parameters,
    save,
    save_patch,
)
from benchmark.sae.dictionaries import Paired

PATCH = ".patch.safetensors"
"""Suffix of the file that holds the weights which an artifact puts in the backend's place."""


@dataclass(frozen=True)
class Fit:
    """A fitted method with what the record says of it."""

    artifact: Artifact
    digest: str | None
    parameters: int | None
    seconds: float
    file: Path | None


def together(fits: Sequence[Fit]) -> Fit:
    """Several fits as a record speaks of one: parameters of each, seconds of all."""
    if len(fits) == 1:
        return fits[0]
    digests = [each.digest for each in fits if each.digest is not None]
    whole = hashlib.sha256("".join(digests).encode()).hexdigest()
    chosen = {each.artifact.site.name: dict(each.artifact.chosen) for each in fits}
    return Fit(
        artifact=replace(fits[0].artifact, chosen=chosen),
        digest=whole if len(digests) == len(fits) else None,
        parameters=fits[0].parameters,
        seconds=sum(each.seconds for each in fits),
        file=None,
    )


def training_data(
    method: Method, materials: Materials, seed: int, memo: Memo = unshared
) -> TrainingData:
    """Train and val as the method may see them: labels and truth only if it declared the need."""
    labelled = Need.CONCEPTS in method.needs
    read = [materials.split(name) for name in ("train", "val")]
    train, val = (each if labelled else replace(each, concepts=None) for each in read)
    return TrainingData(
        train=train,
        val=val,
        site=materials.site,
        seed=seed,
        backend=VisibleBackend(materials.backend, materials.data, method.needs),
        planted=materials.data.planted if Need.PLANTED in method.needs else None,
        device=torch.device(materials.request.device),
        progress=materials.progress,
        memo=memo,
    )


def fit(method: Method, data: TrainingData, file: Path, shared: Path | None = None) -> Fit:
    """The artifact of a method, from its file where an earlier run left it whole.

    `shared` is the same file in the machine's cache: a fit of another results folder is copied
    from there, and one that is made here is copied to there.
    """
    if shared is not None:
        _copy(shared, file)
    kept = kept_fit(file, data.site)
    if kept is None:
        kept = _made(method, data, file)
        if shared is not None:
            _copy(file, shared)
    return kept


def _copy(source: Path, target: Path) -> None:
    """Copies a fit, then the sidecar that makes it whole; nothing where it is there already."""
    if target.with_suffix(".json").is_file() or not source.with_suffix(".json").is_file():
        return
    for suffix in (source.suffix, PATCH, ".json"):
        if source.with_suffix(suffix).is_file():
            write_whole(target.with_suffix(suffix), source.with_suffix(suffix).read_bytes())


def _made(method: Method, data: TrainingData, file: Path) -> Fit:
    """Fits, and keeps what can be kept: the dictionary, then the facts that make it whole."""
    torch.manual_seed(derived_seed("global", data.seed))
    started = time.perf_counter()
    artifact = method.fit(data)
    seconds = time.perf_counter() - started
    if not isinstance(artifact, Artifact):
        found = type(artifact).__name__
        raise ValueError(f"{type(method).__name__}.fit returned {found}, wanted an Artifact")
    finite(artifact)
    if type(artifact.dictionary) is not Paired:
        return Fit(artifact, None, None, seconds, None)
    save(artifact.dictionary, file)
    if artifact.patch:
        save_patch(artifact.patch, file.with_suffix(PATCH))
    facts = {
        "k": artifact.k,
        "chosen": dict(artifact.chosen),
        "seconds": seconds,
        "patched": bool(artifact.patch),
        "of": fitted_on(data),
    }
    write_whole(file.with_suffix(".json"), json.dumps(facts).encode())
    return _described(artifact, seconds, file)


def fitted_on(data: TrainingData) -> dict[str, Any]:
    """Where a dictionary comes from, told in its sidecar: fits of two sites are never mixed up."""
    backend = data.backend
    of = None if backend is None else backend.data
    return {
        "backend": None if backend is None else backend.name,
        "data": None if of is None else of.name,
        "site": data.site.name,
        "seed": data.seed,
    }


def finite(artifact: Artifact) -> None:
    """Raises ValueError for a dictionary with a direction that is not finite: it has diverged."""
    for modality in MODALITIES:
        rows = artifact.dictionary.directions(modality)
        bad = int((~torch.isfinite(rows)).any(1).sum())
        if bad:
            raise ValueError(
                f"{bad} of {len(rows)} {modality} directions are not finite: the fit diverged"
            )


def kept_fit(file: Path, site: Site) -> Fit | None:
    """The fit of an earlier run; None unless both its files are whole."""
    sidecar = file.with_suffix(".json")
    if not (file.is_file() and sidecar.is_file()):
        return None
    facts: dict[str, Any] = json.loads(sidecar.read_text())
    patch = load_patch(file.with_suffix(PATCH)) if facts.get("patched") else {}
    artifact = Artifact(load(file), site, k=facts["k"], chosen=facts["chosen"], patch=patch)
    return _described(artifact, facts["seconds"], file)


def _described(artifact: Artifact, seconds: float, file: Path) -> Fit:
    dictionary = artifact.dictionary
    assert isinstance(dictionary, Paired)
    trained = (dictionary, artifact.patch) if artifact.patch else dictionary
    return Fit(artifact, digest(trained), parameters(trained), seconds, file)
