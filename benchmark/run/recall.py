"""What models wrote, kept in this machine's cache by all that it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.results import canonical, write_whole


@dataclass(frozen=True)
class Recalled:
    """Texts in files of JSON; `of` is what every one of them depends on."""

    root: Path
    of: tuple[Any, ...]
    fresh: bool
    """Whether files of earlier runs are left alone."""

    def __call__(self, of: Mapping[str, Any], make: Callable[[], Sequence[str]]) -> Sequence[str]:
        """What `make` returns, from an earlier run where a whole file is there."""
        key = hashlib.sha256(canonical([*self.of, dict(of)]).encode()).hexdigest()
        file = self.root / f"{key}.json"
        if not self.fresh:
            try:
                return list(json.loads(file.read_text()))
            except (OSError, ValueError):
                pass
        texts = list(make())
        write_whole(file, json.dumps(texts).encode())
        return texts
