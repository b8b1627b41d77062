"""Every promise of methods, tasks and backends, held in seconds on a tiny planted world."""

from __future__ import annotations

import argparse


def check_verb(arguments: argparse.Namespace) -> int:
    """The `check` verb: 0 where every promise holds, 1 where one is broken."""
    from benchmark.conformance.verb import check

    return check(arguments)


__all__ = ["check_verb"]
