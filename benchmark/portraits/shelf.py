"""Portraits on disk: `RUN/portraits/<name>.json` and, by checksum, the thumbnails they name."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from benchmark.portraits.records import Asked, Gallery, Refused
from benchmark.results import write_whole
from benchmark.results.keys import canonical

SUFFIX = ".webp"
MOST = 1 << 25
"""Bytes of a record that is read: none that was written here comes near."""
_EITHER: TypeAdapter[Gallery | Refused] = TypeAdapter(Gallery | Refused)


@dataclass(frozen=True)
class PortraitShelf:
    """The folder of a run that holds its portraits; made when something is put there."""

    folder: Path

    def path(self, asked: Asked) -> Path:
        """Where the gallery of these facts is: told apart by all of them, readable by people."""
        said = "-".join((asked.method, asked.backend, asked.site, f"seed{asked.seed}"))
        name = re.sub(r"[^\w.]+", "-", said)[:80].strip("-")
        facts = hashlib.sha256(canonical(asked.model_dump(mode="json")).encode()).hexdigest()
        return self.folder / f"{name}-{facts[:12]}.json"

    def kept(self, asked: Asked) -> Gallery | Refused | None:
        """What was made before; None unless all of it is there, thumbnails included."""
        path = self.path(asked)
        try:
            if path.is_symlink() or path.stat().st_size > MOST:
                return None
            found = _EITHER.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        shown = thumbs(found) if isinstance(found, Gallery) else []
        whole = all(self.thumb(name).is_file() for name in shown)
        return found if found.asked == asked and whole else None

    def put(self, gallery: Gallery | Refused) -> Path:
        """Writes a record, whole or not at all; its thumbnails are there already."""
        path = self.path(gallery.asked)
        write_whole(path, (gallery.model_dump_json() + "\n").encode())
        return path

    def put_thumb(self, content: bytes) -> str:
        """Keeps a thumbnail once, and says its name."""
        name = hashlib.sha256(content).hexdigest()[:16]
        if not self.thumb(name).is_file():
            write_whole(self.thumb(name), content)
        return name

    def thumb(self, name: str) -> Path:
        """The file of a thumbnail."""
        return self.folder / "thumbs" / f"{name}{SUFFIX}"


def thumbs(gallery: Gallery) -> list[str]:
    """Names of the thumbnails that a gallery shows, each once."""
    found = (picture.thumb for latent in gallery.latents for picture in latent.pictures)
    return list(dict.fromkeys(name for name in found if name is not None))
