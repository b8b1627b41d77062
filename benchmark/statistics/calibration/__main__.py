"""Runs the simulations: `python -m benchmark.statistics.calibration --output FILE.json`.

About 5 minutes on one core. Ends with 1 where a test does not hold its size.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.statistics.calibration.rates import BAR, measured
from benchmark.statistics.calibration.settings import settings
from benchmark.statistics.calibration.worlds import World


def parser() -> argparse.ArgumentParser:
    """Arguments of the command."""
    made = argparse.ArgumentParser("benchmark.statistics.calibration", description=__doc__)
    made.add_argument("--output", type=Path, required=True, help="the record, JSON")
    made.add_argument("--draws", type=int, default=2000, help="of a size; half of it for power")
    made.add_argument("--seed", type=int, default=0)
    return made


def main(arguments: list[str] | None = None) -> int:
    """Runs every setting and writes the record."""
    chosen = parser().parse_args(arguments)
    every, rows = list(settings()), []
    started = time.monotonic()
    for index, setting in enumerate(every):
        draws = chosen.draws // 2 if setting.kind == "power" else chosen.draws
        rows.append(measured(setting, np.random.default_rng([chosen.seed, index]), draws))
        print(f"{index + 1}/{len(every)} {_line(rows[-1])}", file=sys.stderr)
    head = {
        "seed": chosen.seed,
        "draws": chosen.draws,
        "bar": BAR,
        "numpy": np.__version__,
        "world": asdict(World()),
    }
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(_text(head, rows))
    missed = [row for row in rows if row["held"] is False]
    seconds = time.monotonic() - started
    print(f"{len(missed)} sizes not held, {seconds:.0f} s, in {chosen.output}", file=sys.stderr)
    return 1 if missed else 0


def _text(head: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """The record with a line for each row, so that a change of one is seen as one."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return json.dumps(head, indent=1)[:-2] + f',\n "rows": [\n{lines}\n ]\n}}\n'


def _line(row: dict[str, Any]) -> str:
    """What was found in a setting."""
    world = row["world"]
    missed = "  <- not held" if row["held"] is False else ""
    return (
        f"{row['test']}: {row['name']}; {world['effects']}, {world['n_concepts']} concepts: "
        f"{row['claim']} {row['rate']:.3f} ({row['kind']}){missed}"
    )


if __name__ == "__main__":
    sys.exit(main())
