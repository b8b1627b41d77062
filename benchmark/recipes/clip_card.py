"""The card of a pocket CLIP: how it was made, what it is, how good it is, and the bars."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from benchmark.recipes import clip_folder

CARD_FILE, README_FILE = "card.json", "README.md"
BARS = {
    "r@1/i2t": 0.80,
    "r@1/t2i": 0.80,
    "r@5/i2t": 0.98,
    "r@5/t2i": 0.98,
    "naming/zero_shot": 0.95,
    "probe/object": 0.95,
}


def missed(measured: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Bars that a measurement does not reach: name to (found, wanted)."""
    values = {name: measured[name]["value"] for name in BARS}
    return {name: (values[name], bar) for name, bar in BARS.items() if values[name] < bar}


def write(folder: Path, measured: dict[str, Any], made: dict[str, Any]) -> None:
    """Writes card.json: how the model was made, what it is, how good it is."""
    weights = folder / clip_folder.WEIGHTS_FILE
    model = clip_folder.load(folder)[0]
    card = {
        "name": folder.name,
        "made": made,
        "parameters": sum(p.numel() for p in model.parameters()),
        "weights_bytes": weights.stat().st_size,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "bars": BARS,
        "measured_on_seed": 0,
        "measured": measured,
    }
    (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n")
