"""The words of the command line and their help; nothing runs here."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from benchmark.command.audit_flags import AUDIT_EXAMPLES, AUDIT_SAYS, audit_flags
from benchmark.command.checkpoint_flags import (
    EXPORT_EXAMPLES,
    EXPORT_SAYS,
    checkpoint_flags,
    export_flags,
)
from benchmark.command.diff_flags import DIFF_EXAMPLES, DIFF_SAYS, diff_flags
from benchmark.command.judge_flags import JUDGE_EXAMPLES, JUDGE_SAYS, judge_flags
from benchmark.command.leaderboard_flags import (
    LEADERBOARD_EXAMPLES,
    LEADERBOARD_SAYS,
    leaderboard_flags,
)
from benchmark.command.plan_flags import PLAN_EXAMPLES, PLAN_SAYS, plan_flags
from benchmark.command.report_flags import REPORT_EXAMPLES, REPORT_SAYS, report_flags
from benchmark.command.reproduce_flags import (
    REPRODUCE_EXAMPLES,
    REPRODUCE_SAYS,
    reproduce_flags,
)
from benchmark.command.submission_flags import (
    SUBMIT_EXAMPLES,
    SUBMIT_SAYS,
    VALIDATE_EXAMPLES,
    VALIDATE_SAYS,
    submit_flags,
    validate_flags,
)
from benchmark.command.sweep_flags import SWEEP_EXAMPLES, SWEEP_SAYS, sweep_flags
from benchmark.command.verify_flags import VERIFY_EXAMPLES, VERIFY_SAYS, verify_flags

RUN_EXAMPLES = """examples:
  python -m benchmark run --method jsae
  python -m benchmark run --method posthoc --method separated --seed 0 1 2
  python -m benchmark run --method my_method.py --task retrieval --set k=32
  python -m benchmark run --method identity --task retrieval --split all \\
      --backend embeddings:pairs.npz

Progress, table and errors go to stderr, so that stdout is free for --json -.
"""
CHECK_EXAMPLES = """examples:
  python -m benchmark check my_method.py
  python -m benchmark check my_method.py --set k=8
  python -m benchmark check --task my_task.py

Under a broken promise stands what was found, what was wanted and what to do. Exit code 0: every
promise holds; 1: one is broken; 2: the file cannot be read or run.
"""
COMPARE_EXAMPLES = """examples:
  python -m benchmark compare posthoc separated
  python -m benchmark compare posthoc separated --all
  python -m benchmark compare posthoc separated --json - > comparison.json
  python -m benchmark compare vista@block:2/tokens patch-sae@tower/tokens
  python -m benchmark compare posthoc jsae --across pocket-clip pocket-llava

The table goes to stdout, errors to stderr.
"""
LS_EXAMPLES = """examples:
  python -m benchmark ls methods
  python -m benchmark ls results
  python -m benchmark ls results results/mine theirs --json

Of a results folder: when, who, on what, cells by status, main numbers (means over seeds), size, and
whether it is whole: the last run came to its end and every cell can be read.
"""
KERNELS_EXAMPLES = """examples:
  python -m benchmark kernels --quick
  python -m benchmark kernels --op topk decode --json kernels.json

Times are medians; "x floor" is the time over that of moving and multiplying no more than the op
needs, at rates measured in the same run.
"""

MAX_DIGITS = 10


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaint is one line, like every other error here."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """Every verb and flag."""
    top = OneLineParser(
        prog="python -m benchmark",
        description="Benchmark of cross-modal sparse autoencoders: scores, floors, intervals.",
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    _run(verbs)
    _plan(verbs)
    _sweep(verbs)
    _ls(verbs)
    _check(verbs)
    _compare(verbs)
    diff_flags(_verb(verbs, "diff", DIFF_SAYS, epilog=DIFF_EXAMPLES))
    report_flags(_verb(verbs, "report", REPORT_SAYS, epilog=REPORT_EXAMPLES), _seed)
    reproduce_flags(_verb(verbs, "reproduce", REPRODUCE_SAYS, epilog=REPRODUCE_EXAMPLES), _seed)
    audit_flags(_verb(verbs, "audit", AUDIT_SAYS, epilog=AUDIT_EXAMPLES), _positive)
    judge_flags(_verb(verbs, "judge", JUDGE_SAYS, epilog=JUDGE_EXAMPLES))
    _kernels(verbs)
    submit_flags(_verb(verbs, "submit", SUBMIT_SAYS, epilog=SUBMIT_EXAMPLES))
    validate_flags(_verb(verbs, "validate", VALIDATE_SAYS, epilog=VALIDATE_EXAMPLES))
    verify = _verb(verbs, "verify", VERIFY_SAYS, epilog=VERIFY_EXAMPLES)
    verify_flags(verify, _seed, _positive)
    export_flags(_verb(verbs, "export", EXPORT_SAYS, epilog=EXPORT_EXAMPLES))
    leaderboard_flags(_verb(verbs, "leaderboard", LEADERBOARD_SAYS, epilog=LEADERBOARD_EXAMPLES))
    return top


def _verb(verbs: Any, name: str, says: str, **more: Any) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    verb = verbs.add_parser(name, help=says, description=says, formatter_class=raw, **more)
    verb.add_argument("--traceback", action="store_true", help="show where an error was raised")
    return verb


def _run(verbs: Any) -> None:
    run = _verb(verbs, "run", "Score methods on tasks.", epilog=RUN_EXAMPLES)
    _scoring(run, "name, file.py, package.module, or all", "all that apply", required=False)
    checkpoint_flags(run)
    run.add_argument("--split", choices=["test", "val", "all"], default="test")
    run.add_argument("--variant", choices=["fair", "paper", "both"], default="fair")
    run.add_argument(
        "--workers",
        type=_positive,
        default=1,
        metavar="N",
        help="processes that share methods and seeds, each with its share of threads (default: 1)",
    )


def _plan(verbs: Any) -> None:
    plan = _verb(verbs, "plan", PLAN_SAYS, epilog=PLAN_EXAMPLES)
    _scoring(plan, "name, file.py, package.module, or all", "all that apply", required=False)
    checkpoint_flags(plan)
    plan_flags(plan)


def _sweep(verbs: Any) -> None:
    sweep = _verb(verbs, "sweep", SWEEP_SAYS, epilog=SWEEP_EXAMPLES)
    _scoring(sweep, "one: name, file.py, package.module", "reconstruction modality_split")
    sweep_flags(sweep)


def _scoring(
    run: argparse.ArgumentParser, methods: str, tasks: str, *, required: bool = True
) -> None:
    """What is fitted and scored, where, and where results go; what is there and the default."""
    many: dict[str, Any] = {"action": "extend", "nargs": "+", "metavar": "NAME"}
    run.add_argument("--method", **many, required=required, help=methods)
    run.add_argument(
        "--backend",
        **many,
        help="see `ls backends`; pocket: all shipped (default: pocket-clip)",
    )
    run.add_argument("--data", metavar="NAME", help="see `ls data` (default: the backend's own)")
    run.add_argument(
        "--site",
        **many,
        help="where activations are read: names or patterns like 'block:*' (default: first)",
    )
    run.add_argument("--task", **many, help=f"see `ls tasks` (default: {tasks})")
    run.add_argument("--seed", type=_seed, nargs="+", default=[0], metavar="N")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a field of the method; METHOD.KEY=VALUE speaks to one method",
    )
    run.add_argument("--centre", action="store_true", help="remove each modality's train mean")
    run.add_argument("--limit", type=_positive, metavar="N", help="first N images of each split")
    run.add_argument("--batch-size", type=_positive, default=1024, metavar="N")
    run.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    run.add_argument("--output-path", default="results", metavar="DIR")
    run.add_argument(
        "--overwrite-strategy",
        choices=["only-missing", "always", "never"],
        default="only-missing",
        help="never: refuse where a result exists",
    )
    run.add_argument(
        "--json",
        metavar="FILE",
        help="the whole document of this run; - for stdout, where nothing else is written then",
    )
    run.add_argument("--quiet", action="store_true", help="errors only")


def _ls(verbs: Any) -> None:
    ls = _verb(verbs, "ls", "List what there is, and what was run.", epilog=LS_EXAMPLES)
    ls.add_argument("what", choices=["methods", "tasks", "backends", "data", "results"])
    ls.add_argument(
        "folder", nargs="*", metavar="FOLDER", help="of results: look there (default: results)"
    )
    ls.add_argument("--json", action="store_true")


def _check(verbs: Any) -> None:
    says = "Hold one method or task to every promise, on a tiny planted world."
    check = _verb(verbs, "check", says, epilog=CHECK_EXAMPLES)
    named = check.add_mutually_exclusive_group(required=True)
    named.add_argument("method", nargs="?", metavar="METHOD", help="name, file.py, package.module")
    named.add_argument("--task", metavar="TASK", help="check a task instead: name, file.py")
    check.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a field of it",
    )


def _compare(verbs: Any) -> None:
    says = "Paired comparison of two methods that were run."
    compare = _verb(verbs, "compare", says, epilog=COMPARE_EXAMPLES)
    compare.add_argument("first", metavar="A", help="a method that was run, or METHOD@SITE")
    compare.add_argument("second", metavar="B", help="another one; difference is A − B")
    compare.add_argument(
        "--across",
        nargs=2,
        metavar="BACKEND",
        help="instead: tiers of all methods, A and B among them, on two backends",
    )
    compare.add_argument("--output-path", default="results", metavar="DIR")
    compare.add_argument("--all", action="store_true", help="every metric, not main ones alone")
    compare.add_argument(
        "--json", metavar="FILE", help="every metric as data and no table; - for stdout"
    )


def _kernels(verbs: Any) -> None:
    says = "Check every kernel against its meaning, then time it on this machine."
    kernels = _verb(verbs, "kernels", says, epilog=KERNELS_EXAMPLES)
    kernels.add_argument("--op", nargs="+", metavar="OP", help="these alone (default: all)")
    kernels.add_argument("--quick", action="store_true", help="small shapes, under a minute")
    kernels.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1")
    kernels.add_argument("--json", metavar="FILE", help="every row as data")


def _positive(text: str) -> int:
    if not (text.isdecimal() and len(text) < MAX_DIGITS and int(text) > 0):
        raise argparse.ArgumentTypeError(f"wanted a positive whole number, found {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0, found {text!r}")
    return int(text)
