"""The command line: `python -m benchmark VERB`. Imports no torch until a verb needs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from benchmark.command.arguments import parser

os.environ.setdefault("GOMP_SPINCOUNT", "20000")
"""Threads that wait spin for some 50 µs, then sleep: without a bound a run is ten times slower
where another process shares a core, and with none a fit on two quiet cores takes twice as long."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb. Bad input, and a method that fails, is one line on stderr and exit code 2.

    A reader that goes away (`ls methods | head -1`) is no error to tell of: exit code 1.
    """
    arguments = parser().parse_args(argv)
    try:
        code = dispatch(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except ValueError as error:
        if arguments.traceback:
            raise
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped: what was scored is kept, the same command goes on", file=sys.stderr)
        return 130


def dispatch(arguments: argparse.Namespace) -> int:
    """Imports the verb's module only now, so that `--help` and `ls` stay instant."""
    if arguments.verb == "ls" and arguments.what == "results":
        from benchmark.reports.folders.listing import ls_results

        return ls_results(arguments.folder, as_json=arguments.json)
    if arguments.verb == "ls":
        from benchmark.command.listing import ls

        if arguments.folder:
            raise ValueError(f"ls {arguments.what} takes no folder: found {arguments.folder[0]}")

        return ls(arguments.what, arguments.json)
    if arguments.verb == "compare":
        from benchmark.reports.comparing import compare_verb

        return compare_verb(arguments)
    if arguments.verb == "diff":
        from benchmark.reports.diff.verb import diff_verb

        return diff_verb(arguments)
    if arguments.verb == "check":
        from benchmark.conformance import check_verb

        return check_verb(arguments)
    if arguments.verb == "kernels":
        from benchmark.kernels.bench.verb import kernels_verb

        return kernels_verb(arguments)
    if arguments.verb == "report":
        from benchmark.portraits.verb import report_verb

        return report_verb(arguments)
    if arguments.verb == "reproduce":
        from benchmark.reproduce.verb import reproduce_verb

        return reproduce_verb(arguments)
    if arguments.verb == "plan":
        from benchmark.planning.verb import plan_verb

        return plan_verb(arguments)
    if arguments.verb == "sweep":
        from benchmark.sweeps.verb import sweep_verb

        return sweep_verb(arguments)
    if arguments.verb == "audit":
        from benchmark.audit.verb import audit_verb

        return audit_verb(arguments)
    if arguments.verb == "judge":
        from benchmark.judging.verb import judge_verb

        return judge_verb(arguments)
    if arguments.verb == "submit":
        from benchmark.submissions.making import submit_verb

        return submit_verb(arguments)
    if arguments.verb == "validate":
        from benchmark.submissions.verb import validate_verb

        return validate_verb(arguments)
    if arguments.verb == "verify":
        from benchmark.verification.verb import verify_verb

        return verify_verb(arguments)
    if arguments.verb == "export":
        from benchmark.interchange.export.verb import export_verb

        return export_verb(arguments)
    if arguments.verb == "leaderboard":
        from leaderboards.site.verb import leaderboard_verb

        return leaderboard_verb(arguments)
    from benchmark.run.running import run_verb

    return run_verb(arguments)


if __name__ == "__main__":
    sys.exit(main())
