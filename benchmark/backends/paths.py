"""A path as a user writes it in a spec, and what stands there."""

from __future__ import annotations

from pathlib import Path


def path_of(text: str) -> Path:
    """The path with `~` spelled out. Raises ValueError where nobody has that home folder."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{text}: no home folder is known for it: write the whole path") from error


def standing_at(path: Path) -> str:
    """What is there, as a word: a file, a folder, nothing, something else, or why none can tell."""
    try:
        path.stat()
    except FileNotFoundError:
        return "a broken link" if path.is_symlink() else "nothing"
    except OSError as error:
        return f"what cannot be read ({error.strerror})"
    if path.is_file():
        return "a file"
    return "a folder" if path.is_dir() else "neither file nor folder"
