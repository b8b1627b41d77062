"""Several questions about one picture in one row: the picture first, then a branch a question.

Branches see what comes before them in common and never each other, and each goes on counting
positions from there, so every question is asked alone at the price of one reading of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.backends.llava.asking import Asker, Prompts
from benchmark.contracts import Talk

HOSTS = frozenset({"llava", "llava_next"})
DECODERS = frozenset({"llama", "mistral", "qwen2"})
MASKED = frozenset({"eager", "sdpa"})
"""Kinds of attention that take a mask of their caller's."""
FIXED_ROPE = frozenset({"default", "linear", "llama3", "yarn"})
"""Rotary positions that do not follow how long the batch is."""

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Branches:
    """Token ids of a talk: what all prompts begin with, the rest of each, and its answer."""

    prefix: Ids
    asked: tuple[Ids, ...]
    answers: tuple[Ids, ...]


@dataclass(frozen=True, eq=False)
class Packed:
    """Rows of branches side by side, padded on the right, as the model reads them."""

    prompts: Prompts
    said: Bool[Tensor, "b t"]
    """Tokens of answers, their ends included."""


def packs(model: Any) -> bool:
    """Whether a row of branches is read exactly as a row a question.

    True for the hosts and decoders that tests hold to it: causal attention over everything before,
    under a mask that is handed in, at rotary positions that are handed in.
    """
    text = model.config.get_text_config(decoder=True)
    rope = getattr(text, "rope_parameters", None) or {}
    return (
        model.config.model_type in HOSTS
        and text.model_type in DECODERS
        and text._attn_implementation in MASKED
        and getattr(text, "sliding_window", None) is None
        and set(getattr(text, "layer_types", None) or ()) <= {"full_attention"}
        and rope.get("rope_type", "default") in FIXED_ROPE
    )


def packed(asker: Asker, asked: Prompts, talks: Sequence[Talk]) -> Packed | None:
    """Rows of whole talks, from the prompts that ask the first question of each.

    None where the processor writes prompts in other tokens than its tokenizer does with one image
    token repeated, or where two prompts part before their picture ends.
    """
    prompts = _prompts(asker, asked, talks)
    shown = asked.inputs["attention_mask"].bool()
    for row, ids, real in zip(prompts, asked.inputs["input_ids"], shown, strict=True):
        if ids[real].tolist() != list(row[0]):
            return None
    answers = asker.chat.answer_ids([answer for talk in talks for _, answer in talk])
    told = iter(map(tuple, answers))
    rows = [parted(row, [next(told) for _ in row]) for row in prompts]
    if not all(
        row.prefix.count(asker.image_id) == int(n)
        for row, n in zip(rows, asked.picture.sum(1), strict=True)
    ):
        return None
    return _side_by_side(rows, asked, asker)


def _prompts(asker: Asker, asked: Prompts, talks: Sequence[Talk]) -> list[list[Ids]]:
    """Token ids of every question's whole prompt, as many image tokens in it as its picture has."""
    chat = asker.chat
    questions = [question for talk in talks for question, _ in talk]
    read = iter(chat.words(questions, chat.pictured).ids)
    found = []
    for talk, n in zip(talks, asked.picture.sum(1).tolist(), strict=True):
        row = []
        for ids in (next(read) for _ in talk):
            at = ids.index(asker.image_id)
            row.append((*ids[:at], *[asker.image_id] * n, *ids[at + 1 :]))
        found.append(row)
    return found


def parted(prompts: Sequence[Ids], answers: Sequence[Ids]) -> Branches:
    """The longest beginning that prompts share, and their branches: a token of the prompt at least.

    That token is the one from which the answer's first token is foretold.
    """
    shortest, longest = min(prompts), max(prompts)
    limit = min(map(len, prompts)) - 1
    alike = (i for i in range(limit) if shortest[i] != longest[i])
    at = next(alike, limit)
    return Branches(prompts[0][:at], tuple(ids[at:] for ids in prompts), tuple(answers))


def _side_by_side(rows: Sequence[Branches], asked: Prompts, asker: Asker) -> Packed:
    """Rows padded on the right to the longest, with the pictures of the prompts they came from."""
    fields = zip(*(_columns(row) for row in rows), strict=True)
    tokens, branch, places, said = (
        torch.nn.utils.rnn.pad_sequence(list(own), batch_first=True, padding_value=value)
        for own, value in zip(fields, (asker.pad_id, -1, 0, 0), strict=True)
    )
    tokens = tokens.to(asker.device)
    inputs = dict(asked.inputs) | {
        "input_ids": tokens,
        "attention_mask": _mask(branch, asker.dtype).to(asker.device),
        "position_ids": places.to(asker.device),
    }
    return Packed(_shown(asked, inputs, tokens == asker.image_id), said.bool().to(asker.device))


def _columns(row: Branches) -> tuple[Int[Tensor, " t"], ...]:
    """Tokens, branches (the prefix is 0), positions, and whether a token is of an answer."""
    n = len(row.prefix)
    tokens, branch, places, said = [*row.prefix], [0] * n, [*range(n)], [0] * n
    for k, (asked, answer) in enumerate(zip(row.asked, row.answers, strict=True), start=1):
        tokens += [*asked, *answer]
        branch += [k] * (len(asked) + len(answer))
        places += range(n, n + len(asked) + len(answer))
        said += [0] * len(asked) + [1] * len(answer)
    return tuple(torch.tensor(each) for each in (tokens, branch, places, said))


def _shown(asked: Prompts, inputs: dict[str, Tensor], picture: Bool[Tensor, "b t"]) -> Prompts:
    """Prompts whose pictures are those of other prompts, token by token, in other columns."""
    image, patch = torch.zeros_like(picture), torch.full_like(inputs["input_ids"], -1)
    image[picture], patch[picture] = asked.image[asked.picture], asked.patch[asked.picture]
    text = torch.zeros_like(picture)
    return replace(asked, inputs=inputs, image=image, text=text, picture=picture, patch=patch)


def visible(branch: Int[Tensor, "b t"]) -> Bool[Tensor, "b t t"]:
    """Which token (row) sees which (column): itself, and what came before in prefix and branch.

    Branches are numbered from 1, the prefix is 0, padding is -1.
    """
    length = branch.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool, device=branch.device).tril()
    of_prefix, own = branch[:, None, :] == 0, branch[:, None, :] == branch[:, :, None]
    return earlier & (of_prefix | own)


def _mask(branch: Int[Tensor, "b t"], dtype: torch.dtype) -> Float[Tensor, "b 1 t t"]:
    """What is added to attention: nothing, or the most negative number, which every kind takes."""
    hidden = ~visible(branch)[:, None]
    return torch.zeros(hidden.shape, dtype=dtype).masked_fill(hidden, torch.finfo(dtype).min)
