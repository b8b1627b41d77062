"""Repositories of the Hugging Face hub: how they are named, what is cached, what to do for more.

A hub id is `ORG/NAME` or, for one revision, `ORG/NAME@COMMIT`. Nothing is fetched here.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from benchmark.backends.quiet import quiet

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
PICTURES = ("preprocessor_config.json", "processor_config.json")


@dataclass(frozen=True)
class Repository:
    """A repository of models at one revision."""

    id: str
    revision: str | None = None
    """A commit, branch or tag; None is the hub's main branch."""

    @classmethod
    def named(cls, text: str) -> Repository:
        """What `ORG/NAME` or `ORG/NAME@REVISION` stands for."""
        name, _, revision = text.partition("@")
        return cls(name, revision or None)

    @property
    def cached(self) -> Path | None:
        """The folder of this revision in the hub's cache; None where nothing of it is there."""
        from huggingface_hub import constants

        own = Path(constants.HF_HUB_CACHE) / f"models--{self.id.replace('/', '--')}"
        wanted = self.revision or "main"
        pointed = own / "refs" / wanted
        commit = pointed.read_text().strip() if pointed.is_file() else wanted
        folder = own / "snapshots" / commit
        return folder if folder.is_dir() else None

    @property
    def commit(self) -> str:
        """The commit that the cache resolves this revision to; "" where nothing is cached."""
        folder = self.cached
        return folder.name if folder is not None else ""

    @property
    def resolved(self) -> str:
        """`ORG/NAME@COMMIT` as it is recorded; "" where nothing is cached."""
        commit = self.commit
        return f"{self.id}@{commit}" if commit else ""

    def lacking(
        self,
        *,
        weights: bool = True,
        beside: tuple[tuple[str, ...], ...] = (TOKENIZER, PICTURES),
    ) -> str:
        """What of it is not in the cache, in words; "" where all that is looked for is there.

        `beside`: files beside its configuration, any of each kind.
        """
        folder = self.cached
        if folder is None:
            return "nothing of it"
        names = {file.name for file in folder.iterdir() if file.exists()}
        missing = [] if CONFIG in names else [CONFIG]
        missing += _weights_lacking(folder, names) if weights else []
        missing += [kind[0] for kind in beside if not names & set(kind)]
        return f"all but {', '.join(missing)}" if missing else ""


def _weights_lacking(folder: Path, names: set[str]) -> list[str]:
    """Files of weights that are not there: the one, or shards that the index names."""
    if WEIGHTS in names:
        return []
    if INDEX not in names:
        return [WEIGHTS]
    try:
        shards = set(json.loads((folder / INDEX).read_text())["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return [INDEX]
    lacks = sorted(shards - names)
    rest = f" and {len(lacks) - 1} more" if len(lacks) > 1 else ""
    return [f"{lacks[0]}{rest} of {len(shards)} files of weights"] if lacks else []


@contextmanager
def no_retries_offline() -> Iterator[None]:
    """Without a name server the hub's client reads its cache at once: it would retry a minute."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, None)
    except OSError:
        constants.HF_HUB_OFFLINE = before or not getproxies()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def asking() -> Iterator[None]:
    """While a model is opened: no minute of retries offline, no warnings, no progress bars."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with no_retries_offline(), quiet():
            yield
    finally:
        if shown:
            logging.enable_progress_bar()


def trouble(
    wanted: Repository,
    error: Exception,
    folder: str,
    *,
    scheme: str = "",
    weights: bool = True,
    beside: tuple[tuple[str, ...], ...] = (TOKENIZER, PICTURES),
) -> str:
    """Why a repository did not open, in one line that says what to do; "" where it is another.

    Terms to accept, no such repository or revision, files that are not in the cache of a machine
    that cannot reach the hub. `folder`: what to do with a folder of it that is brought along.
    """
    spec = f"{scheme}:{wanted.id}" if scheme else wanted.id
    said = refused(spec, wanted, error, f"https://huggingface.co/{wanted.id}")
    if said:
        return said
    lacks = wanted.lacking(weights=weights, beside=beside)
    return unreached(spec, wanted, lacks, folder) if lacks and out_of_reach(error) else ""


def refused(spec: str, wanted: Repository, error: Exception, page: str) -> str:
    """Why the hub does not hand out what it was asked for; "" where it was something else."""
    from huggingface_hub import errors

    kinds = [type(each) for each in _chain(error)]
    if any(issubclass(kind, errors.GatedRepoError) for kind in kinds):
        return (
            f"{spec}: the hub hands it out to those who accepted its terms: accept them at {page}, "
            f"then log in with: hf auth login"
        )
    if any(issubclass(kind, errors.RepositoryNotFoundError) for kind in kinds):
        return (
            f"{spec}: the hub has no such repository, or none that you may read: look at {page}, "
            f"and log in with hf auth login where it is private"
        )
    if any(issubclass(kind, errors.RevisionNotFoundError) for kind in kinds):
        return f"{spec}: the hub has no revision {wanted.revision} of it: look at {page}"
    return ""


def unreached(spec: str, wanted: Repository, has: str, folder: str) -> str:
    """The line for a repository of which the cache has less than is wanted, and no hub to ask."""
    from huggingface_hub import constants

    at = f" --revision {wanted.revision}" if wanted.revision else ""
    return (
        f"{spec}: the hub's cache ({constants.HF_HUB_CACHE}) has {has}, and without the hub in "
        f"reach ({no_answer()}) the rest cannot be fetched: where there is a network run: "
        f"hf download {wanted.id}{at}; or bring its folder here and {folder}"
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def out_of_reach(error: Exception) -> bool:
    """Whether what failed is that the hub could not be asked."""
    from huggingface_hub import constants, errors

    kinds = (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, ConnectionError)
    words = ("couldn't connect", "offline", "ConnectError", "outgoing traffic")
    return constants.HF_HUB_OFFLINE or any(
        isinstance(each, kinds) or any(word in str(each) for word in words)
        for each in _chain(error)
    )


def no_answer() -> str:
    """Why the hub cannot be asked."""
    from huggingface_hub import constants

    offline = constants.HF_HUB_OFFLINE
    return "HF_HUB_OFFLINE is set" if offline else f"{constants.ENDPOINT} does not answer"
