"""How much surer a model says yes than no when asked for a concept, at every block and dose.

The next token's logits alone are read, nothing is written. A push comes after a block, on image
positions; what comes before it is computed once for all doses.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from benchmark.contracts import Edit, Speaker, Steerable
from benchmark.edits import add
from benchmark.interviews.room import digest
from benchmark.steering.cases import Asked, Case, Sign
from benchmark.steering.sweep import Kind, Sweep

DOSES = (0.25, 0.5, 0.75, 1.0, 2.0, 3.0)
AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Gaps:
    """Of n cases; a case is asked for its own concept."""

    plain: Float[np.ndarray, " n"]
    """Logit of yes less logit of no, unedited."""
    plain_mass: Float[np.ndarray, " n"]
    """Probability that the answer begins with yes or no."""
    pushed: Float[np.ndarray, "b a n"]
    """The same after the push at each block and dose; the plain one where there is no direction."""
    pushed_mass: Float[np.ndarray, "b a n"]

    def change(self) -> Float[np.ndarray, "b a n"]:
        """What the push adds."""
        return self.pushed - self.plain

    def surer(self) -> Float[np.ndarray, "b a n"]:
        """What it adds to the probability of yes against no."""
        return sigmoid(self.pushed) - sigmoid(self.plain)


def sigmoid(x: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """1 / (1 + exp(-x)), without overflow."""
    return np.exp(-np.logaddexp(0, -x))


def gaps(
    sweep: Sweep,
    split: Asked,
    sign: Sign,
    kind: Kind,
    at: Sequence[Sequence[float]] | None = None,
) -> Gaps:
    """Every block at every dose, or each at as many doses of its own, for one kind of direction."""
    doses = [DOSES] * len(sweep.blocks) if at is None else at
    cases = sweep.cases(split)
    pushes = [pushes_of(sweep, cases, sign, kind, i) for i in range(len(sweep.blocks))]
    speaker, room = sweep.speaker, sweep.room
    masks = room.masks([case.patches for case in cases])
    examples = sweep.pictures[split]

    def read(part: slice) -> list[str]:
        chosen = cases[part]
        asked = speaker.ask(
            sweep.shown(split, sign, chosen), [examples.question(c.concept) for c in chosen]
        )
        trials = [
            (i, j)
            for i in range(len(pushes))
            for j in range(len(doses[i]))
            if sweep.read_later[i] and bool(pushes[i][part].any())
        ]
        edits = []
        for i, j in trials:
            change = add(doses[i][j] * pushes[i][part])
            edits.append([Edit(sweep.blocks[i], change, masks[part])])
        logits = speaker.next_logits_under(asked, [[], *edits])
        plain = _yes_no(speaker, examples.yes_no, logits[0])
        table = np.tile(plain, (len(pushes), len(doses[0]), 1, 1))
        for (i, j), row in zip(trials, logits[1:], strict=True):
            table[i, j] = _yes_no(speaker, examples.yes_no, row)
        return [
            json.dumps([plain[n].tolist(), table[:, :, n].tolist()]) for n in range(len(chosen))
        ]

    facts = {
        "asked": "yes or no",
        "backend": [speaker.name, speaker.revision],
        "questions": [examples.question(case.concept) for case in cases],
        "blocks": list(sweep.blocks),
        "doses": [list(each) for each in doses],
        "pushes": [digest(push) for push in pushes],
        "patches": digest(masks),
        **sweep.told_apart(split, sign, cases),
    }
    parts = [slice(i, i + AT_ONCE) for i in range(0, len(cases), AT_ONCE)]
    return _gaps(room.recall(facts, lambda: [text for part in parts for text in read(part)]))


def _gaps(texts: Sequence[str]) -> Gaps:
    plain, pushed = zip(*map(json.loads, texts), strict=True)
    before, after = np.array(plain), np.array(pushed).transpose(1, 2, 0, 3)
    return Gaps(before[:, 0], before[:, 1], after[..., 0], after[..., 1])


def pushes_of(
    sweep: Sweep, cases: Sequence[Case], sign: Sign, kind: Kind, i: int
) -> Float[Tensor, "n d"]:
    """The push of each case after a block at dose 1; zeros where it has no direction."""
    found = [sweep.direction_of(kind, i)(case) for case in cases]
    d = sweep.at[i].train.image.shape[1]
    length = sweep.norms[i] if sign == "add" else -sweep.norms[i]
    nothing = torch.zeros(d)
    return torch.stack([nothing if each is None else length * each for each in found])


def known(sweep: Sweep, cases: Sequence[Case], kind: Kind, i: int) -> Bool[np.ndarray, " n"]:
    """Cases that have a direction after a block."""
    direction_of = sweep.direction_of(kind, i)
    return np.array([direction_of(case) is not None for case in cases], dtype=bool)


def told_gap(sweep: Sweep, split: Asked, sign: Sign) -> Float[np.ndarray, " n"]:
    """The gap where a statement in the prompt tells the model of the concept."""
    cases, examples, room = sweep.cases(split), sweep.pictures[split], sweep.room
    speaker = sweep.speaker

    def read(part: slice) -> list[str]:
        chosen = cases[part]
        questions = [statement(examples, sign, c) + examples.question(c.concept) for c in chosen]
        asked = speaker.ask(sweep.shown(split, sign, chosen), questions)
        found = _yes_no(speaker, examples.yes_no, speaker.next_logits(asked))
        return [repr(float(gap)) for gap in found[:, 0]]

    facts = {
        "asked": "yes or no, told",
        "backend": [speaker.name, speaker.revision],
        "told": [statement(examples, sign, c) + examples.question(c.concept) for c in cases],
        **sweep.told_apart(split, sign, cases),
    }
    parts = [slice(i, i + AT_ONCE) for i in range(0, len(cases), AT_ONCE)]
    texts = room.recall(facts, lambda: [text for part in parts for text in read(part)])
    return np.array([float(text) for text in texts])


def statement(examples: Steerable, sign: Sign, case: Case) -> str:
    """What tells the model of a case's concept, before a question."""
    return examples.statement(case.concept, present=sign == "add") + " "


def _yes_no(
    speaker: Speaker, words: tuple[str, str], logits: Float[Tensor, "n v"]
) -> Float[np.ndarray, "n 2"]:
    """Logit of yes less that of no, and the probability of the two together."""
    yes, no = (speaker.word_id(word) for word in words)
    both = logits[:, [yes, no]].double()
    mass = logits.double().softmax(1)[:, [yes, no]].sum(1)
    return torch.stack([both[:, 0] - both[:, 1], mass], dim=1).cpu().numpy()
