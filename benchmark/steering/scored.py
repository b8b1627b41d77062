"""Scores of steering at every block, of the subject's own directions or of what stands beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from benchmark.contracts import Metric, Subject, Units
from benchmark.judges.wording import distinct
from benchmark.steering.answers import Push, Told, answers, as_they_are, effects, redrawn, told
from benchmark.steering.cases import SIGNS, other
from benchmark.steering.doses import Chosen, chosen
from benchmark.steering.fluency import perplexities, some
from benchmark.steering.gaps import DOSES, gaps, known, told_gap
from benchmark.steering.likeness import similarity_gain
from benchmark.steering.profiles import (
    asymmetries,
    concepts_of,
    means,
    per_block,
    profiles,
    shapes,
    whole,
)
from benchmark.steering.published import published
from benchmark.steering.sweep import Kind, Sweep

PUSHED = "pushed by"
"""In a cache: what a reference has in place of the subject's own push."""
Numbers = Sequence[float] | np.ndarray
TOLD, REDRAWN = "told in the prompt", "redrawn picture"
HOWS = (TOLD, REDRAWN)
KINDS: tuple[Kind, ...] = ("own", "random direction", "difference of means")
ALONE: tuple[Kind, ...] = ("own", "difference of means")
"""Kinds that have doses of their own; others are pushed as hard as the subject's."""
SIDES: tuple[tuple[str, Kind], ...] = (("image_side", "image side"), ("both_sides", "both sides"))


def metrics() -> Iterator[Metric]:
    """What is promised; l is a block, x a dose."""
    says = "adding less suppressing at the block where adding works best on val, mention in answers"
    yield Metric("add_minus_supp", "concept", None, says, main=True)
    yield Metric("add_minus_supp_logit", "concept", None, "the same of yes against no, in logits")
    says = "the same where every token that is written is pushed too"
    yield Metric("add_minus_supp/decode", "concept", None, says)
    says = "with each sign at its own largest sound dose"
    yield Metric("add_minus_supp/apart", "concept", None, says)
    yield Metric("add_minus_supp_logit/apart", "concept", None, says)
    does = {
        "add": "share of pictures whose answer names the concept only with the push, less converse",
        "supp": "share of pictures whose answer names it only without the push, less converse",
    }
    for sign, effect in does.items():
        yield Metric(f"{sign}/block:*", "concept", True, effect)
        says = "what the push adds to logit yes − logit no"
        wanted = says if sign == "add" else "what the push takes from logit yes − logit no"
        yield Metric(f"{sign}_logit/block:*", "concept", True, wanted)
        yield Metric(f"{sign}/decode/block:*", "concept", True, "with every written token pushed")
        says = "with each sign at its own largest sound dose"
        yield Metric(f"{sign}/apart/block:*", "concept", True, says)
        yield Metric(f"{sign}_logit/apart/block:*", "concept", True, says)
        yield Metric(f"dose/{sign}/block:*", "task", None, "that dose")
        yield Metric(f"{sign}_logit/common/block:*", "concept", True, "at one dose for all blocks")
        for side, _ in SIDES:
            says = "along the decoder rows of that side"
            yield Metric(f"{sign}_logit/{side}/block:*", "concept", True, says)
        says = "change of logit yes − logit no at dose x"
        yield Metric(f"gap/{sign}/block:*", "concept", None, says)
        yield Metric(f"before/{sign}", "concept", None, "share of unedited answers that name it")
        says = "largest less smallest block mean"
        yield Metric(f"spread/{sign}*", "task", None, says)
        says = "bounds of that over the mean effect: flat is high ≤ .15, not flat is low > .15"
        yield Metric(f"share/{sign}*", "task", None, says)
    says = "(add − supp) / (add + supp) there, where add + supp is surely over .1"
    yield Metric("asymmetry*", "concept", None, says)
    says = "that adding and suppressing have one shape over blocks (concepts' signs flipped)"
    yield Metric("interaction*", "task", None, says)
    says = "block where adding works best on val, at the dose of both signs or (apart) its own"
    yield Metric("peak*", "task", None, says)
    yield Metric("dose/block:*", "task", None, "push over the median norm of image tokens")
    says = "1 where some dose breaks no answers and is none that a random direction succeeds at"
    yield Metric("sound/block:*", "task", None, says)
    yield Metric("dose/common", "task", None, "the dose of `common`")
    says = "share of concepts that text named a latent after"
    yield Metric("with_latent/block:*", "concept", True, says)
    for name, says in (
        ("parsed", "share of steered answers that can be read"),
        ("kept", "share of the other things named before that still are"),
        ("perplexity_ratio", "perplexity of steered answers over unedited ones, unedited model"),
        ("distinct_3", "distinct 3-grams of words of steered answers, of all"),
    ):
        up = None if name == "distinct_3" else name != "perplexity_ratio"
        yield Metric(f"{name}/block:*", "concept", up, says)
        yield Metric(f"{name}/decode/block:*", "concept", up, says)
    says = "cosine of answers to a sentence about it, after less before (extra: sentences)"
    for sign in SIGNS:
        yield Metric(f"similarity/{sign}/block:*", "concept", sign == "add", says)


def steered(subject: Subject, variant: str = "fair") -> dict[str, Units]:
    """Every score of what the subject's cache says that it is pushed by.

    Published scores stand alone: nothing was held against them.

    Raises NotApplicableError where there is no block, no picture to add to, or too few concepts.
    """
    if variant == "paper":
        return published(subject) if (PUSHED,) not in subject.cache else {}
    sweep = Sweep(subject)
    by = subject.cache.get((PUSHED,), "own")
    val = chosen(sweep, "own")
    if by in HOWS:
        return dict(_otherwise(sweep, by))
    kind: Kind = by
    own = chosen(sweep, kind) if kind in ALONE else val
    found = profiles(sweep, kind, own)
    units = dict(per_block(sweep, found)) | dict(asymmetries(found, val))
    units |= dict(_curves(sweep, kind)) | dict(_common(sweep, kind, val))
    if kind == "own":
        units |= dict(shapes(sweep, found, lambda: subject.rng("interaction")))
        units |= dict(_told(sweep, own)) | dict(_sides(sweep, own)) | dict(_fluent(sweep, own))
    return units


def _otherwise(sweep: Sweep, how: str) -> Iterator[tuple[str, Units]]:
    """Effects of what is no push: the same beside every block."""
    found: dict[str, np.ndarray] = {}
    concept = concepts_of(sweep.cases("test"))
    plain = {sign: gaps(sweep, "test", sign, "own").plain for sign in SIGNS}
    for sign in SIGNS:
        said = told(sweep, "test", sign) if how == TOLD else redrawn(sweep, "test", sign)
        gap = told_gap(sweep, "test", sign) if how == TOLD else plain[other(sign)]
        change = gap - plain[sign]
        found[sign] = means(effects(said), concept)
        found[f"{sign}_logit"] = means(change if sign == "add" else -change, concept)
    for name, rows in found.items():
        for block in sweep.blocks:
            yield f"{name}/block:{block}", Units(rows)
    for yardstick in ("", "_logit"):
        difference = found[f"add{yardstick}"] - found[f"supp{yardstick}"]
        yield f"add_minus_supp{yardstick}", Units(difference)


def _curves(sweep: Sweep, kind: Kind) -> Iterator[tuple[str, Units]]:
    """Change of the gap at every block and dose."""
    for sign in SIGNS:
        concept = concepts_of(sweep.cases("test"))
        rows = means(gaps(sweep, "test", sign, kind).change().transpose(2, 0, 1), concept)
        for i, block in enumerate(sweep.blocks):
            for j, dose in enumerate(DOSES):
                yield f"gap/{sign}/block:{block}/dose:{dose:g}", Units(rows[:, i, j])


def _common(sweep: Sweep, kind: Kind, val: Chosen) -> Iterator[tuple[str, Units]]:
    """`add_logit/common/block:l` and its like: every block at one dose."""
    for sign in SIGNS:
        change = gaps(sweep, "test", sign, kind).change()[:, DOSES.index(val.common)]
        yield from _logits(sweep, f"{sign}_logit/common", change)


def _sides(sweep: Sweep, own: Chosen) -> Iterator[tuple[str, Units]]:
    """`add_logit/image_side/block:l` and its like: other decoder rows of the same latents."""
    for name, kind in SIDES:
        for sign in SIGNS:
            change = gaps(sweep, "test", sign, kind, [(dose,) for dose in own.dose]).change()
            yield from _logits(sweep, f"{sign}_logit/{name}", change[:, 0])


def _logits(
    sweep: Sweep, name: str, change: Float[np.ndarray, "b n"]
) -> Iterator[tuple[str, Units]]:
    """Means over the cases of each concept, what a push should do positive."""
    rows = means(change.T, concepts_of(sweep.cases("test")))
    for i, block in enumerate(sweep.blocks):
        yield f"{name}/block:{block}", Units(-rows[:, i] if name.startswith("supp") else rows[:, i])


def _told(sweep: Sweep, own: Chosen) -> Iterator[tuple[str, Units]]:
    """How it was chosen, what there was to choose from, and what was said before any push."""
    for i, block in enumerate(sweep.blocks):
        yield f"dose/block:{block}", whole(own.dose[i])
        yield f"sound/block:{block}", whole(float(own.sound[i]))
        cases = sweep.cases("test")
        has = known(sweep, cases, "own", i).astype(np.float64)
        yield f"with_latent/block:{block}", Units(means(has, concepts_of(cases)))
    yield "peak", whole(sweep.blocks[own.peak])
    yield "peak/apart", whole(sweep.blocks[own.peak_apart])
    yield "dose/common", whole(own.common)
    for sign in SIGNS:
        plain = [each.mentioned_before for each in as_they_are(sweep, "test", sign)]
        yield f"before/{sign}", Units(means(_floats(plain), concepts_of(sweep.cases("test"))))
        for i, block in enumerate(sweep.blocks):
            yield f"dose/{sign}/block:{block}", whole(own.apart[sign][i])


def _fluent(sweep: Sweep, own: Chosen) -> Iterator[tuple[str, Units]]:
    """Whether steered answers are still answers, both signs together."""
    for name, decode in (("", False), ("decode/", True)):
        for i, block in enumerate(sweep.blocks):
            said = [
                answers(sweep, "test", sign, Push("own", decode), i, own.dose[i]) for sign in SIGNS
            ]
            yield from _worded([t for of in said for t in of], f"{name}block:{block}")
            if not decode:
                yield from _alike(sweep, said, block)
            few = [some(of) for of in said]
            sides = zip(*(perplexities(sweep, "test", i, of) for of in few), strict=True)
            before, after = (np.concatenate(side) for side in sides)
            concept = concepts_of([t.case for of in few for t in of])
            yield from _ratio(f"perplexity_ratio/{name}block:{block}", after, before, concept)


def _alike(sweep: Sweep, said: Sequence[Sequence[Told]], block: int) -> Iterator[tuple[str, Units]]:
    """What answers gained in likeness to a sentence about the concept, if that can be told."""
    for of in said:
        cases = [each.case for each in of]
        words = [t.before.said for t in of], [t.after.said for t in of]
        gain = similarity_gain(sweep, cases, *words)
        if gain is not None:
            at = f"similarity/{of[0].sign}/block:{block}"
            yield at, Units(means(gain, concepts_of(cases)))


def _worded(said: Sequence[Told], at: str) -> Iterator[tuple[str, Units]]:
    """What became of the words of answers."""
    concept = concepts_of([each.case for each in said])
    yield f"parsed/{at}", Units(means(_floats([t.after.parsed for t in said]), concept))
    others = [len(t.others) for t in said]
    yield from _ratio(f"kept/{at}", [len(t.kept) for t in said], others, concept)
    grams = [distinct(each.after.said) for each in said]
    parts = [g.part for g in grams], [g.whole for g in grams]
    yield from _ratio(f"distinct_3/{at}", *parts, concept)


def _ratio(
    name: str, part: Numbers, whole: Numbers, concept: np.ndarray
) -> Iterator[tuple[str, Units]]:
    """A ratio of sums over concepts, where there is anything to be a part of."""
    below = means(_floats(whole), concept)
    if below.any():
        yield name, Units(means(_floats(part), concept), below)


def _floats(values: Numbers) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)
