"""How well the pocket language model reads: answers to unseen textual maps and captions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import AutoTokenizer, LlamaForCausalLM

from benchmark.recipes.language import model as lm
from benchmark.recipes.language import tokenizer
from benchmark.recipes.language.rows import GRID, PICTURE, Row, Writer, pack
from benchmark.recipes.probing import proportion
from benchmark.worlds import questions, textual_maps
from benchmark.worlds.questions import Exchange, Kind
from benchmark.worlds.scene import Scene, sample, stream
from benchmark.worlds.textual_maps import MODERATE, Noise

N_SCENES = 1000
BATCH = 200
MAX_ANSWER = 40
GATE_SEED = 11
Context = Literal["blended", "worst", "plain", "caption"]
CARD: tuple[tuple[Kind, Context], ...] = (
    ("list", "blended"),
    ("list", "worst"),
    ("list", "plain"),
    ("list", "caption"),
    ("is there", "blended"),
    ("is there", "caption"),
    ("colour", "blended"),
    ("coloured", "blended"),
    ("ground", "blended"),
    ("place", "blended"),
    ("count", "blended"),
)


@dataclass(frozen=True)
class Asked:
    """A context with one question, and the answer that is true."""

    row: Row
    said: Exchange


def greedy(
    model: LlamaForCausalLM, read: Float[Tensor, "b t d"], mask: Int[Tensor, "b t"]
) -> list[str]:
    """The model's own answers to left-padded prompts."""
    words = tokenizer.build()
    made = model.generate(
        inputs_embeds=read,
        attention_mask=mask,
        max_new_tokens=MAX_ANSWER,
        do_sample=False,
        pad_token_id=words.pad_token_id,
        eos_token_id=words.eos_token_id,
    )
    decoded = words.batch_decode(made, skip_special_tokens=True)
    return [text.strip() for text in decoded]


@torch.no_grad()
def answers(model: LlamaForCausalLM, asked: Sequence[Asked], noise: Noise) -> list[str]:
    """Greedy answers, batch by batch; prompts are padded on the left."""
    words = tokenizer.build()
    found: list[str] = []
    generator = torch.Generator().manual_seed(GATE_SEED)
    device = model.device
    for start in range(0, len(asked), BATCH):
        rows = [_prompt(each) for each in asked[start : start + BATCH]]
        packed = pack(rows, words.get_vocab(), words.pad_token_id)
        read = lm.read_text(model, packed, noise, generator)
        lengths = torch.from_numpy((packed.branch >= 0).sum(1))
        width = packed.tokens.shape[1]
        places = torch.arange(width)[None] - (width - lengths)[:, None]
        mask = (places >= 0).long()
        places = places.clamp(min=0)[..., None].expand(-1, -1, read.shape[2])
        found += greedy(model, read.gather(1, places.to(device)), mask.to(device))
    return found


def _prompt(asked: Asked) -> Row:
    """The prefix and the question, up to where the answer starts."""
    writer = Writer(tokenizer.build())
    ids, weights = writer.answered(asked.said)
    question = tuple(i for i, weight in zip(ids, weights, strict=True) if not weight)
    return Row((*asked.row.prefix, *question), (), asked.row.blend)


def unseen(kind: Kind, context: Context, noise: Noise, n: int, seed: int) -> list[Asked]:
    """Questions of one kind about scenes whose contents no training has."""
    writer, index = Writer(tokenizer.build()), 0
    found: list[Asked] = []
    while len(found) < n:
        scene = sample(GATE_SEED + seed, "test", index)
        rng = stream("gate", kind, context, seed, index)
        index += 1
        said = questions.exchange(rng, kind, scene)
        if said is not None:
            found.append(Asked(_told(writer, context, rng, scene, noise), said))
    return found


def _told(writer: Writer, context: Context, rng: random.Random, scene: Scene, noise: Noise) -> Row:
    """A scene in one of the forms that the model reads."""
    if context in ("blended", "worst"):
        return Row(writer.opening(*PICTURE), (), textual_maps.blended(rng, scene, GRID, noise))
    if context == "plain":
        return Row(writer.opening(*textual_maps.plain(rng, scene, GRID, noise)), ())
    full = next(c.text for c in scene.captions() if c.full)
    return Row((*writer.opening(), *writer.ids(full)), ())


def exact(
    model: LlamaForCausalLM, kind: Kind, context: Context, n: int, seed: int = 0
) -> dict[str, float]:
    """Share of unseen questions answered word by word as the truth has it."""
    noise = Noise() if context == "worst" else MODERATE
    asked = unseen(kind, context, noise, n, seed)
    found = answers(model, asked, noise)
    return proportion([a == b.said.answer for a, b in zip(found, asked, strict=True)])


def measure(folder: Path, device: torch.device, seed: int = 0) -> dict[str, Any]:
    """Everything the card says about quality, from the folder alone."""
    tokenizer.check(AutoTokenizer.from_pretrained(folder), folder)
    model = lm.load(folder)
    model.to(device)  # type: ignore[arg-type]
    names = [f"{kind}/{context}".replace(" ", "_") for kind, context in CARD]
    return {
        name: exact(model, kind, context, N_SCENES, seed)
        for name, (kind, context) in zip(names, CARD, strict=True)
    }
