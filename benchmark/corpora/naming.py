"""What each name stands for, from the hub or a folder, and how a folder is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.backends.hub import HUB_ID, Repository
from benchmark.contracts import Progress, Split, silent
from benchmark.corpora import classes, conversations, instances, karpathy, shards, tables
from benchmark.corpora.concepts import NOTHING, Vocabulary
from benchmark.corpora.corpus import Corpus
from benchmark.corpora.fetching import fetched, limited, streamed
from benchmark.corpora.known import KNOWN
from benchmark.corpora.listing import Listing
from benchmark.corpora.shard_files import local
from benchmark.corpora.splitting import splits_of
from benchmark.messages.nearest import hint

SHARDS = re.compile(r"shards=([1-9][0-9]*)")
HUB = "hub"
"""`hub:ORG/NAME` is any data set of the hub."""
OWN = "not stated: whoever uses it knows"
ANY = ("*.tar", "*.parquet")


def open_corpus(spec: str, progress: Progress = silent) -> Corpus:
    """The data set that `--data` names. Raises ValueError, one line, for anything amiss."""
    plain, _, text = spec.partition("?")
    options = options_of(spec, text)
    name, _, place = plain.partition(":")
    if name in KNOWN and not place:
        known = KNOWN[name]
        return of_hub(name, plain, known.repository, known.patterns, options, progress)
    if name in KNOWN:
        return of_folder(name, folder_of(name, place), options, progress)
    if name == HUB:
        if not HUB_ID.fullmatch(place):
            raise ValueError(f"--data {spec}: wanted hub:ORG/NAME or hub:ORG/NAME@REVISION")
        return of_hub(place.partition("@")[0], plain, place, ANY, options, progress)
    if not Path(plain).expanduser().is_dir():
        names = ["scenes", *KNOWN]
        raise ValueError(
            f"no data called {plain}, and no folder of that name: {hint(plain, names)}; a folder "
            "is given as NAME:FOLDER or FOLDER, a data set of the hub as hub:ORG/NAME"
        )
    folder = folder_of("--data", plain)
    return of_folder(folder.name, folder, options, progress)


@dataclass(frozen=True)
class Options:
    """What stands behind the question mark."""

    shards: int | None = None
    """How many shards of each split are read; None for all."""
    stream: bool = False
    """Whether shards stay on the hub."""


def options_of(spec: str, text: str) -> Options:
    """`shards=N`, `stream=yes`, both with & between. Raises ValueError, one line."""
    given = Options()
    for item in filter(None, text.split("&")):
        shards = SHARDS.fullmatch(item)
        if shards is None and item != "stream=yes":
            raise ValueError(f"--data {spec}: found {item}, wanted shards=N or stream=yes")
        given = replace(given, shards=int(shards[1])) if shards else replace(given, stream=True)
    return given


def folder_of(name: str, place: str) -> Path:
    """A folder that is there. Raises ValueError, one line, otherwise."""
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise ValueError(f"{name}: {place} is no folder: wanted the folder of a data set")
    return folder.resolve()


def of_hub(
    name: str,
    spec: str,
    repository: str,
    patterns: Sequence[str],
    options: Options,
    progress: Progress,
) -> Corpus:
    """A repository of the hub: fetched into its cache, or its shards streamed."""
    of = Repository.named(repository)
    if options.stream:
        found, commit = streamed(spec, of)
        parts = shards.read(shards.first(found, options.shards), progress)
        return made(name, f"{name} on the hub", parts, NOTHING, commit)
    folder = fetched(spec, of, limited(spec, of, patterns, options.shards))
    return replace(of_folder(name, folder, options, progress), commit=folder.name)


def of_folder(name: str, folder: Path, options: Options, progress: Progress = silent) -> Corpus:
    """A folder in whichever format it has. Raises ValueError, one line, where it has none."""
    parts, vocabulary = parts_of(name, folder, options.shards, progress)
    where = f"{name} in {folder}"
    data = made(name, where, parts, vocabulary)
    files = instances.annotation_files(folder)
    talked = any(listing.talks is not None for listing in data.splits.values())
    if not files or vocabulary.names or talked:
        return data
    found = instances.read(files)
    known = instances.vocabulary(found)
    splits = {s: instances.labelled(each, found, known) for s, each in data.splits.items()}
    return replace(data, splits=splits, known=known)


def made(
    name: str, where: str, parts: Mapping[Split, Listing], known: Vocabulary, commit: str = ""
) -> Corpus:
    """The data set of some parts. Raises ValueError, one line, where a split stays empty."""
    try:
        splits = splits_of(parts)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    empty = [split for split, listing in splits.items() if not listing.ids]
    if empty:
        raise ValueError(f"{where} has no picture for {empty[0]}: wanted more pictures")
    return Corpus(name, KNOWN[name].licence if name in KNOWN else OWN, splits, known, commit)


def parts_of(
    name: str, folder: Path, most: int | None, progress: Progress
) -> tuple[Mapping[Split, Listing], Vocabulary]:
    """Splits as they lie in a folder, and what is known by name."""
    file = karpathy.annotation_file(folder)
    if file is not None:
        return karpathy.read(file), NOTHING
    file = conversations.annotation_file(folder)
    if file is not None:
        return {"train": conversations.read(file)}, NOTHING
    tars = shards.first(local(folder), most)
    if tars:
        return shards.read(tars, progress), NOTHING
    if any(folder.rglob(tables.SUFFIX)):
        return tables.read(tables.opened(folder), folder)
    if tables.has_metadata(folder):
        return tables.read(tables.opened_pictures(folder), folder)
    found = classes.parts_of(folder)
    if found:
        return classes.read(found)
    raise ValueError(
        f"{name}: {folder} holds no data set: wanted dataset_*.json or a list of conversations "
        "beside its pictures, *.tar, *.parquet, pictures with metadata.csv or metadata.jsonl, or a "
        "folder a class"
    )
