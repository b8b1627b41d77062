"""The card of a pocket model: how it was made, what it is, how good it is, and the bars."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open

CARD_FILE, README_FILE = "card.json", "README.md"

README = """# {name}

{about} {size} parameters, fp16: {how}.
{opens}

| measured on unseen scenes | value | 95 % interval | n | bar |
|---|---|---|---|---|
{rows}

{legend}

Made by `python -m benchmark.recipes.{command} --output-path DIR --seed {seed}{options}`; measured
again by the same command with `--measure`. It knows rendered pictograms and nothing else.
"""


@dataclass(frozen=True)
class Describes:
    """What a card says of every model of one recipe."""

    command: str
    """The recipe and the options that choose it, as one types them."""
    about: str
    opens: str
    legend: str
    bars: Mapping[str, float]
    weights: str
    """The file with the weights, in the model's folder."""


def missed(says: Describes, measured: Mapping[str, Any]) -> dict[str, tuple[float | None, float]]:
    """Bars that a measurement does not reach: name to (found, wanted).

    What could not be measured is missed as well: the colour of objects where none was named.
    """
    values = {name: measured[name]["value"] if name in measured else None for name in says.bars}
    return {
        name: (values[name], bar)
        for name, bar in says.bars.items()
        if (value := values[name]) is None or value < bar
    }


def show(says: Describes, measured: Mapping[str, Any]) -> int:
    """Prints what was measured beside the bars; 1 if a bar is missed, else 0."""
    for name, row in measured.items():
        bar = f"   bar {says.bars[name]:.2f}" if name in says.bars else ""
        interval = f"[{row['ci_low']:.4f}, {row['ci_high']:.4f}]"
        print(f"{name:<26} {row['value']:.4f} {interval}  n {row['n']}{bar}")
    found = missed(says, measured)
    for name, (value, wanted) in found.items():
        what = "could not be measured" if value is None else f"is {value}"
        print(f"missed: {name} {what}, wanted {wanted}")
    return int(bool(found))


def write(
    folder: Path, says: Describes, measured: Mapping[str, Any], made: Mapping[str, Any]
) -> None:
    """Writes card.json, and README.md from it."""
    weights = folder / says.weights
    card = {
        "name": folder.name,
        "made": made,
        "parameters": parameters(weights),
        "weights_bytes": weights.stat().st_size,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "bars": dict(says.bars),
        "measured_on": "scenes of the test split; every interval is Wilson's, 95 %",
        "measured": measured,
    }
    (folder / README_FILE).write_text(readme(says, card))
    (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n")


def parameters(weights: Path) -> int:
    """Numbers in a weights file, buffers left out."""
    with safe_open(weights, framework="pt") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    return sum(math.prod(shape) for shape in shapes.values())


def readme(says: Describes, card: Mapping[str, Any]) -> str:
    """The card for people."""
    made, plan = card["made"], card["made"]["plan"]
    how = (
        f"trained in {made['minutes']} minutes ({made['device']}) on {made['scenes']:,} scenes, "
        f"{plan['steps']:,} steps of {plan['batch_size']}, seed {plan['seed']}"
        if plan["steps"]
        else f"initial weights of seed {plan['seed']}, never trained: the control"
    )
    rows = [
        f"| {name} | {row['value']:.3f} | {row['ci_low']:.3f}-{row['ci_high']:.3f} | {row['n']} "
        f"| {card['bars'].get(name, '')} |"
        for name, row in card["measured"].items()
    ]
    return README.format(
        name=card["name"],
        about=says.about,
        opens=says.opens,
        legend=says.legend,
        command=says.command,
        how=how,
        size=_size(card["parameters"]),
        options=made.get("options", "" if plan["steps"] else " --untrained"),
        seed=plan["seed"],
        rows="\n".join(rows),
    )


def _size(n: int) -> str:
    """Millions of parameters, or their number where it is small."""
    return f"{n / 1e6:.1f} M" if n > 1e5 else f"{n:,}"
