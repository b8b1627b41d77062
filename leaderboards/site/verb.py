"""The verb `leaderboard`: `build` writes the site, `serve` shows it on this machine alone."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path


def leaderboard_verb(arguments: argparse.Namespace) -> int:
    """Builds, and serves where asked to."""
    from leaderboards.site.building import build

    if arguments.what == "serve":
        from leaderboards.site.serving import serve

        return serve(arguments.port)
    started = time.perf_counter()
    files, problems = build(Path(arguments.output_path))
    for line in problems:
        print(f"left out: {line}", file=sys.stderr)
    size = sum(file.stat().st_size for file in files) / 1e6
    took = time.perf_counter() - started
    print(f"{len(files)} files, {size:.1f} MB, in {took:.1f} s", file=sys.stderr)
    print(Path(arguments.output_path) / "index.html")
    return 0
