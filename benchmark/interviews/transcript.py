"""The answers behind the verdicts on edits: all that another judge has to know of them."""

from __future__ import annotations

import numpy as np

from benchmark.contracts import Answered, Examples, OpenWorld, Speaker, Subject, Transcript
from benchmark.interviews.editing import Variant
from benchmark.interviews.scored import dose_of
from benchmark.interviews.setting import annotated
from benchmark.interviews.showing import NAMES, shown_editing


def transcript_of(subject: Subject, task: str, variant: Variant) -> Transcript | None:
    """Answers before and after the edits that `exhibit_of` shows; None without a language model."""
    examples = annotated(subject.examples, "test")
    if examples is None or not isinstance(subject.backend, Speaker):
        return None
    editing = shown_editing(subject, task, variant)
    if editing is None:
        return None
    dose = dose_of(editing)
    found = editing.outcomes("test", dose)
    told = zip(editing.unedited("test"), editing.told("test", dose), strict=True)
    captions = _captions(subject.examples["test"], [c.picture for c in editing.cases("test")])
    cases = tuple(
        Answered(
            picture=subject.test.ids[case.picture],
            row=case.picture,
            target=case.target,
            new=case.new,
            truth=tuple(sorted(case.truth)),
            captions=captions[case.picture],
            before=before.said,
            after=None if after is None else after.said,
            eligible=bool(eligible),
            score=verdict.score,
            why=verdict.why,
        )
        for case, (before, after), verdict, eligible in zip(
            editing.cases("test"), told, found.verdicts, found.eligible, strict=True
        )
    )
    return Transcript(
        question=examples.list_question,
        names=tuple(map(tuple, examples.thing_names)),
        descriptions=tuple(sorted(examples.descriptions)),
        others=tuple(sorted(examples.other_names)) if isinstance(examples, OpenWorld) else None,
        latents=NAMES[editing.kind],
        dose=dose,
        cases=cases,
    )


def _captions(examples: Examples, pictures: list[int]) -> dict[int, tuple[str, ...]]:
    """The captions that were written for some pictures."""
    owner = np.asarray(examples.caption_of)
    written = examples.captions
    return {i: tuple(written[int(j)] for j in np.flatnonzero(owner == i)) for i in pictures}
