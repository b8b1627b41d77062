"""The activation store and what it hands on: nothing lost, nothing stale, nothing half-written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark import journal, store
from benchmark.activations import activations
from benchmark.contracts import Concepts, Negatives, PairedActivations, Site
from benchmark.prefetch import ahead
from benchmark.store import Store

SITE = Site("embedding", "image", "text")
TOKENS = Site("patches", "image", "text", pool="none")
WORDS = ("a cat", "a red dog", "two suns", "nothing at all", "a long caption about one cow")


@dataclass(frozen=True, eq=False)
class FakeExamples:
    ids: tuple[str, ...]
    captions: tuple[str, ...]
    caption_of: np.ndarray
    concepts: Concepts | None
    negatives: Negatives | None

    def images(self, start: int, stop: int) -> np.ndarray:
        shades = [int(hashlib.sha256(i.encode()).hexdigest()[:2], 16) for i in self.ids[start:stop]]
        return np.array(shades, dtype=np.uint8)[:, None, None, None] + np.zeros((2, 2, 3), np.uint8)

    def true_pairs(self) -> np.ndarray:
        own = [(i, j) for j, i in enumerate(self.caption_of)]
        return np.array(sorted({*own, (0, len(self.captions) - 1)}))


@dataclass(frozen=True)
class FakeData:
    """Images with captions out of order and often equal."""

    n: int = 10
    name: str = "fake"
    revision: str = "1"
    salt: str = ""
    words: tuple[str, ...] = WORDS

    def split(self, name: str) -> FakeExamples:
        owner = np.random.default_rng(0).permutation(np.repeat(np.arange(self.n), 3))
        captions = tuple(f"{self.words[j % 5]}{self.salt}" for j in range(len(owner)))
        image = np.random.default_rng(1).random((self.n, 4)) < 0.5
        return FakeExamples(
            ids=tuple(f"{name}-{i}" for i in range(self.n)),
            captions=captions,
            caption_of=owner,
            concepts=Concepts(("a", "b", "c", "d"), ("x",) * 4, image, image[owner]),
            negatives=Negatives(
                ("a green cat", "a blue dog", "a green cat"),
                np.array([0, 1, 29]),
                ("colour", "colour", "place"),
            ),
        )


@dataclass(frozen=True, eq=False)
class FakeBackend:
    """Rows from the content alone; every call goes to a log."""

    revision: str = "r1"
    preprocessing: str = "none"
    dtype: str = "float32"
    name: str = "fake"
    delay: float = 0.0
    log: Path | None = None
    spoil: float | None = None
    calls: list[tuple[str, int, int]] = field(default_factory=list)

    def encode(self, examples, modality, start, stop, site) -> torch.Tensor:
        if modality == "text":
            return self.encode_texts(examples.captions[start:stop], site)
        self._note("image", start, stop)
        base = torch.tensor(examples.images(start, stop)).float().mean((1, 2, 3))[:, None]
        rows = torch.sin(base * torch.arange(1, 7) + 0.1)
        if self.spoil is not None and start <= 7 < stop:
            rows[7 - start :] = self.spoil
        return torch.stack([rows, 2 * rows], dim=1) if site.pool == "none" else rows

    def encode_texts(self, texts, site) -> torch.Tensor:  # noqa: ARG002
        self._note("text", 0, len(texts))
        seeds = [int(hashlib.sha256(t.encode()).hexdigest()[:6], 16) for t in texts]
        return torch.sin(torch.tensor(seeds)[:, None] * torch.arange(1.0, 5.0) + 0.1)

    def _note(self, modality: str, start: int, stop: int) -> None:
        self.calls.append((modality, start, stop))
        time.sleep(self.delay)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(json.dumps([modality, start, stop]) + "\n")


def take(root: Path | None, backend: FakeBackend | None = None, **changes) -> PairedActivations:
    """Test-split activations through a fresh store."""
    held = None if root is None else changes.pop("store", None) or Store(root, say=lambda _: None)
    options = {"data": FakeData(), "split": "test", "site": SITE, "batch_size": 4} | changes
    data, split, site = (options.pop(key) for key in ("data", "split", "site"))
    return activations(backend or FakeBackend(), data, split, site, store=held, **options)


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


def bytes_of(root: Path) -> dict[str, bytes]:
    """Every file of the only entry."""
    (entry,) = (path for path in root.iterdir() if path.is_dir() and path.name != "locks")
    return {file.name: file.read_bytes() for file in sorted(entry.iterdir())}


def entry_of(root: Path) -> Path:
    return next(path for path in root.iterdir() if path.name != "locks")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_rows_are_those_of_the_backend(root: Path) -> None:
    found, data = take(root), FakeData().split("test")
    assert torch.equal(found.image, FakeBackend().encode(data, "image", 0, 10, SITE))
    assert torch.equal(found.text, FakeBackend().encode_texts(data.captions, SITE))
    assert torch.equal(found.negatives, FakeBackend().encode_texts(data.negatives.captions, SITE))
    assert found.negative_of.tolist() == data.negatives.caption.tolist()
    assert found.caption_of.tolist() == data.caption_of.tolist()
    assert found.pooled
    assert found.image.dtype == torch.float32


def test_train_has_written_pairs_and_the_rest_all_true_ones(root: Path) -> None:
    train, test, data = take(root, split="train"), take(root), FakeData().split("test")
    assert train.pairs.tolist() == [[int(i), j] for j, i in enumerate(data.caption_of)]
    assert test.pairs.tolist() == data.true_pairs().tolist()
    assert len(test.pairs) == len(train.pairs) + 1


def test_a_second_run_reads_and_asks_the_model_nothing(root: Path) -> None:
    first, backend = take(root), FakeBackend()
    again = take(root, backend)
    assert backend.calls == []
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.text, again.text)
    assert first.fingerprint == again.fingerprint


def test_equal_captions_are_encoded_once(root: Path) -> None:
    backend = FakeBackend()
    take(root, backend, batch_size=100)
    texts = [stop for kind, _, stop in backend.calls if kind == "text"]
    assert sorted(texts) == [1, 1, 2, 5]  # two widths, the 2 + 5 distinct ones


def test_batch_size_changes_neither_rows_nor_key(root: Path, tmp_path: Path) -> None:
    one, other = take(root, batch_size=1), take(tmp_path / "other", batch_size=7)
    assert torch.equal(one.image, other.image)
    assert torch.equal(one.text, other.text)
    assert one.fingerprint == other.fingerprint
    assert bytes_of(root) == bytes_of(tmp_path / "other")


@pytest.mark.parametrize(
    ("backend", "changes"),
    [
        (FakeBackend(revision="r2"), {}),
        (FakeBackend(preprocessing="crop"), {}),
        (FakeBackend(dtype="bfloat16"), {}),
        (FakeBackend(), {"split": "val"}),
        (FakeBackend(), {"limit": 3}),
        (FakeBackend(), {"site": TOKENS}),
        (FakeBackend(), {"data": FakeData(revision="2")}),
        (FakeBackend(), {"data": FakeData(name="other")}),
        (FakeBackend(), {"data": FakeData(salt="!")}),
        (FakeBackend(), {"data": FakeData(n=11)}),
    ],
)
def test_the_key_moves_with_all_that_matters(backend: FakeBackend, changes: dict) -> None:
    assert take(None, backend, **changes).fingerprint != take(None).fingerprint


def test_the_key_leaves_the_name_of_the_backend_out() -> None:
    assert take(None, FakeBackend(name="moved")).fingerprint == take(None).fingerprint


def test_limit_keeps_the_first_images_and_what_belongs_to_them(root: Path) -> None:
    whole, part = take(root), take(root, limit=4)
    kept = torch.nonzero(whole.caption_of < 4).flatten()
    assert part.ids == whole.ids[:4]
    assert torch.equal(part.image, whole.image[:4])
    assert torch.equal(part.text, whole.text[kept])
    assert torch.equal(part.caption_of, whole.caption_of[kept])
    old = {int(j): i for i, j in enumerate(kept)}
    wanted = [[i, old[j]] for i, j in whole.pairs.tolist() if i < 4 and j in old]
    assert part.pairs.tolist() == wanted
    assert np.array_equal(part.concepts.text, whole.concepts.text[kept.numpy()])
    assert all(0 <= j < len(kept) for j in part.negative_of.tolist())
    assert len(part.negatives) == sum(int(j) in old for j in whole.negative_of)


def test_limit_above_the_split_is_the_whole_split(root: Path) -> None:
    assert take(root, limit=1000).fingerprint == take(root).fingerprint


def test_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="limit is 0, wanted at least 1"):
        take(None, limit=0)


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(ValueError, match="has 0 images"):
        take(None, data=FakeData(n=0))


def test_tokens_are_rows_with_an_owner(root: Path) -> None:
    found = take(root, site=TOKENS)
    assert found.image.shape == (20, 6)
    assert found.image_owner.tolist() == [i // 2 for i in range(20)]
    assert torch.equal(found.image[1::2], 2 * found.image[::2])
    assert not found.pooled
    assert found.n_images == 10


@pytest.mark.parametrize("in_store", [True, False])
@pytest.mark.parametrize(("value", "what"), [(float("nan"), "NaN"), (0.0, "all zero")])
def test_bad_rows_are_named(root: Path, in_store: bool, value: float, what: str) -> None:
    place = root if in_store else None
    with pytest.raises(ValueError, match=rf"3 of 10 image rows .* {what}.* first is row 7") as told:
        take(place, FakeBackend(spoil=value), batch_size=100)
    assert "\n" not in str(told.value)


def test_a_backend_in_memory_leaves_the_disk_alone(root: Path) -> None:
    backend = SimpleNamespace(
        encode=FakeBackend().encode,
        encode_texts=FakeBackend().encode_texts,
        in_memory=True,
        **{
            key: getattr(FakeBackend(), key)
            for key in ("name", "revision", "preprocessing", "dtype")
        },
    )
    held, through = take(root, backend), take(None)
    assert not root.exists()
    assert torch.equal(held.image, through.image)
    assert torch.equal(held.text, through.text)
    assert torch.equal(take(root, backend, limit=4).text, take(None, limit=4).text)


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
    with pytest.raises(ValueError, match=r"the disk has 0\.0 MB left"):
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
        with pytest.raises(ValueError, match="the disk is full") as told:
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
    real = store._seal

    def rot(folder: Path, manifest: dict) -> None:
        real(folder, manifest)
        (folder / "text.npy").write_bytes(b"")

    monkeypatch.setattr(store, "_seal", rot)
    with pytest.raises(ValueError, match=r"text\.npy has 0 bytes"):
        take(root)


def test_a_root_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match=r"cannot write .* BENCHMARK_CACHE") as told:
        take(tmp_path / "file" / "store")
    assert "\n" not in str(told.value)


def test_the_root_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", "somewhere/else")
    assert Store().root == Path("somewhere/else")
    monkeypatch.delenv("BENCHMARK_CACHE")
    assert Store().root.parts[-2:] == (".cache", "crossmodal-sae-benchmark")


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


def test_the_next_pictures_are_drawn_ahead_and_only_those() -> None:
    asked: list[tuple[int, int]] = []

    def draw(start: int, stop: int) -> list[int]:
        asked.append((start, stop))
        if start == 6:
            raise ValueError("a picture is missing")
        return list(range(start, stop))

    with ahead(draw, 7) as drawn:
        assert drawn(0, 1) == [0]
        assert drawn(0, 3) == [0, 1, 2]
        assert drawn(3, 6) == [3, 4, 5]
        with pytest.raises(ValueError, match="a picture is missing"):
            drawn(6, 7)
    assert asked == [(0, 1), (1, 2), (0, 3), (3, 6), (6, 7)]


def test_a_short_answer_of_a_backend_is_refused() -> None:
    class Short(FakeBackend):
        def encode(self, examples, modality, start, stop, site) -> torch.Tensor:
            return super().encode(examples, modality, start, stop, site)[: max(1, stop - start - 1)]

    with pytest.raises(ValueError, match="gave 3 image rows for 4"):
        take(None, Short())
