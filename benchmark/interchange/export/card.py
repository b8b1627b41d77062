"""The card of an export: where the dictionary comes from, whose data it saw, how it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from benchmark.interchange.export.choosing import Fitted
from benchmark.results import Cell, Score

MAP_KEYS = """`map.safetensors` says which latents of the two SAEs belong together; its metadata
have the `format`, `crossmodal-map-1`, and its keys say of which kind it is:

| kind | keys | meaning |
|---|---|---|
| `same` | `width` [1] | latent j of images is latent j of texts |
| `matched` | `image_of` [d_sae of texts], `n_image` [1] | text latent j belongs to image latent \
`image_of[j]`, one to one; -1: to none |
| `dense` | `image_map` [d_sae, w], `image_centre` [d_sae], `text_map`, `text_centre` | codes are \
compared as (z - centre) @ map |
"""


CARD = "README.md"
MARK = "tags: [sparse-autoencoder, cross-modal]"
FILES = re.compile(r"^## Files\n\n((?:- `[^`\n]+`\n)*)", re.MULTILINE)


def listed(card: Path) -> tuple[str, ...]:
    """Files that a card says are of its export, and itself; none where it is no card."""
    try:
        text = card.read_text()
    except (OSError, UnicodeDecodeError):
        return ()
    found = FILES.search(text) if MARK in text.splitlines()[:5] else None
    return (*re.findall(r"`([^`]+)`", found[1]), CARD) if found else ()


def card(fitted: Fitted, files: Sequence[str], layout: str, folder: str) -> str:
    """Markdown, the same for the same export."""
    cell = fitted.cell
    lines = [
        "---",
        "library_name: saelens"
        if layout == "saelens"
        else "library_name: crossmodal-sae-benchmark",
        MARK,
        "---",
        "",
        f"# {cell.method.name} on {cell.backend.name}, seed {cell.seed}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in origin(fitted)),
        "",
        "## Files",
        "",
        *(f"- `{name}`" for name in files),
        "",
    ]
    if "map.safetensors" in files:
        lines += [MAP_KEYS]
    lines += ["## Read it", "", *reading(cell, files, layout, folder), "", "## Scores", ""]
    lines += scores(fitted.cells)
    return "\n".join(lines) + "\n"


def origin(fitted: Fitted) -> list[tuple[str, str]]:
    """Names and values of the table at the head."""
    cell = fitted.cell
    env = cell.environment
    told = json.dumps(cell.method.config, sort_keys=True)
    sizes = ", ".join(f"{n:,} {what}" for what, n in sorted(cell.data.sizes.items()))
    commit = f"{env.commit or 'unknown'}{' with changes' if env.dirty else ''}"
    packages = ", ".join(f"{n} {v}" for n, v in env.packages.items() if n in ("torch", "numpy"))
    rows = [
        ("Method", f"{code(cell.method.name)}, code {code((cell.method.code or '')[:12])}"),
        ("Configuration", code(told)),
        ("Backend", f"{code(cell.backend.name)}, revision {code(cell.backend.revision[:40])}"),
        ("Site", code(cell.site or "")),
        ("Data", f"{code(cell.data.name)}, revision {code(cell.data.revision[:40])}"),
        ("Licence of the data", plain(cell.data.licence or "not said")),
        ("Images and captions", sizes),
        ("Seed", str(cell.seed)),
        ("Saw labels", "yes" if cell.method.supervised else "no"),
        ("Made by", f"crossmodal-sae-benchmark {env.version or ''} at {code(commit)}, {packages}"),
        ("Dictionary", f"sha256 {code(cell.method.checkpoint_sha256 or '')}"),
    ]
    if cell.data.centred:
        note = "less the train mean of each modality: run it with `--centre`"
        rows.append(("Rows", note))
    if fitted.patch is not None:
        rows.append(("Backend's weights", "replaced in part: `patch.safetensors`"))
    return rows


def reading(cell: Cell, files: Sequence[str], layout: str, folder: str) -> list[str]:
    """How to score it again, and how SAELens reads it."""
    centre = " --centre" if cell.data.centred else ""
    name = f"{folder}/dictionary.safetensors" if layout == "benchmark" else folder
    lines = [
        "```",
        f"python -m benchmark run --checkpoint {name} --backend {cell.backend.name} "
        f"--site {cell.site}{centre}",
        "```",
    ]
    if layout == "saelens":
        parts = ("image", "text") if "map.safetensors" in files else ("",)
        lines += ["", "```python", "from sae_lens import SAE", ""]
        lines += [
            f'{part or "sae"} = SAE.load_from_disk("{folder}{"/" if part else ""}{part}")'
            for part in parts
        ]
        lines += ["```"]
    return lines


def scores(cells: Sequence[Cell]) -> list[str]:
    """The main score of every task that the run has of it."""
    rows = [row for cell in cells for row in mains(cell)]
    if not rows:
        return ["None were kept."]
    head = [
        "| task | metric | split | value | 95 % interval | floor |",
        "|---|---|---|---|---|---|",
    ]
    return head + rows


def mains(cell: Cell) -> list[str]:
    """Rows of one cell."""
    main = [s for s in cell.scores if s.main and s.variant == "full"]
    return [
        f"| {cell.task.name} v{cell.task.version} | {s.name} | {cell.split} | {s.value:.4g} | "
        f"{interval(s)} | {'' if s.floor is None else f'{s.floor:.4g}'} |"
        for s in main
    ]


def interval(score: Score) -> str:
    if score.ci_low is None or score.ci_high is None:
        return ""
    return f"{score.ci_low:.4g} to {score.ci_high:.4g}"


def code(text: str) -> str:
    """Text as code in a table, whatever signs it has."""
    clean = re.sub(r"[`|\r\n]", " ", text).strip()
    return f"`{clean}`" if clean else ""


def plain(text: str) -> str:
    """Text in a table."""
    return re.sub(r"[|\r\n<>]", " ", text)
