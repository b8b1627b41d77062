"""Backends by name: what turns examples into activations. Imports no torch until one is asked for.

A spec is `name` or `scheme:rest`: `pocket-clip`, `clip:ViT-B-32/openai`, `embeddings:FILE.npz`,
`synthetic:alpha=.5`; models take options, as in `llava:FOLDER?weights=untrained`. Each module has
one `open_backend(spec, device)`, and a `spelling(spec)` that finds what is wrong with a spec on its
face.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

from benchmark.messages.nearest import hint

if TYPE_CHECKING:
    from benchmark.contracts import Backend

LLAVA = "llava.backend"
MODULES: dict[str, tuple[str, str]] = {
    "pocket-clip": ("clip", "small open_clip model over rendered scenes, shipped"),
    "pocket-clip-untrained": ("clip", "the same with weights drawn from a seed: a control"),
    "pocket-llava": (LLAVA, "small vision-language model over rendered scenes, all of it trained"),
    "pocket-llava-untrained": (LLAVA, "the same with weights drawn from a seed: a control"),
    "pocket-llava-frozen": (LLAVA, "frozen pocket-clip tower and language model, linear projector"),
    "pocket-llava-frozen-untrained": (LLAVA, "the same, all weights drawn from a seed: a control"),
    "pocket-llava-frozen-ssl": (LLAVA, "the same host on a self-supervised tower"),
    "pocket-llava-frozen-ssl-untrained": (LLAVA, "the same, all weights drawn from a seed"),
    "synthetic": ("planted", "planted sparse world with known dictionaries (synthetic:alpha=.5)"),
    "clip": (
        "clip",
        "any open_clip model: clip:ARCH/PRETRAINED, clip:hf-hub:REPO, clip:FOLDER; with "
        "?weights=untrained behind it its control",
    ),
    "dual": (
        "dual.backend",
        "any CLIP, MetaCLIP, SigLIP, SigLIP 2 or AIMv2 of transformers: dual:FOLDER, dual:ORG/NAME",
    ),
    "llava": (
        LLAVA,
        "any vision-language model: llava:FOLDER, llava:ORG/NAME; with ?weights=untrained behind "
        "it its control",
    ),
    "embeddings": ("embeddings", "your paired matrices: embeddings:FILE.npz or .safetensors"),
}
GROUPS: dict[str, tuple[str, ...]] = {
    "pocket": ("pocket-clip", "pocket-llava", "pocket-llava-frozen", "pocket-llava-frozen-ssl")
}
"""Names that stand for several backends; `pocket` is every shipped, trained one."""
AFTER_COLON: dict[str, str] = {
    "clip": "a model after a colon, as in clip:ViT-B-32/openai, clip:hf-hub:REPO or clip:FOLDER",
    "dual": "a model after a colon, as in dual:ORG/NAME or dual:FOLDER",
    "llava": "a model after a colon, as in llava:ORG/NAME or llava:FOLDER",
    "embeddings": "a file of paired rows after a colon, as in embeddings:pairs.npz",
}
"""What must follow the colon, where a name alone is no backend."""
ALONE = tuple(name for name in MODULES if name.startswith("pocket-"))
"""Shipped models: what may follow is options, as in `pocket-llava?text_pass=joint`."""


def expand(names: Iterable[str]) -> list[str]:
    """Backend specs with groups written out, each backend once, in order.

    Two spellings of one backend are one. Raises ValueError, in one line and before anything is
    opened, for a spec that is wrong on its face: an unknown name, a file that is not there.
    """
    chosen: dict[str, str] = {}
    for name in names:
        for spec in GROUPS.get(name, (name,)):
            chosen.setdefault(_module(spec).spelling(spec), spec)
    return list(chosen.values())


def open_backend(spec: str, device: str = "cpu") -> Backend:
    """The backend that a spec names. Raises ValueError in one line where there is none."""
    return _module(spec).open_backend(spec, device=device)


def _module(spec: str) -> ModuleType:
    """The module of a spec whose form is right."""
    scheme, colon, rest = spec.partition(":")
    model = scheme.partition("?")[0]
    scheme = model if model in ALONE else scheme
    if scheme not in MODULES:
        there = hint(scheme, [*MODULES, *GROUPS])
        raise ValueError(f"no backend called {spec or repr(spec)}: {there}")
    if scheme in AFTER_COLON and not rest:
        raise ValueError(f"backend {scheme} wants {AFTER_COLON[scheme]}")
    if scheme in ALONE and colon:
        raise ValueError(f"backend {scheme} wants nothing after its name, found {spec}")
    return importlib.import_module(f"benchmark.backends.{MODULES[scheme][0]}")
