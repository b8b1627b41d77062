"""What each name stands for, from the hub or a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.backends.hub import HUB_ID, Repository
from benchmark.contracts import Progress, Split, silent
from benchmark.corpora import formats, instances, shards
from benchmark.corpora.concepts import NOTHING, Vocabulary
from benchmark.corpora.corpus import Corpus
from benchmark.corpora.fetching import fetched, limited, streamed
from benchmark.corpora.known import KNOWN, Known
from benchmark.corpora.licences import CARD, licence_in
from benchmark.corpora.listing import Listing
from benchmark.corpora.splitting import splits_of
from benchmark.messages.nearest import hint

SHARDS = re.compile(r"shards=([1-9][0-9]*)")
HUB = "hub"
"""`hub:ORG/NAME` is any data set of the hub."""
ANY = ("*.tar", "*.parquet")
PLACED = "coco"
"""The name of which instances tell what is where; their files may lie beside others too."""


def open_corpus(spec: str, progress: Progress = silent) -> Corpus:
    """The data set that `--data` names. Raises ValueError, one line, for anything amiss."""
    plain, _, text = spec.partition("?")
    options = options_of(spec, text)
    name, colon, place = plain.partition(":")
    if name == HUB and colon:
        if not HUB_ID.fullmatch(place):
            raise ValueError(f"--data {spec}: wanted hub:ORG/NAME or hub:ORG/NAME@REVISION")
        return of_hub(plain, place, options, progress)
    if name in KNOWN and not colon:
        return of_hub(name, KNOWN[name].repository, options, progress)
    if name in KNOWN and not place:
        raise ValueError(f"--data {spec} names no folder: wanted {name} or {name}:FOLDER")
    if name in KNOWN:
        return of_folder(name, folder_of(name, place), options, progress, KNOWN[name])
    if not Path(plain).expanduser().is_dir():
        names = ["scenes", *KNOWN]
        raise ValueError(
            f"no data called {plain}, and no folder of that name: {hint(plain, names)}; a folder "
            "is given as NAME:FOLDER or FOLDER, a data set of the hub as hub:ORG/NAME"
        )
    folder = folder_of("--data", plain)
    own = f"folder:{folder.name}" if folder.name in KNOWN else folder.name
    return of_folder(own, folder, options, progress)


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


def of_hub(spec: str, repository: str, options: Options, progress: Progress) -> Corpus:
    """A repository of the hub: fetched into its cache, or its shards streamed."""
    of, known = Repository.named(repository), KNOWN.get(spec)
    name, patterns = (spec, known.patterns) if known else (of.id, ANY)
    if options.stream:
        tars = known is None or "shards" in known.formats
        found, commit = streamed(spec, of) if tars else ([], "")
        if not found:
            raise ValueError(f"--data {spec}: {of.id} has no *.tar to stream: leave out stream=yes")
        parts = shards.read(shards.first(found, options.shards), progress)
        licence = known.licence if known else card_of(spec, Repository(of.id, commit))
        return made(name, f"{name} on the hub", licence, parts, NOTHING, progress, commit)
    fewer = [*limited(spec, of, patterns, options.shards), *([] if known else [CARD])]
    folder = fetched(spec, of, fewer)
    return replace(of_folder(name, folder, options, progress, known), commit=folder.name)


def card_of(spec: str, of: Repository) -> str:
    """The licence that the card of a repository states; the card alone is fetched."""
    return licence_in(fetched(spec, of, [CARD]))


def of_folder(
    name: str,
    folder: Path,
    options: Options,
    progress: Progress = silent,
    known: Known | None = None,
) -> Corpus:
    """A folder in whichever format it has, or one that is known to have a certain one.

    Raises ValueError, one line, where it has none.
    """
    asked = formats.Asked(folder, known.file if known else "", options.shards, progress)
    read = formats.read_known(name, known, asked) if known else formats.read(asked)
    licence = known.licence if known else licence_in(folder)
    data = made(name, f"{name} in {folder}", licence, *read, progress)
    files = instances.annotation_files(folder)
    talked = any(listing.talks is not None for listing in data.splits.values())
    if not files or data.known.names or talked or (known and name != PLACED):
        return data
    found = instances.read(files)
    vocabulary = instances.vocabulary(found)
    splits = {s: instances.labelled(each, found, vocabulary) for s, each in data.splits.items()}
    return replace(data, splits=splits, known=vocabulary)


def made(
    name: str,
    where: str,
    licence: str,
    parts: Mapping[Split, Listing],
    known: Vocabulary,
    progress: Progress,
    commit: str = "",
) -> Corpus:
    """The data set of some parts. Raises ValueError, one line, where a split stays empty."""
    try:
        splits = splits_of(parts, progress)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    empty = [split for split, listing in splits.items() if not listing.ids]
    if empty:
        raise ValueError(f"{where} has no picture for {empty[0]}: wanted more pictures")
    return Corpus(name, licence, splits, known, commit)
