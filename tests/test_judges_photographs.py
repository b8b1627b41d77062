"""Answers about photographs: names of COCO's classes, CHAIR, and what captions agree on."""

from __future__ import annotations

import pytest

from benchmark.judges.caption import consensus_of
from benchmark.judges.coco_words import COCO_NAMES, OTHER_NAMES, names_of
from benchmark.judges.mentions import OpenJudge, judge_of, mentioned
from benchmark.judges.names import NameJudge, plural
from benchmark.judges.reading import Reading
from benchmark.judges.verdicts import removal
from benchmark.judges.wording import Share

CLASSES = tuple(COCO_NAMES)
COLOURS = frozenset({"orange", "red", "white"})
JUDGE = judge_of([COCO_NAMES[name] for name in CLASSES], COLOURS, OTHER_NAMES)


def things(*names: str) -> frozenset[int]:
    return frozenset(map(CLASSES.index, names))


def read(answer: str) -> list[str]:
    return [CLASSES[i] for each in JUDGE.read("", answer).mentions for i in sorted(each)]


def test_the_table_has_every_class_and_no_name_twice() -> None:
    every = [name for own in COCO_NAMES.values() for name in own]
    assert len(COCO_NAMES) == 80
    assert len(every) == len(set(every))
    assert all(own[0] == name for name, own in COCO_NAMES.items())
    assert not OTHER_NAMES & set(every)
    assert names_of("hot dog")[0] == "hot dog"
    assert names_of("okapi") == ("okapi",)


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_read_by_its_name_and_its_plural(name: str) -> None:
    assert read(f"a {name}") == read(f"two {plural(name)}") == [name]


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("a hot dog and a teddy bear", ["hot dog", "teddy bear"]),
        ("baseball bats, wine glasses, traffic lights", "baseball bat,wine glass,traffic light"),
        ("a toy car on train tracks near a bus stop", []),
        ("a wine-glass", ["wine glass"]),
        ("an orange cat and an orange", ["cat", "orange"]),
        ("the cat is orange", ["cat"]),
        ("people with sheep, geese and knives", ["person", "sheep", "bird", "knife"]),
        ("a couple of dogs", ["dog"]),
        ("no dogs", []),
    ],
)
def test_compounds_are_no_part_of_theirs(answer: str, wanted: str | list[str]) -> None:
    assert read(answer) == (wanted.split(",") if isinstance(wanted, str) else wanted)


def test_what_has_no_name_does_not_make_an_answer_about_a_photograph_garbled() -> None:
    answer = "lamp, curtain, window, shelf, cat"
    assert JUDGE.read("", answer).parsed
    assert JUDGE.read("", answer).unknown == ("lamp", "curtain", "window", "shelf")
    assert isinstance(JUDGE, OpenJudge)
    assert JUDGE.inner.read("", answer).unread == "garbled"
    assert JUDGE.read("", "cat, cat, cat").unread == "garbled"
    assert JUDGE.read("", "...").unread == "garbled"
    assert JUDGE.read("", " ").unread == "empty"


def test_without_other_names_the_judge_is_that_of_a_closed_world() -> None:
    assert isinstance(judge_of([("cat",)]), NameJudge)
    assert isinstance(judge_of([("cat",)], others=frozenset()), OpenJudge)


def test_the_unknown_is_invented_only_where_it_was_not_said_before() -> None:
    before = JUDGE.read("", "a dog, a cat, a tall lamp")
    cat, truth = CLASSES.index("cat"), things("cat", "dog")
    kept = removal(before, JUDGE.read("", "a dog, a lamp"), cat, truth)
    assert (kept.score, kept.invented) == (2, 0)
    new = removal(before, JUDGE.read("", "a dog, a lamp, a curtain"), cat, truth)
    assert (new.score, new.invented, new.why) == (1, 1, "invented")


def test_chair_counts_mentions_answers_and_what_is_there() -> None:
    truth = things("dog", "person", "frisbee")
    found = mentioned(JUDGE.read("", "A man and a dog. The dog is next to a cat."), truth)
    assert found.shares() == {
        "chair_i": Share(1, 4),
        "chair_s": Share(1, 1),
        "recall": Share(2, 3),
    }
    right = mentioned(JUDGE.read("", "a dog"), truth).shares()
    assert (right["chair_i"], right["chair_s"]) == (Share(0, 1), Share(0, 1))
    silent = mentioned(JUDGE.read("", ""), truth).shares()
    assert silent == {"chair_i": Share(0, 0), "chair_s": Share(0, 1), "recall": Share(0, 3)}


def test_a_word_of_two_meanings_means_what_is_there() -> None:
    either = Reading((frozenset({0, 1}),))
    assert mentioned(either, frozenset({1})).hallucinated == Share(0, 1)
    assert mentioned(either, frozenset({2})).hallucinated == Share(1, 1)


def test_captions_weigh_things_by_how_many_name_them() -> None:
    captions = ["a man walks a dog", "a dog on a leash", "a puppy outside", "a sunny day"]
    found = consensus_of(captions, JUDGE)
    (dog,), (person,) = things("dog"), things("person")
    assert dict(found.votes) == {dog: 3, person: 1}
    assert found.k == 4
    assert found.truth() == things("dog", "person")
    assert found.truth(2) == things("dog")
    answer = JUDGE.read("", "a dog and a cat")
    assert found.shares(answer) == {"supported": Share(1, 2), "consensus": Share(3, 4)}
    with pytest.raises(ValueError, match="without captions"):
        consensus_of([], JUDGE)
