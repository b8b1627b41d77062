"""Conversations about pictures, as LLaVA's are: a *.json list beside folders of pictures.

    [{"id", "image": "00453/004539375.jpg", "conversations": [{"from": "human", "value": …}, …]}]

Liu et al. 2023 (2304.08485): LLaVA-Pretrain has one turn a picture, LLaVA-Instruct's mixtures have
several, and entries without a picture, which are left out. Entries of one picture are put together:
its talk is all their questions, its captions are their first answers.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.contracts import Talk
from benchmark.contracts.data import DESCRIBE
from benchmark.corpora.beside import root_of
from benchmark.corpora.listing import Listing
from benchmark.corpora.pictures import Files

FILE = "*.json"
HEAD = 1 << 16
"""Characters of a file that are read to tell what it is: the whole may be hundreds of megabytes."""
PLACES = (".", "images", "..", "../images")
"""Where pictures lie, seen from the file."""
ARCHIVE = "images.zip"
MARK = "<image>"
ASKS, ANSWERS = frozenset({"human", "user"}), frozenset({"gpt", "assistant"})


def annotation_file(folder: Path) -> Path | None:
    """The file of a folder, if it has one. Raises ValueError, one line, where it has several."""
    found = [file for file in sorted(folder.glob(FILE)) if file.is_file() and is_list(file)]
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise ValueError(f"{folder} has {len(found)} lists of conversations, {names}: wanted one")
    return found[0] if found else None


def is_list(file: Path) -> bool:
    """Whether a file begins as a list of conversations does."""
    with file.open(encoding="utf-8", errors="replace") as text:
        head = text.read(HEAD)
    return head.lstrip().startswith("[") and '"conversations"' in head


def read(file: Path) -> Listing:
    """All pictures of a file, in the order in which they first come.

    Raises ValueError, one line, for a file of another kind, and where pictures are missing.
    """
    try:
        said, lost = spoken(json.loads(file.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{file} is no list of conversations ({type(error).__name__}: {error}): wanted "
            '[{"image", "conversations": [{"from", "value"}]}]'
        ) from None
    if not said:
        raise ValueError(f"{file} has no entry with a picture, a question and its answer")
    if lost:
        logging.getLogger("benchmark").warning(
            "%d of %s entries have no picture of their own, or no answer: left out", lost, file.name
        )
    return listed(file, said)


def spoken(entries: Sequence[Any]) -> tuple[dict[str, list[Talk]], int]:
    """The talks about each picture, one an entry, and how many entries are left out."""
    found: dict[str, list[Talk]] = {}
    lost = 0
    for entry in entries:
        name, talk = entry.get("image"), talk_of(entry["conversations"])
        if isinstance(name, str) and name and talk:
            found.setdefault(name, []).append(talk)
        else:
            lost += 1
    return found, lost


def talk_of(turns: Sequence[Any]) -> Talk:
    """Every question that is answered, with its answer; a bare picture asks to be described."""
    found = []
    for asked, answer in pairwise(turns):
        if asked["from"] in ASKS and answer["from"] in ANSWERS:
            question, told = plain(asked["value"]), plain(answer["value"])
            if told:
                found.append((question or DESCRIBE, told))
    return found


def plain(text: str) -> str:
    """Words alone: where the picture stands is up to the model's own chat template."""
    return text.replace(MARK, "").strip()


def listed(file: Path, said: dict[str, list[Talk]]) -> Listing:
    """Pictures under their names. Raises ValueError, one line, where some are missing."""
    root = place_of(file, next(iter(said)))
    lost = [name for name in said if not (root / name).is_file()]
    if lost:
        raise ValueError(
            f"{len(lost)} of {len(said)} pictures of {file.name} are not under {root}, {lost[0]} "
            "first: get what is missing, or leave its entries out"
        )
    own = list(said.values())
    return Listing(
        ids=tuple(said),
        captions=tuple(" ".join(talk[0][1].split()) for talks in own for talk in talks),
        caption_of=np.repeat(np.arange(len(own)), [len(talks) for talks in own]),
        pictures=Files(tuple(root / name for name in said)),
        talks=tuple(tuple(turn for talk in talks for turn in talk) for talks in own),
    )


def place_of(file: Path, name: str) -> Path:
    """The folder that pictures are named from. Raises ValueError where the first is nowhere."""
    try:
        return root_of(file, name, PLACES)
    except ValueError:
        if not (file.parent / ARCHIVE).is_file():
            raise
    raise ValueError(
        f"{file.parent} has {ARCHIVE} and not the pictures in it: unpack it there, with "
        f"unzip -q {ARCHIVE}, and ask again"
    )
