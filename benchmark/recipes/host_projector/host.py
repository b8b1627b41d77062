"""A host without a projector: its parts joined, frozen, and asked as any model of its kind."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmark.backends import hosts
from benchmark.backends.clip_loading import hash_of
from benchmark.backends.host_parts import PARTS_FILE, PROJECTOR_FILE, place, read
from benchmark.backends.hub import asking
from benchmark.backends.llava.asking import asker_of
from benchmark.backends.llava.backend import SPEAKS
from benchmark.backends.llava.blocks import blocks_of
from benchmark.backends.llava.loading import frozen
from benchmark.backends.llava.model import Llava
from benchmark.contracts import Examples, Need, Site
from benchmark.projectors import Projector

DTYPES = {"bf16": torch.bfloat16, "no": torch.float32}
N_SPREAD = 200
"""Pictures whose tokens set a projector's scale."""


def opened(folder: Path, precision: str, device: torch.device) -> Llava:
    """The host of a folder on a device. Raises ValueError, one line, where a part is amiss."""
    dtype = DTYPES[precision]
    with asking():
        model, processor = hosts.opened(folder, trained=False)
    model = frozen(model.to(dtype).to(device), processor)  # type: ignore[arg-type]
    return Llava(
        name=str(folder),
        revision="",
        preprocessing="",
        dtype=str(dtype).removeprefix("torch."),
        text_pass="isolated",
        provides=SPEAKS | {Need.PROJECTOR},
        model=model,
        blocks=blocks_of(model, str(folder)),
        asker=asker_of(model, processor, device, str(folder)),
    )


def start_of(host: Llava) -> str:
    """Hash of all weights that stay as they are."""
    weights = host.model.state_dict()
    return hash_of({n: w for n, w in weights.items() if "multi_modal_projector" not in n}, "")


def fresh(host: Llava, examples: Examples, seed: int, at_once: int) -> Projector:
    """A projector that is drawn, and knows how wide the tower's tokens spread."""
    site: Site = next(site for site in host.sites if site.name == "tower/tokens")
    n = min(N_SPREAD, len(examples.ids))
    parts = [
        host.encode(examples, "image", start, min(start + at_once, n), site)
        for start in range(0, n, at_once)
    ]
    tokens = torch.cat([part.cpu() for part in parts if isinstance(part, torch.Tensor)])
    weight, _ = host.projector.values()
    return Projector(tokens, len(weight), torch.Generator().manual_seed(seed))


def projector_file(folder: Path) -> Path:
    """Where a host has its projector, or will have it."""
    described = (folder / PARTS_FILE).is_file()
    return folder / (read(folder).projector if described else PROJECTOR_FILE)


def describe(folder: Path, source: Path) -> None:
    """Writes which parts the host of another folder has, by their way from this one."""
    given = read(source)
    parts = replace(
        given,
        language_model=_way(folder, source, given.language_model, "language_model"),
        vision_tower=_way(folder, source, given.vision_tower, "vision_tower"),
        projector=PROJECTOR_FILE,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PARTS_FILE).write_text(json.dumps(asdict(parts), indent=2) + "\n")


def _way(folder: Path, source: Path, part: str, what: str) -> str:
    """The way to a part's folder; a hub id is its own."""
    found = place(source, part, what)
    return os.path.relpath(found, folder.resolve()) if Path(found).is_absolute() else found


def save(projector: Projector, file: Path) -> None:
    """Writes the trained map for tokens as they come, in single precision, whole or not at all."""
    with torch.no_grad():
        weight, bias = (value.float().cpu().contiguous() for value in projector.folded())
    partial = file.with_name(f"{file.name}.partial")
    save_file({"weight": weight, "bias": bias}, partial, metadata={"format": "pt"})
    os.replace(partial, file)
