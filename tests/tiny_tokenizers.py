"""Small byte-pair tokenizers with the special tokens and chat forms of the models they stand for.

Trained on captions of the pocket world in a moment; everything else is as released folders have it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast, Qwen2Tokenizer

from benchmark.worlds.scene import sample

VICUNA = (
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] + ' ' }}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
"""LLaVA-1.5: the tokenizer adds the start token, and nothing ends an answer."""
MISTRAL = (
    "{% for message in messages %}{% set user = message['role'] == 'user' %}"
    "{{ '[INST] ' if user else ' ' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}"
    "{{ ' [/INST]' if user else '</s>' }}{% endfor %}"
)
"""LLaVA-v1.6-Mistral: nothing but a bracket opens the answer."""
LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|start_header_id|>system<|end_header_id|>\n\nYou are a helpful assistant.<|eot_id|>' }}"
    "{% endif %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}"
    "{{ '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
"""Llama 3: the template writes the start token and a system's turn of its own."""
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}"
    "{{ '<|vision_start|><|image_pad|><|vision_end|>' }}{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""Qwen: no start token at all."""
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@cache
def corpus() -> tuple[str, ...]:
    """Captions to train on."""
    scenes = (sample(3, "train", i, n_objects=1 + i % 3) for i in range(60))
    return tuple(caption.text for scene in scenes for caption in scene.captions())


def pieces(special: Sequence[str], *, size: int) -> Tokenizer:
    """A byte-fallback model over `▁`, as sentencepiece trains it: Llama, Mistral, Gemma."""
    core = Tokenizer(BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = BpeTrainer(vocab_size=size, special_tokens=[*special, *fallback], show_progress=False)
    core.train_from_iterator(corpus(), trainer)
    state = core.model
    bare = Tokenizer(state)
    bare.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return bare


def byte_level(size: int, split: str | None = None) -> Tokenizer:
    """A byte-level model without special tokens: Llama 3, Qwen."""
    core = Tokenizer(BPE(unk_token=None))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if split is not None:
        from tokenizers import Regex

        core.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(split), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    core.train_from_iterator(corpus(), trainer)
    return core


def llama2() -> PreTrainedTokenizerFast:
    """Llama 2 and Mistral with the image and padding tokens that LLaVA adds behind the words."""
    core = pieces(["<unk>", "<s>", "</s>"], size=420)
    core.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", core.token_to_id("<s>"))]
    )
    words = PreTrainedTokenizerFast(
        tokenizer_object=core,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        clean_up_tokenization_spaces=False,
    )
    words.add_tokens([AddedToken("<image>", special=True, normalized=False)])
    words.add_special_tokens({"pad_token": AddedToken("<pad>", special=True, normalized=False)})
    return words


def llama3() -> PreTrainedTokenizerFast:
    """Llama 3 with the image and padding tokens that LLaVA adds behind the words."""
    core = byte_level(380, LLAMA3_SPLIT)
    marks = ["begin_of_text", "end_of_text", "start_header_id", "end_header_id", "eot_id"]
    core.add_special_tokens([f"<|{mark}|>" for mark in marks])
    core.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A",
        special_tokens=[("<|begin_of_text|>", core.token_to_id("<|begin_of_text|>"))],
    )
    words = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<|begin_of_text|>",
        eos_token="<|eot_id|>",
        clean_up_tokenization_spaces=False,
    )
    words.add_tokens([AddedToken("<image>", special=True, normalized=False)])
    words.add_special_tokens({"pad_token": "<pad>"})
    return words


def qwen() -> Qwen2Tokenizer:
    """Qwen's own class with the marks of pictures and turns."""
    trained = byte_level(380)
    vocab = trained.get_vocab()
    words = Qwen2Tokenizer(vocab=vocab | {"<|endoftext|>": len(vocab)}, merges=merges_of(trained))
    marks = ["im_start", "im_end", "vision_start", "vision_end", "vision_pad", "image_pad"]
    marks = [f"<|{mark}|>" for mark in (*marks, "video_pad")]
    words.add_special_tokens({"additional_special_tokens": marks, "eos_token": "<|im_end|>"})
    return words


def merges_of(core: Tokenizer) -> list[tuple[str, str]]:
    """The pairs that a trained model joins, in their order."""
    found = json.loads(core.to_str())["model"]["merges"]
    return [tuple(pair.split(" ") if isinstance(pair, str) else pair) for pair in found]
