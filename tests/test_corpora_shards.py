"""Webdatasets: a sample is what stands together in one shard, whatever other shards call theirs."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.contracts import Split
from benchmark.corpora.naming import open_corpus
from tests import corpora

SPLITS: tuple[Split, ...] = ("train", "val", "test")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))


def tar(file: Path, members: list[tuple[str, bytes]]) -> None:
    """A tar of files in this order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as opened:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))


def sample(key: str, i: int) -> list[tuple[str, bytes]]:
    """Picture i under a key, with its first caption."""
    return [(f"{key}.jpg", corpora.picture(i)), (f"{key}.txt", corpora.captions_of(i)[0].encode())]


def read(spec: str) -> dict[str, list[int]]:
    """Numbers of the pictures behind the captions of every id, checked against its pixels."""
    data = open_corpus(spec)
    found: dict[str, list[int]] = {}
    for split in SPLITS:
        own = data.split(split)
        for i, key in enumerate(own.ids):
            assert key not in found
            told = [own.captions[j] for j in np.flatnonzero(own.caption_of == i)]
            found[key] = [int(text.rstrip(".").split()[-1]) for text in told]
            shown = Image.open(io.BytesIO(corpora.picture(found[key][0]))).convert("RGB")
            assert np.array_equal(np.asarray(own.images(i, i + 1)[0]), np.asarray(shown))
    return found


def test_shards_that_count_from_nought_again_hold_other_pictures(tmp_path: Path) -> None:
    for s in range(2):
        members = [m for i in range(40) for m in sample(f"{i:06d}", 100 * s + i)]
        tar(tmp_path / "data" / f"pairs-{s}.tar", members)
    tar(tmp_path / "data" / "more" / "pairs-1.tar", sample("alone", 300) + sample("000003", 301))
    found = read(str(tmp_path / "data"))
    wanted = {f"pairs-{s}/{i:06d}": [100 * s + i] for s in range(2) for i in range(40)}
    assert found == {**wanted, "alone": [300], "more/pairs-1/000003": [301]}


def test_a_key_that_comes_again_in_a_shard_begins_another_sample(tmp_path: Path) -> None:
    members = [m for i in range(60) for m in sample(f"{i % 20}", i)]
    members += [m for i in (200, 201) for m in sample("twice", i)]
    tar(tmp_path / "data" / "pairs.tar", members)
    found = read(str(tmp_path / "data"))
    assert sorted(found.values()) == [[i] for i in [*range(60), 200, 201]]
    assert {"pairs/7", "pairs/7~2", "pairs/7~3", "pairs/twice", "pairs/twice~2"} <= set(found)


def test_a_sample_a_caption_is_one_picture_with_several(tmp_path: Path) -> None:
    """Names in JSON stay as they are: annotations of other files go by them."""
    for s in range(2):
        members: list[tuple[str, bytes]] = []
        for i in range(60):
            facts = {"caption": corpora.captions_of(i)[s] + f" {i}", "cocoid": i}
            members += [(f"{i}.jpg", corpora.picture(i)), (f"{i}.json", json.dumps(facts).encode())]
        tar(tmp_path / "data" / f"{s}.tar", members)
    assert read(str(tmp_path / "data")) == {str(i): [i, i] for i in range(60)}


def test_files_of_a_key_that_do_not_stand_together_are_no_sample(tmp_path: Path) -> None:
    members = [m for i in range(9) for m in sample(str(i), i)]
    tar(tmp_path / "data" / "pairs.tar", members[::2] + members[1::2])
    with pytest.raises(ValueError, match="next to it") as caught:
        open_corpus(str(tmp_path / "data"))
    assert "\n" not in str(caught.value)
