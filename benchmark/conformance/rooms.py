"""The rooms of the house: which modules play which part, and from which rooms they may import.

`contracts` is the hall; methods see ready-made parts, tasks see measures and references, and
neither sees a backend, the runner or another of its kind. A new module is added here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """Modules, as shell patterns, and the doors to the rooms that they may import from."""

    modules: tuple[str, ...]
    doors: tuple[str, ...]
    light: bool = False
    """Imported without torch, so that what needs only these starts at once."""
    closed: bool = False
    """Its modules do not import each other."""


def ours(modules: str, doors: str = "", *, light: bool = False) -> Room:
    """A room of modules of `benchmark`."""
    return Room(tuple(f"benchmark.{name}" for name in modules.split()), tuple(doors.split()), light)


_PARTS = "contracts sae alignment"
_MEASURES = "contracts codes metrics"
_MACHINERY = (
    f"{_PARTS} kernels codes references worlds activations backends names statistics messages"
)
ROOMS: dict[str, Room] = {
    "contracts": ours("contracts*"),
    "messages": ours("messages*", light=True),
    "judges": ours("judges*", light=True),
    "kernels": ours("kernels*", "contracts"),
    "timed": ours("kernels.bench.stages", light=True),
    "timing": ours("kernels.bench.verb", "contracts kernels timed results messages"),
    "codes": ours("alignment.coactivation", "contracts kernels"),
    "sae": ours("sae*", "contracts codes kernels messages"),
    "alignment": ours("alignment*", "contracts codes kernels sae"),
    "edits": ours("edits", "contracts codes"),
    "projectors": ours("projectors"),
    "metrics": ours("metrics*", "contracts codes kernels edits"),
    "interviews": ours("interviews*", "contracts codes metrics edits judges"),
    "steering": ours("steering*", "contracts codes metrics edits judges interviews statistics"),
    "references": ours("references*", f"{_PARTS} codes metrics interviews steering"),
    "worlds": ours("worlds*", "contracts"),
    "activations": ours("activations*", "contracts messages"),
    "names": ours(
        "command* configure registry sources backends corpora corpora.known conformance.rooms "
        "conformance.house_rules",
        "contracts messages",
        light=True,
    ),
    "backends": ours("backends.*", "contracts worlds edits messages"),
    "corpora": ours("corpora.*", "contracts activations backends judges names results messages"),
    "statistics": ours("statistics*", light=True),
    "results": ours("results* provenance", "statistics messages", light=True),
    "portrayed": ours(
        "portraits portraits.records portraits.shelf portraits.asking",
        "results messages",
        light=True,
    ),
    "reports": ours("reports*", "names statistics results messages portrayed", light=True),
    "submissions": ours("submissions*", "names statistics results reports messages", light=True),
    "exporting": ours(
        "interchange.export*", "contracts sae interchange run metrics results messages sayings"
    ),
    "interchange": ours("interchange*", "contracts sae alignment codes names results messages"),
    "sayings": ours("interchange.descriptions", "messages", light=True),
    "run": ours("run*", f"{_MACHINERY} results reports interchange corpora"),
    "verification": ours("verification*", f"{_MACHINERY} results reports run submissions"),
    "portraits": ours("portraits*", f"{_MACHINERY} metrics results run portrayed"),
    "reporting": ours(
        "portraits.gathering portraits.said portraits.verb",
        "names results reports messages portrayed portraits sayings",
        light=True,
    ),
    "sweeps": ours("sweeps*", "contracts names statistics results reports run messages"),
    "planning": ours(
        "planning*",
        "contracts sae kernels worlds activations backends names corpora results reports run "
        "messages",
    ),
    "judging": ours(
        "judging*",
        "contracts judges activations backends worlds names statistics results reports run "
        "messages",
    ),
    "reproduce": ours("reproduce*", "names statistics results reports run messages", light=True),
    "verdicts": ours(
        "audit.records audit.expectations audit.expected audit.levels audit.judging audit.wording "
        "audit.shown audit.printing audit.panel audit.figure",
        "names statistics results reports messages",
        light=True,
    ),
    "audit": ours("audit*", f"{_MACHINERY} results reports run verdicts"),
    "conformance": ours("conformance*", _MACHINERY),
    "hosting": ours(
        "recipes.host_projector recipes.host_projector.*",
        "contracts recipes worlds backends projectors corpora activations results messages",
    ),
    "recipes": ours("recipes*", "contracts worlds backends projectors"),
    "command": ours(
        "__main__",
        "names run planning judging sweeps reproduce audit reports reporting conformance timing "
        "leaderboards exporting submissions verification",
        light=True,
    ),
    "methods": Room(("methods.*",), (*_PARTS.split(), "codes", "projectors"), closed=True),
    "tasks": Room(
        ("tasks.*",),
        (*_MEASURES.split(), "references", "edits", "judges", "interviews", "steering"),
        closed=True,
    ),
    "leaderboards": Room(
        ("leaderboards*",),
        ("names", "statistics", "results", "reports", "verdicts", "submissions", "timed"),
        light=True,
    ),
}
