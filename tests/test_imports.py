"""The arrows: every module is in a room, uses that room's doors alone, and light stays light."""

from __future__ import annotations

import builtins
import dis
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from types import CodeType

import pytest

from benchmark.conformance.house_rules import OURS, ROOT, forbidden, modules, room_of
from benchmark.conformance.rooms import ROOMS
from benchmark.run.cells import NO_NUMBERS

NAMED = {name: path for name, path in modules().items() if name not in OURS}
LIGHT = sorted(name for name in NAMED if ROOMS[room_of(name) or "command"].light)
STARTS_WITHIN_S = 1.0


def package(name: str, path: Path) -> str:
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_module_imports_through_the_doors_of_its_room(name: str) -> None:
    room = room_of(name)
    assert room is not None, f"{name} is in no room: add it to benchmark/conformance/rooms.py"
    assert not list(forbidden(NAMED[name], room, package(name, NAMED[name])))


def parts(code: CodeType) -> list[CodeType]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return [code, *(part for each in inner for part in parts(each))]


def unknown(source: str) -> set[str]:
    """Names that are spoken of and never defined: shape annotations hide them from linters."""
    every = parts(compile(source, "module", "exec"))
    said = [(i.opname, i.argval) for part in every for i in dis.get_instructions(part)]
    known = {name for what, name in said if what in ("STORE_NAME", "STORE_GLOBAL")}
    known |= {*dir(builtins), "__file__"}
    return {name for what, name in said if what == "LOAD_GLOBAL"} - known


def test_every_name_that_is_used_is_defined() -> None:
    assert unknown("import a\ndef f():\n    return a, b, len") == {"b"}
    assert not {name: found for name, path in NAMED.items() if (found := unknown(path.read_text()))}


def test_no_two_rooms_need_each_other() -> None:
    order = TopologicalSorter({name: room.doors for name, room in ROOMS.items()}).static_order()
    assert next(iter(order)) in ("contracts", "statistics")


def test_every_door_and_every_room_exists() -> None:
    assert {door for room in ROOMS.values() for door in room.doors} <= set(ROOMS)
    unused = [name for name in ROOMS if name not in {room_of(module) for module in NAMED}]
    assert not unused


def test_what_is_left_out_of_the_keys_of_cells_makes_no_numbers() -> None:
    assert all((ROOT / "benchmark" / folder).is_dir() for folder in NO_NUMBERS)
    shown = {part.parts[0] for part in NO_NUMBERS} - {"messages", "kernels", "interchange"}
    making = set(ROOMS["run"].doors) | {"methods", "tasks", "metrics", "interviews", "steering"}
    for name in making - {"reports"}:
        assert not shown & set(ROOMS[name].doors), name


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import benchmark.run.runner", "benchmark.run.runner (run)"),
        ("from benchmark.backends import open_backend", "benchmark.backends (names)"),
        ("from benchmark.run import scoring", "benchmark.run.scoring (run)"),
        ("import tasks.retrieval", "tasks.retrieval (tasks)"),
        ("from methods import jsae", "methods.jsae (methods)"),
        (
            "def f():\n    from benchmark.activations.store import Store",
            "benchmark.activations.store (activations)",
        ),
        (
            "import importlib\nimportlib.import_module('benchmark.run.runner')",
            "benchmark.run.runner",
        ),
        ("__import__('benchmark.run.runner')", "benchmark.run.runner"),
        ("from .jsae import JSAE", "files load by path"),
        ("from tests.planted import world", "tests are not installed"),
    ],
)
def test_a_forbidden_import_is_seen(line: str, found: str, tmp_path: Path) -> None:
    file = tmp_path / "method.py"
    file.write_text(line + "\n")
    lines = list(forbidden(file, "methods"))
    assert len(lines) == 1
    assert found in lines[0]


@pytest.mark.parametrize(
    "line",
    [
        "import torch",
        "from benchmark.contracts import Method",
        "from benchmark.sae import training",
        "import benchmark",
        "import methodsology",
        "x = 'import benchmark.run.runner'",
    ],
)
def test_an_allowed_import_is_left_alone(line: str, tmp_path: Path) -> None:
    file = tmp_path / "method.py"
    file.write_text(line + "\n")
    assert not list(forbidden(file, "methods"))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_light_modules_import_no_torch() -> None:
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"
    code += "    assert 'torch' not in sys.modules, f'{name} imports torch'\n"
    found = run("-c", code, *(name for name in LIGHT if not name.endswith("__main__")))
    assert found.returncode == 0, found.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("run", "--help"),
        ("ls", "methods"),
        ("ls", "tasks"),
        ("ls", "backends"),
        ("ls", "data"),
        ("ls", "methods", "--json"),
    ],
    ids=" ".join,
)
def test_help_and_lists_start_at_once_without_torch(words: tuple[str, ...]) -> None:
    code = "import sys\nfrom benchmark.__main__ import main\ntry:\n    main(sys.argv[1:])\n"
    code += "except SystemExit:\n    pass\n"
    code += "import os\nheavy = {'torch', 'scipy', 'pandas', 'matplotlib'} & set(sys.modules)\n"
    code += "assert not heavy, heavy\nprint('CPU', sum(os.times()[:2]), file=sys.stderr)\n"
    found = run("-c", code, *words)
    assert found.returncode == 0, found.stderr
    assert found.stdout
    assert float(found.stderr.rpartition("CPU")[2]) < STARTS_WITHIN_S
