"""The page of a run: one HTML text that opens from disk and asks nothing of any network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from benchmark.portraits.records import Gallery
from benchmark.portraits.shelf import PortraitShelf
from benchmark.reports.html import facts, latents, maps
from benchmark.reports.html.claims import against_references, among_methods
from benchmark.reports.html.commands import again, compare_again
from benchmark.reports.html.exhibits import strips
from benchmark.reports.html.figures import Figures, block_figures, content_of, panel_figures
from benchmark.reports.html.rendering import rendered, stylesheet
from benchmark.reports.html.run_folder import RunFolder
from benchmark.reports.html.scores import place_tables
from benchmark.reports.html.telling import in_short, verdicts
from benchmark.reports.panels import Panel, Where, heading, panels_of

OPEN_PLACES = 2
"""Places whose tables stand open; of more a reader opens them."""


@dataclass(frozen=True)
class Latents:
    """The galleries of a page, and what there is none of."""

    galleries: tuple[Gallery, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    asked: bool = True
    said: Mapping[int, Mapping[int, Sequence[str]]] = field(default_factory=dict)
    """What a user's file says of text latents, by the place of their gallery."""


def page(run: RunFolder, portraits: Latents, kept: Path) -> str:
    """The whole text; figures and small pictures are kept in a folder, to be at hand again."""
    cells, found = run.cells, panels_of(run.document)
    references, methods = against_references(cells), among_methods(run.path / "cells", cells)
    seeds = sorted({cell.seed for cell in cells})
    shelf = PortraitShelf(kept)
    drawn, notes = strips(run.path, cells, kept)
    named = list(dict.fromkeys(c.method.name for c in cells if c.status == "scored"))
    return rendered(
        "report.html.j2",
        {
            "title": facts.title(run),
            "run": run,
            "folder": run.path.name,
            "facts": facts.facts(run),
            "unscored": facts.unscored(cells),
            "packages": facts.packages(cells),
            "short_lines": in_short(references, methods, seeds),
            "floors": verdicts((c for c in references.rows if c.kind == "floor"), "its floor"),
            "baselines": verdicts(
                (c for c in references.rows if c.kind == "baseline"), "what stands beside it"
            ),
            "pairs": verdicts(methods.rows),
            "claim_notes": [*references.notes, *methods.notes],
            "sizes": (_family(references.rows), _family(methods.rows)),
            "places": place_tables(found, cells),
            "open_places": OPEN_PLACES,
            "figures": figures(run, found, kept),
            "strips": drawn,
            "strip_notes": notes,
            "galleries": portraits.galleries,
            "said": portraits.said,
            "absent": portraits.absent,
            "portraits_asked": portraits.asked,
            "thumbs": latents.held(portraits.galleries, shelf),
            "latents": latents,
            "maps": maps,
            "again": again(run),
            "compare_again": compare_again(run, named),
            "style": stylesheet(),
        },
    )


def _family(rows: Sequence[Any]) -> int:
    return sum(row.p is not None for row in rows)


def figures(
    run: RunFolder, found: dict[Where, dict[str, Panel]], kept: Path
) -> dict[str, list[Markup]]:
    """SVG of every place by its name, and of scores over blocks under `blocks`."""
    drawn = Figures(kept)
    made: dict[str, list[Markup]] = {}
    for there, tasks in found.items():
        shown = [panel for panel in tasks.values() if panel.rows]
        if shown:
            made[heading(there)] = drawn.kept(
                "panels",
                repr(shown),
                lambda shown=shown: panel_figures(shown),  # type: ignore[misc]
                f"Main scores of every method with 95 % intervals, {heading(there)}",
            )
    made["blocks"] = drawn.kept(
        "blocks",
        content_of(run.document),
        lambda: block_figures(run.document),
        "Scores of every method over the blocks of the model, with 95 % intervals",
    )
    return made
