"""A local model as judge: choices by logits, the same each time; what cannot be chosen is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.backends.llava.backend import open_backend
from benchmark.backends.llava.model import Llava
from benchmark.contracts import Speaker
from benchmark.judging.pictures import Gallery
from benchmark.judging.rubric import asked, chosen, with_article
from benchmark.judging.sheets import Sheet, sheets_of
from benchmark.judging.vlm import YES_NO, VlmJudge, chosen_of
from tests.judged_runs import COW, answered, judged_run, transcript
from tests.tiny_llava import Pictures, save_folder

WORDS = ("yes", "no", "nothing")
PICTURES = list(Pictures().images(0, 6))
PROMPTS = ["is there a cat ?"] * 6


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Llava:
    return open_backend(f"llava:{save_folder(tmp_path_factory.mktemp('judge') / 'tiny')}")


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    (found,) = sheets_of(judged_run(tmp_path))
    return found


class At(Gallery):
    """Pictures at hand."""

    def of(self, cell: Any, cases: Any) -> list[Any]:
        del cell
        return [PICTURES[i % 6] for i in range(len(cases))]


def test_the_likeliest_word_is_taken(llava: Llava) -> None:
    logits = llava.next_logits(llava.ask(PICTURES, PROMPTS))
    ids = [llava.word_id(word) for word in WORDS]
    wanted = logits[:, ids].argmax(1).tolist()
    assert chosen_of(llava, PICTURES, PROMPTS, [(w,) for w in WORDS]) == wanted
    assert chosen_of(llava, None, PROMPTS, [(w,) for w in WORDS]) != []


def test_yes_or_no_is_what_the_logits_say(llava: Llava) -> None:
    judge = VlmJudge("vlm", llava)
    things = ["cat", "umbrella", "moon", "cat", "cow", "king"]
    assert judge.shows(PICTURES, things) == judge.shows(PICTURES, things)
    questions = [f"Does the picture show {with_article(t)}? Answer yes or no." for t in things]
    picked = chosen_of(llava, PICTURES, questions, YES_NO)
    assert judge.shows(PICTURES, things) == [i == 0 for i in picked]


def test_verdicts_follow_letters_and_repeat(llava: Llava, sheet: Sheet) -> None:
    judge = VlmJudge("vlm", llava, At(), WORDS)
    first, again = judge.opinions(sheet), judge.opinions(sheet)
    assert first == again
    assert len(first.scores) == len(sheet.judged) == 6
    assert set(first.scores) <= {0, 1, 2}
    assert not any(first.reasons)


class Said:
    """Says the n-th option; knows three words."""

    name = "said"

    def __init__(self, n: int, known: tuple[str, ...] = ("A", "B", "C")) -> None:
        self.n, self.known = n, known

    def ask(self, pictures: Any, prompts: Any) -> Any:
        return pictures, prompts

    def next_logits(self, asked: Any) -> torch.Tensor:
        logits = torch.zeros(len(asked[1]), 8)
        logits[:, self.n] = 1
        return logits

    def word_id(self, word: str) -> int:
        if word not in self.known:
            raise ValueError(f"said has no token that begins {word!r}, wanted a known word")
        return "ABC".index(word[0]) if word[0] in "ABC" else 5


def judge_by(n: int) -> VlmJudge:
    return VlmJudge("vlm", Said(n))  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "score"), [(0, 2), (1, 1), (2, 0)])
def test_a_is_the_best_verdict(sheet: Sheet, n: int, score: int) -> None:
    assert set(judge_by(n).opinions(sheet).scores) == {score}


def test_of_equal_letters_the_worse_is_taken(sheet: Sheet) -> None:
    assert set(judge_by(7).opinions(sheet).scores) == {0}


def test_letters_that_cannot_be_told_apart_are_refused() -> None:
    def pick(known: tuple[str, ...], *words: str) -> list[int]:
        said: Speaker = Said(0, known)  # type: ignore[assignment]
        return chosen_of(said, None, ["?"], [(w,) for w in words])

    with pytest.raises(ValueError, match="with the same token"):
        pick(("x", "y"), "x", "y")
    with pytest.raises(ValueError, match="begins 'Z'"):
        pick(("A",), "A", "Z")


def test_pictures_that_are_not_at_hand_are_said(sheet: Sheet) -> None:
    gallery = Gallery()
    assert gallery.of(sheet.cell, sheet.judged) is None
    assert gallery.missing == ["scenes is another revision by now than the run's"]


def test_the_question_says_what_was_wanted(tmp_path: Path) -> None:
    cases = (answered(0), answered(1, new=COW, after="cow, dog"))
    (sheet,) = sheets_of(judged_run(tmp_path, transcript(cases)))
    gone, other = (asked(sheet, case) for case in cases)
    assert "no longer see the cat" in gone
    assert '"cat, dog"' in gone
    assert "see a cow in the place of the cat" in other


@pytest.mark.parametrize(
    ("reply", "score"),
    [("A", 2), (" B.", 1), ("The answer is C", 0), ("**A**", 2), ("A or B", None), ("", None)],
)
def test_a_reply_is_read_where_it_names_one_letter(reply: str, score: int | None) -> None:
    assert chosen(reply) == score


def test_scenes_of_the_run_are_found_again(sheet: Sheet) -> None:
    from benchmark.worlds.scenes import Scenes

    data = Scenes()
    facts = sheet.cell.data.model_copy(update={"revision": data.revision})
    record = sheet.cell.model_copy(update={"data": facts})
    case = answered(3, picture=data.split("test").ids[3])
    gallery = Gallery()
    (picture,) = gallery.of(record, [case]) or [None]
    assert np.array_equal(picture, data.split("test").image(3))
    assert gallery.of(record, [answered(3)]) is None
    assert gallery.missing == ["scenes has other pictures than the run's"]
