"""Wording against answers worked out by hand: words, n-grams, repeats, compression, keywords."""

from __future__ import annotations

import pytest

from benchmark.judges.wording import (
    Share,
    compression,
    distinct,
    keyword_hit,
    repeated,
    words,
)

CATS = "A cat, and a cat; and a cat."
PROSE = "There is a cat on the grass, looking at a bird that sits in an old tree."


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A cat's T-shirt , 2 m wide!", ["a", "cat's", "t-shirt", "2", "m", "wide"]),
        ("Éclair, naïve", ["éclair", "naïve"]),
        (" - , . '' ", []),
        ("", []),
    ],
)
def test_words_are_without_marks_and_case(text: str, wanted: list[str]) -> None:
    assert words(text) == wanted


@pytest.mark.parametrize(
    ("text", "n", "part", "whole"),
    [
        (CATS, 1, 3, 8),
        (CATS, 2, 3, 7),
        (CATS, 3, 3, 6),
        ("one two three", 3, 1, 1),
        ("cat cat cat cat cat", 3, 1, 3),
        ("two words", 3, 0, 0),
        (" , , , , ", 1, 0, 0),
        ("", 3, 0, 0),
    ],
)
def test_distinct_n_grams_of_all_n_grams(text: str, n: int, part: int, whole: int) -> None:
    assert distinct(text, n) == Share(part, whole)


@pytest.mark.parametrize(
    ("text", "n", "part", "whole"),
    [
        ("", 3, 1, 1),
        ("cat cat cat", 1, 1, 1),
        ("cat cat cat cat", 3, 1, 2),
        ("cat , cat , cat ,", 3, 2, 4),
        ("cat, cat, cat, cat.", 3, 2, 2),
    ],
)
def test_published_distinct_calls_short_texts_perfect(
    text: str, n: int, part: int, whole: int
) -> None:
    assert distinct(text, n, published=True) == Share(part, whole)


def test_what_is_too_short_weighs_nothing_and_has_no_value() -> None:
    assert Share(0, 0).value is None
    assert Share(1, 4).value == 0.25
    silent, babble = distinct(""), distinct("cat " * 12)
    assert Share(silent.part + babble.part, silent.whole + babble.whole) == Share(1, 10)


@pytest.mark.parametrize(
    ("text", "window", "part", "whole"),
    [
        ("cat cat cat cat", 16, 3, 4),
        ("cat dog cat dog", 16, 2, 4),
        ("cat dog cat dog", 1, 0, 4),
        ("cat dog cat dog", 2, 2, 4),
        ("Cat, cat.", 1, 1, 2),
        ("cat", 16, 0, 1),
        ("", 16, 0, 0),
    ],
)
def test_words_among_the_words_before_them(text: str, window: int, part: int, whole: int) -> None:
    assert repeated(text, window) == Share(part, whole)


@pytest.mark.parametrize("text", [CATS, PROSE, "", "cat"])
def test_a_window_of_the_whole_text_counts_what_is_not_distinct(text: str) -> None:
    one = distinct(text, 1)
    assert repeated(text, 100) == Share(one.whole - one.part, one.whole)


def test_a_long_text_does_not_repeat_more_for_its_length() -> None:
    cycle = " ".join(f"w{i}" for i in range(20))
    assert repeated(f"{cycle} {cycle} {cycle}").part == 0
    assert distinct(f"{cycle} {cycle} {cycle}", 1) == Share(20, 60)


def test_compression_counts_bytes_and_short_texts_are_above_one() -> None:
    assert compression("") == Share(0, 0)
    assert compression("cat") == Share(11, 3)
    assert compression("Käse").whole == 5
    assert compression(PROSE).part < len(PROSE)
    once, often = compression(PROSE).value, compression(" ".join([PROSE] * 10)).value
    assert once is not None
    assert often is not None
    assert often < 0.2 < 0.6 < once < 1


@pytest.mark.parametrize(
    ("text", "keywords", "ours", "theirs"),
    [
        ("A CAT.", ["cat"], True, True),
        ("the cat's tail", ["cat"], True, True),
        ("no dog but a cat", ["dog", "cow"], True, True),
        ("It is located there", ["cat"], False, True),
        ("two cats", ["cat"], False, True),
        ("two cats", ["cat", "cats"], True, True),
        ("a hot-dog", ["dog"], False, True),
        ("a dog-like thing", ["dog"], False, True),
        ("a hot-dog", ["hot dog"], True, False),
        ("a hot\n dog", ["Hot-Dog"], True, False),
        ("hot weather, a dog", ["hot dog"], False, False),
        ("a C++ book", ["C++"], True, True),
        ("a cXX book", ["c.."], False, False),
        ("", ["cat"], False, False),
    ],
)
def test_a_keyword_is_said_as_whole_words(
    text: str, keywords: list[str], ours: bool, theirs: bool
) -> None:
    assert keyword_hit(text, keywords) is ours
    assert keyword_hit(text, keywords, published=True) is theirs


@pytest.mark.parametrize("published", [False, True])
def test_keywords_that_cannot_be_said_are_refused(published: bool) -> None:
    with pytest.raises(ValueError, match=r"keywords are \[\], wanted a list"):
        keyword_hit("a cat", [], published=published)
    with pytest.raises(ValueError, match="keywords are 'cat', wanted a list"):
        keyword_hit("a cat", "cat", published=published)
    with pytest.raises(ValueError, match="keyword ' ' has no letter"):
        keyword_hit("a cat", ["cat", " "], published=published)


def test_counts_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="n = 0 words, wanted 1"):
        distinct("a cat", 0)
    with pytest.raises(ValueError, match="window of 0 words, wanted 1"):
        repeated("a cat", 0)
