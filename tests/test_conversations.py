"""Conversations about pictures, as LLaVA's data sets have them: talks, captions, splits."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmark.activations.views import first_images
from benchmark.contracts import Discussed, talks_of
from benchmark.contracts.data import DESCRIBE
from benchmark.corpora.known import KNOWN
from benchmark.corpora.naming import open_corpus
from tests import corpora, tiny_talks

SPLITS = ("train", "val", "test")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))


def test_a_talk_is_its_entry_without_the_mark_of_the_picture(tmp_path: Path) -> None:
    data = open_corpus(f"llava-pretrain:{tiny_talks.pretrain(tmp_path / 'data')}")
    assert data.licence.startswith("CC-3M/BLIP captions")
    seen = []
    for name in SPLITS:
        own = data.split(name)  # type: ignore[arg-type]
        assert isinstance(own, Discussed)
        n = len(own.ids)
        assert n
        assert np.array_equal(own.caption_of, np.arange(n))
        for i, (key, talk) in enumerate(zip(own.ids, own.talks(0, n), strict=True)):
            number = int(Path(key).stem)
            asked = f"What is in picture {number}?" if number % 2 else "Describe it briefly."
            told = f"a {' and a '.join(corpora.words_of(number))}"
            assert [tuple(turn) for turn in talk] == [(asked, told)]
            assert own.captions[i] == told
            assert own.images(i, i + 1)[0].size == corpora.SIDES[number % 3]
        seen += own.ids
        assert talks_of(first_images(own, 1), 0, 1) == own.talks(0, 1)
    assert len(seen) == len(set(seen)) == 80


def test_more_entries_move_no_picture_to_another_split(tmp_path: Path) -> None:
    few = open_corpus(str(tiny_talks.pretrain(tmp_path / "few", 60)))
    more = open_corpus(str(tiny_talks.pretrain(tmp_path / "more", 90)))
    for name in SPLITS:
        assert set(few.split(name).ids) <= set(more.split(name).ids)  # type: ignore[arg-type]


def test_mixtures_have_several_turns_and_entries_without_a_picture_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "benchmark"):
        data = open_corpus(str(tiny_talks.instruct(tmp_path / "data")))
    assert "13 of blip_laion_cc_sbu_558k.json entries" in caplog.text
    n = 0
    for name in SPLITS:
        own = data.split(name)  # type: ignore[arg-type]
        for i, key in enumerate(own.ids):
            number, talk = int(Path(key).stem), own.talks(i, i + 1)[0]
            thing = corpora.words_of(number)[0]
            turns = [("What is it?", f"A {thing}."), ("Is it a\ncat?", "yes"), (DESCRIBE, "x")]
            turns = turns[: 1 + number % 3]
            if number % 4 == 0:
                turns.append(("Which thing?", f"the  {thing}"))
            assert [tuple(turn) for turn in talk] == turns
            said = [own.captions[j] for j in np.flatnonzero(own.caption_of == i)]
            assert said == [f"A {thing}.", f"the {thing}"][: 1 + (number % 4 == 0)]
            n += 1
    assert n == 60


def test_another_answer_is_another_revision(tmp_path: Path) -> None:
    folder = tiny_talks.instruct(tmp_path / "data")
    before = open_corpus(str(folder)).revision
    entries = json.loads((folder / tiny_talks.NAME).read_text())
    changed = next(e for e in entries if len(e["conversations"]) == 4)
    changed["conversations"][-1]["value"] = "no"
    (folder / tiny_talks.NAME).write_text(json.dumps(entries))
    assert open_corpus(str(folder)).revision != before


def line(folder: Path) -> str:
    """What is said of a folder, in one line."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        open_corpus(f"llava-pretrain:{folder}")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_what_is_amiss_is_one_line(tmp_path: Path) -> None:
    folder = tiny_talks.pretrain(tmp_path / "data")
    file = folder / tiny_talks.NAME
    entries = json.loads(file.read_text())
    (folder / entries[5]["image"]).unlink()
    assert f"1 of 80 pictures of {file.name} are not under" in line(folder)
    for place in ("00000", "00001", "00002"):
        shutil.rmtree(folder / place)
    assert "wanted the folders of pictures beside it" in line(folder)
    (folder / "images.zip").write_bytes(b"PK")
    assert "unzip -q images.zip" in line(folder)
    file.write_text('[{"conversations": [{"from": "human"}, {"from": "gpt"}]}]')
    assert "is no list of conversations (KeyError: 'value')" in line(folder)
    file.write_text('[{"conversations": [')
    assert "is no list of conversations (JSONDecodeError" in line(folder)
    file.write_text('{"conversations": []}')
    assert "holds no data set" in line(folder)
    file.write_text('[{"conversations": [{"from": "gpt", "value": "a"}], "image": "a.jpg"}]')
    assert "no entry with a picture, a question and its answer" in line(folder)
    shutil.copy(file, folder / "other.json")
    assert "2 lists of conversations" in line(folder)


def test_the_hub_is_asked_for_the_list_and_the_pictures() -> None:
    assert KNOWN["llava-pretrain"].repository == "liuhaotian/LLaVA-Pretrain"
    assert tiny_talks.NAME in KNOWN["llava-pretrain"].patterns
