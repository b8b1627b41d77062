"""Which metrics can be trusted, by audits: `python -m leaderboards.audits AUDIT.json …`.

Kept is what a reader needs of each metric: the verdict, its reason, and what it did under each
degradation. A task that is audited anew replaces what was known of it on that backend.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.audit.records import AuditDocument, Curve, MetricAudit, TaskAudit, read_audit
from benchmark.reports.names import short
from benchmark.results import write_whole
from leaderboards.plain import as_json

KEPT = Path(__file__).parent / "results" / "audits.json"


def rows(document: AuditDocument) -> Iterator[dict[str, Any]]:
    """A row a metric that something is claimed of. Raises ValueError for a smoke check."""
    if document.quick:
        raise ValueError("a quick audit says that audits run, not that a metric is sound")
    for audit in document.audits:
        for metric in audit.metrics:
            if metric.verdict != "no claim":
                yield row(audit, metric)


def row(audit: TaskAudit, metric: MetricAudit) -> dict[str, Any]:
    """What is kept of one metric."""
    found: dict[str, Any] = {
        "backend": audit.backend,
        "task": audit.task.name,
        "version": audit.task.version,
        "by": audit.method,
        "metric": metric.name,
        "main": metric.main,
        "verdict": metric.verdict,
        "under": {curve.degradation: under(curve) for curve in metric.curves},
    }
    return found | ({"reason": metric.reason} if metric.reason else {})


def under(curve: Curve) -> dict[str, Any]:
    """What a metric did under one degradation."""
    ranked = None if curve.spearman is None else round(curve.spearman, 3)
    return {"must": curve.expected, "rho": ranked, "told from": curve.resolved}


def merged(
    known: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """New rows in place of all that was known of their task and backend, in a fixed order."""
    again = {(each["backend"], each["task"]) for each in new}
    kept = [each for each in known if (each["backend"], each["task"]) not in again]
    return sorted([*kept, *new], key=lambda each: (each["backend"], each["task"], each["metric"]))


def stored() -> list[dict[str, Any]]:
    """The bundled rows."""
    found: list[dict[str, Any]] = json.loads(KEPT.read_text()) if KEPT.is_file() else []
    return found


def unreliable(known: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], str]:
    """(backend, task, metric) → why it should not be ranked by."""
    return {
        (each["backend"], each["task"], each["metric"]): each.get("reason", "")
        for each in known
        if each["verdict"] == "unreliable"
    }


SAYS = {"must fall": "", "must not move": "±0", "may move": "–"}


def text(known: Sequence[Mapping[str, Any]]) -> str:
    """Main metrics with their ρ, then whatever fails, with the reason."""
    lines = [
        "A dictionary of known quality is made worse by degrees: directions turned, latents "
        "dropped, partners exchanged, random latents mixed in. ρ is Spearman's between known "
        "quality and score; ±0: must not move and does not; –: nothing is claimed.",
        "",
        "| backend | task | main metric | turned | dropped | exchanged | mixed | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in known:
        if each["main"]:
            told = " | ".join(map(_told, each["under"].values()))
            name = f"`{each['task']}` | `{each['metric']}`"
            lines.append(f"| `{short(each['backend'])}` | {name} | {told} | {each['verdict']} |")
    failed = [each for each in known if each["verdict"] == "unreliable"]
    lines += ["", f"{len(known)} metrics are held to something, {len(failed)} fail:", ""]
    lines += [
        f"- `{each['metric']}` of `{each['task']}` on `{short(each['backend'])}`: {each['reason']}"
        for each in failed
    ]
    return "\n".join(lines)


def _told(found: Mapping[str, Any]) -> str:
    return SAYS[found["must"]] or ("n/a" if found["rho"] is None else f"{found['rho']:.2f}")


def main() -> int:
    """Rewrites the bundled rows."""
    if len(sys.argv) < 2:
        print("usage: python -m leaderboards.audits AUDIT.json …", file=sys.stderr)
        return 2
    known: list[Mapping[str, Any]] = list(stored())
    try:
        for word in sys.argv[1:]:
            known = merged(known, list(rows(read_audit(Path(word)))))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_whole(KEPT, (as_json(known) + "\n").encode())
    print(f"{len(known)} metrics in {KEPT}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
