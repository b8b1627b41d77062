"""The word-level tokenizer of the pocket models: every word that the pocket world can say."""

from __future__ import annotations

import re
from pathlib import Path

from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from benchmark.worlds import palette, pictograms, templates

PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<start>", "<end>"
PUNCTUATION = (",", ":", ".", "?", "!")
EXTRA_WORDS = (
    "this",
    "is",
    "are",
    "of",
    "that",
    "photo",
    "these",
    "colored",
    "colour",
    "which",
    "beside",
)


def _texts() -> list[str]:
    """Every table of wording that captions draw from."""
    patterns = (*templates.FULL, *templates.PARTIAL, *templates.EMPTY)
    texts = [re.sub(r"\{\w+\}", " ", t.pattern) + " " + t.joiner for t in patterns]
    for table in (templates.CELL_PHRASES, templates.ROW_PHRASES, templates.COLUMN_PHRASES):
        texts += [phrase for row in table for phrase in row]
    texts += [phrase for row in templates.RELATION_PHRASES.values() for phrase in row]
    texts += [word for pair in templates.COUNTED for word in pair]
    texts += [*templates.NUMBERS, *templates.THINGS, "a", "an", "and", *EXTRA_WORDS]
    texts += [name for item in pictograms.OBJECTS for name in item.names]
    texts += [name for colour in palette.COLOURS for name in colour.names]
    texts += [name for names in pictograms.CATEGORY_NAMES.values() for name in names]
    for ground in palette.BACKGROUNDS:
        texts += [*ground.names, *ground.phrases]
    return texts


def words() -> tuple[str, ...]:
    """All words of the pocket world in alphabetical order."""
    found = {word for text in _texts() for word in re.findall(r"[a-z]+", text.lower())}
    return tuple(sorted(found))


def build() -> PreTrainedTokenizerFast:
    """Lower-cases, splits at spaces and punctuation, and frames each text by start and end.

    The end token has the highest id: open_clip's text tower pools where the id is highest.
    """
    tokens = (PAD, UNKNOWN, START, *PUNCTUATION, *words(), END)
    ids = {token: i for i, token in enumerate(tokens)}
    core = Tokenizer(WordLevel(ids, unk_token=UNKNOWN))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, ids[START]), (END, ids[END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=START,
        eos_token=END,
        clean_up_tokenization_spaces=False,
    )


def save(folder: Path) -> None:
    """Writes the tokenizer's files beside the model's, where open_clip looks for them."""
    build().save_pretrained(folder)
