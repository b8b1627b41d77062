"""Edits and reads the residual stream while a model runs: hooks that are gone when it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from benchmark.backends.llava.asking import Prompts
from benchmark.backends.llava.blocks import Blocks
from benchmark.backends.llava.projecting import before
from benchmark.contracts import Edit


class EnoughError(Exception):
    """Ends a forward pass after the last block that is asked for."""


@dataclass(eq=False)
class Editor:
    """A forward hook that makes one edit, column by column as the stream comes by.

    Columns of the prompt come first, in one piece; what comes after them is being written.
    """

    edit: Edit
    chosen: Bool[Tensor, "b t"]
    """Columns of the prompt that are changed."""
    seen: int = 0

    def __call__(self, _module: nn.Module, _inputs: Any, output: Any) -> Any:
        stream = output[0] if isinstance(output, (tuple, list)) else output
        where = self._where(stream.shape[1]).to(stream.device)
        self.seen += stream.shape[1]
        if not bool(where.any()):
            return None
        changed = self.edit.change(stream)
        if changed.shape != stream.shape:
            found, wanted = list(changed.shape), list(stream.shape)
            raise ValueError(f"an edit made {found} of a stream {wanted}, wanted the same shape")
        edited = torch.where(where[..., None], changed.to(stream.dtype), stream)
        return (edited, *output[1:]) if isinstance(output, (tuple, list)) else edited

    def _where(self, n: int) -> Bool[Tensor, "b n"]:
        """The next n columns: of the prompt as chosen, after it if the edit goes on.

        It goes on only in prompts where it began: a prompt without a chosen patch is left alone.
        """
        more = max(n + self.seen - self.chosen.shape[1], 0)
        after = self.chosen.any(1, keepdim=True).expand(-1, more) & self.edit.decode
        return torch.cat([self.chosen, after], dim=1)[:, self.seen : self.seen + n]


@contextmanager
def edited(
    blocks: Blocks,
    asked: Prompts,
    edits: Sequence[Edit],
    written: Bool[Tensor, "b t"] | None = None,
) -> Iterator[None]:
    """Makes the edits, in their order, while the context is open.

    `written` are columns of the prompts themselves that are answers: edits that go on reach them.
    Raises ValueError on a block that is not there, on an edit of pictures where the prompts have
    none, and on a choice of patches that is not [prompts, patches].
    """
    with ExitStack() as hooks:
        for edit in edits:
            if edit.block is None:
                chosen(asked, edit)
                hooks.callback(before(blocks, asked, edit, edit.patches).remove)
                continue
            where = chosen(asked, edit)
            if written is not None and edit.decode:
                where = where | (written & where.any(1, keepdim=True))
            editor = Editor(edit, where)
            hooks.callback(blocks[edit.block].register_forward_hook(editor).remove)
        yield


def chosen(asked: Prompts, edit: Edit) -> Bool[Tensor, "b t"]:
    """Positions of the prompt that an edit changes: every token that shows a chosen patch.

    Without a choice it is every token of the picture.
    """
    if not bool(asked.picture.any(1).all()):
        raise ValueError("an edit of image positions wants prompts that have a picture, found none")
    if edit.patches is None:
        return asked.picture
    wanted = len(asked), int(asked.patch.max()) + 1
    if tuple(edit.patches.shape) != wanted:
        raise ValueError(
            f"an edit chooses patches {list(edit.patches.shape)}, wanted {list(wanted)}: a row a "
            f"prompt, a column a patch"
        )
    picked = edit.patches.to(asked.patch.device).gather(1, asked.patch.clamp(min=0))
    return picked & (asked.patch >= 0)


@contextmanager
def reading(
    blocks: Blocks, wanted: Sequence[int], *, stop: bool = False
) -> Iterator[dict[int, Float[Tensor, "b t d"]]]:
    """Collects the stream after blocks of one forward pass, as edits of the same block left it.

    With `stop` the pass ends after the last of them: nothing that comes later is computed.
    """
    found: dict[int, Tensor] = {}

    def keep(block: int) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            found[block] = output[0] if isinstance(output, (tuple, list)) else output
            if stop and block == max(wanted):
                raise EnoughError

        return hook

    with ExitStack() as hooks:
        for block in sorted(set(wanted)):
            hooks.callback(blocks[block].register_forward_hook(keep(block)).remove)
        with suppress(EnoughError):
            yield found
