"""Other kinds of vision-language model: pictures of any size, subword tokens, bare templates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import AutoModelForImageTextToText, PreTrainedTokenizerFast

from benchmark import edits
from benchmark.backends.llava.backend import open_backend
from benchmark.contracts import Edit, Speaker
from benchmark.recipes.vlm import assembly
from tests.tiny_llava import BLOCKS, QUESTIONS, WIDTH, Pictures, save_any_size_folder, save_folder

DATA = Pictures()
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] + ' ' }}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
"""As LLaVA-1.5 has it: a start token by the tokenizer, and no end token at all."""


def test_a_model_that_takes_pictures_of_any_size_is_shown_squares(tmp_path: Path) -> None:
    llava = open_backend(f"llava:{save_any_size_folder(tmp_path / 'any')}")
    assert isinstance(llava, Speaker)
    assert llava.patch_grid == (3, 3)
    wide = [Image.fromarray(p).resize((50 + 20 * i, 96)) for i, p in enumerate(DATA.images(0, 4))]
    asked = llava.ask(wide, QUESTIONS)
    assert asked.image.sum(1).tolist() == [9] * 4
    said, logits = llava.answers(asked, max_new_tokens=5), llava.next_logits(asked)
    push = Edit(1, edits.add(torch.full((WIDTH,), 3.0)), patches=one_patch(2))
    moved = llava.next_logits(asked, [push])
    assert (moved[2] - logits[2]).abs().max() > 1e-2
    assert torch.equal(moved[[0, 1, 3]], logits[[0, 1, 3]])
    with torch.no_grad():
        out = llava.model(**asked.inputs, output_hidden_states=True)
    real = asked.inputs["attention_mask"].bool()
    for block, stream in llava.residuals(asked, range(BLOCKS - 1)).items():
        assert (stream[real] - out.hidden_states[block + 1][real]).abs().max() < 1e-4
    for row in range(4):
        one = llava.ask(wide[row : row + 1], QUESTIONS[row : row + 1])
        assert llava.answers(one, max_new_tokens=5) == [said[row]]
        assert (llava.next_logits(one)[0] - logits[row]).abs().max() < 1e-4
        losses = [llava.spoken(p, ["cat , sun"] * len(p)).loss for p in (asked, one)]
        assert (losses[0][row] - losses[1][0]).abs().max() < 1e-3


def one_patch(row: int) -> torch.Tensor:
    chosen = torch.zeros(4, 9, dtype=torch.bool)
    chosen[row, 4] = True
    return chosen


def subwords() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer that splits words, and adds the start token itself."""
    core = Tokenizer(BPE(unk_token=None))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", "<image>"]
    trainer = BpeTrainer(
        vocab_size=285,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(DATA.captions, trainer)
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", core.token_to_id("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<image>"],
        clean_up_tokenization_spaces=False,
        chat_template=PLAIN_TEMPLATE,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, spoken to in subwords."""
    place = save_folder(tmp_path_factory.mktemp("llava") / "tiny")
    words = subwords()
    model = AutoModelForImageTextToText.from_pretrained(place)
    model.config.image_token_id = words.convert_tokens_to_ids("<image>")
    model.generation_config.eos_token_id = words.eos_token_id
    model.generation_config.pad_token_id = words.pad_token_id
    model.save_pretrained(place)
    processor = assembly.processor(model)
    processor.tokenizer, processor.chat_template = words, PLAIN_TEMPLATE
    processor.image_token_id = words.convert_tokens_to_ids("<image>")
    processor.save_pretrained(place)
    return place


def test_subwords_are_a_texts_own_too(folder: Path) -> None:
    llava = open_backend(f"llava:{folder}")
    chat = llava.asker.chat
    assert chat.pictured.before == "USER: <image>\n"
    assert chat.plain.after == " ASSISTANT:"
    captions = DATA.captions[:4]
    for pictures in (None, DATA.images(0, 4)):
        asked = llava.ask(pictures, captions)
        for ids, own, caption in zip(asked.inputs["input_ids"], asked.text, captions, strict=True):
            assert chat.tokenizer.decode(ids[own]).strip() == caption
            assert int(own.sum()) > len(caption.split())
            assert int((ids == chat.tokenizer.bos_token_id).sum()) == 1
    counts = llava.token_counts(captions, llava.sites[-1])
    assert counts.tolist() == llava.ask(None, captions).text.sum(1).tolist()


def test_an_answer_without_end_in_the_template_is_ended(folder: Path) -> None:
    llava = open_backend(f"llava:{folder}")
    tokenizer = llava.asker.chat.tokenizer
    (ids,) = llava.asker.chat.answer_ids(["a red umbrella"])
    assert ids[-1] == tokenizer.eos_token_id
    assert tokenizer.eos_token_id not in ids[:-1]
    assert tokenizer.decode(ids[:-1]) == " a red umbrella"
    assert llava.asker.chat.answer_ids(["", "a"])[0] == [tokenizer.eos_token_id]
    assert tokenizer.decode([llava.word_id("a")]).strip() == "a"
    asked = llava.ask(DATA.images(0, 2), QUESTIONS[:2])
    found = llava.spoken(asked, ["a red umbrella", ""])
    assert found.tokens.tolist() == [len(ids), 1]
    assert bool(np.isfinite(found.loss.numpy()).all())
