"""Where the two towers of a dual encoder keep their blocks, and the sites that they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from benchmark.backends.hooks import outputs_of, residual
from benchmark.contracts import Site

TOKENS = "/tokens"
TOWERS = ("vision_model", "text_model")


@dataclass(frozen=True, eq=False)
class Towers:
    """Dotted paths of both lists of blocks, and how a picture lies in the tokens."""

    image: str
    n_image: int
    text: str
    n_text: int
    n_prefix: int
    """Tokens before the first patch: a class token, where there is one."""
    grid: tuple[int, int] | None
    """Rows and columns of patches; None where they follow the shape of the picture."""

    @property
    def sites(self) -> tuple[Site, ...]:
        """`embedding`, the blocks that both towers have, each by token too, and `patches`."""
        both = range(min(self.n_image, self.n_text))
        first = Site("embedding", TOWERS[0], TOWERS[1])
        last = f"{self.image}.{self.n_image - 1}", f"{self.text}.{self.n_text - 1}"
        pooled = [
            Site(f"block:{i}", f"{self.image}.{i}", f"{self.text}.{i}", block=i, pool="mean")
            for i in both
        ]
        if self.grid is None:
            return (first, *pooled)
        tokens = [
            Site(s.name + TOKENS, s.image_module, s.text_module, block=s.block, pool="none")
            for s in pooled
        ]
        return (
            first,
            *pooled,
            *tokens,
            Site("patches", *last, block=self.n_image - 1, pool="none"),
        )


def towers_of(model: Any, native: bool, name: str) -> Towers:
    """Where a model keeps its blocks. Raises ValueError, one line, where that is not known."""
    found = []
    for tower, config in zip(
        TOWERS, (model.config.vision_config, model.config.text_config), strict=True
    ):
        n = config.num_hidden_layers
        lists = [
            path
            for path, module in getattr(model, tower).named_modules()
            if isinstance(module, nn.ModuleList) and len(module) == n
        ]
        if len(lists) != 1:
            raise ValueError(
                f"{name}: found {len(lists)} lists of {n} blocks in its {tower}, wanted one: this "
                f"architecture is not known here"
            )
        found.append((f"{tower}.{lists[0]}", n))
    (image, n_image), (text, n_text) = found
    vision = model.config.vision_config
    side = vision.image_size // vision.patch_size if not native else 0
    prefix = any(key.endswith("class_embedding") for key in model.vision_model.state_dict())
    grid = None if native else (side, side)
    return Towers(image, n_image, text, n_text, int(prefix), grid)


@contextmanager
def streams_of(model: nn.Module, paths: Sequence[str], n: int) -> Iterator[dict[str, Tensor]]:
    """Collects the residual stream after these blocks; filled when the context is left."""
    streams: dict[str, Float[Tensor, "b t d"]] = {}
    with ExitStack() as hooks:
        kept = {
            path: hooks.enter_context(outputs_of(model.get_submodule(path)))
            for path in dict.fromkeys(paths)
        }
        yield streams
    for path, outputs in kept.items():
        streams[path] = residual(outputs, model.get_submodule(path), n)
