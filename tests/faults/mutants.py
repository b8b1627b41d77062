"""One change of sound source, the promise that it breaks, and words that the finding must say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Mutant:
    """`old` is replaced by `new` in the sound source; `promise` alone must then be broken."""

    name: str
    old: str
    new: str
    promise: str
    says: str

    def write(self, sound: str, folder: Path) -> Path:
        """The faulty file. Fails where the sound source no longer has the line to change."""
        source = (HERE / sound).read_text()
        assert source.count(self.old) == 1, f"{sound} must hold once: {self.old}"
        path = folder / f"{self.name}.py"
        path.write_text(source.replace(self.old, self.new))
        return path


MARGIN = "from __future__ import annotations\n"
"""Where an import is planted."""


def importing(module: str, promise: str, name: str) -> Mutant:
    """A file that imports what it must not."""
    return Mutant(name, MARGIN, f"{MARGIN}import {module}\n", promise, f"imports {module}")
