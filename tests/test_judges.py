"""Answers and the verdicts that they must get: wording, synonyms, two meanings, babble."""

from __future__ import annotations

import pytest

from benchmark.judges.names import NameJudge, plural
from benchmark.judges.verdicts import eligible, removal, replacement
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import OBJECTS
from benchmark.worlds.questions import LIST

INDEX = {item.name: i for i, item in enumerate(OBJECTS)}
SAID = frozenset(word for each in (*COLOURS, *BACKGROUNDS) for word in each.name.split())
JUDGE = NameJudge(tuple(item.names for item in OBJECTS), SAID)
BEFORE = "cat , hammer , moon"


def things(*names: str) -> frozenset[int]:
    return frozenset(INDEX[name] for name in names)


def read(answer: str, *truth: str) -> frozenset[int] | str:
    found = JUDGE.read(LIST, answer)
    return found.things(things(*truth)) if found.parsed else found.unread


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("cat , hammer", ("cat", "hammer")),
        ("A cat and a hammer.", ("cat", "hammer")),
        ("There is a kitten next to the pickaxe", ("cat", "hammer")),
        ("cats, hammers", ("cat", "hammer")),
        ("two mice", ("mouse",)),
        ("oxen and leaves", ("cow", "leaf")),
        ("an ice crystal", ("snowflake",)),
        ("pairs of scissors", ("pair of scissors",)),
        ("a pair of shears, a hot drink", ("pair of scissors", "cup")),
        ("the red cat on the left, and a blue moon", ("cat", "moon")),
        ("a cat, which is red", ("cat",)),
        ("no cat but a moon", ("moon",)),
        ("a moon without a cat", ("moon",)),
        ("there is no cat", ()),
        ("nothing", ()),
        ("Nothing.", ()),
        ("there are no objects", ()),
        ("an eighth note", ("quaver",)),
        ("golf club", ("golf club",)),
        ("putters and dice", ("golf club", "die")),
    ],
)
def test_what_is_mentioned(answer: str, wanted: tuple[str, ...]) -> None:
    assert read(answer) == things(*wanted)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("cat cat cat cat", "garbled"),
        ("moon , moon , moon", "garbled"),
        ("qwrt zzz", "garbled"),
        ("zebra , lion , moon", "garbled"),
        ("of the the of", "garbled"),
        (", , ,", "garbled"),
    ],
)
def test_what_cannot_be_read(answer: str, why: str) -> None:
    assert read(answer) == why


@pytest.mark.parametrize(
    ("answer", "truth", "wanted"),
    [
        ("club", ("golf club",), ("golf club",)),
        ("club", ("club suit",), ("club suit",)),
        ("clubs", (), ("club suit",)),
        ("spade", ("shovel",), ("shovel",)),
        ("spade , spade suit", ("shovel",), ("spade suit",)),
        ("a crown", ("queen",), ("queen",)),
        ("a wheel and a helm", (), ("helm",)),
        ("a note", ("envelope",), ("envelope",)),
    ],
)
def test_a_word_of_two_meanings_means_what_is_there(
    answer: str, truth: tuple[str, ...], wanted: tuple[str, ...]
) -> None:
    assert read(answer, *truth) == things(*wanted)


@pytest.mark.parametrize(
    ("after", "score", "why"),
    [
        ("hammer , moon", 2, ""),
        ("a pickaxe and the crescent", 2, ""),
        ("moon , hammer", 2, ""),
        ("there is no cat, only a hammer and a moon", 2, ""),
        ("hammer", 1, "lost"),
        ("hammer , moon , dog", 1, "invented"),
        ("hammer , moon , flag", 1, "invented"),
        ("moon , flag", 1, "lost"),
        ("moon , hammer , hammer", 1, "invented"),
        ("a moon and a hammer and the hammer", 1, "invented"),
        ("a moon, a hammer which is red, a hammer", 2, ""),
        ("nothing", 0, "others lost"),
        ("flag", 0, "others lost"),
        ("cat , hammer , moon", 0, "still named"),
        ("a kitten, a hammer and a moon", 0, "still named"),
        ("cat", 0, "still named"),
        ("", 0, "empty"),
        ("hammer hammer hammer hammer", 0, "garbled"),
        ("zz yy , xx", 0, "garbled"),
    ],
)
def test_verdicts_on_removal(after: str, score: int, why: str) -> None:
    truth = things("cat", "hammer", "moon")
    found = removal(JUDGE.read(LIST, BEFORE), JUDGE.read(LIST, after), INDEX["cat"], truth)
    assert (found.score, found.why) == (score, why)
    assert found.parsed == (why not in ("empty", "garbled"))
    assert found.others == 2


@pytest.mark.parametrize(
    ("after", "score", "why"),
    [
        ("cow , hammer , moon", 2, ""),
        ("hammer , bull , moon", 2, ""),
        ("cow , hammer", 1, "lost"),
        ("cow , cow , hammer , moon", 1, "invented"),
        ("cow , hammer , moon , sun", 1, "invented"),
        ("cow", 0, "others lost"),
        ("hammer , moon", 0, "not replaced"),
        ("cat , cow , hammer , moon", 0, "still named"),
        ("cat , hammer , moon", 0, "still named"),
        ("", 0, "empty"),
    ],
)
def test_verdicts_on_replacement(after: str, score: int, why: str) -> None:
    truth = things("cat", "hammer", "moon")
    before = JUDGE.read(LIST, BEFORE)
    found = replacement(before, JUDGE.read(LIST, after), INDEX["cat"], INDEX["cow"], truth)
    assert (found.score, found.why) == (score, why)


def test_the_rest_is_that_of_the_unedited_answer_not_of_the_picture() -> None:
    truth = things("cat", "hammer", "moon")
    before, after = JUDGE.read(LIST, "cat , hammer , flag"), JUDGE.read(LIST, "hammer , flag")
    assert removal(before, after, INDEX["cat"], truth).score == 2
    whole = JUDGE.read(LIST, "hammer , moon")
    assert removal(before, whole, INDEX["cat"], truth).score == 1


def test_what_the_unedited_answer_repeats_may_be_repeated() -> None:
    truth = things("cat", "moon")
    before = JUDGE.read(LIST, "cat , moon , moon")
    after = JUDGE.read(LIST, "moon , moon")
    assert removal(before, after, INDEX["cat"], truth).score == 2
    assert after.repeated == ("moon",)


def test_a_word_of_two_meanings_is_the_other_thing_once_the_target_went() -> None:
    truth = things("club suit", "golf club")
    before, after = JUDGE.read(LIST, "club suit , golf club"), JUDGE.read(LIST, "club")
    assert removal(before, after, INDEX["club suit"], truth).score == 2
    alone = JUDGE.read(LIST, "club suit , moon")
    still = JUDGE.read(LIST, "club , moon")
    found = removal(alone, still, INDEX["club suit"], things("club suit", "moon"))
    assert found.why == "still named"


@pytest.mark.parametrize(
    ("said", "truth", "new", "why"),
    [
        ("cat , moon", ("cat", "moon"), None, ""),
        ("moon", ("cat", "moon"), None, "not named"),
        ("cat , moon", ("moon",), None, "not in the picture"),
        ("", ("cat", "moon"), None, "empty"),
        ("cat cat cat", ("cat",), None, "garbled"),
        ("cat , moon", ("cat", "moon"), "cow", ""),
        ("cat , moon", ("cat", "moon"), "moon", "collision"),
        ("cat , cow", ("cat",), "cow", "collision"),
    ],
)
def test_who_can_be_judged(said: str, truth: tuple[str, ...], new: str | None, why: str) -> None:
    there = None if new is None else INDEX[new]
    assert eligible(JUDGE.read(LIST, said), INDEX["cat"], there, things(*truth)) == why


def test_every_name_of_the_world_is_read_in_singular_and_plural() -> None:
    for item in OBJECTS:
        for name in item.names:
            for form in (name, plural(name)):
                (meant,) = JUDGE.read(LIST, f"the {form}").mentions
                assert INDEX[item.name] in meant, form
