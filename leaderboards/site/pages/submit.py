"""How to run a method of one's own, and how to propose its row."""

from __future__ import annotations

from collections.abc import Iterator

from leaderboards.board.tables import RANKED_SEEDS
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page

NAV = Nav(99, "Submit", "submit.html", "three commands to a row of your own")
STEPS = (
    (
        "Run it",
        "python -m benchmark run --method my_method.py --seed 0 1 2 --output-path results/mine",
        "One file, one class with a `fit`. Every task that applies is scored, between its floor "
        "and its baselines; a run that was stopped goes on where it was.",
    ),
    (
        "Make the folder",
        "python -m benchmark submit results/mine --method my_method.py "
        '--author "Ada Example" --licence MIT',
        "Gathers records, units, fitted dictionaries and the method file into one folder under "
        "`leaderboards/submissions/`, each with its checksum, and a card. `--paper` and `--code` "
        "say where it is described and kept. Nothing is sent anywhere.",
    ),
    (
        "Check it",
        "python -m benchmark validate leaderboards/submissions/my-method",
        "The same check that a pull request is held to: every value and interval is computed "
        "again from its units, and your code is never run. Then propose the folder; the last "
        "lines of `submit` say how.",
    ),
)


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    del facts
    context = {"steps": STEPS, "seeds": RANKED_SEEDS}
    yield Page(NAV.path, "Submit yours", "submit.html.j2", context)
