"""How a model is spoken to: its chat template around a text, and which tokens are the text's own.

The template is rendered once with a mark in the text's place; what stands before and after the
mark is the frame of every prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.messages.raised import with_kind

MARK = "qzxjqzxj"
SHOWN = 60


@dataclass(frozen=True)
class Frame:
    """What the template writes before and after the user's words."""

    before: str
    after: str

    def around(self, text: str) -> str:
        return f"{self.before}{text}{self.after}"


@dataclass(frozen=True, eq=False)
class Words:
    """Token ids of prompts without padding, and which tokens are the text's own."""

    ids: tuple[tuple[int, ...], ...]
    own: tuple[tuple[int, ...], ...]
    """Places of the text's own tokens, counted from the end of the prompt: the last token is -1."""

    def counts(self) -> Int[Tensor, " b"]:
        """How many tokens of its own each text has."""
        return torch.tensor([len(places) for places in self.own])

    def positions(self, width: int) -> Bool[Tensor, "b t"]:
        """The texts' own positions in prompts that are padded on the left to one width."""
        found = torch.zeros(len(self.own), width, dtype=torch.bool)
        rows = torch.repeat_interleave(torch.arange(len(self.own)), self.counts())
        found[rows, [width + place for places in self.own for place in places]] = True
        return found


@dataclass(frozen=True, eq=False)
class Chat:
    """A user's turn with or without a picture, and the assistant's turn that follows it."""

    tokenizer: Any
    image: str
    """The image token; a text that holds it could not be told from a picture."""
    plain: Frame
    pictured: Frame
    lead: str
    """What stands between a prompt and the first word of its answer."""
    end: int
    """The token that ends an answer."""

    def prompts(self, texts: Sequence[str], frame: Frame) -> list[str]:
        """Whole prompts. Raises ValueError on a text that is empty or holds the image token."""
        for i, text in enumerate(texts):
            if not text.strip():
                raise ValueError(f"text {i} of {len(texts)} is empty, wanted a word or more")
            if self.image in text:
                raise ValueError(
                    f"text {i} of {len(texts)} holds the image token {self.image}: "
                    f"{text[:SHOWN]!r}; wanted words alone"
                )
        return [frame.around(text.strip()) for text in texts]

    def starts_itself(self, prompt: str) -> bool:
        """Whether the template wrote the start token: the tokenizer then must not add another."""
        start = self.tokenizer.bos_token
        return bool(start) and prompt.startswith(start)

    def words(self, texts: Sequence[str], frame: Frame) -> Words:
        """Tokens of each prompt, its picture as the one token that the template writes."""
        prompts = self.prompts(texts, frame)
        if not prompts:
            raise ValueError("found no text, wanted at least one")
        read = self.tokenizer(
            prompts,
            add_special_tokens=not self.starts_itself(prompts[0]),
            return_offsets_mapping=True,
        )
        own = []
        for i, (prompt, offsets) in enumerate(zip(prompts, read["offset_mapping"], strict=True)):
            first, last = len(frame.before), len(prompt) - len(frame.after)
            places = [p for p, (a, b) in enumerate(offsets) if min(b, last) > max(a, first)]
            if not places:
                raise ValueError(f"no token is left of text {i}, {texts[i][:SHOWN]!r}")
            own.append(tuple(place - len(offsets) for place in places))
        return Words(tuple(tuple(ids) for ids in read["input_ids"]), tuple(own))

    def answer_ids(self, answers: Sequence[str]) -> list[list[int]]:
        """Tokens of each answer as the assistant's turn has them, up to and with the end token."""
        ask = self.plain.after or " "
        alone = self._ids(ask)
        found = []
        for answer in answers:
            whole = self._ids(f"{ask}{self.lead}{answer.strip()}") if answer.strip() else alone
            if whole[: len(alone)] != alone:
                raise ValueError(
                    f"the answer {answer[:SHOWN]!r} changes the tokens of the prompt before it: "
                    f"wanted a chat template that sets the two apart"
                )
            found.append([*whole[len(alone) :], self.end])
        return found

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def chat_of(processor: Any, ends: frozenset[int], name: str) -> Chat:
    """The chat of a processor's own template.

    Raises ValueError, one line, where the template fails, loses the text or has no place for a
    picture before it.
    """
    image = getattr(processor, "image_token", None)
    if not isinstance(image, str):
        raise ValueError(f"{name}: its processor names no image token, wanted one")
    text = {"type": "text", "text": MARK}
    plain = _rendered(processor, [_turn("user", text)], name)
    pictured = _rendered(processor, [_turn("user", {"type": "image"}, text)], name)
    if pictured.before.count(image) != 1 or image in pictured.after or image in plain.before:
        raise ValueError(
            f"{name}: its chat template writes {pictured.before!r} before a text about a picture, "
            f"wanted {image} there, once, and never without a picture"
        )
    tokenizer = processor.tokenizer
    lead, tail = _answered(processor, plain, name)
    written = tokenizer(tail, add_special_tokens=False)["input_ids"] if tail else []
    likely = [token for token in (*written, tokenizer.eos_token_id) if token in ends]
    end = likely[0] if likely else min(ends)
    return Chat(tokenizer, image, plain, pictured, lead, end)


def _turn(role: str, *parts: dict[str, str]) -> dict[str, Any]:
    return {"role": role, "content": list(parts)}


def _answered(processor: Any, plain: Frame, name: str) -> tuple[str, str]:
    """What the template puts between a prompt and its answer, and after the answer.

    Where it writes an answered chat in another way than a prompt, the two get a space between.
    """
    asked, said = ({"type": "text", "text": text} for text in ("?", MARK))
    turns = [_turn("user", asked), _turn("assistant", said)]
    frame = _rendered(processor, turns, name, opens=False)
    prompt = plain.around("?")
    if not frame.before.startswith(prompt):
        return ("" if prompt[-1:].isspace() else " "), frame.after
    return frame.before[len(prompt) :], frame.after


def _rendered(
    processor: Any, turns: list[dict[str, Any]], name: str, *, opens: bool = True
) -> Frame:
    """What a chat looks like around the mark; `opens` adds what the assistant's turn opens with."""
    try:
        whole = processor.apply_chat_template(turns, add_generation_prompt=opens, tokenize=False)
    except Exception as error:
        raise ValueError(f"{name}: its chat template fails ({with_kind(error)})") from error
    if whole.count(MARK) != 1:
        raise ValueError(
            f"{name}: its chat template writes a text {whole.count(MARK)} times, wanted once"
        )
    before, _, after = whole.partition(MARK)
    return Frame(before, after)
