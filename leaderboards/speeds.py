"""The README's table of kernel times, from the files that the `kernels` verb wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark.kernels.bench import stages
from benchmark.kernels.bench.stages import OURS

FOLDER = Path(__file__).parent / "kernels"


def text() -> str:
    """Tables a device: how near each kernel is to its floor, what else does it, where steps go."""
    parts = [_device(json.loads(file.read_text())) for file in sorted(FOLDER.glob("*.json"))]
    return "\n\n".join(parts) or "Not measured yet."


def _device(document: dict[str, Any]) -> str:
    rates = document["product_tflop_s"]
    lines = [
        f"**{document['device']}**: a pass over memory {document['copy_gb_s']:.0f} GB/s, products "
        f"{rate(rates['float32'])} TFLOP/s in float32 and {rate(rates['bfloat16'])} in bfloat16, "
        f"torch {document['torch']}.",
        "",
        "| op | shape | type | ms | × floor | plain torch ÷ this | best of the others ÷ this |",
        "|---|---|---|---|---|---|---|",
    ]
    table = "\n".join([*lines, *_lines(document["rows"])])
    return "\n\n".join(part for part in (table, stages.text(document)) if part)


def rate(value: float) -> str:
    """In whole numbers where it has any."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    for (op, shape, dtype), by in stages.by_place(rows).items():
        mine = stages.ours(by)
        if mine is None:
            continue
        others = {n: r["median_ms"] for n, r in by.items() if n not in (*OURS, "reference")}
        best = min(others, key=lambda name: others[name], default=None)
        beside = "" if best is None else f"{others[best] / mine['median_ms']:.1f} ({best})"
        yield (
            f"| `{op}` | {shape} | {dtype} | {mine['median_ms']:.3g} | "
            f"{1 / mine['fraction_of_roofline']:.2f} | {mine['speedup_vs_reference']:.1f} | "
            f"{beside} |"
        )
