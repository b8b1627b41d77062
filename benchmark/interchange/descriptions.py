"""What latents are said to mean: from a file of a user's, or from an export of Neuronpedia.

Read are
- CSV with the columns `latent` and `description`,
- JSON or JSON lines (also gzipped) with an object for each latent: `index` or `latent`, and
  `description`, or `explanations` that have one each, as Neuronpedia writes them,
- JSON of the form `{"12": "cats"}`.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmark.messages.raised import one_line

INDEX = ("index", "latent", "feature", "featureIndex")
TEXT = ("description", "explanation", "name")
Descriptions = dict[int, tuple[str, ...]]
"""Every description of each latent that has one."""


def read_descriptions(path: Path, d_sae: int) -> Descriptions:
    """Descriptions of the latents of one SAE. Raises ValueError, one line, where there are none."""
    found: dict[int, list[str]] = {}
    for latent, text in pairs(path):
        if not 0 <= latent < d_sae:
            raise ValueError(
                f"{path} describes latent {latent}, the SAE has d_sae = {d_sae}: is it of another?"
            )
        if text and text not in found.setdefault(latent, []):
            found[latent].append(text)
    kept = {latent: tuple(texts) for latent, texts in sorted(found.items()) if texts}
    if not kept:
        raise ValueError(
            f"{path} holds no descriptions: wanted latent and description in each row, or an "
            "export of Neuronpedia"
        )
    return kept


def pairs(path: Path) -> Iterator[tuple[int, str]]:
    """Latent and description of every entry of a file."""
    name = path.name.removesuffix(".gz")
    text = content(path)
    try:
        if name.endswith((".csv", ".tsv")):
            yield from of_rows(csv.DictReader(io.StringIO(text), delimiter=separator(name)), path)
        elif name.endswith(".jsonl"):
            yield from of_rows((json.loads(line) for line in text.splitlines() if line), path)
        else:
            yield from of_json(json.loads(text), path)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON: {one_line(error)}") from None


def separator(name: str) -> str:
    return "\t" if name.endswith(".tsv") else ","


def content(path: Path) -> str:
    """Text of a file, unpacked where it is gzipped."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {path}: {one_line(error)}") from None


def of_json(tree: Any, path: Path) -> Iterator[tuple[int, str]]:
    """Entries of one JSON document."""
    if isinstance(tree, list):
        yield from of_rows(tree, path)
    elif isinstance(tree, Mapping) and isinstance(tree.get("explanations"), list):
        yield from of_rows([tree] if index_of(tree) is not None else tree["explanations"], path)
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            if not str(key).isdigit():
                raise ValueError(f"{path} has the key {key!r}, wanted the number of a latent")
            for text in value if isinstance(value, list) else [value]:
                yield int(key), str(text).strip()
    else:
        raise ValueError(f"{path} holds a {type(tree).__name__}, wanted objects with descriptions")


def of_rows(rows: Iterable[Any], path: Path) -> Iterator[tuple[int, str]]:
    """Entries that are objects, each of one latent."""
    for number, row in enumerate(rows, start=1):
        latent = index_of(row) if isinstance(row, Mapping) else None
        if latent is None:
            raise ValueError(
                f"{path}: entry {number} names no latent: wanted one of {', '.join(INDEX)}, a "
                "whole number"
            )
        yield from ((latent, text) for text in texts_of(row))


def index_of(row: Mapping[str, Any]) -> int | None:
    """The latent that an entry speaks of."""
    said = next((str(row[key]).strip() for key in INDEX if row.get(key) is not None), "")
    return int(said) if said.isdigit() else None


def texts_of(row: Mapping[str, Any]) -> Iterator[str]:
    """What an entry says of its latent; empty texts are none."""
    for key in TEXT:
        if isinstance(row.get(key), str):
            yield str(row[key]).strip()
            return
    for each in row.get("explanations") or ():
        if isinstance(each, Mapping) and isinstance(each.get("description"), str):
            yield each["description"].strip()
