"""A cache of the Hugging Face hub on disk, as the hub's own client lays it out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def filled(cache: Path, repository: str, folder: Path, commit: str = COMMIT) -> Path:
    """`models--ORG--NAME/{refs,blobs,snapshots}` with a folder's files as links to blobs."""
    own = cache / f"models--{repository.replace('/', '--')}"
    snapshot, blobs = own / "snapshots" / commit, own / "blobs"
    for place in (snapshot, blobs, own / "refs"):
        place.mkdir(parents=True)
    (own / "refs" / "main").write_text(commit)
    for file in folder.iterdir():
        content = file.read_bytes()
        blob = blobs / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        (snapshot / file.name).symlink_to(Path("../../blobs") / blob.name)
    return snapshot


def used(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """The hub's client reads this cache and, as with HF_HUB_OFFLINE=1, asks no server."""
    cache.mkdir(exist_ok=True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr("transformers.utils.hub.HF_HUB_CACHE", str(cache), raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def nobody(*_: object, **__: object) -> None:
        raise OSError("no name server")

    monkeypatch.setattr("socket.getaddrinfo", nobody)
