"""What the name of a CLIP model stands for: a folder, an architecture with weights, a repository.

Any of them followed by `?weights=untrained` has weights drawn from a seed. Nothing is fetched or
opened here, so that a wrong name is told at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.backends.options import WEIGHTS, parsed, spelled, trained_name
from benchmark.backends.paths import path_of, standing_at
from benchmark.backends.quiet import quiet
from benchmark.messages.nearest import nearest

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SHIPPED = ("pocket-clip",)
"""Names that are folders of assets; each with `-untrained` behind it is its control."""
OPTIONS = {"weights": WEIGHTS}


@dataclass(frozen=True)
class Source:
    """Where a model comes from: a folder, or what open_clip fetches by name."""

    folder: Path | None = None
    name: str = ""
    """The name of a shipped folder, an architecture of open_clip, or `hf-hub:` and a repository."""
    pretrained: str | None = None
    """open_clip's tag of weights, or a file of them; None for a repository."""
    trained: bool = True
    """Whether weights are read; else they are drawn."""
    spelling: str = ""
    """The one way to write it."""


def source(name: str) -> Source:
    """What a shipped name, folder, `arch/pretrained` or `hf-hub:…`, with options, stands for.

    Raises ValueError, one line with the nearest name, where it stands for nothing.
    """
    name, given = parsed(name.removeprefix("clip:"), OPTIONS)
    name, given = trained_name(name, given, SHIPPED)
    shipped = name in SHIPPED
    found = Source(folder=ASSETS / name, name=name) if shipped else _of_the_user(name)
    place = name if found.folder is None else found.folder.resolve()
    return replace(
        found,
        trained=given.get("weights") != "untrained",
        spelling=spelled(name if shipped else f"clip:{place}", given, OPTIONS, shipped=shipped),
    )


def _of_the_user(name: str) -> Source:
    """A folder, an architecture with weights, or a repository."""
    if name.startswith("hf-hub:"):
        return Source(name=name)
    path = path_of(name)
    there = standing_at(path)
    arch, _, pretrained = name.partition("/")
    with quiet():
        import open_clip

        known = open_clip.list_models()
    if pretrained and arch in known and there != "a folder":
        _check_weights(arch, pretrained)
        return Source(name=arch, pretrained=pretrained)
    if there != "nothing" or name.startswith((".", "/", "~")):
        return Source(folder=path)
    if arch in known:
        raise ValueError(f"clip:{name} names no weights, wanted clip:{arch}/TAG: {_tags(arch)}")
    close = nearest(arch, [*known, *SHIPPED], cutoff=0.4)
    hint = f"; the nearest name is {close[0]}" if close else ""
    raise ValueError(
        f"clip:{name} is no folder and no open_clip <arch>/<pretrained>, wanted one of them, "
        f"hf-hub:<id> or {' or '.join(SHIPPED)}{hint}"
    )


def _check_weights(arch: str, pretrained: str) -> None:
    """Raises ValueError where no weights of an architecture, and no file, are called that."""
    import open_clip

    known = open_clip.pretrained.get_pretrained_cfg(arch, pretrained)
    if not known and standing_at(Path(pretrained)) != "a file":
        raise ValueError(
            f"clip:{arch}/{pretrained}: no weights of {arch} are called {pretrained}: "
            f"{_tags(arch, pretrained)}"
        )


def _tags(arch: str, like: str = "") -> str:
    """The known weights of an architecture, the nearest ones where some are near."""
    import open_clip

    tags = open_clip.list_pretrained_tags_by_model(arch)
    near = nearest(like, tags, n=3)
    if near:
        return f"the nearest: {', '.join(near)}"
    return f"there are: {', '.join(tags) or 'none'}"
