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
ALONE: tuple[Kind, ...] = ("own", "difference of means")
"""Kinds that have doses of their own; others are pushed as hard as the subject's."""
SIDES: tuple[tuple[str, Kind], ...] = (("image_side", "image side"), ("both_sides", "both sides"))


SETTINGS = {
    "": "mention in answers, both signs at one dose",
    "_logit": "logit yes − logit no, both signs at one dose",
    "/decode": "mention in answers, every written token pushed too",
    "/apart": "mention in answers, each sign at its own largest sound dose",
    "_logit/apart": "logit yes − logit no, each sign at its own largest sound dose",
    "_logit/common": "logit yes − logit no, all blocks at one dose",
}


def metrics() -> Iterator[Metric]:
    """What is promised; l is a block, x a dose. The published variant scores some of them."""
    for yardstick, setting in SETTINGS.items():
        says = f"adding less suppressing where adding works best on val: {setting}"
        yield Metric(f"add_minus_supp{yardstick}", "concept", None, says, main=not yardstick)
        says = f"(add − supp) / (add + supp) there, if add + supp is surely over .1: {setting}"
        yield Metric(f"asymmetry{yardstick}", "concept", None, says)
        says = f"that both signs have one shape over blocks but for a constant: {setting}"
        yield Metric(f"interaction{yardstick}/p", "task", None, says)
        for sign, does in (("add", "adding"), ("supp", "suppressing")):
            name = f"{sign}{yardstick}"
            yield Metric(f"{name}/block:*", "concept", True, f"effect of {does}: {setting}")
            says = f"mean effect of {does} over blocks with a sound dose: {setting}"
            yield Metric(f"effect/{name}", "concept", True, says)
            yield Metric(f"spread/{name}", "task", None, f"largest less smallest: {setting}")
            says = "bounds of the spread over the mean: flat is high ≤ .15, not flat is low > .15"
            yield Metric(f"share/{name}/*", "task", None, f"{says}: {setting}")
    for sign in SIGNS:
        says = "largest dose that is sound for this sign alone"
        yield Metric(f"dose/{sign}/block:*", "task", None, says)
        for side, of in (("image_side", "image decoder row"), ("both_sides", "sum of both rows")):
            says = f"effect on logit yes − logit no along the {of} of the latent"
            yield Metric(f"{sign}_logit/{side}/block:*", "concept", True, says)
        says = "change of logit yes − logit no at dose x"
        yield Metric(f"gap/{sign}/block:*", "concept", None, says)
        yield Metric(f"before/{sign}", "concept", None, "share of unedited answers that name it")
        says = "cosine of answers to a sentence about it, after less before (extra: sentences)"
        yield Metric(f"similarity/{sign}/block:*", "concept", sign == "add", says)
    yield Metric("peak*", "task", None, "block where adding works best on val, with these doses")
    says = "push over the median norm of image tokens: largest sound dose, else the smallest of all"
    yield Metric("dose/block:*", "task", None, says)
    yield Metric("dose/decode/block:*", "task", None, f"{says}; every written token pushed too")
    says = "1 where a dose keeps answers readable and true, and a random direction does nothing"
    yield Metric("sound/block:*", "task", None, says)
    yield Metric("sound/decode/block:*", "task", None, f"{says}; every written token pushed too")
    says = "largest dose that is sound by yes and no alone at every block"
    yield Metric("dose/common", "task", None, says)
    says = "share of concepts that text named a latent after"
    yield Metric("with_latent/block:*", "concept", True, says)
    for name, up, says in (
        ("parsed", True, "share of steered answers that can be read"),
        ("kept", True, "share of the other things named before that still are"),
        ("perplexity_ratio", False, "geometric mean ratio of perplexities, steered over unedited"),
        ("distinct_3", None, "distinct 3-grams of words of steered answers, of all"),
    ):
        yield Metric(f"{name}/block:*", "concept", up, says)
        yield Metric(f"{name}/decode/block:*", "concept", up, f"{says}; writing pushed too")


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
    units |= dict(_curves(sweep, kind))
    if kind == "own":
        units |= dict(shapes(sweep, found, own, lambda: subject.rng("interaction")))
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
        if sweep.read_later[i]:
            yield f"dose/block:{block}", whole(own.dose[i])
            yield f"sound/block:{block}", whole(own.sound[i])
        yield f"dose/decode/block:{block}", whole(own.written[i])
        yield f"sound/decode/block:{block}", whole(own.sound_written[i])
        cases = sweep.cases("test")
        has = known(sweep, cases, "own", i).astype(np.float64)
        yield f"with_latent/block:{block}", Units(means(has, concepts_of(cases)))
    yield "peak", whole(sweep.blocks[own.peak])
    yield "peak/apart", whole(sweep.blocks[own.peak_apart])
    yield "peak/decode", whole(sweep.blocks[own.peak_written])
    yield "dose/common", whole(own.common)
    for sign in SIGNS:
        plain = [each.mentioned_before for each in as_they_are(sweep, "test", sign)]
        yield f"before/{sign}", Units(means(_floats(plain), concepts_of(sweep.cases("test"))))
        for i, block in enumerate(sweep.blocks):
            if sweep.read_later[i]:
                yield f"dose/{sign}/block:{block}", whole(own.apart[sign][i])


def _fluent(sweep: Sweep, own: Chosen) -> Iterator[tuple[str, Units]]:
    """Whether steered answers are still answers, both signs together."""
    for name, push in (("", Push("own")), ("decode/", Push("own", decode=True))):
        for i, block in enumerate(sweep.blocks):
            dose = own.written[i] if push.decode else own.dose[i]
            said = [answers(sweep, "test", sign, push, i, dose) for sign in SIGNS]
            yield from _worded([t for of in said for t in of], f"{name}block:{block}")
            if not push.decode:
                yield from _alike(sweep, said, block)
            yield f"perplexity_ratio/{name}block:{block}", _perplexity_ratio(sweep, said)


def _perplexity_ratio(sweep: Sweep, said: Sequence[Sequence[Told]]) -> Units:
    """exp of the mean difference of log perplexities, over concepts."""
    few = [some(of) for of in said]
    change = [np.log(after) - np.log(before) for before, after in _perplexities(sweep, few)]
    rows = means(np.concatenate(change), concepts_of([t.case for of in few for t in of]))

    def value(weights: Float[np.ndarray, " c"]) -> float:
        return float(np.exp((weights * rows).sum() / weights.sum()))

    return Units(rows, value=value)


def _perplexities(
    sweep: Sweep, few: Sequence[Sequence[Told]]
) -> list[tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]]:
    return [perplexities(sweep, "test", of) for of in few]


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
