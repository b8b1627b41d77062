"""Bytes at the peak of a run, on the machine and on a GPU, term by term."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.activations.encoding import AT_ONCE
from benchmark.activations.store import IN_RAM_BELOW
from benchmark.contracts import MODALITIES, Site
from benchmark.planning.disk import FLOAT, texts
from benchmark.planning.examples import Counts, Material
from benchmark.planning.outline import Outline
from benchmark.run.materials import CPU_BATCH as CPU_BATCH

COPIES = 4
"""A weight that is fitted, its gradient, and two moments."""
SPENT = 220e6
"""What compiled loops, figures and the first products of a run add to a process, measured."""
CODE_BYTES = 12
"""Of an active latent: a value of four bytes, an index of eight."""


@dataclass(frozen=True)
class Term:
    """One part of a sum, in words."""

    name: str
    bytes: float
    told: str = ""


def resident() -> float:
    """Bytes that this process holds now: its libraries, and captions that were written."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def rows_bytes(outline: Outline, found: Material, site: Site) -> float:
    """Rows of all splits at a site, every caption with a row of its own."""
    return sum(
        _rows(outline, c, site, m) * outline.width(site, m) * FLOAT
        for c in found.counts
        for m in MODALITIES
    )


def _rows(outline: Outline, counts: Counts, site: Site, modality: Any) -> float:
    if modality == "image":
        return counts.images * (outline.patches if site.pool == "none" else 1)
    spread = counts.captions / max(1, counts.distinct)
    return texts(outline, counts, site) * (1 if outline.text_pass == "joint" else spread)


def all_rows(outline: Outline, found: Material, site: Site) -> float:
    return sum(_rows(outline, c, site, m) for c in found.counts for m in MODALITIES)


def on_machine(
    outline: Outline, found: Material, sites: Sequence[Site], fitted: float, k: int, base: float,
    device_batch: Term | None,
) -> list[Term]:  # fmt: skip
    """Terms of the peak in the machine's memory; `fitted` counts parameters of a dictionary."""
    terms = [Term("this process and its data", base), Term("compiled loops and figures", SPENT)]
    if outline.weight_bytes:
        terms.append(weights(outline))
    each = max((rows_bytes(outline, found, site) for site in sites), default=0.0)
    held = len(sites) * each if each < IN_RAM_BELOW else each
    terms.append(Term("rows of all splits", held, f"{len(sites)} site(s), 4 bytes a number"))
    if fitted:
        told = f"{fitted / 1e6:.2f} M weights x {COPIES} x 4 bytes"
        terms.append(Term("a fit", fitted * COPIES * FLOAT, told))
    n = max((all_rows(outline, found, site) for site in sites), default=0.0)
    told = f"{n:,.0f} rows x {k} latents x {CODE_BYTES} bytes, native and aligned"
    terms.append(Term("codes", 2.0 * n * k * CODE_BYTES, told))
    if device_batch is not None:
        terms.append(device_batch)
    return terms


def weights(outline: Outline) -> Term:
    """What a model's weights take."""
    told = f"{parameters(outline.parameters)} x {outline.bytes_each:g} bytes"
    return Term("weights", outline.weight_bytes, told)


def parameters(n: int) -> str:
    """A count of parameters as it is said."""
    return f"{n / 1e9:.2f} B parameters" if n >= 1e8 else f"{n / 1e6:.2f} M parameters"


def batch(outline: Outline, site: Site, found: Material, examples: int) -> Term | None:
    """What a forward pass of so many examples holds at once, of whichever modality has more."""
    each = min(outline.bytes_each, 4.0) if outline.dtype == "float32" else 2.0
    sums: list[tuple[float, str]] = []
    for modality in MODALITIES:
        longest = max((c.longest for c in found.counts), default=0.0)
        for walk in outline.walks(modality, [site], longest):
            tokens = walk.tokens * walk.times if walk.stack is outline.tower else walk.tokens
            bytes_ = examples * walk.stack.working_bytes(tokens, each)
            told = (
                f"{examples:,} {modality}s x {tokens:,.0f} tokens x (6 x {walk.stack.width:,} + "
                f"2 x {walk.stack.inner:,}) x {each:g} bytes in the {walk.stack.name}"
            )
            sums.append((bytes_, told))
    if not sums:
        return None
    most, told = max(sums)
    return Term("a batch", most, told)


def at_once(outline: Outline, found: Material, sites: Sequence[Site], asked: int) -> int:
    """Examples of a pass: fewer than asked for where their rows would be too many."""
    train = found.counts[0]
    pictures = [
        _rows(outline, train, site, "image") * outline.width(site, "image") * FLOAT
        for site in sites
    ]
    each = (sum(pictures) if outline.together else max(pictures, default=0.0)) / train.images
    return max(1, min(asked, int(AT_ONCE / each))) if each else asked


def on_gpu(
    outline: Outline, found: Material, site: Site, fitted: float, examples: int
) -> list[Term]:
    """Terms of the peak in a GPU's memory: a pass, with the rows of a fit if they are more."""
    terms = [weights(outline)] if outline.weight_bytes else []
    passing = batch(outline, site, found, examples)
    train = next(c for c in found.counts if c.split == "train")
    resident_rows = sum(
        _rows(outline, train, site, m) * outline.width(site, m) * FLOAT for m in MODALITIES
    )
    told = f"rows of train on the GPU, and {fitted / 1e6:.2f} M weights x {COPIES} x 4 bytes"
    fitting = Term("a fit", resident_rows + fitted * COPIES * FLOAT, told)
    more = [term for term in (passing, fitting) if term is not None]
    return [*terms, max(more, key=lambda term: term.bytes)]


def total(terms: Sequence[Term]) -> float:
    """The sum of terms."""
    return sum(term.bytes for term in terms)
