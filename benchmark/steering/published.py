"""Steering as JSAE published it (2606.25657), for comparison.

Directions are sums of unit decoder rows of text latents: those named after a concept which are in
one of the hundred image and text pairs with the largest |correlation|. They are added at every
image position and at every token that is written, alpha times, alpha = .2, .4, ... 3 in the units
of the stream; of each picture the last alpha counts before the answer gets worse. An answer that
has any name of the concept in it is a hit, whatever the unedited one said. The peak is taken on the
evaluated pictures. No suppression was published: here it is the same with the sign turned round.

What cannot be had here: perplexity is the model's own, not GPT-2's, and the two stopping rules on
similarity to a target sentence need an encoder of sentences, which is an extra; without one they
are left out. Pictures that have the concept already, a third of the published ones, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.alignment.coactivation import correlation
from benchmark.contracts import Edit, Subject, Units
from benchmark.edits import add
from benchmark.interviews.room import digest
from benchmark.judges.wording import compression, distinct, keyword_hit
from benchmark.metrics.naming import names_of
from benchmark.steering.cases import SIGNS, Case, Sign, first_of_each
from benchmark.steering.fluency import perplexity
from benchmark.steering.likeness import similarity_gain
from benchmark.steering.profiles import concepts_of, means, whole
from benchmark.steering.sweep import Sweep

ALPHAS = tuple(round(0.2 * step, 1) for step in range(1, 16))
PAIRS, N_CASES = 100, 5
"""Pairs of latents that count; pictures of each concept."""
RISE, LARGEST, DISTINCT, COMPRESSION = 10.0, 40.0, 0.3, 0.3
GAINED, LOST = 0.1, -0.2


@dataclass(frozen=True, eq=False)
class Walk:
    """Where each case stopped, and what it said there."""

    alpha: Float[np.ndarray, " n"]
    said: tuple[str, ...]


def published(subject: Subject) -> dict[str, Units]:
    """Every score of the published procedure, under the names of the fair one."""
    sweep = Sweep(subject)
    units: dict[str, Units] = {}
    mean = dict[tuple[Sign, int], float]()
    cases = first_of_each(sweep.cases("test"), N_CASES, lambda case: case)
    concept = concepts_of(cases)
    for sign in SIGNS:
        plain = _plain(sweep, sign, cases)
        units[f"before/{sign}"] = Units(means(_hits(sweep, cases, plain), concept))
        for i, block in enumerate(sweep.blocks):
            found = walk(sweep, sign, cases, plain, i)
            hits = _hits(sweep, cases, found.said)
            done = hits if sign == "add" else 1 - hits
            units[f"{sign}/block:{block}"] = Units(means(done, concept))
            mean[sign, i] = float(done.mean())
            lengths = _lengths(sweep, cases, i) / sweep.norms[i]
            units[f"dose/{sign}/block:{block}"] = Units(means(found.alpha * lengths, concept))
    peak = max(range(len(sweep.blocks)), key=lambda i: (mean["add", i], -i))
    at = f"block:{sweep.blocks[peak]}"
    difference = units[f"add/{at}"].numerator - units[f"supp/{at}"].numerator
    return units | {
        "add_minus_supp": Units(difference),
        "peak": whole(sweep.blocks[peak]),
        **dict(_with_latent(sweep)),
    }


def _with_latent(sweep: Sweep) -> Iterator[tuple[str, Units]]:
    for i, block in enumerate(sweep.blocks):
        has = [float(c in correlated(sweep, i)) for c in sweep.concepts]
        yield f"with_latent/block:{block}", Units(np.array(has))


def correlated(sweep: Sweep, i: int) -> Mapping[int, Tensor]:
    """The sum of unit decoder rows of each concept's latents, of the most correlated pairs."""
    return sweep.kept(("correlated", i), lambda: _correlated(sweep.at[i], sweep.concepts))


def _correlated(subject: Subject, concepts: Sequence[int]) -> dict[int, Tensor]:
    train = subject.train
    image, text = (subject.codes("train", side) for side in ("image", "text"))
    size = abs(correlation(image, text, train.caption_of))
    few = size.size <= PAIRS
    best = np.arange(size.size) if few else np.argpartition(-size, PAIRS, axis=None)[:PAIRS]
    of_pairs = set((best[size.ravel()[best] > 0] % size.shape[1]).tolist())
    names = names_of(subject).concept
    rows = subject.dictionary.directions("text").detach().cpu().float()
    unit = rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-12)
    chosen = {
        c: [j for j in np.flatnonzero(names == c).tolist() if j in of_pairs] for c in concepts
    }
    return {c: unit[latents].sum(0) for c, latents in chosen.items() if latents}


def _lengths(sweep: Sweep, cases: Sequence[Case], i: int) -> Float[np.ndarray, " n"]:
    found = correlated(sweep, i)
    return np.array([float(found[c.concept].norm()) if c.concept in found else 0.0 for c in cases])


def walk(sweep: Sweep, sign: Sign, cases: Sequence[Case], plain: Sequence[str], i: int) -> Walk:
    """The last answer of each case before a rule stops it; the unedited one where the first does.

    A concept without a latent stays where it is.
    """
    said = [_pushed(sweep, sign, cases, plain, i, alpha) for alpha in ALPHAS]
    before = perplexity(sweep, "test", cases, sign, plain)
    after = [_perplexities(sweep, sign, cases, plain, before, each) for each in said]
    gain = [similarity_gain(sweep, cases, plain, each) for each in said]
    alpha, kept = np.zeros(len(cases)), list(plain)
    for k in range(len(cases)):
        trail = [before[k], *(each[k] for each in after)]
        gains = None if gain[0] is None else [each[k] for each in gain if each is not None]
        step = last_accepted(trail, gains, [each[k] for each in said])
        if step:
            alpha[k], kept[k] = ALPHAS[step - 1], said[step - 1][k]
    return Walk(alpha, tuple(kept))


def _perplexities(
    sweep: Sweep,
    sign: Sign,
    cases: Sequence[Case],
    plain: Sequence[str],
    before: Float[np.ndarray, " n"],
    said: Sequence[str],
) -> Float[np.ndarray, " n"]:
    """Those of answers; an answer that is the unedited one has its own."""
    other = [k for k, (a, b) in enumerate(zip(plain, said, strict=True)) if a != b]
    found = before.copy()
    if other:
        chosen, words = [cases[k] for k in other], [said[k] for k in other]
        found[other] = perplexity(sweep, "test", chosen, sign, words)
    return found


def last_accepted(
    perplexities: Sequence[float], gains: Sequence[float] | None, said: Sequence[str]
) -> int:
    """How many doses are accepted in a row, by the published rules.

    Perplexities begin with that of the unedited answer. A dose is not accepted where (from the
    second on) the perplexity fell by over 10 or is over 40; where few words are distinct and they
    compress well; where the gain fell and had been over .1, or was under -.2 twice in a row.
    """
    for j, answer in enumerate(said):
        fell = perplexities[j] - perplexities[j + 1] > RISE or perplexities[j + 1] > LARGEST
        if j and fell:
            return j
        variety, size = distinct(answer, published=True).value, compression(answer).value
        if variety is not None and size is not None and variety < DISTINCT and size < COMPRESSION:
            return j
        if gains is not None and j:
            lower = gains[j] < gains[j - 1] and gains[j - 1] > GAINED
            if lower or (gains[j] < LOST and gains[j - 1] < LOST):
                return j
    return len(said)


def _pushed(
    sweep: Sweep, sign: Sign, cases: Sequence[Case], plain: Sequence[str], i: int, alpha: float
) -> list[str]:
    """Answers at one alpha, every image position and every written token pushed."""
    directions, room, block = correlated(sweep, i), sweep.room, sweep.blocks[i]
    able = [k for k, case in enumerate(cases) if case.concept in directions]
    found = list(plain)
    if not able:
        return found
    chosen = [cases[k] for k in able]
    length = alpha if sign == "add" else -alpha
    along = length * torch.stack([directions[case.concept] for case in chosen])
    edit = {
        "blocks": [block],
        "push": digest(along),
        "patches": "all",
        "decode": True,
        **sweep.told_apart("test", sign, chosen),
    }

    def said(part: Sequence[int]) -> list[str]:
        edits = [Edit(block, add(along[list(part)]), None, decode=True)]
        return room.say(sweep.shown("test", sign, [chosen[k] for k in part]), edits)

    for k, reading in zip(able, room.read("test", chosen, edit, said), strict=True):
        found[k] = reading.said
    return found


def _plain(sweep: Sweep, sign: Sign, cases: Sequence[Case]) -> list[str]:
    room = sweep.room

    def said(part: Sequence[int]) -> list[str]:
        return room.say(sweep.shown("test", sign, [cases[k] for k in part]), [])

    facts = sweep.told_apart("test", sign, cases)
    return [reading.said for reading in room.read("test", cases, facts, said)]


def _hits(sweep: Sweep, cases: Sequence[Case], said: Sequence[str]) -> Float[np.ndarray, " n"]:
    """1 where any name of the concept, or of one that counts as it, is in the answer."""
    examples = sweep.pictures["test"]
    words = {
        c: [name for each in (c, *examples.members(c)) for name in examples.names(each)]
        for c in sweep.concepts
    }
    return np.array(
        [
            float(keyword_hit(answer, words[case.concept], published=True))
            for case, answer in zip(cases, said, strict=True)
        ]
    )
