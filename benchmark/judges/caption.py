"""What an answer shares with the captions that people wrote of a picture: no annotation, no model.

    v_t       = captions that name thing t, of k
    supported = mentions with v_t > 0 / mentions
    consensus = sum of v_t over things that are mentioned / sum of v_t

`consensus` is recall in which a thing weighs as much as captions agree on it, as in the pyramid
method of Nenkova and Passonneau 2004. People leave out much that is there: what no caption names is
not known to be wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.judges.mentions import mentioned
from benchmark.judges.reading import Judge, Reading
from benchmark.judges.wording import Share


@dataclass(frozen=True)
class Consensus:
    """How many of k captions of a picture name each thing."""

    votes: Mapping[int, int]
    k: int

    def truth(self, least: int = 1) -> frozenset[int]:
        """Things that at least so many captions name."""
        return frozenset(thing for thing, n in self.votes.items() if n >= least)

    def supported(self, answer: Reading) -> Share:
        """Mentions of things that some caption names, of all mentions."""
        found = mentioned(answer, self.truth()).hallucinated
        return Share(found.whole - found.part, found.whole)

    def consensus(self, answer: Reading) -> Share:
        """Votes for things that the answer names, of all votes."""
        said = answer.things(self.truth())
        return Share(sum(n for t, n in self.votes.items() if t in said), sum(self.votes.values()))

    def shares(self, answer: Reading) -> Mapping[str, Share]:
        """Both, by name."""
        return {"supported": self.supported(answer), "consensus": self.consensus(answer)}


def consensus_of(captions: Sequence[str], judge: Judge) -> Consensus:
    """What the captions of one picture name.

    A word of two meanings means a thing that another caption names for certain, where one does.
    Raises ValueError without captions.
    """
    if not captions:
        raise ValueError("a picture without captions: nothing to hold an answer against")
    read = [judge.read("", caption) for caption in captions]
    sure = frozenset(next(iter(e)) for each in read for e in each.mentions if len(e) == 1)
    votes = Counter(thing for each in read for thing in each.things(sure))
    return Consensus(dict(votes), len(captions))
