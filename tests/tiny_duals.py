"""Small random dual encoders of the released classes, saved as their folders are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE, Unigram
from tokenizers.trainers import BpeTrainer, UnigramTrainer
from transformers import (
    Aimv2Config,
    Aimv2Model,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    MetaClip2Config,
    MetaClip2Model,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessor,
    Siglip2Model,
    Siglip2Processor,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
)

from tests.tiny_tokenizers import corpus, merges_of, pieces

SIDE, PATCH, EYE, MOUTH, JOINT = 32, 8, 24, 16, 20
CLIP_SPLIT = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)


def _vision(**more: Any) -> dict[str, Any]:
    sizes = {"hidden_size": EYE, "intermediate_size": 32, "num_hidden_layers": 3}
    return sizes | {"num_attention_heads": 2, "image_size": SIDE, "patch_size": PATCH} | more


def _text(words: Any, **more: Any) -> dict[str, Any]:
    sizes = {"hidden_size": MOUTH, "intermediate_size": 32, "num_hidden_layers": 2}
    return sizes | {"num_attention_heads": 2, "vocab_size": len(words)} | more


def _saved(model: Any, processor: Any, folder: Path) -> Path:
    """A folder of weights at which every token, patch and position matters."""
    torch.manual_seed(0)
    for name, value in model.named_parameters():
        if value.ndim > 1 or "class_embedding" in name:
            torch.nn.init.normal_(value, std=0.6 if "embed" in name else 0.25)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _pictures(kind: Any, side: int = SIDE) -> Any:
    if kind is CLIPImageProcessor:
        return kind(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    return kind(size={"height": side, "width": side})


def clip_words() -> CLIPTokenizer:
    """Byte pairs that end in `</w>`, start and end mark last, as OpenAI numbered them."""
    core = Tokenizer(BPE(end_of_word_suffix="</w>"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(CLIP_SPLIT), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(
        vocab_size=700,
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    core.train_from_iterator(corpus(), trainer)
    vocab = core.get_vocab()
    ends = [f"{byte}</w>" for byte in alphabet if f"{byte}</w>" not in vocab]
    for mark in (*ends, "<|startoftext|>", "<|endoftext|>"):
        vocab[mark] = len(vocab)
    return CLIPTokenizer(vocab=vocab, merges=merges_of(core), model_max_length=77)


def clip(folder: Path, act: str = "quick_gelu", eos: int | None = 2) -> Path:
    """OpenAI's CLIP: QuickGELU, and a wrong end token in the configuration that all live with."""
    words = clip_words()
    text = _text(words, max_position_embeddings=77, hidden_act=act)
    text["eos_token_id"] = words.eos_token_id if eos is None else eos
    config = CLIPConfig(
        vision_config=_vision(hidden_act=act), text_config=text, projection_dim=JOINT
    )
    processor = CLIPProcessor(_pictures(CLIPImageProcessor), words)
    return _saved(CLIPModel(config), processor, folder)


def metaclip(folder: Path) -> Path:
    """MetaCLIP: the class of CLIP, with the end token of its tokenizer."""
    return clip(folder, eos=None)


def _unigram(lower: bool) -> Tokenizer:
    core = Tokenizer(Unigram())
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = UnigramTrainer(
        vocab_size=300, special_tokens=specials, unk_token="<unk>", show_progress=False
    )
    core.train_from_iterator(corpus(), trainer)
    if lower:
        marks = Regex(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]")
        core.normalizer = normalizers.Sequence(
            [
                normalizers.Lowercase(),
                normalizers.Replace(marks, ""),
                normalizers.Replace(Regex(r"\s+"), " "),
                normalizers.Strip(),
            ]
        )
    return core


def metaclip2(folder: Path) -> Path:
    """MetaCLIP 2: many languages, so the tokenizer of XLM, whose end token is no last one."""
    core = _unigram(lower=False)
    ids = [(mark, core.token_to_id(mark)) for mark in ("<s>", "</s>")]
    core.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ids)
    words = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=77,
    )
    text = _text(words, max_position_embeddings=77, eos_token_id=words.eos_token_id)
    config = MetaClip2Config(vision_config=_vision(), text_config=text, projection_dim=JOINT)
    return _saved(
        MetaClip2Model(config), CLIPProcessor(_pictures(CLIPImageProcessor), words), folder
    )


def siglip(folder: Path) -> Path:
    """SigLIP: words without case and marks, padded with the end token itself."""
    core = _unigram(lower=True)
    core.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", core.token_to_id("</s>"))]
    )
    words = PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token="</s>",
        pad_token="</s>",
        unk_token="<unk>",
        model_max_length=64,
        model_input_names=["input_ids"],
    )
    return _sigmoid(words, folder)


def gemma_words() -> PreTrainedTokenizerFast:
    """Gemma's tokenizer as SigLIP 2 has it: it keeps upper case, which no training text had."""
    core = pieces(["<pad>", "<eos>", "<bos>", "<unk>"], size=420)
    core.normalizer = normalizers.Replace(" ", "▁")
    core.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", core.token_to_id("<eos>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="right",
        model_max_length=64,
        model_input_names=["input_ids"],
    )


def siglip2(folder: Path) -> Path:
    """SigLIP 2 at one size: the class of SigLIP behind Gemma's tokenizer."""
    return _sigmoid(gemma_words(), folder)


def _sigmoid(words: Any, folder: Path) -> Path:
    config = SiglipConfig(vision_config=_vision(), text_config=_text(words, projection_size=EYE))
    processor = SiglipProcessor(_pictures(SiglipImageProcessor), words)
    return _saved(SiglipModel(config), processor, folder)


def naflex(folder: Path) -> Path:
    """SigLIP 2 NaFlex: pictures keep their shape and are padded to a number of patches."""
    words = gemma_words()
    vision = _vision(num_patches=16)
    del vision["image_size"]
    config = Siglip2Config(vision_config=vision, text_config=_text(words, projection_size=EYE))
    pictures = Siglip2ImageProcessor(patch_size=PATCH, max_num_patches=16)
    return _saved(Siglip2Model(config), Siglip2Processor(pictures, words), folder)


def aimv2(folder: Path) -> Path:
    """AIMv2 tuned to texts: no class token, an attention pool, CLIP's words."""
    words = clip_words()
    text = _text(words, max_position_embeddings=77, eos_token_id=words.eos_token_id)
    config = Aimv2Config(
        vision_config=_vision(use_head=True), text_config=text, projection_dim=JOINT
    )
    return _saved(Aimv2Model(config), CLIPProcessor(_pictures(CLIPImageProcessor), words), folder)


@dataclass(frozen=True)
class Kind:
    """One of the released models in small."""

    save: Callable[[Path], Path]
    released: str
    """The hub id that it stands for."""
    model_type: str


KINDS: dict[str, Kind] = {
    "clip": Kind(clip, "openai/clip-vit-large-patch14", "clip"),
    "metaclip": Kind(metaclip, "facebook/metaclip-b32-400m", "clip"),
    "metaclip2": Kind(metaclip2, "facebook/metaclip-2-worldwide-b32", "metaclip_2"),
    "siglip": Kind(siglip, "google/siglip-base-patch16-224", "siglip"),
    "siglip2": Kind(siglip2, "google/siglip2-base-patch16-224", "siglip"),
    "naflex": Kind(naflex, "google/siglip2-base-patch16-naflex", "siglip2"),
    "aimv2": Kind(aimv2, "apple/aimv2-large-patch14-224-lit", "aimv2"),
}


def named_after(folder: Path, tokenizer: str) -> Path:
    """The folder with another class of tokenizer in its configuration."""
    file = folder / "tokenizer_config.json"
    found = json.loads(file.read_text()) | {"tokenizer_class": tokenizer}
    file.write_text(json.dumps(found))
    return folder
