"""The word-level tokenizer of the pocket language models, with chat template and image token."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from benchmark.recipes import word_tokenizer
from benchmark.worlds import questions

PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<s>", "</s>"
IMAGE, USER, ASSISTANT = "<image>", "<user>", "<assistant>"
SPECIAL = (PAD, UNKNOWN, START, END, IMAGE, USER, ASSISTANT)

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{{ ' <user>' if message['role'] == 'user' else ' <assistant>' }}"
    "{% if message['content'] is string %}{{ ' ' + message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{{ ' <image>' if part['type'] == 'image' else ' ' + part['text'] }}"
    "{% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}{{ ' ' + eos_token }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ ' <assistant>' }}{% endif %}"
)


def _asked() -> set[str]:
    """Words of questions and answers that no caption has."""
    texts = [*questions.yes_no_questions().values(), "what color is the ?", "where is the ?"]
    texts += [questions.LIST, questions.COLOURED, questions.GROUND, questions.COUNT]
    texts += [questions.DESCRIBE, questions.NOTHING, questions.YES, questions.NO]
    return {word for text in texts for word in text.split() if word.isalpha()}


@lru_cache(maxsize=1)
def build() -> PreTrainedTokenizerFast:
    """Lower-cases, splits at spaces and punctuation; a text starts with `<s>`."""
    words = sorted({*word_tokenizer.words(), *_asked()})
    tokens = (*SPECIAL, *word_tokenizer.PUNCTUATION, *words)
    ids = {token: i for i, token in enumerate(tokens)}
    core = Tokenizer(WordLevel(ids, unk_token=UNKNOWN))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, ids[START])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=START,
        eos_token=END,
        additional_special_tokens=[IMAGE, USER, ASSISTANT],
        padding_side="left",
        chat_template=CHAT_TEMPLATE,
    )


def check(found: PreTrainedTokenizerBase, folder: Path) -> None:
    """Raises ValueError where a folder's words are not the pocket world's of now."""
    if found.get_vocab() != build().get_vocab():
        raise ValueError(
            f"{folder}: its tokenizer has {len(found)} tokens that are not the pocket world's "
            f"{len(build())}: was it made with other words? make the language model again"
        )


def save(folder: Path) -> None:
    """Writes the tokenizer as any hub folder has it."""
    build().save_pretrained(folder)
