"""The activation store: nothing lost, nothing stale, nothing half-written, nobody in the way."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmark.activations import journal, manifest, store
from benchmark.activations.store import Store
from benchmark.messages.storage import StorageError
from tests.fake_rows import FakeBackend, FakeData, bytes_of, entry_of, take


def run_slowly(root: Path, log: Path) -> None:
    """What the killed and the concurrent processes run."""
    backend = FakeBackend(delay=0.02, log=log)
    held = Store(root, say=lambda _: None, checkpoint_s=0)
    found = take(root, backend, store=held, data=FakeData(n=40), batch_size=3)
    with log.open("a") as file:
        digest = hashlib.sha256(found.image.numpy().tobytes()).hexdigest()
        file.write(json.dumps(["sum", digest, 0]) + "\n")


def start_slowly(root: Path, log: Path) -> int:
    """The id of a child process that runs slowly and ends with status 0 where all went well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child:
        return child
    try:
        torch.set_num_threads(1)
        run_slowly(root, log)
        os._exit(0)
    finally:
        os._exit(1)


def logged(log: Path, kind: str) -> list:
    lines = log.read_text().splitlines()
    return [value for name, value, _ in map(json.loads, lines) if name == kind]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_the_size_is_said_before_anything_is_written(root: Path) -> None:
    told: list[tuple[str, int]] = []

    def say(line: str) -> None:
        told.append((line, sum(f.suffix == ".npy" for f in root.rglob("*"))))

    take(root, store=Store(root, say=say))
    assert len(told) == 1
    assert "0.0 MB" in told[0][0]
    assert told[0][1] == 0


@pytest.mark.parametrize("name", ["image.npy", "text.npy", "negatives.npy", "manifest.json"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_damage_is_seen_and_mended(root: Path, name: str, how: str) -> None:
    first, told = take(root), []
    before = bytes_of(root)
    path = entry_of(root) / name
    data = bytearray(path.read_bytes())
    data[len(data) * 2 // 3] ^= 1
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(data if how == "flipped" else data[:-3])
    again = take(root, store=Store(root, say=told.append))
    assert "damaged" in told[0]
    assert name in told[0]
    assert torch.equal(first.image, again.image)
    assert bytes_of(root) == before


def test_a_mapped_file_reads_the_same_and_stays_as_it_is(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_ram = take(root)
    monkeypatch.setattr(store, "IN_RAM_BELOW", 0)
    before, mapped = bytes_of(root), take(root)
    assert torch.equal(in_ram.image, mapped.image)
    mapped.image.zero_()
    assert bytes_of(root) == before


def test_a_full_disk_is_said_before_it_is_full(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(StorageError, match=r"the disk has 0\.0 MB left"):
        take(root)
    assert not list(root.rglob("*.npy"))


def test_a_disk_that_fills_up_leaves_what_can_be_resumed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = journal._checkpoint, iter(range(100))

    def full(*given: object) -> None:
        if next(count) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "_checkpoint", full)
        with pytest.raises(StorageError, match="the disk is full") as told:
            take(root, store=Store(root, say=lambda _: None, checkpoint_s=0), batch_size=2)
    assert "\n" not in str(told.value)
    backend = FakeBackend()
    take(root, backend, batch_size=2)
    assert [start for kind, start, _ in backend.calls if kind == "image"] == [0, 4, 6, 8]
    take(tmp_path / "other")
    assert bytes_of(root) == bytes_of(tmp_path / "other")


def test_a_store_that_keeps_nothing_is_one_line(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = manifest._seal

    def rot(folder: Path, said: dict) -> None:
        real(folder, said)
        (folder / "text.npy").write_bytes(b"")

    monkeypatch.setattr(manifest, "_seal", rot)
    with pytest.raises(ValueError, match=r"text\.npy has 0 bytes"):
        take(root)


def test_a_root_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write .* BENCHMARK_CACHE") as told:
        take(tmp_path / "file" / "store")
    assert "\n" not in str(told.value)


def test_the_root_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", "somewhere/else")
    assert Store().root == Path("somewhere/else")
    monkeypatch.delenv("BENCHMARK_CACHE")
    assert Store().root.parts[-2:] == (".cache", "crossmodal-sae-benchmark")
    monkeypatch.setenv("BENCHMARK_CACHE", "~nobody-of-that-name/cache")
    with pytest.raises(ValueError, match="set BENCHMARK_CACHE to a whole path"):
        Store()


def test_a_torn_or_lying_journal_is_not_believed(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="NaN"):
        take(
            root,
            FakeBackend(spoil=float("nan")),
            store=Store(root, say=lambda _: None, checkpoint_s=0),
            batch_size=2,
        )
    partial = entry_of(root)
    log = partial / "image.journal"
    assert len(log.read_text().splitlines()) == 3
    with log.open("a") as file:
        file.write(f"8 {'0' * 64}\n10 abc")
    backend = FakeBackend()
    take(root, backend, batch_size=2)
    assert [start for kind, start, _ in backend.calls if kind == "image"] == [0, 6, 8]
    take(tmp_path / "other")
    assert bytes_of(root) == bytes_of(tmp_path / "other")


def test_rows_that_changed_after_a_kill_are_computed_again(root: Path, tmp_path: Path) -> None:
    held = Store(root, say=lambda _: None, checkpoint_s=0)
    with pytest.raises(ValueError, match="NaN"):
        take(root, FakeBackend(spoil=float("nan")), store=held, batch_size=2)
    path = entry_of(root) / "image.npy"
    data = bytearray(path.read_bytes())
    data[-6 * 4] ^= 1  # the last of the six rows that are there
    path.write_bytes(data)
    backend = FakeBackend()
    take(root, backend, batch_size=2)
    assert [start for kind, start, _ in backend.calls if kind == "image"] == [0, 4, 6, 8]
    take(tmp_path / "other")
    assert bytes_of(root) == bytes_of(tmp_path / "other")


def test_kill_nine_and_run_again_until_it_is_done(root: Path, tmp_path: Path) -> None:
    log, lines = tmp_path / "log", []
    for wanted in (1, 5, 9):
        child = start_slowly(root, log)
        while len(lines) < wanted:
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
            time.sleep(0.005)
            journals = [path.read_text() for path in root.glob("*.partial/image.journal")]
            lines = [line for text in journals for line in text.splitlines()]
        os.kill(child, signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        assert [path.suffix for path in root.iterdir() if path.name != "locks"] == [".partial"]
    sure = int(lines[-1].split()[0])
    log.unlink()
    run_slowly(root, log)
    run_slowly(tmp_path / "other", tmp_path / "log2")
    assert bytes_of(root) == bytes_of(tmp_path / "other")
    starts = logged(log, "image")
    assert starts[0] == 0  # the width is read off the first row
    assert starts[1] >= sure >= 27
    assert starts[1] % 3 == 0


def test_two_runs_at_once_share_one_computation(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    children = [start_slowly(root, log) for _ in range(2)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    sums = logged(log, "sum")
    assert len(sums) == 2
    assert len(set(sums)) == 1
    assert sorted(logged(log, "image")) == [0, *range(0, 40, 3)]


def test_the_one_that_waits_says_so(root: Path, tmp_path: Path) -> None:
    told, log = [], tmp_path / "log"
    child = start_slowly(root, log)
    while not log.exists():
        time.sleep(0.005)
    backend = FakeBackend()
    take(root, backend, store=Store(root, say=told.append), data=FakeData(n=40), batch_size=3)
    assert os.waitpid(child, 0)[1] == 0
    assert len(told) == 1
    assert "another run is writing" in told[0]
    assert backend.calls == []
