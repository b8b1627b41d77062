"""The loss of whole talks about pictures: a row of branches a picture, or a row a question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from benchmark.backends.llava.asking import Asker, Pictures
from benchmark.backends.llava.blocks import Blocks
from benchmark.backends.llava.hooking import edited, reading
from benchmark.backends.llava.packing import Packed, packed, packs
from benchmark.backends.llava.speaking import graded, logits_of, spoken, together
from benchmark.contracts import Edit, Spoken, Talk


def taught(
    model: Any,
    blocks: Blocks,
    asker: Asker,
    pictures: Pictures,
    talks: Sequence[Talk],
    edits: Sequence[Edit],
    wanted: Sequence[int],
    patch: Mapping[str, Tensor],
) -> Spoken:
    """Cross-entropy of every answer of each picture's talk, in nats, summed a picture.

    Packed where the model reads branches as it reads rows, in rounds of one question a picture
    where that is not known: the same numbers, slower.
    """
    _check(pictures, talks)
    if packs(model):
        asked = asker.about(pictures, [talk[0][0] for talk in talks])
        rows = packed(asker, asked, talks)
        if rows is not None:
            return at_once(model, blocks, rows, edits, wanted, patch)
    return in_rounds(model, blocks, asker, pictures, talks, edits, wanted, patch)


def at_once(
    model: Any,
    blocks: Blocks,
    rows: Packed,
    edits: Sequence[Edit],
    wanted: Sequence[int],
    patch: Mapping[str, Tensor],
) -> Spoken:
    """A row of branches a picture; logits are made where an answer's token is foretold alone."""
    prompts, said = rows.prompts, rows.said
    told = prompts.inputs["input_ids"][said]
    inputs = dict(prompts.inputs) | {"use_cache": False}
    with (
        graded(patch),
        edited(blocks, prompts, edits, written=said),
        reading(blocks, wanted) as at,
        read_at(model.get_output_embeddings(), said.roll(-1, dims=1)),
    ):
        logits = logits_of(model, inputs, patch).float()
        losses = nn.functional.cross_entropy(logits, told, reduction="none")
        loss = losses.new_zeros(len(prompts)).index_add(0, said.nonzero()[:, 0], losses)
    return Spoken(
        loss=loss, tokens=said.sum(1), residuals=together(at, prompts.image), image=prompts.image
    )


@contextmanager
def read_at(head: nn.Module, where: Bool[Tensor, "b t"]) -> Iterator[None]:
    """While the context is open the head reads these n positions alone and puts out [n, v]."""

    def gather(_module: nn.Module, inputs: tuple[Float[Tensor, "b t d"], ...]) -> Any:
        return (inputs[0][where], *inputs[1:])

    handle = head.register_forward_pre_hook(gather)
    try:
        yield
    finally:
        handle.remove()


def in_rounds(
    model: Any,
    blocks: Blocks,
    asker: Asker,
    pictures: Pictures,
    talks: Sequence[Talk],
    edits: Sequence[Edit],
    wanted: Sequence[int],
    patch: Mapping[str, Tensor],
) -> Spoken:
    """One question of every picture a round, so that an edit always meets a row a picture.

    A picture whose talk is over is asked its first question again, which is not counted.
    """
    found: list[Spoken] = []
    counts: list[Tensor] = []
    for k in range(max(map(len, talks))):
        turns = [talk[k if k < len(talk) else 0] for talk in talks]
        asked = asker.about(pictures, [question for question, _ in turns])
        ids = asker.chat.answer_ids([answer for _, answer in turns])
        read = () if found else wanted
        found.append(spoken(model, blocks, asked, ids, edits, read, patch))
        counts.append(torch.tensor([k < len(talk) for talk in talks], device=asker.device))
    counted = torch.stack(counts)
    loss = (torch.stack([each.loss for each in found]) * counted).sum(0)
    tokens = (torch.stack([each.tokens for each in found]) * counted).sum(0)
    return replace(found[0], loss=loss, tokens=tokens)


def _check(pictures: Pictures, talks: Sequence[Talk]) -> None:
    """Raises ValueError unless every picture has a talk of a question or more."""
    if len(pictures) != len(talks) or not len(talks):
        raise ValueError(
            f"found {len(pictures)} pictures for {len(talks)} talks, wanted one talk each, and one "
            f"or more"
        )
    for i, talk in enumerate(talks):
        if not len(talk):
            raise ValueError(
                f"the talk about picture {i} of {len(talks)} is empty, wanted a question and its "
                f"answer, or more: leave the picture out"
            )
