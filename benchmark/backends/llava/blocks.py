"""Where a vision-language model keeps its decoder blocks, and the sites that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from benchmark.backends.llava.views import merged_by
from benchmark.contracts import Site

TOKENS = "/tokens"
PROJECTORS = ("multi_modal_projector", "merger")
"""What comes between tower and language model, by the last word of its path."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """The decoder blocks of a model in the order in which they run."""

    path: str
    """Dotted path of their list; block l is `<path>.<l>`."""
    modules: nn.ModuleList
    projector: nn.Module | None = None
    """What comes between tower and language model, where it is one module of a known name."""
    merged: int = 1
    """How many tower tokens it makes one patch of; 0 where their order is not known."""

    def __len__(self) -> int:
        return len(self.modules)

    def __getitem__(self, block: int) -> nn.Module:
        """Block l of n. Raises ValueError where there is none."""
        if not 0 <= block < len(self):
            raise ValueError(
                f"there is no block {block}: {self.path} has blocks 0 to {len(self) - 1}"
            )
        return self.modules[block]

    @property
    def sites(self) -> tuple[Site, ...]:
        """The middle block first, then each block pooled, then each block by token."""
        pooled = [self.site(block, "mean") for block in range(len(self))]
        tokens = [self.site(block, "none") for block in range(len(self))]
        middle = pooled.pop(len(self) // 2)
        return (middle, *pooled, *tokens)

    def site(self, block: int, pool: str) -> Site:
        """The residual stream after one block: image and text positions of the same module."""
        name, path = f"block:{block}", f"{self.path}.{block}"
        if pool == "none":
            return Site(name + TOKENS, path, path, block=block, pool="none")
        return Site(name, path, path, block=block, pool="mean")


def check_sites(asked: Sequence[Site], sites: Sequence[Site], name: str) -> None:
    """Raises ValueError, one line, unless all that are asked for are among these."""
    for site in asked:
        if site not in sites:
            pooled = [s for s in sites if s.pool != "none"]
            last = max(s.block for s in pooled if s.block is not None)
            names = ", ".join(
                [f"block:0 to block:{last}", *(s.name for s in pooled if s.block is None)]
            )
            raise ValueError(
                f"{name} has no site {site.name!r}, wanted {names}, or one of them with /tokens"
            )


def blocks_of(model: Any, name: str) -> Blocks:
    """The one list of blocks in the language model that is as long as its configuration says.

    Raises ValueError, one line, where there is no such list or a block stands in another's place.
    """
    n = model.config.get_text_config(decoder=True).num_hidden_layers
    decoder = model.get_decoder()
    lists = [m for m in decoder.children() if isinstance(m, nn.ModuleList) and len(m) == n]
    if len(lists) != 1:
        raise ValueError(
            f"{name}: found {len(lists)} lists of {n} decoder blocks in {type(decoder).__name__}, "
            f"wanted one: this architecture is not known here"
        )
    path = next(path for path, module in model.named_modules() if module is lists[0])
    for block, module in enumerate(lists[0]):
        said = {getattr(m, "layer_idx", block) for m in module.modules()} - {block, None}
        if said or model.get_submodule(f"{path}.{block}") is not module:
            raise ValueError(
                f"{name}: {path}.{block} calls itself block {said}, wanted block {block} of {n}"
            )
    projector = path_of(model, PROJECTORS)
    between = model.get_submodule(projector) if projector else None
    return Blocks(path, lists[0], between, merged_by(model))


def path_of(model: Any, names: Sequence[str]) -> str:
    """Dotted path of the first module that ends in one of these words; empty without one."""
    paths = (path for path, _ in model.named_modules() if path.rpartition(".")[2] in names)
    return next(paths, "")
