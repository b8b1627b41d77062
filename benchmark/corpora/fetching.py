"""Data sets of the Hugging Face hub: their files at one commit, in the hub's own cache."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from benchmark.backends.hub import Repository, no_retries_offline, out_of_reach
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
    from huggingface_hub import constants, errors

    page = f"https://huggingface.co/datasets/{of.id}"
    if isinstance(error, errors.GatedRepoError):
        return (
            f"{name}: the hub hands it out to those who accepted its terms: accept them at {page}, "
            "then log in with: hf auth login"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"{name}: the hub has no data set {of.id}, or none that you may read: look at {page}"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{name}: the hub has no revision {of.revision} of {of.id}: look at {page}"
    if out_of_reach(error):
        at = f" --revision {of.revision}" if of.revision else ""
        offline = constants.HF_HUB_OFFLINE
        why = "HF_HUB_OFFLINE is set" if offline else f"{constants.ENDPOINT} does not answer"
        return (
            f"{name}: the hub's cache ({constants.HF_HUB_CACHE}) has not all of {of.id}, and {why}"
            f": where there is a network run: hf download --repo-type dataset {of.id}{at}; or "
            f"bring a folder here and give it as {name}:FOLDER"
        )
    return f"{name}: {of.id} did not come from the hub: {' '.join(str(error).split())[:200]}"
