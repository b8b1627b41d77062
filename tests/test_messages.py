"""How errors are said: the nearest name, and one line with the place in the user's own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.messages.nearest import hint, nearest
from benchmark.messages.raised import LONGEST, failure, one_line, place

HERE = Path(__file__)


def raised(error: Exception) -> Exception:
    """The same error, with the traceback of having been raised here."""
    try:
        raise error
    except type(error) as told:
        return told


LINE = raised.__code__.co_firstlineno + 3


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("jsea", "did you mean jsae?"),
        ("JSAE", "did you mean jsae?"),
        ("quite another", "there are: posthoc, jsae, Paper"),
        ("paper", "did you mean Paper?"),
    ],
)
def test_a_hint_is_the_nearest_name_or_all_in_order(name: str, says: str) -> None:
    assert hint(name, ["posthoc", "jsae", "Paper"]) == says


def test_without_any_name_there_are_none() -> None:
    assert hint("x", []) == "there are: none"


def test_the_nearest_come_best_first_and_none_below_the_cutoff() -> None:
    tags = ["openai", "opneai", "laion2b"]
    assert nearest("openaj", tags, n=3) == ["openai", "opneai"]
    assert nearest("openaj", tags, n=3, cutoff=0.9) == []


def test_a_failure_says_its_kind_and_where_in_the_users_file() -> None:
    where = f" (line {LINE} of {HERE.name})"
    assert failure(raised(KeyError("x")), HERE) == f"KeyError: 'x'{where}"
    assert failure(raised(ValueError("two\nlines")), HERE) == f"two lines{where}"
    assert failure(raised(ValueError()), HERE) == f"ValueError{where}"
    assert failure(raised(RuntimeError("no")), HERE.with_name("other.py")) == "RuntimeError: no"


def test_the_place_is_the_last_line_of_the_file_not_of_a_library() -> None:
    def calls_a_library() -> None:
        int("x")
        Path("\0").read_text()

    with pytest.raises(ValueError, match="invalid literal") as caught:
        calls_a_library()
    line = calls_a_library.__code__.co_firstlineno + 1
    assert place(caught.value, Path("elsewhere.py"), HERE) == f" (line {line} of {HERE.name})"


def test_pages_of_text_are_cut() -> None:
    assert one_line(ValueError("a" * LONGEST)) == "a" * LONGEST
    assert one_line(ValueError("a" * (LONGEST + 1))) == "a" * LONGEST + "…"
