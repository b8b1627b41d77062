"""Backends by name: what turns examples into activations. Imports no torch until one is opened.

A spec is `name` or `scheme:rest`: `pocket-clip`, `clip:ViT-B-32/openai`, `embeddings:FILE.npz`,
`synthetic:alpha=.5`. Each module has one `open_backend(spec, device)`.
"""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.contracts import Backend

MODULES: dict[str, tuple[str, str]] = {
    "pocket-clip": ("clip", "small open_clip model over rendered scenes, shipped"),
    "pocket-clip-untrained": ("clip", "the same model at its initial weights: a control"),
    "synthetic": ("planted", "planted sparse world with known dictionaries (synthetic:alpha=.5)"),
    "clip": ("clip", "any open_clip model: clip:ARCH/PRETRAINED, clip:hf-hub:REPO, clip:FOLDER"),
    "embeddings": ("embeddings", "your paired matrices: embeddings:FILE.npz or .safetensors"),
}
GROUPS: dict[str, tuple[str, ...]] = {"pocket": ("pocket-clip",)}
"""Names that stand for several backends; `pocket` is every shipped, trained one."""


def expand(names: list[str]) -> list[str]:
    """Backend specs with groups written out, each once, in order."""
    specs = [spec for name in names for spec in GROUPS.get(name, (name,))]
    return list(dict.fromkeys(specs))


def open_backend(spec: str, device: str = "cpu") -> Backend:
    """The backend that a spec names. Raises ValueError in one line where there is none."""
    scheme = spec.split(":", 1)[0]
    if scheme not in MODULES:
        near = difflib.get_close_matches(scheme, [*MODULES, *GROUPS], n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(MODULES)}"
        raise ValueError(f"no backend called {spec}: {hint}")
    module = importlib.import_module(f"benchmark.backends.{MODULES[scheme][0]}")
    return module.open_backend(spec, device=device)
