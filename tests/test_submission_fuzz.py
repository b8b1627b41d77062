"""Property-based fuzzing of `validate`: whatever lies in a folder, it ends in lines, and soon.

A short run here. A long one, drawn anew each time and without checks of shapes, which are slow:
`FUZZ_EXAMPLES=4000 python -m pytest --noconftest tests/test_submission_fuzz.py`
"""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.results.plain_json import parsed
from benchmark.results.unit_files import COLUMNS
from benchmark.submissions.folders import UnreadableError
from benchmark.submissions.tensors import read_tensors
from benchmark.submissions.unit_arrays import read_arrays
from benchmark.submissions.validating import validate
from tests.submitted import dictionary, safetensors, sealed, submission

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
LONGEST_S, MOST_BYTES = 20.0, 2 << 30


def cases(few: int) -> Callable[[Any], Any]:
    """So many examples in the tests, or as many as the environment asks for, drawn anew."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=EXAMPLES or few,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=slow,
    )


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid submission, to be copied."""
    return submission(tmp_path_factory.mktemp("valid"))


def ends(folder: Path) -> None:
    """Validation ends within bounds, in printable lines and nothing else."""
    started, before = time.perf_counter(), peak()
    try:
        verdict = validate(folder)
        lines = [*verdict.faults, *verdict.warnings]
    except UnreadableError as error:
        lines = [str(error).encode("ascii", "replace").decode()]
    assert time.perf_counter() - started < LONGEST_S
    assert peak() - before < MOST_BYTES
    for line in lines:
        assert line
        assert line.isascii()
        assert line.isprintable()


def peak() -> int:
    """Bytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def copied(valid: Path, change: Callable[[Path], None], *, seal: bool) -> None:
    """Validates a copy that was changed, with checksums forged to fit or not."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(shutil.copytree(valid, Path(root) / "mine"))
        change(folder)
        if seal and (folder / "submission.json").is_file():
            with suppress(ValueError, TypeError, KeyError, OSError, RecursionError):
                sealed(folder)  # unless what was changed is no record any more
        ends(folder)


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "../../etc/passwd",
            "a\u202eb",
            "\ud800",
            "\x00",
            "posthoc",
            "retrieval",
            "block:*",
            "a" * 30_000,
            "units/" + "0" * 64 + ".npz",
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(-3, 5),
    st.integers(),
    st.floats(),
    st.sampled_from([1e308, -1e308, 5e-324, 10**30, -(10**400), 2**63, 0.5]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in a tree of JSON."""
    found = [at] if at else []
    if isinstance(tree, dict):
        for key in tree:
            found += places(tree[key], (*at, key))
    elif isinstance(tree, list):
        for index in range(len(tree)):
            found += places(tree[index], (*at, index))
    return found


def mutate(data: st.DataObject, tree: Any) -> None:
    """One change somewhere in a tree."""
    *above, last = data.draw(st.sampled_from(places(tree)))
    parent = tree
    for step in above:
        parent = parent[step]
    how = data.draw(st.sampled_from(["replace", "remove", "twice", "wrap", "rename"]))
    if how == "remove":
        del parent[last]
    elif how == "twice" and isinstance(parent, list):
        parent.append(parent[last])
    elif how == "wrap":
        parent[last] = [parent[last]]
    elif how == "rename" and isinstance(parent, dict):
        parent[data.draw(TEXTS)] = parent.pop(last)
    else:
        parent[last] = data.draw(VALUES)


@cases(9)
@given(data=st.data())
def test_changed_trees_of_json(valid: Path, data: st.DataObject) -> None:
    names = ["submission.json", "document.json"]
    name = data.draw(st.sampled_from([*names, "checkpoints/*.json"]))

    def change(folder: Path) -> None:
        path = sorted(folder.glob(name))[0]
        tree = json.loads(path.read_text())
        for _ in range(data.draw(st.integers(1, 3))):
            mutate(data, tree)
        path.write_text(json.dumps(tree))

    copied(valid, change, seal=data.draw(st.booleans()))


def changed_bytes(data: st.DataObject, content: bytes) -> bytes:
    """A cut, an insertion, a flip or a doubled stretch somewhere."""
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        to = min(len(content), at + data.draw(st.integers(0, 40)))
        how = data.draw(st.sampled_from(["cut", "end", "insert", "flip", "double"]))
        if how == "cut":
            content = content[:at] + content[to:]
        elif how == "end":
            content = content[:at]
        elif how == "insert":
            content = content[:at] + data.draw(st.binary(max_size=12)) + content[at:]
        elif how == "flip":
            flipped = bytes(byte ^ data.draw(st.integers(0, 255)) for byte in content[at:to])
            content = content[:at] + flipped + content[to:]
        else:
            content = content[:to] + content[at:]
    return content


@cases(9)
@given(data=st.data())
def test_changed_bytes_of_any_file(valid: Path, data: st.DataObject) -> None:
    def change(folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        path = data.draw(st.sampled_from(files))
        path.write_bytes(changed_bytes(data, path.read_bytes()))

    copied(valid, change, seal=data.draw(st.booleans()))


NAMES = st.one_of(
    st.text(
        st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=30
    ),
    st.sampled_from(["a.pkl", ".git", "x" * 64 + ".npz", "method.py", "units", "x.safetensors"]),
).filter(lambda name: name not in (".", "..") and len(name.encode()) < 200)


@cases(9)
@given(data=st.data())
def test_changed_trees_of_files(valid: Path, data: st.DataObject) -> None:
    def change(folder: Path) -> None:
        for _ in range(data.draw(st.integers(1, 3))):
            there = sorted(folder.rglob("*"))
            where = data.draw(st.sampled_from([folder, folder / "units", folder / "checkpoints"]))
            new = where / data.draw(NAMES)
            how = data.draw(st.sampled_from(["file", "link", "folder", "pipe", "move", "remove"]))
            if not where.is_dir() or os.path.lexists(new):
                continue
            if how == "file":
                new.write_bytes(data.draw(st.binary(max_size=50)))
            elif how == "link":
                new.symlink_to(data.draw(st.sampled_from(["/etc/passwd", "..", str(new), "."])))
            elif how == "folder":
                new.mkdir()
            elif how == "pipe":
                os.mkfifo(new)
            else:
                old = data.draw(st.sampled_from([*there, folder / "none"]))
                if how == "move" and old.exists() and old not in new.parents:
                    shutil.move(old, new)
                elif how == "remove" and old.is_file():
                    old.unlink()

    copied(valid, change, seal=data.draw(st.booleans()))


DESCRIPTIONS = st.sampled_from(["<f8", "<i8", ">f8", "|O", "<f4", "|V8", "<U1"])
SHAPES = st.sampled_from(["()", "(1,)", "(2,)", "(0,)", "(999999999,)", "(1, 2)", "(-1,)", "1"])


@st.composite
def arrays(draw: Callable[[Any], Any]) -> bytes:
    """Something like an .npy file."""
    order = draw(st.sampled_from(["False", "True"]))
    text = f"{{'descr': '{draw(DESCRIPTIONS)}', 'fortran_order': {order}, "
    header = f"{text}'shape': {draw(SHAPES)}, }}".encode().ljust(117) + b"\n"
    length = draw(st.sampled_from([len(header), 0, 65535, 10]))
    body = draw(st.sampled_from([b"", b"\0" * 8, b"\0" * 16, b"\xff" * 8, b"\0" * 7]))
    return b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + header + body


@st.composite
def archives(draw: Callable[[Any], Any]) -> bytes:
    """Something like an .npz file."""
    out = io.BytesIO()
    method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]))
    with zipfile.ZipFile(out, "w", method) as archive:
        names = st.builds("{}|{}.npy".format, TEXTS, st.sampled_from([*COLUMNS, "evil"]))
        for name in draw(st.lists(names, max_size=4, unique=True)):
            if name.isprintable() and len(name) < 1000:
                archive.writestr(name, draw(st.one_of(arrays(), st.binary(max_size=30))))
    return out.getvalue()


def read_or_refused(read: Callable[[bytes], Any], content: bytes) -> None:
    """A reader gives something or says in a ValueError why not, soon."""
    started, said = time.perf_counter(), "read"
    try:
        read(content)
    except ValueError as error:
        said = str(error)
    assert said
    assert time.perf_counter() - started < LONGEST_S


@cases(40)
@given(data=st.data())
def test_files_of_units(data: st.DataObject) -> None:
    content = data.draw(archives())
    if data.draw(st.booleans()):
        content = changed_bytes(data, content)
    read_or_refused(read_arrays, content)


@cases(40)
@given(data=st.data())
def test_headers_of_dictionaries(data: st.DataObject) -> None:
    whole = dictionary(0)
    size = 8 + int.from_bytes(whole[:8], "little")
    table, body = json.loads(whole[8:size]), whole[size:]
    for _ in range(data.draw(st.integers(1, 3))):
        if table:
            mutate(data, table)
    try:
        content = safetensors(table, body)
    except ValueError:
        return
    if data.draw(st.booleans()):
        content = changed_bytes(data, content)
    read_or_refused(read_tensors, content)


@cases(40)
@given(content=st.one_of(st.binary(max_size=200), VALUES.map(lambda v: json.dumps(v).encode())))
def test_any_bytes_as_json(content: bytes) -> None:
    read_or_refused(parsed, content)


def test_an_empty_folder_lacks_two_files(tmp_path: Path) -> None:
    faults = validate(tmp_path).faults
    assert [fault.split()[0] for fault in faults] == ["submission.json", "document.json"]
