"""The best, the median and the worst edit of a subject, and success over doses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from benchmark.contracts import Chart, Curve, Exhibit, Exhibited, Subject
from benchmark.interviews.cases import Case
from benchmark.interviews.doses import tried
from benchmark.interviews.editing import Editing, Kind, Variant
from benchmark.interviews.outcomes import Outcomes
from benchmark.interviews.scored import dose_of
from benchmark.judges.reading import Reading
from benchmark.judges.verdicts import Verdict

KINDS: tuple[Kind, ...] = ("own", "by labels", "difference of means")
NAMES = {"own": "latents named by text", "by labels": "latents named by labels"}


def exhibit_of(subject: Subject, task: str, variant: Variant) -> Exhibit | None:
    """Cases of latents that text named, or labels where text named none of those in question."""
    editing = shown_editing(subject, task, variant)
    if editing is None:
        return None
    own = replace(editing, kind="own")
    dose = dose_of(editing)
    found = editing.outcomes("test", dose)
    chosen = _chosen(found, editing)
    if not chosen:
        return None
    told = editing.told("test", dose)
    before = editing.unedited("test")
    cases = editing.cases("test")
    return Exhibit(
        cases=tuple(
            _shown(
                f"{name}: {NAMES[editing.kind]}",
                cases[i],
                before[i],
                told[i],
                found.verdicts[i],
                editing,
            )
            for name, i in chosen.items()
        ),
        charts=(_chart(own, dose),) if variant == "fair" else (),
    )


def shown_editing(subject: Subject, task: str, variant: Variant) -> Editing | None:
    """Edits along latents that text named, else along those that labels named; None without any."""
    own = Editing(subject, task == "replacement", "own", variant)
    able = (e for e in (own, replace(own, kind="by labels")) if e.pushes(e.cases("test")))
    return next(able, None)


def _chosen(found: Outcomes, editing: Editing) -> dict[str, int]:
    """Eligible cases that were pushed, from the best to the worst: first, middle and last."""
    pushes = editing.pushes(editing.cases("test"))
    able = [i for i in pushes if found.eligible[i]]
    if not able:
        return {}

    def rank(i: int) -> tuple[float, ...]:
        verdict = found.verdicts[i]
        share = verdict.kept / verdict.others if verdict.others else 1.0
        return (-verdict.score, not verdict.done, -share, verdict.invented, i)

    order = sorted(able, key=rank)
    return {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}


def _shown(
    title: str, case: Case, before: Reading, after: Reading | None, verdict: Verdict, of: Editing
) -> Exhibited:
    name = of.setting.name_of
    what = f"without the {name(case.target)}"
    if case.new is not None:
        what = f"{name(case.target)} becomes {name(case.new)}"
    ending = f"S{verdict.score}" + (f": {verdict.why}" if verdict.why else "")
    said = after.said if after is not None else ""
    return Exhibited(
        title,
        (what, f"before: {before.said or '(nothing)'}", f"after: {said or '(nothing)'}", ending),
        of.setting.picture(case),
        of.setting.boxes(case),
    )


def _chart(own: Editing, dose: float) -> Chart:
    """Success on val of every kind that has a dose of its own, and of random directions."""
    found = {kind: tried(replace(own, kind=kind)) for kind in KINDS}
    curves = [_curve(NAMES.get(kind, kind), val.outcomes) for kind, val in found.items()]
    return Chart(
        (*curves, _curve("random direction", found["own"].control)),
        over="push over the median norm of what is pushed",
        score="s2 on val",
        chosen=dose,
    )


def _curve(name: str, tries: Mapping[float, Outcomes]) -> Curve:
    return Curve(name, tuple(tries), tuple(outcomes.of(2) for outcomes in tries.values()))
