"""No picture is in two splits: told by its bytes, whatever it is called and however it is kept."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.contracts import Split, talks_of
from benchmark.corpora import contents
from benchmark.corpora.corpus import Corpus
from benchmark.corpora.naming import open_corpus
from tests import corpora, tiny_talks

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""`datasets` leaves files of metadata open."""
SPLITS: tuple[Split, ...] = ("train", "val", "test")
ALIKE = "12 pictures of train are in test too: left out of train"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "datasets"))


def pixels(data: Corpus, split: Split) -> list[str]:
    """A digest of each picture of a split as it is shown."""
    own = data.split(split)
    shown = own.images(0, len(own.ids))
    return [hashlib.sha256(each.tobytes() + str(each.size).encode()).hexdigest() for each in shown]


def sizes(data: Corpus) -> list[int]:
    """Pictures of each split, after it is seen that none is in two, nor twice in one."""
    every = [key for split in SPLITS for key in pixels(data, split)]
    assert len(every) == len(set(every))
    ids = [key for split in SPLITS for key in data.split(split).ids]
    assert len(ids) == len(set(ids))
    return [len(data.split(split).ids) for split in SPLITS]


def parquet(file: Path, numbers: Sequence[int], **columns: Sequence[Any]) -> Path:
    """A row for each of these pictures, with the column that tells its first or next caption."""
    from datasets import Dataset, Features, Value
    from datasets import Image as Picture

    seen: dict[int, int] = {}
    told = []
    for i in numbers:
        told.append(corpora.captions_of(i)[seen.setdefault(i, 0)])
        seen[i] = 1 - seen[i]
    kinds = {"image": Picture(), "caption": Value("string")}
    kinds |= dict.fromkeys(columns, Value("int64"))
    rows = {"image": [{"bytes": corpora.picture(i), "path": None} for i in numbers]}
    file.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_dict({**rows, "caption": told, **columns}, features=Features(kinds)).to_parquet(
        str(file)
    )
    return file.parent


def captions(data: Corpus) -> dict[str, list[str]]:
    """Captions of every picture, by its pixels."""
    found = {}
    for split in SPLITS:
        own = data.split(split)
        for i, key in enumerate(pixels(data, split)):
            found[key] = sorted(own.captions[j] for j in np.flatnonzero(own.caption_of == i))
    return found


def wanted(i: int) -> tuple[str, list[str]]:
    """The pixels of picture i, and its captions."""
    shown = Image.open(io.BytesIO(corpora.picture(i))).convert("RGB")
    key = hashlib.sha256(shown.tobytes() + str(shown.size).encode()).hexdigest()
    return key, sorted(" ".join(text.split()) for text in corpora.captions_of(i))


@pytest.mark.parametrize("more", [{}, {"id": list(range(120))}])
def test_a_row_a_caption_without_a_name_of_the_picture(
    more: dict[str, list[int]], tmp_path: Path
) -> None:
    data = open_corpus(str(parquet(tmp_path / "data" / "all.parquet", [*range(60)] * 2, **more)))
    assert sum(sizes(data)) == 60
    assert captions(data) == dict(map(wanted, range(60)))


def test_parts_of_a_table_that_share_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A key that counts from nought in every part names no picture beyond it."""
    parquet(tmp_path / "data" / "train.parquet", range(30), id=range(30))
    parquet(tmp_path / "data" / "validation.parquet", [*range(8, 14), 40], id=range(7))
    parquet(tmp_path / "data" / "test.parquet", [*range(12), 50, 50], id=range(14))
    with caplog.at_level(logging.WARNING, "benchmark"):
        data = open_corpus(str(tmp_path / "data"))
    assert sizes(data) == [16, 3, 13]
    assert caplog.messages == [
        "4 pictures of val are in test too: left out of val",
        "14 pictures of train are in test or val too: left out of train",
    ]
    shared = {wanted(i)[0] for i in range(12)}
    assert shared <= set(pixels(data, "test"))


def test_classes_whose_val_is_a_copy_of_train(tmp_path: Path) -> None:
    folder = corpora.classes(tmp_path / "data")
    shutil.rmtree(folder / "val")
    shutil.copytree(folder / "train", folder / "val")
    with pytest.raises(ValueError, match="every picture of train is in val too") as caught:
        open_corpus(f"imagenet:{folder}")
    assert "\n" not in str(caught.value)


def test_classes_that_share_pictures_under_other_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = corpora.classes(tmp_path / "data", 8)
    for i, path in enumerate(sorted((folder / "train" / "bus").iterdir())[:5]):
        shutil.copy(path, folder / "val" / "bus" / f"another{i}.JPEG")
    data = open_corpus(f"imagenet:{folder}")
    found = sizes(data)
    assert (found[0], found[1] + found[2]) == (19, 29)
    assert "5 pictures of train are in val too: left out of train" in caplog.text


def test_what_the_authors_have_in_two_splits_stays_in_the_one_that_is_scored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = corpora.karpathy(tmp_path / "data", 48)
    facts = json.loads((folder / "dataset_coco.json").read_text())
    places = {s: [i for i in facts["images"] if i["split"] == s] for s in ("train", "test")}
    for own, other in zip(places["train"], places["test"], strict=True):
        path = folder / own["filepath"] / own["filename"]
        path.write_bytes((folder / other["filepath"] / other["filename"]).read_bytes())
    data = open_corpus(f"coco:{folder}")
    assert sizes(data) == [12, 12, 12]
    assert caplog.messages == [ALIKE]
    caplog.clear()
    assert open_corpus(f"coco:{folder}").revision == data.revision
    assert caplog.messages == [ALIKE]


def test_only_files_that_may_be_the_same_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes first, then ends of files, then all of them; and nothing twice."""
    content = {"a": b"1" * 9000, "b": b"2" + b"1" * 8999, "c": b"1" * 8999 + b"3", "d": b"4" * 5}
    for name, own in content.items():
        (tmp_path / name).write_bytes(own)
    (tmp_path / "e").write_bytes(content["a"])
    whole: list[str] = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda p: (whole.append(p.name), real(p))[1])
    split = ["train", "train", "train", "train", "test"]
    paths = [tmp_path / name for name in "abcde"]
    keys = contents.compared(split, paths, lambda steps, _: steps)
    assert whole == ["a", "b", "e"]
    assert [key == keys[4] for key in keys] == [True, False, False, False, True]


def folder_of_classes(folder: Path, names: Callable[[int], str]) -> Path:
    """Pictures 0…79 of two classes without splits, called as is said."""
    for i in range(80):
        path = folder / ("cat" if i % 2 else "bus") / f"{names(i)}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(corpora.picture(i, "PNG"))
    return folder


def test_a_part_alone_is_split_by_what_its_pictures_are(tmp_path: Path) -> None:
    """Other names, the same splits; and a copy goes where its picture is."""
    one = open_corpus(str(folder_of_classes(tmp_path / "one", lambda i: f"{i:03d}")))
    other = folder_of_classes(tmp_path / "other", lambda i: f"{80 - i:03d}-again")
    two = open_corpus(str(other))
    for split in SPLITS:
        assert set(pixels(one, split)) == set(pixels(two, split))
    for path in sorted(other.rglob("*.png")):
        shutil.copy(path, path.with_name(f"copy-of-{path.name}"))
    twice = open_corpus(str(other))
    for split in SPLITS:
        assert sorted(pixels(twice, split)) == sorted(pixels(two, split) * 2)


def test_entries_about_one_picture_under_two_names_are_put_together(tmp_path: Path) -> None:
    folder = tiny_talks.pretrain(tmp_path / "data")
    entries = json.loads((folder / tiny_talks.NAME).read_text())
    again = tiny_talks.entry(5, ("Again?\n<image>", "yes")) | {"image": "copy.jpg"}
    shutil.copy(folder / entries[5]["image"], folder / "copy.jpg")
    (folder / tiny_talks.NAME).write_text(json.dumps([*entries, again]))
    data = open_corpus(str(folder))
    assert sum(sizes(data)) == 80
    split, i = next(
        (s, data.split(s).ids.index(entries[5]["image"]))
        for s in SPLITS
        if entries[5]["image"] in data.split(s).ids
    )
    own = data.split(split)
    talk = talks_of(own, i, i + 1)[0]
    assert [answer for _, answer in talk] == ["a cat and a bus", "yes"]
    assert [own.captions[j] for j in np.flatnonzero(own.caption_of == i)] == [
        answer for _, answer in talk
    ]


def test_a_table_is_hashed_once_and_again_where_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = parquet(tmp_path / "data" / "all.parquet", range(60))
    before = open_corpus(str(folder)).revision
    real, read = contents.digests_of, []
    monkeypatch.setattr(
        contents, "digests_of", lambda *given: (read.append(len(given[0])), real(*given))[1]
    )
    assert open_corpus(str(folder)).revision == before
    assert read == []
    parquet(tmp_path / "data" / "all.parquet", [*range(1, 60), 70])
    os.utime(folder / "all.parquet", (1, 1))
    data = open_corpus(str(folder))
    assert read == [60]
    assert wanted(70)[0] in {key for split in SPLITS for key in pixels(data, split)}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            {"bytes": None, "path": "gone.jpg"},
            r"image of row 0 names gone\.jpg and holds no picture",
        ),
        ({"bytes": None, "path": None}, "image of row 0 is empty: wanted a picture"),
        (None, "image of row 0 is empty: wanted a picture"),
    ],
)
def test_a_cell_without_a_picture_is_one_line(
    cell: dict[str, Any] | None, said: str, tmp_path: Path
) -> None:
    import pyarrow
    from pyarrow.parquet import write_table

    kind = pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
    rows = {"image": pyarrow.array([cell], kind), "caption": ["a cat"]}
    (tmp_path / "data").mkdir()
    write_table(pyarrow.table(rows), tmp_path / "data" / "a.parquet")
    with pytest.raises(ValueError, match=said) as caught:
        open_corpus(str(tmp_path / "data"))
    assert "\n" not in str(caught.value)
