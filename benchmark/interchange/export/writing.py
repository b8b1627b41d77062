"""Every file of an export, by its path in the folder: the SAEs, their map, a patch, the card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmark.contracts import MODALITIES, Modality
from benchmark.interchange.export.card import CARD, card, listed
from benchmark.interchange.export.choosing import Fitted
from benchmark.interchange.export.saelens import check_activation, files, is_one
from benchmark.interchange.maps import map_bytes
from benchmark.results import Cell

NOTHING: Mapping[str, bytes] = MappingProxyType({})
BLOCK = re.compile(r"^block:(\d+)")


def contents(
    fitted: Fitted, layout: str, folder: str, beside: Mapping[str, bytes] = NOTHING
) -> dict[str, bytes]:
    """What is written for a layout. Raises ValueError, one line, for what it cannot hold."""
    found = as_saelens(fitted) if layout == "saelens" else as_ours(fitted)
    found |= beside
    if fitted.patch is not None:
        name = "patch.safetensors" if layout == "saelens" else "dictionary.patch.safetensors"
        found[name] = fitted.patch.read_bytes()
    told = card(fitted, sorted(found), layout, folder)
    return {**found, CARD: told.encode()}


def as_ours(fitted: Fitted) -> dict[str, bytes]:
    """The dictionary as a run keeps it."""
    return {
        "dictionary.safetensors": fitted.file.read_bytes(),
        "dictionary.json": fitted.file.with_suffix(".json").read_bytes(),
    }


def as_saelens(fitted: Fitted) -> dict[str, bytes]:
    """One SAE where both modalities have the same, else two and their map."""
    towers = {m: fitted.dictionary.tower(m) for m in MODALITIES}
    for modality, tower in towers.items():
        check_activation(tower, f"the {modality} dictionary of {fitted.cell.method.name}")
    if is_one(towers["image"], towers["text"], fitted.frame):
        return files(towers["image"], metadata(fitted, None))
    found = {
        f"{modality}/{name}": content
        for modality, tower in towers.items()
        for name, content in files(tower, metadata(fitted, modality)).items()
    }
    return {**found, "map.safetensors": map_bytes(fitted.frame)}


def metadata(fitted: Fitted, modality: Modality | None) -> dict[str, Any]:
    """What `cfg.json` says of origin, and of what to expect where it is read."""
    cell = fitted.cell
    block = BLOCK.match(cell.site or "")
    told: dict[str, Any] = {
        "model_name": cell.backend.name,
        "hook_name": f"blocks.{block.group(1)}.hook_resid_post" if block else cell.site,
        "dataset_path": cell.data.name,
        "dataset_licence": cell.data.licence,
        "centred": cell.data.centred,
        "method": cell.method.name,
        "seed": cell.seed,
        "budget_k": fitted.k,
        "modality": modality or "image and text",
        "checkpoint_sha256": cell.method.checkpoint_sha256,
    }
    return told | (expected(fitted.cells, modality) if modality is not None else {})


def expected(cells: tuple[Cell, ...], modality: Modality) -> dict[str, float]:
    """Mean l0 and explained variance of a modality, where the run measured them."""
    found: dict[str, float] = {}
    for cell in cells:
        if cell.method.l0 and modality in cell.method.l0:
            found["expected_l0"] = round(cell.method.l0[modality], 4)
        for score in cell.scores:
            if score.variant == "full" and score.name == f"explained_variance/{modality}":
                found["expected_explained_variance"] = round(score.value, 6)
    return found


def taken(folder: Path, *, replace: bool) -> tuple[Path, ...]:
    """Files of an earlier export, which this one takes the place of. Nothing else is ever touched.

    Raises ValueError, one line, where a folder holds anything that no export wrote.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return ()
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file: wanted a folder, choose another --output-path")
    if not replace:
        raise ValueError(f"{folder} holds files: take them away with --replace, or choose another")
    there = sorted(file for file in folder.rglob("*") if not file.is_dir() or file.is_symlink())
    ours = {folder / name for name in listed(folder / CARD)}
    others = [file for file in there if file not in ours or file.is_symlink()]
    if others:
        name = others[0].relative_to(folder)
        raise ValueError(
            f"{folder} holds {name}{f' and {len(others) - 1} more' if others[1:] else ''} that no "
            "export wrote: choose another --output-path"
        )
    return tuple(there)
