"""The card of a pocket CLIP: how it was made, what it is, how good it is, and the bars."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from benchmark.recipes.contrastive import folder as clip_folder

CARD_FILE, README_FILE = "card.json", "README.md"
BARS = {
    "r@1/i2t": 0.80,
    "r@1/t2i": 0.80,
    "r@5/i2t": 0.98,
    "r@5/t2i": 0.98,
    "naming/zero_shot": 0.95,
    "probe/object": 0.95,
}

README = """# {name}

A small open_clip model of the pocket world ({millions:.1f} M parameters, fp16): {how}.
It opens as `local-dir:` plus this folder, in `open_clip.create_model_and_transforms` and
`open_clip.get_tokenizer`. Tokens are words; a word that the pocket world never says is `<unk>`.

| measured on unseen scenes | value | 95 % interval | n | bar |
|---|---|---|---|---|
{rows}

`r@k`: 1,000 scenes with an object, one full caption each, every true caption relevant.
`hard_negative`: the full caption scores above its twin with two colours or positions swapped.
`naming`: scenes with one object, prompt ensembles over its unambiguous names; `held_out_pairs` are
the scenes whose (object, colour) pair training never showed. `probe`: logistic regression from the
last block's four patch tokens of an object (concatenated; or their mean, or the first alone).

Made by `python -m benchmark.recipes.pocket_clip --output-path DIR --seed {seed}{flag}`; measured
again by the same command with `--measure`. It knows rendered pictograms and nothing else.
"""


def missed(measured: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Bars that a measurement does not reach: name to (found, wanted)."""
    values = {name: measured[name]["value"] for name in BARS}
    return {name: (values[name], bar) for name, bar in BARS.items() if values[name] < bar}


def show(measured: dict[str, Any]) -> int:
    """Prints what was measured beside the bars; 1 if a bar is missed, else 0."""
    for name, row in measured.items():
        bar = f"   bar {BARS[name]:.2f}" if name in BARS else ""
        interval = f"[{row['ci_low']:.4f}, {row['ci_high']:.4f}]"
        print(f"{name:<26} {row['value']:.4f} {interval}  n {row['n']}{bar}")
    for name, (found, wanted) in missed(measured).items():
        print(f"missed: {name} is {found}, wanted {wanted}")
    return int(bool(missed(measured)))


def write(folder: Path, measured: dict[str, Any], made: dict[str, Any]) -> None:
    """Writes card.json, and README.md from it."""
    weights = folder / clip_folder.WEIGHTS_FILE
    model = clip_folder.load(folder)[0]
    card = {
        "name": folder.name,
        "made": made,
        "parameters": sum(p.numel() for p in model.parameters()),
        "weights_bytes": weights.stat().st_size,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "bars": BARS,
        "measured_on": "unseen scenes of seed 0; every interval is Wilson's, 95 %",
        "measured": measured,
    }
    (folder / README_FILE).write_text(readme(card))
    (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n")


def readme(card: dict[str, Any]) -> str:
    """The card for people."""
    made, plan = card["made"], card["made"]["plan"]
    how = (
        f"trained in {made['minutes']} minutes ({made['device']}) on {made['scenes']:,} scenes, "
        f"{plan['steps']:,} steps of {plan['batch_size']}, seed {plan['seed']}"
        if plan["steps"]
        else f"initial weights of seed {plan['seed']}, never trained: the control of pocket-clip"
    )
    rows = [
        f"| {name} | {row['value']:.3f} | {row['ci_low']:.3f}-{row['ci_high']:.3f} | {row['n']} "
        f"| {card['bars'].get(name, '')} |"
        for name, row in card["measured"].items()
    ]
    return README.format(
        name=card["name"],
        how=how,
        millions=card["parameters"] / 1e6,
        flag="" if plan["steps"] else " --untrained",
        seed=plan["seed"],
        rows="\n".join(rows),
    )
