"""Docstrings as pages show them: paragraphs, equations, code and papers; files are never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leaderboards.site.inert import PAPER

LARGEST = 400_000
"""Bytes of a file whose docstring is read."""


@dataclass(frozen=True)
class Block:
    """A paragraph of prose, or an equation as it was set."""

    kind: Literal["prose", "equation"]
    text: str


@dataclass(frozen=True)
class Doc:
    """What a file says of itself."""

    summary: str = ""
    """Its first line."""
    blocks: tuple[Block, ...] = ()
    claim: str = ""
    """The first line of its class's docstring."""
    notes: tuple[Block, ...] = ()
    """The rest of it."""


def read(path: Path, class_name: str = "") -> Doc:
    """Docstrings of a file and of one class in it; nothing where there are none to be read."""
    try:
        if path.stat().st_size > LARGEST:
            return Doc()
        tree = ast.parse(path.read_text())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return Doc()
    summary, blocks = _split(ast.get_docstring(tree) or "")
    of_class = [c for c in tree.body if isinstance(c, ast.ClassDef) and c.name == class_name]
    claim, notes = _split((ast.get_docstring(of_class[0]) if of_class else "") or "")
    return Doc(summary, blocks, claim, notes)


def _split(docstring: str) -> tuple[str, tuple[Block, ...]]:
    first, _, rest = docstring.partition("\n")
    return first.strip(), tuple(_blocks(rest))


def _blocks(text: str) -> Iterator[Block]:
    for part in re.split(r"\n\s*\n", text):
        lines = part.strip("\n").splitlines()
        if not lines or not part.strip():
            continue
        if all(line.startswith("    ") or not line.strip() for line in lines):
            yield Block("equation", "\n".join(line[4:] for line in lines))
        else:
            yield Block("prose", " ".join(line.strip() for line in lines))


def papers(doc: Doc) -> list[str]:
    """arXiv numbers in the order that they are named."""
    texts = [doc.summary, *(block.text for block in doc.blocks)]
    return list(dict.fromkeys(number for text in texts for number in PAPER.findall(text)))
