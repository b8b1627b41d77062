"""Files of every released version are read, older ones step by step; all else is one line."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.results import (
    SCHEMA_VERSION,
    Document,
    Run,
    bundle_file,
    cell_of,
    document,
    document_of,
    faults,
    read_bundle,
    read_cell,
    read_cells,
    read_document,
    to_json,
    write_bundle,
    write_cell,
)
from benchmark.results import bundles as bundles_module
from benchmark.results.migrations import MIGRATIONS, Migration, current_cell, current_document
from benchmark.results.plain_json import DEEPEST, LONGEST_TEXT, parsed
from tests.records import cell, score

RELEASED = Path(__file__).parent / "released"
"""A folder a version, with a cell, a document and packed rows as that version wrote them."""
VERSIONS = range(1, SCHEMA_VERSION + 1)


def plain(**changes: Any) -> dict[str, Any]:
    """A document of one cell as plain data."""
    made = json.loads(to_json(document(Run(arguments={"seed": [0]}), [cell()])))
    return {**made, **changes}


# ------------------------------------------------------------------------- what was ever released


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_every_released_version_are_read(version: int) -> None:
    folder = RELEASED / str(version)
    whole = read_document(folder / "document.json")
    assert {c.status for c in whole.cells} == {"scored", "not_applicable"}
    assert whole.schema_version == SCHEMA_VERSION
    assert faults(folder / "document.json") == ()
    (path,) = (p for p in folder.glob("*.json") if p.name != "document.json")
    assert read_cell(path) in whole.cells
    packed = read_bundle(folder / "rows.jsonl.xz")
    assert len({c.key for c in packed}) == len(packed) == 3


def test_every_version_before_this_one_has_its_step() -> None:
    assert set(MIGRATIONS) == set(range(1, SCHEMA_VERSION))


def test_the_first_version_is_read_as_it_was_written() -> None:
    """Nothing is lost or made up: what was kept is what is there now."""
    kept = json.loads((RELEASED / "1" / "document.json").read_text())
    now = read_document(RELEASED / "1" / "document.json").model_dump(mode="json")
    assert now["run"] == kept["run"]
    assert now["cells"] == kept["cells"]


# ------------------------------------------------------------------------------- steps, one by one


def renamed(tree: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in tree.items()}


STEPS = {
    0: Migration(
        cell=lambda c: renamed(c, "state", "status"), document=lambda d: renamed(d, "by", "run")
    ),
    1: Migration(cell=lambda c: {**c, "extra": c["status"].upper()}),
}
"""As if version 0 had called two things otherwise, and version 2 had one thing more."""


def test_a_chain_of_steps_is_taken_in_order_and_changes_nothing_else() -> None:
    new = plain()
    old = renamed(new, "run", "by") | {"schema_version": 0}
    old["cells"] = [renamed(each, "status", "state") for each in old["cells"]]
    before = json.dumps(old)
    one = {0: STEPS[0]}
    assert Document.model_validate(current_document(old, one, 1)) == Document.model_validate(new)
    two = current_document(old, STEPS, 2)
    assert two["schema_version"] == 2
    assert [each["extra"] for each in two["cells"]] == ["SCORED"]
    assert json.dumps(old) == before
    assert current_document(two, STEPS, 2) == two


def test_a_cell_has_a_version_of_its_own_and_the_first_said_none() -> None:
    bare = json.loads(cell().model_dump_json())
    old = renamed(bare, "status", "state")
    assert current_cell({**old, "schema_version": 0}, {0: STEPS[0]}, 1) == bare
    assert current_cell(bare, {0: STEPS[0]}, 1) == bare
    assert current_cell(bare, STEPS, 2) == {**bare, "extra": "SCORED"}
    assert "schema_version" not in current_cell({**bare, "schema_version": 1})


def test_a_migrated_key_is_still_that_of_the_content() -> None:
    steps = {0: Migration(cell=lambda c: {**c, "seed": c["seed"] + 1})}
    old = plain(schema_version=0)
    with pytest.raises(ValueError, match="is not the key of this content"):
        Document.model_validate(current_document(old, steps, 1))


def test_written_cells_say_their_version_and_unsaid_ones_are_read_alike(tmp_path: Path) -> None:
    written = write_cell(tmp_path, cell())
    path = tmp_path / f"{written.key}.json"
    record = json.loads(path.read_text())
    assert next(iter(record.items())) == ("schema_version", SCHEMA_VERSION)
    assert read_cell(path) == written
    del record["schema_version"]
    path.write_text(json.dumps(record))
    assert read_cell(path) == written
    path.write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1, **record}))
    (problem,) = read_cells(tmp_path).problems
    assert f"schema_version is {SCHEMA_VERSION + 1}, newer than" in problem
    assert "upgrade" in problem


def test_packed_rows_say_their_version_in_the_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bundle_file(tmp_path, "pocket-clip")
    write_bundle(path, [cell(seed=seed) for seed in (0, 1)])
    first, *lines = lzma.decompress(path.read_bytes()).decode().splitlines()
    assert json.loads(first) == {"schema_version": SCHEMA_VERSION}
    packed = read_bundle(path)
    path.write_bytes(lzma.compress("\n".join(lines).encode()))
    assert read_bundle(path) == packed
    newer = json.dumps({"schema_version": SCHEMA_VERSION + 1}, separators=(",", ":"))
    path.write_bytes(lzma.compress("\n".join([newer, *lines]).encode()))
    with pytest.raises(ValueError, match="upgrade"):
        read_bundle(path)
    monkeypatch.setattr(bundles_module, "MOST_BYTES", 100)
    with pytest.raises(ValueError, match="unpacks to over 100 bytes"):
        read_bundle(path)


def test_older_packed_rows_go_through_the_steps_of_a_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bundle_file(tmp_path, "pocket-clip")
    write_bundle(path, [cell()])
    known = read_bundle(path)
    monkeypatch.setattr(bundles_module, "UNSAID", SCHEMA_VERSION - 1)
    seen = []
    monkeypatch.setattr(bundles_module, "cell_of", lambda text: seen.append(text) or known[0])
    path.write_bytes(lzma.compress(lzma.decompress(path.read_bytes()).split(b"\n", 1)[1]))
    assert read_bundle(path) == known
    assert json.loads(seen[0])["schema_version"] == SCHEMA_VERSION - 1


# -------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (SCHEMA_VERSION + 1, "newer than the 1 that is read here: upgrade"),
        (10**40, "newer than"),
        (0, "wanted the number 1"),
        (-1, "wanted the number 1"),
        ("1", "is '1': wanted the number 1"),
        (1.0, "is 1.0: wanted the number 1"),
        (True, "is True: wanted the number 1"),
        (None, "is None: wanted the number 1"),
        ([1], "wanted the number 1"),
        ("1\x1b[31m\n", "wanted the number 1"),
    ],
    ids=repr,
)
def test_a_version_that_is_none_is_refused(version: Any, says: str, tmp_path: Path) -> None:
    text = json.dumps(plain(schema_version=version))
    (line,) = faults(text)
    assert says in line
    path = tmp_path / "document.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no result document: schema_version is") as caught:
        read_document(path)
    assert str(caught.value).isprintable()


def test_a_document_that_says_no_version_is_refused() -> None:
    bare = plain()
    del bare["schema_version"]
    assert faults(json.dumps(bare)) == (
        "it says no schema_version: wanted a document of `run`, version 1",
    )


BAD = {
    "empty": (b"", "it is no JSON"),
    "half": (to_json(Document()).encode()[:-3], "it is no JSON"),
    "list": (b"[]", "it holds a list, wanted a JSON object"),
    "null": (b"null", "it holds a NoneType, wanted a JSON object"),
    "bytes": (b'{"a": "\xff"}', "no UTF-8"),
    "mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "twice": (b'{"schema_version": 1, "cells": [], "cells": []}', "the key cells twice"),
    "twice within": (b'{"schema_version": 1, "run": {"a\\u001b": 1, "a\\u001b": 2}}', "twice"),
    "nan": (b'{"schema_version": 1, "x": NaN}', "it holds NaN: wanted finite"),
    "infinity": (b'{"schema_version": 1, "x": -Infinity}', "it holds -Infinity"),
    "overflow": (b'{"schema_version": 1, "x": 1e999}', "too large"),
    "digits": (b'{"schema_version": 1, "x": 1' + b"0" * 5000 + b"}", "thousands of digits"),
    "some digits": (b'{"schema_version": 1, "x": 1' + b"0" * 400 + b"}", "over 300 digits"),
    "deep": (b'{"x":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", "nested deeper"),
    "deeper": (b"[" * 10**6 + b"]" * 10**6, "nested deeper"),
    "open": (b"[" * 10**6, "nested deeper"),
    "objects": (b'{"a":' * 200 + b"1" + b"}" * 200, "nested deeper"),
    "long": (b'{"x": "' + b"a" * (LONGEST_TEXT + 1) + b'"}', "characters, at most"),
    "long name": (b'{"' + b"a" * (LONGEST_TEXT + 1) + b'": 1}', "characters, at most"),
    "surrogate": (b'{"x": "\\ud800"}', "lone surrogate"),
    "surrogate name": (b'{"\\udc00": 1}', "lone surrogate"),
}


@pytest.mark.parametrize("name", BAD)
def test_text_that_is_no_plain_json_is_one_line(name: str, tmp_path: Path) -> None:
    content, says = BAD[name]
    (line,) = faults(content)
    assert says in line
    assert line.isprintable()
    path = tmp_path / f"{'0' * 64}.json"
    path.write_bytes(content)
    for read in (read_document, read_cell):
        with pytest.raises(ValueError, match="is no") as caught:
            read(path)
        assert str(caught.value).isprintable()


def test_depth_and_length_that_are_allowed_are_read() -> None:
    deep = b"[" * DEEPEST + b"]" * DEEPEST
    assert parsed(deep) == json.loads(deep)
    brackets = json.dumps(["[{" * 1000, '\\"[[' * 1000, {"[": "]" * 99}] * 20)
    assert parsed(brackets) == json.loads(brackets)
    assert parsed('["1e999", "' + "1" * 400 + '", 1e300, "\\ud83d\\ude00"]')[3] == "\U0001f600"


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=30,
    )
)
def test_whatever_json_it_is_it_is_read_or_told_in_lines(tree: Any) -> None:
    text = json.dumps(tree)
    for told in (faults(text), faults(json.dumps(plain(cells=[tree]))), faults(text[:-1])):
        assert told
        assert all(line.isprintable() for line in told)


# ------------------------------------------------------------------------------ a line every fault


def test_every_fault_has_its_line() -> None:
    tree = plain()
    (first,) = tree["cells"]
    wrong = json.loads(json.dumps(first))
    wrong["scores"][0] |= {"value": "0.5", "n": 0, "extra": 1}
    twice = json.loads(json.dumps(first)) | {"seed": 1, "reason": None, "status": "failed"}
    tree["cells"] = [first, wrong, twice, {"key": 3}]
    told = faults(json.dumps(tree))
    for line in (
        "cells.1.scores.0.value: Input should be a valid number",
        "cells.1.scores.0.n: Input should be greater than or equal to 1",
        "cells.1.scores.0.extra: Extra inputs are not permitted",
        "cells.2: status is failed, but no reason is given",
        "cells.2: status is failed, but there are scores or units",
        "cells.3.key: Input should be a valid string",
        "cells.3.status: Field required",
    ):
        assert line in told
    assert len(set(told)) == len(told)
    with pytest.raises(ValueError, match=rf"and {len(told) - 1} more\)"):
        document_of(json.dumps(tree))


def test_scores_that_break_promises_together_are_all_told() -> None:
    tree = plain()
    one = tree["cells"][0]["scores"][0]
    other = {**one, "variant": "truncated", "main": False}
    tree["cells"][0]["scores"] = [one, one, other]
    assert faults(json.dumps(tree)) == (
        "cells.0: score r@1 (full) is there 2 times, wanted once",
        "cells.0: main scores of variant full: r@1, r@1; wanted exactly one",
        "cells.0: main scores of variant truncated: none; wanted exactly one",
    )


def test_cells_that_are_there_twice_are_each_told() -> None:
    cells = plain()["cells"] + json.loads(to_json(document(Run(), [cell(seed=1)])))["cells"]
    assert len(faults(json.dumps(plain(cells=cells * 2)))) == 2


def test_a_path_is_read_and_a_text_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_text(json.dumps(plain()))
    assert faults(path) == faults(path.read_bytes()) == faults(path.read_text()) == ()
    assert "No such file" in faults(tmp_path / "none.json")[0]
    assert "cannot be read" in faults(tmp_path)[0]
    assert "no JSON" in faults(str(path))[0]


def test_text_of_a_hostile_record_never_reaches_the_terminal_as_it_is() -> None:
    tree = plain()
    tree["cells"][0]["\x1b[2J\nerror: all is well\u202e"] = 1
    tree["cells"][0]["units_file"] = "../\x1b[2J\n"
    told = faults(json.dumps(tree))
    assert len(told) == 2
    assert all(line.isprintable() for line in told)


def test_a_thousand_faults_are_told_and_the_rest_are_counted() -> None:
    told = faults(json.dumps(plain(cells=[{}] * 300)))
    assert len(told) == 1001
    assert told[-1].startswith("and ")


def test_huge_numbers_of_scores_are_refused_by_what_a_float_can_hold() -> None:
    tree = json.dumps(json.loads(cell(scores=(score(),)).model_dump_json()))
    assert cell_of(tree).scores[0].value == 0.5
    with pytest.raises(ValueError, match="too large"):
        cell_of(tree.replace("0.5", "1e400", 1))
