"""The pocket Llama: its size, how it reads packed rows, and its folder."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from benchmark.recipes.language import tokenizer
from benchmark.recipes.language.rows import Packed
from benchmark.worlds import textual_maps
from benchmark.worlds.textual_maps import Noise


def config() -> LlamaConfig:
    """Six blocks of width 192, tied embeddings; 2.7 M parameters."""
    vocabulary = tokenizer.build()
    return LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=6,
        num_attention_heads=6,
        num_key_value_heads=6,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=vocabulary.bos_token_id,
        eos_token_id=vocabulary.eos_token_id,
        pad_token_id=vocabulary.pad_token_id,
    )


def fresh(seed: int) -> LlamaForCausalLM:
    """The model with initial weights."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(config())


def save(model: LlamaForCausalLM, folder: Path) -> None:
    """Writes model and tokenizer as any hub folder has them, in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(folder)
    half = LlamaForCausalLM(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)


def load(folder: Path) -> LlamaForCausalLM:
    """The model in single precision, ready to be asked."""
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def visible(branch: Int[Tensor, "b t"]) -> Bool[Tensor, "b 1 t t"]:
    """Which token sees which: what came before it in its own branch and in the prefix."""
    length = branch.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool).tril()
    of_prefix, own = branch[:, None, :] == 0, branch[:, None, :] == branch[:, :, None]
    itself = torch.eye(length, dtype=torch.bool)
    return ((earlier & (of_prefix | own)) | itself)[:, None]


def blend(
    table: Float[Tensor, "v d"], packed: Packed, noise: Noise, generator: torch.Generator
) -> Float[Tensor, "m p d"]:
    """Patch vectors of the blended maps: weighted sums of word embeddings, and noise."""
    words = table[torch.from_numpy(packed.words)]
    mixed = (words * torch.from_numpy(packed.word_weights).to(table.device)[..., None]).sum(2)
    m, p, d = mixed.shape
    vocabulary = tokenizer.build().get_vocab()
    every = table[[vocabulary[word] for word in textual_maps.every_word()]]
    strength = noise.words * torch.rand(m, 1, 1, generator=generator)
    astray = strength * torch.randn(m, p, len(every), generator=generator)
    length = table.detach().norm(dim=1).mean()
    blur = noise.blur * length * torch.randn(m, p, d, generator=generator).to(table.device) / d**0.5
    return mixed + astray.to(table.device) @ every + blur


def embeddings(
    table: Float[Tensor, "v d"], packed: Packed, patches: Float[Tensor, "m p d"] | None
) -> Float[Tensor, "b t d"]:
    """What the first block reads: token embeddings, and patch vectors at `<image>` tokens."""
    tokens = torch.from_numpy(packed.tokens).to(table.device)
    read = nn.functional.embedding(tokens, table)
    if patches is None:
        return read
    places = torch.eq(tokens, tokenizer.build().get_vocab()[tokenizer.IMAGE])
    return read.masked_scatter(places[..., None], patches.flatten(0, 1).to(read.dtype))


def read_text(
    model: LlamaForCausalLM, packed: Packed, noise: Noise, generator: torch.Generator
) -> Float[Tensor, "b t d"]:
    """What the first block reads of rows without a picture."""
    table = model.model.embed_tokens.weight
    blends = blend(table, packed, noise, generator) if len(packed.blended) else None
    return embeddings(table, packed, blends)


def answer_loss(
    core: nn.Module, head: nn.Module, packed: Packed, read: Float[Tensor, "b t d"]
) -> tuple[Tensor, Tensor]:
    """Weighted cross-entropy of every target token, and the share of answers' tokens hit."""
    branch = torch.from_numpy(packed.branch)
    hidden = core(
        inputs_embeds=read,
        attention_mask=visible(branch).to(read.device),
        position_ids=torch.from_numpy(packed.positions).to(read.device),
        use_cache=False,
    ).last_hidden_state
    weights = torch.from_numpy(packed.weights)
    rows, at = torch.nonzero(weights, as_tuple=True)
    counts, targets = weights[rows, at], torch.from_numpy(packed.tokens)[rows, at]
    counts, targets = counts.to(read.device), targets.to(read.device)
    logits = head(hidden[rows, at - 1]).float()
    loss = nn.functional.cross_entropy(logits, targets, reduction="none")
    hit = (logits.argmax(1) == targets)[counts >= 1].float().mean()
    return (loss * counts).sum() / counts.sum(), hit
