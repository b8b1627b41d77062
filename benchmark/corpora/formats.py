"""The formats that a folder may have, and those that a data set with a name comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.contracts import Progress, Split, silent
from benchmark.corpora import classes, conversations, karpathy, shards, tables
from benchmark.corpora.concepts import NOTHING, Vocabulary
from benchmark.corpora.known import KNOWN, Known
from benchmark.corpora.listing import Listing
from benchmark.corpora.shard_files import local

Found = tuple[Mapping[Split, Listing], Vocabulary]


@dataclass(frozen=True)
class Asked:
    """What is to be read."""

    folder: Path
    file: str = ""
    """What the file of annotations is called; any where that is not known."""
    shards: int | None = None
    progress: Progress = silent


@dataclass(frozen=True)
class Format:
    """How one format is told, and read."""

    there: Callable[[Asked], str]
    """What of it a folder has; "" where it is of another format."""
    read: Callable[[Asked], Found]


def caption_file(asked: Asked) -> Path:
    """Karpathy's file. Raises ValueError, one line, where there are several."""
    found = karpathy.annotation_files(asked.folder, asked.file or karpathy.FILE)
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        own = " or ".join(f"{n}:FOLDER" for n, k in KNOWN.items() if k.file in names.split(", "))
        say = f"say which with {own}" if own else "wanted one"
        raise ValueError(f"{asked.folder} has {len(found)} files of captions, {names}: {say}")
    return found[0]


def has_captions(asked: Asked) -> str:
    """The names of Karpathy's files."""
    found = karpathy.annotation_files(asked.folder, asked.file or karpathy.FILE)
    return ", ".join(file.name for file in found)


def has_conversations(asked: Asked) -> str:
    """The name of a list of conversations."""
    file = conversations.annotation_file(asked.folder)
    return file.name if file is not None and asked.file in ("", file.name) else ""


def of_conversations(asked: Asked) -> Found:
    """All of a list is one part."""
    file = conversations.annotation_file(asked.folder)
    if file is None:
        raise ValueError(f"{asked.folder} has no list of conversations")
    return {"train": conversations.read(file)}, NOTHING


def of_shards(asked: Asked) -> Found:
    """So many shards of each split as are asked for."""
    found = shards.first(local(asked.folder), asked.shards)
    return shards.read(found, asked.progress), NOTHING


def of_tables(asked: Asked) -> Found:
    """Parquet."""
    return tables.read(tables.opened(asked.folder), asked.folder, asked.progress)


def of_metadata(asked: Asked) -> Found:
    """Pictures with a file of metadata."""
    return tables.read(tables.opened_pictures(asked.folder), asked.folder, asked.progress)


FORMATS: Mapping[str, Format] = {
    "karpathy": Format(has_captions, lambda a: (karpathy.read(caption_file(a)), NOTHING)),
    "conversations": Format(has_conversations, of_conversations),
    "shards": Format(lambda a: "*.tar" if local(a.folder) else "", of_shards),
    "tables": Format(lambda a: "*.parquet" if tables.table_files(a.folder) else "", of_tables),
    "metadata": Format(
        lambda a: "pictures with metadata" if tables.has_metadata(a.folder) else "", of_metadata
    ),
    "classes": Format(
        lambda a: "a folder a class" if classes.parts_of(a.folder) else "",
        lambda a: classes.read(classes.parts_of(a.folder)),
    ),
}
"""In the order in which they are looked for."""


def read(asked: Asked) -> Found:
    """A folder in the first format that it has. Raises ValueError, one line, where it has none."""
    for each in FORMATS.values():
        if each.there(asked):
            return each.read(asked)
    raise ValueError(
        f"{asked.folder} holds no data set: wanted dataset_*.json or a list of conversations "
        "beside its pictures, *.tar, *.parquet, pictures with metadata.csv or metadata.jsonl, or a "
        "folder a class"
    )


def read_known(name: str, known: Known, asked: Asked) -> Found:
    """A folder of a data set that has a name, in a format of its own.

    Raises ValueError, one line, for all others: they are not what the name stands for, and its
    licence is not theirs.
    """
    for each in (FORMATS[kind] for kind in known.formats):
        if each.there(asked):
            parts, vocabulary = each.read(asked)
            if bool(vocabulary.names) != known.labelled:
                there = "captions and no classes" if known.labelled else "classes and no captions"
                raise ValueError(f"{name}: {asked.folder} has {there}: wanted {known.wanted}")
            return parts, vocabulary
    plain = Asked(asked.folder)
    others = "; ".join(filter(None, (each.there(plain) for each in FORMATS.values())))
    raise ValueError(
        f"{name}: {asked.folder} holds no data set as {name} is distributed: found "
        f"{others or 'nothing that is known'}, wanted {known.wanted}"
        + (f"; data of your own are given as --data {asked.folder}" if others else "")
    )
