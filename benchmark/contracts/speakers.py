"""A backend that writes text about pictures, and the changes made inside it while it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.contracts.backends import Backend
from benchmark.contracts.data import Talk

Change = Callable[[Float[Tensor, "b t d"]], Float[Tensor, "b t d"]]
"""From the residual stream of a batch to what it shall be; only the chosen positions are taken."""


@dataclass(frozen=True, eq=False)
class Edit:
    """A change of the residual stream after one block (0-based), at chosen positions.

    Without a block it is a change of what the projector reads of the picture, [b, p, d] of the
    tower's width, where a backend has the site `tower/tokens`; all else follows from that.
    `patches` chooses image positions by their place in the patch grid, row by row; None is all of
    them. With `decode` the change is also made at every token that is written, one by one.
    """

    block: int | None
    change: Change
    patches: Bool[Tensor, "b p"] | None = None
    decode: bool = False


@dataclass(frozen=True, eq=False)
class Asked:
    """A batch of prompts as the model reads them, padded on the left.

    `image` and `text` say which positions hold patch tokens (row by row of the picture) and which
    hold words of the prompt; what is neither is the chat's own frame or padding.
    """

    inputs: Mapping[str, Tensor]
    image: Bool[Tensor, "b t"]
    text: Bool[Tensor, "b t"]

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True, eq=False)
class Spoken:
    """What a forward pass over prompts and given answers found: an answer a row, or a talk's."""

    loss: Float[Tensor, " b"]
    """Summed cross-entropy of each row's answer tokens, ends included, in nats."""
    tokens: Int[Tensor, " b"]
    """How many tokens the answers of each row have, ends included."""
    residuals: Mapping[int, Float[Tensor, "b t d"]]
    """Residual stream after the blocks that were asked for, over prompt and answer."""
    image: Bool[Tensor, "b t"]
    """Image positions in those residuals."""


@runtime_checkable
class Speaker(Backend, Protocol):
    """A vision-language model: image tokens in a language model's residual stream."""

    @property
    def n_blocks(self) -> int: ...

    @property
    def patch_grid(self) -> tuple[int, int]:
        """Rows and columns of patch tokens in a picture."""
        ...

    @property
    def projector(self) -> Mapping[str, Tensor]:
        """Weight [w, d] and bias [w] of a linear projector that may be trained, by the names that
        a patch replaces them under; empty where there is none."""
        ...

    def ask(self, pictures: Sequence[Any] | None, prompts: Sequence[str]) -> Asked:
        """Prompts in the model's chat template, each after its picture; None asks without one."""
        ...

    def answers(
        self, asked: Asked, edits: Sequence[Edit] = (), max_new_tokens: int = 40
    ) -> list[str]:
        """Greedy answers, without special tokens."""
        ...

    def next_logits(self, asked: Asked, edits: Sequence[Edit] = ()) -> Float[Tensor, "b v"]:
        """Logits of the first token of the answer."""
        ...

    def next_logits_under(
        self, asked: Asked, alternatives: Sequence[Sequence[Edit]]
    ) -> list[Float[Tensor, "b v"]]:
        """What `next_logits` finds under each of several lists of edits of the same prompts.

        What comes before the first edit may be computed once for all of them.
        """
        ...

    def word_id(self, word: str) -> int:
        """The token that an answer starts with when it says this word."""
        ...

    def residuals(
        self, asked: Asked, blocks: Sequence[int], edits: Sequence[Edit] = ()
    ) -> dict[int, Float[Tensor, "b t d"]]:
        """Residual stream after each of these blocks, at every position of the prompts."""
        ...

    def spoken(
        self,
        asked: Asked,
        answers: Sequence[str],
        edits: Sequence[Edit] = (),
        blocks: Sequence[int] = (),
        patch: Mapping[str, Tensor] | None = None,
    ) -> Spoken:
        """Loss of given answers; differentiable in the tensors of `patch` and only in them."""
        ...

    def taught(
        self,
        pictures: Sequence[Any],
        talks: Sequence[Talk],
        edits: Sequence[Edit] = (),
        blocks: Sequence[int] = (),
        patch: Mapping[str, Tensor] | None = None,
    ) -> Spoken:
        """Loss of the answers of each picture's talk; every question is asked alone after it.

        A talk is (question, answer) pairs, one or more; a row of what is found is a picture, its
        loss [b] the sum, in nats, of what `spoken` finds for each pair alone, and differentiable
        alike. Residuals are promised at image positions, which all questions of a picture share;
        what follows them is as the backend laid it out. An edit's change is made of [b, t, d], a
        row a picture, and must not ask in which column a token stands. Raises ValueError where
        there is no picture, a talk is empty, or their numbers differ.
        """
        ...
