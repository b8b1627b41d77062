"""The map of decoder directions as SVG: a dot a direction, its colour what the latent serves."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from benchmark.portraits.records import Overview, Point

SIZE = 1000
ORDER = ("silent", "unrelated", "image", "text", "both")
"""Drawn one over the other."""
MOST_LINKS = 400


def overview_map(overview: Overview) -> Markup:
    """Round dots for image directions, squares for text ones; a thin line joins the two of a latent
    that serves both. Numbers are clusters."""
    parts = [] if overview.apart else [_links(overview.points)]
    for kind in ORDER:
        for modality, shape in (("image", "round"), ("text", "square")):
            own = [p for p in overview.points if (p.kind, p.modality) == (kind, modality)]
            if own:
                path = "".join(f"M{p.x} {p.y}h0" for p in own)
                parts.append(f'<path class="pt {shape} {kind}" d="{path}"/>')
    for number, (x, y) in enumerate(_labels(overview), start=1):
        parts.append(f'<text class="cl" x="{x}" y="{y}">{number}</text>')
    counts = [sum(p.modality == m for p in overview.points) for m in ("image", "text")]
    says = (
        f"Map of {counts[0]} image and {counts[1]} text decoder directions on their first two "
        f"principal components, coloured by which modalities the latent serves; numbers are the "
        f"{len(overview.clusters)} clusters listed beside it."
    )
    return Markup(
        '<svg class="map" viewBox="0 0 {0} {0}" role="img" aria-label="{1}">{2}</svg>'
    ).format(SIZE, says, Markup("".join(parts)))


def _links(points: Sequence[Point]) -> str:
    """Image and text direction of latents that serve both, where they are not one."""
    image = {p.latent: p for p in points if p.modality == "image" and p.kind == "both"}
    text = {p.latent: p for p in points if p.modality == "text" and p.kind == "both"}
    pairs = [(image[j], text[j]) for j in sorted(image.keys() & text.keys())][:MOST_LINKS]
    path = "".join(f"M{a.x} {a.y}L{b.x} {b.y}" for a, b in pairs if (a.x, a.y) != (b.x, b.y))
    return f'<path class="link" d="{path}"/>' if path else ""


def _labels(overview: Overview) -> list[tuple[int, int]]:
    """Where the numbers of clusters stand, moved apart where they would cover each other."""
    placed: list[tuple[int, int]] = []
    for cluster in overview.clusters:
        x, y = cluster.x, cluster.y
        while any(abs(x - a) < 44 and abs(y - b) < 32 for a, b in placed):
            y += 33
            if y > SIZE - 20:
                x, y = x + 46, cluster.y
        placed.append((min(x, SIZE - 20), min(y, SIZE - 12)))
    return placed
