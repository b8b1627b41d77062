"""What several fits share, in one run or in later ones: kept in this machine's cache by content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from benchmark.results import canonical
from benchmark.sae.checkpoints import load_patch, save_patch


@dataclass(frozen=True)
class Kept:
    """A memo of tensors in files; `of` is all that every one of them depends on."""

    root: Path
    of: tuple[Any, ...]
    fresh: bool
    """Whether files of earlier runs are left alone."""
    made: dict[str, Mapping[str, Tensor]]
    """By key, for as long as the run lasts."""

    def __call__(
        self, name: str, of: Mapping[str, Any], make: Callable[[], Mapping[str, Tensor]]
    ) -> Mapping[str, Tensor]:
        """What `make` returns, from this run or an earlier one where it was made already."""
        key = hashlib.sha256(canonical([*self.of, name, dict(of)]).encode()).hexdigest()
        file = self.root / f"{key}.safetensors"
        if key not in self.made and file.is_file() and not self.fresh:
            try:
                self.made[key] = load_patch(file)
            except ValueError:
                file.unlink(missing_ok=True)
        if key not in self.made:
            self.made[key] = make()
            save_patch(self.made[key], file)
        return self.made[key]
