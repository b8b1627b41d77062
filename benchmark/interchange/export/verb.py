"""The `export` verb: one fitted dictionary of a run, in a format that other libraries read."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmark.interchange.export.choosing import Wanted, fitted
from benchmark.interchange.export.writing import contents, taken
from benchmark.results import write_whole


def export_verb(asked: argparse.Namespace) -> int:
    """Writes the folder and says what is in it. 0 where it is whole."""
    run = Path(asked.run)
    run = run.parent if run.name == "document.json" else run
    folder = Path(asked.output_path)
    old = taken(folder, replace=asked.replace)
    wanted = Wanted(asked.method, asked.seed, asked.backend, asked.site, asked.variant)
    found = fitted(run, wanted)
    beside: dict[str, bytes] = {}
    said = ""
    if asked.descriptions:
        from benchmark.interchange.export.naming import FILE, latents

        beside[FILE], said = latents(found, asked.descriptions)
    files = contents(found, asked.format, folder.name, beside)
    for file in old:
        file.unlink()
    for name, content in files.items():
        write_whole(folder / name, content)
    size = sum(map(len, files.values()))
    print(f"{folder}: {', '.join(files)} ({size / 1e6:.1f} MB)")
    if said:
        print(f"latents.jsonl: {said}")
    print(f"python -m benchmark run --checkpoint {target(folder, asked.format)}", file=sys.stderr)
    return 0


def target(folder: Path, layout: str) -> Path:
    """What `--checkpoint` takes."""
    return folder / "dictionary.safetensors" if layout == "benchmark" else folder
