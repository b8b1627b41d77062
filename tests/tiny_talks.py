"""Miniatures of LLaVA's data: conversations about small pictures, as their authors have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.corpora import picture, words_of

NAME = "blip_laion_cc_sbu_558k.json"


def entry(i: int, *turns: tuple[str, str], image: bool = True) -> dict[str, Any]:
    """One entry of a list, as LLaVA writes it."""
    said = [
        {"from": who, "value": text}
        for turn in turns
        for who, text in zip(("human", "gpt"), turn, strict=True)
    ]
    shown = {"image": f"{i % 3:05d}/{i:09d}.jpg"} if image else {}
    return {"id": f"{i:09d}", **shown, "conversations": said}


def pretrain(folder: Path, n: int = 80, *, place: str = ".") -> Path:
    """LLaVA-Pretrain: a turn a picture, the picture before or after the question's words."""
    entries = []
    for i in range(n):
        asked = f"<image>\nWhat is in picture {i}?" if i % 2 else "Describe it briefly.\n<image>"
        entries.append(entry(i, (asked, f"a {' and a '.join(words_of(i))}")))
        path = folder / place / entries[-1]["image"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(i))
    (folder / NAME).write_text(json.dumps(entries))
    meta = [{"id": e["id"], "image": e["image"], "blip_caption": "x"} for e in entries]
    (folder / NAME.replace(".json", "_meta.json")).write_text(json.dumps(meta))
    return folder


def instruct(folder: Path, n: int = 60) -> Path:
    """A mixture of LLaVA-Instruct: several turns, several entries a picture, and text alone."""
    pretrain(folder, n, place="images")
    entries = []
    for i in range(n):
        thing = words_of(i)[0]
        talk = [("<image>\nWhat is it?", f"A {thing}."), ("Is it a\ncat?", "yes"), ("<image>", "x")]
        entries.append(entry(i, *talk[: 1 + i % 3]))
        if i % 4 == 0:
            entries.append(entry(i, ("Which thing?\n<image>", f"the  {thing}")))
        if i % 5 == 0:
            entries.append(entry(i, ("What is two and two?", "Four."), image=False))
    entries.append(entry(1, ("<image>\nNothing is said of this.", " ")))
    (folder / NAME).write_text(json.dumps(entries))
    return folder
