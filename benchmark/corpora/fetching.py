"""Data sets of the Hugging Face hub: their files at one commit, in the hub's own cache."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from benchmark.backends.hub import Repository, no_answer, no_retries_offline, out_of_reach, refused
from benchmark.corpora.known import KNOWN
from benchmark.corpora.shard_files import Shard, remote
from benchmark.corpora.shards import first


def fetched(name: str, of: Repository, patterns: Sequence[str]) -> Path:
    """The folder of a commit, files that are not in the cache fetched; its name is the commit.

    Raises ValueError, one line: terms to accept, no such repository or revision, no hub in reach.
    """
    from huggingface_hub import snapshot_download

    try:
        with no_retries_offline():
            folder = snapshot_download(
                of.id,
                repo_type="dataset",
                revision=of.revision,
                allow_patterns=list(patterns),
            )
    except Exception as error:
        raise ValueError(said(name, of, error)) from error
    return Path(folder)


def limited(name: str, of: Repository, patterns: Sequence[str], most: int | None) -> Sequence[str]:
    """Patterns that fetch so many shards of each split and no more.

    Where the hub cannot be asked what there is they stay as they are: its cache is read.
    """
    if most is None:
        return patterns
    with suppress(ValueError):
        shards, _ = streamed(name, of)
        return [each.path.name for each in first(shards, most)] or patterns
    return patterns


def streamed(name: str, of: Repository) -> tuple[Sequence[Shard], str]:
    """Shards where they lie on the hub, and the commit. Raises ValueError as `fetched` does."""
    from huggingface_hub import HfApi, HfFileSystem

    try:
        with no_retries_offline():
            commit = HfApi().dataset_info(of.id, revision=of.revision).sha or ""
            return remote(HfFileSystem(), f"datasets/{of.id}@{commit}", commit), commit
    except Exception as error:
        raise ValueError(said(name, of, error)) from error


def said(name: str, of: Repository, error: Exception) -> str:
    """Why a data set did not come, and what to do."""
    from huggingface_hub import constants

    page = f"https://huggingface.co/datasets/{of.id}"
    told = refused(name, of, error, page)
    if told:
        return told
    if out_of_reach(error):
        folder = f"{name}:FOLDER" if name in KNOWN else "--data FOLDER"
        gated = any(known.gated and known.page == page for known in KNOWN.values())
        terms = f"accept its terms at {page}, log in with hf auth login, and " if gated else ""
        return (
            f"{name}: the hub's cache ({constants.HF_HUB_CACHE}) has not all of {of.id}, and "
            f"{no_answer()}: where there is a network {terms}run: {command(of)}; or bring a folder "
            f"here and give it as {folder}"
        )
    return f"{name}: {of.id} did not come from the hub: {' '.join(str(error).split())[:200]}"


def command(of: Repository) -> str:
    """What fetches into the hub's cache all that is used of a repository."""
    at = f"@{of.revision}" if of.revision else ""
    patterns = next((k.patterns for k in KNOWN.values() if k.repository == f"{of.id}{at}"), ())
    files = [each for each in patterns if "*" not in each]
    globs = [f"--include '{each}'" for each in patterns if "*" in each]
    revision = [f"--revision {of.revision}"] if of.revision else []
    return " ".join(["hf download --repo-type dataset", of.id, *files, *revision, *globs])
