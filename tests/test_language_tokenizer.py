"""The tokenizer of the pocket language models: every word known, chats as rows have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from benchmark.recipes.language import tokenizer
from benchmark.recipes.language.rows import PICTURE, Writer
from benchmark.worlds import questions, textual_maps
from benchmark.worlds.questions import Exchange, Kind
from benchmark.worlds.scene import sample, stream
from benchmark.worlds.scenes import Scenes

WORDS = tokenizer.build()
IDS = WORDS.get_vocab()
SPLIT = Scenes(seed=4, sizes=(1, 1, 120)).split("test")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    folder: Path = tmp_path_factory.mktemp("words")
    tokenizer.save(folder)
    return AutoTokenizer.from_pretrained(folder)


def exchanges() -> list[Exchange]:
    """Every kind of question about a hundred scenes, and every yes/no question."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    found = [
        questions.exchange(stream("words", kind, i), kind, scene)
        for i, scene in enumerate(SPLIT.scenes)
        for kind in kinds
    ]
    scene = sample(0, "test", 1)
    found += [questions.is_there(scene, concept) for concept in questions.yes_no_questions()]
    return [said for said in found if said is not None]


def unknown(texts: list[str]) -> list[str]:
    ids = [WORDS(text, add_special_tokens=False).input_ids for text in texts]
    return [text for text, own in zip(texts, ids, strict=True) if IDS[tokenizer.UNKNOWN] in own]


def test_every_word_that_is_said_is_known() -> None:
    assert unknown(["cat dinosaur"]), "an unknown word is one"
    assert unknown(list(SPLIT.captions)) == []
    negatives = SPLIT.negatives
    assert negatives is not None
    assert unknown(list(negatives.captions)) == []
    said = exchanges()
    assert unknown([each.question for each in said]) == []
    assert unknown([each.answer for each in said]) == []


def test_every_word_of_a_map_is_one_token() -> None:
    words = {word for own in textual_maps.patch_words() for word in own}
    for word in words | set(textual_maps.every_word()):
        assert WORDS(word, add_special_tokens=False).input_ids == [IDS[word]], word


def test_answers_come_back_as_they_were() -> None:
    for said in exchanges():
        ids = WORDS(said.answer, add_special_tokens=False).input_ids
        text = WORDS.decode(ids, skip_special_tokens=True)
        if said.kind != "describe":
            assert text == said.answer
        assert WORDS(text, add_special_tokens=False).input_ids == ids
        assert WORDS.decode(ids, skip_special_tokens=True) == text


def test_a_text_starts_and_special_tokens_are_silent() -> None:
    assert WORDS("A Cat.").input_ids == [IDS[word] for word in ("<s>", "a", "cat", ".")]
    whole = WORDS("<user> <image> cat <assistant> sun </s>").input_ids
    assert len(whole) == 7
    assert WORDS.decode(whole, skip_special_tokens=True) == "cat sun"


def turn(role: str, *parts: dict[str, str]) -> dict[str, Any]:
    return {"role": role, "content": list(parts)}


def chat(*turns: dict[str, Any], ask: bool) -> str:
    return WORDS.apply_chat_template(list(turns), tokenize=False, add_generation_prompt=ask)


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def test_a_chat_is_what_training_read() -> None:
    writer, said = Writer(WORDS), questions.list_objects(sample(0, "test", 5))
    ids, weights = writer.answered(said)
    asked = turn("user", {"type": "image"}, text(said.question))
    prompt = chat(asked, ask=True).replace("<image>", " ".join(PICTURE))
    found = tuple(WORDS(prompt, add_special_tokens=False).input_ids)
    question = tuple(i for i, w in zip(ids, weights, strict=True) if not w)
    assert found == (*writer.opening(*PICTURE), *question)
    assert found[-1] == IDS["<assistant>"]
    whole = chat(asked, turn("assistant", text(said.answer)), ask=False)
    found = tuple(WORDS(whole, add_special_tokens=False).input_ids)
    assert found == (*writer.opening("<image>"), *ids)


def test_a_chat_may_hold_plain_strings() -> None:
    plain = {"role": "user", "content": "is there a cat ?"}
    parts = turn("user", text("is there a cat ?"))
    for ask in (True, False):
        assert chat(plain, ask=ask) == chat(parts, ask=ask)
    assert chat(plain, ask=True) == "<s> <user> is there a cat ? <assistant>"
    said = {"role": "assistant", "content": "yes"}
    assert chat(plain, said, ask=False).endswith("? <assistant> yes </s>")
    assert chat(plain, said, plain, ask=True).count("<s>") == 1


def test_the_folder_reads_the_same(saved: PreTrainedTokenizerBase) -> None:
    assert saved.get_vocab() == IDS
    assert saved.chat_template == WORDS.chat_template
    assert saved.padding_side == "left"
    assert saved.all_special_tokens == WORDS.all_special_tokens
    assert set(saved.all_special_tokens) == set(tokenizer.SPECIAL)
    for caption in SPLIT.captions[:50]:
        assert saved(caption).input_ids == WORDS(caption).input_ids
    tokenizer.check(saved, Path("folder"))


def test_other_words_are_refused(saved: PreTrainedTokenizerBase) -> None:
    saved.add_tokens(["unicorn"])
    with pytest.raises(ValueError, match="folder: its tokenizer has"):
        tokenizer.check(saved, Path("folder"))
