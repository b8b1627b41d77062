"""The checkpoints of one row, opened: which SAE is whose, in which format, and their map."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor

from benchmark.contracts import MODALITIES
from benchmark.interchange.coders import Coder
from benchmark.interchange.detect import detected, held
from benchmark.interchange.files import Found, file_sha256, find
from benchmark.interchange.formats.held import Held, complete, said_by
from benchmark.interchange.maps import read_map
from benchmark.interchange.options import Options
from benchmark.interchange.releases import SCHEME, release
from benchmark.interchange.words import Words
from benchmark.sae.checkpoints import load_patch
from benchmark.sae.frames import Frame, disjoint

MAP, PATCH = "map.safetensors", "patch.safetensors"
PATCH_OF_FIT = ".patch.safetensors"
"""Suffix of the weights that a fit of a run puts in its backend's place."""


@dataclass(frozen=True, eq=False)
class Opened:
    """One checkpoint, read; its format and what speaks for it."""

    found: Found
    format: str
    seen: str

    def held(self, options: Options) -> Held:
        """What it holds, with what the user said of it. Raises ValueError in one line."""
        where = self.found.told
        said = held(self.found, self.format, options)
        return said.changed(lambda coder: complete(said_by(options, coder), where))


@dataclass(frozen=True, eq=False)
class Sources:
    """The checkpoints of a row: one for both modalities, or one for each that has one."""

    one: Opened | None = None
    image: Opened | None = None
    text: Opened | None = None
    map_file: Path | None = None
    patch: Mapping[str, Tensor] = field(default_factory=dict)
    sha256: str = ""

    @property
    def opened(self) -> dict[str, Opened]:
        """Those that there are, by what they are for."""
        sides = {"one": self.one, "image": self.image, "text": self.text}
        return {name: each for name, each in sides.items() if each is not None}

    def held(self, options: Options) -> Held:
        """All of them as one. Raises ValueError, one line, where they do not fit together."""
        if self.one is not None:
            whole = self.one.held(options)
            return whole if self.map_file is None else self._mapped(whole)
        whole = Held(image=self._side("image", options), text=self._side("text", options))
        return whole if self.map_file is None else self._mapped(whole)

    def _side(self, name: str, options: Options) -> Coder | None:
        opened: Opened | None = getattr(self, name)
        if opened is None:
            return None
        found = opened.held(options)
        if found.one is None:
            raise ValueError(
                f"{opened.found.told} holds both modalities ({opened.format}): name it alone, "
                f"without {name}="
            )
        return found.one

    def _mapped(self, whole: Held) -> Held:
        image, text = whole.image or whole.one, whole.text or whole.one
        if image is None or text is None or whole.one is not None:
            raise ValueError(f"{self.map_file} maps between two SAEs: wanted image= and text=")
        assert self.map_file is not None
        frame = read_map(self.map_file, (image.d_sae, text.d_sae))
        return Held(image=image, text=text, frame=frame)


def frame_of(whole: Held) -> Frame:
    """The frame of two SAEs: their own, or no latent shared."""
    assert whole.image is not None
    assert whole.text is not None
    return whole.frame or disjoint(whole.image.d_sae, whole.text.d_sae)


def opened(words: Words) -> Sources:
    """Reads everything that a `--checkpoint` names. Raises ValueError, one line."""
    words = of_folder(words)
    given = {name: getattr(words, name) for name in ("one", "image", "text")}
    read = {name: open_one(spec, words.format) for name, spec in given.items() if spec}
    map_file = Path(words.map) if words.map else None
    patch = load_patch(Path(words.patch)) if words.patch else {}
    sha = hashlib.sha256()
    for name, each in sorted(read.items()):
        sha.update(f"{name}:{each.format}:{each.found.sha256};".encode())
    for name, file in (("map", words.map), ("patch", words.patch)):
        if file:
            sha.update(f"{name}:{file_sha256(Path(file))};".encode())
    return Sources(**read, map_file=map_file, patch=patch, sha256=sha.hexdigest())


def of_folder(words: Words) -> Words:
    """Words that name a folder with `image` and `text` in it, as those two and what is beside."""
    if not words.one or words.one.startswith(SCHEME):
        return words
    folder = Path(words.one)
    sides = {name: str(folder / name) for name in MODALITIES if (folder / name).is_dir()}
    beside = {"map": folder / MAP, "patch": folder / PATCH}
    if folder.suffix == ".safetensors":
        beside = {"patch": folder.with_suffix(PATCH_OF_FIT)}
    found = {name: str(path) for name, path in beside.items() if path.is_file()}
    if not sides:
        return replace(words, patch=words.patch or found.get("patch"))
    return replace(
        words,
        one=None,
        image=sides.get("image"),
        text=sides.get("text"),
        map=words.map or found.get("map"),
        patch=words.patch or found.get("patch"),
    )


def open_one(spec: str, asked: str) -> Opened:
    """One checkpoint: a path, or `saelens:RELEASE:ID`."""
    if spec.startswith(SCHEME):
        return Opened(release(spec), "saelens", "a release of SAELens")
    found = find(Path(spec))
    return Opened(found, *detected(found, asked))
