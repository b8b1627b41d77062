"""The arithmetic behind a plan, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.contracts import MODALITIES
from benchmark.planning import splicing
from benchmark.planning.amounts import brief, size, span, work
from benchmark.planning.memory import Term, total
from benchmark.planning.methods import MethodPlan
from benchmark.planning.plan import BackendPlan
from benchmark.planning.rates import Rate
from benchmark.planning.reading import EFFICIENCY
from benchmark.planning.starting import told

LARGE = 1e9
"""Bytes of weights from which the arithmetic is always shown."""


def large(made: BackendPlan) -> bool:
    """Whether a backend is so large that nobody should have to ask for the arithmetic."""
    return made.outline.weight_bytes >= LARGE


def lines(made: BackendPlan, rate: Rate) -> list[str]:
    """What every figure is made of."""
    return [
        *_files(made),
        f"starting: {told(made.start_s, rate)} = {span(made.start_s)}",
        *_reading(made, rate),
        *(f"fitting {m.method}: {m.told} = {span(m.fit_s)} for {m.fits}" for m in _fitted(made)),
        *(line for m in made.methods if m.tasks for line in _scoring(m, made, rate)),
        *_terms("memory", made.machine),
        *_terms("GPU memory", made.gpu),
    ]


def _scoring(m: MethodPlan, made: BackendPlan, rate: Rate) -> Iterator[str]:
    """Seconds of a cell of each task, the longest first, and what of it a model's answers take."""
    each = {name: task.seconds / task.cells for name, task in m.tasks.items()}
    longest = sorted(each, key=lambda name: -each[name])
    cells = ", ".join(f"{name} {brief(each[name])}" for name in longest)
    yield f"scoring {m.method}, a cell: {cells}; encoding rows {brief(m.encode_s)}"
    counts = made.material.counts[-1]
    for name, task in m.tasks.items():
        if task.passes:
            whole = splicing.told(made.outline, counts, task.passes, rate)
            yield f"answers in {name} of {m.method}: {whole}"


def _fitted(made: BackendPlan) -> Iterator[MethodPlan]:
    return (m for m in made.methods if m.fits)


def _files(made: BackendPlan) -> Iterator[str]:
    """Rows x width x 4 bytes of each modality, sites of one shape together."""
    for modality in MODALITIES:
        own = [part for part in made.parts if part.modality == modality]
        for width in sorted({part.width for part in own}):
            alike = [part for part in own if part.width == width]
            rows = sum(part.rows for part in alike)
            sites = len({part.site for part in alike})
            told = f"activations, {modality}: {rows:,.0f} rows x {width:,} x 4 bytes"
            over = f" over {sites} sites" if sites > 1 else ""
            yield f"{told}{over} = {size(sum(part.bytes for part in alike))}"


def _reading(made: BackendPlan, rate: Rate) -> Iterator[str]:
    read, outline = made.reading, made.outline
    for modality, each in (("image", read.image_flops), ("text", read.text_flops)):
        walks = outline.walks(modality, made.sites, made.material.counts[0].tokens)  # type: ignore[arg-type]
        for walk in walks if each else ():
            times = f"{walk.times:.3g} views x " if walk.times != 1 else ""
            yield (
                f"one {modality}, {walk.stack.name}: {times}{walk.blocks} blocks x "
                f"(2 x {walk.stack.parameters / 1e6:,.2f} M weights x {walk.tokens:,.0f} tokens + "
                f"4 x {walk.tokens:,.0f}² x {walk.stack.width:,}) = {work(walk.flops)}"
            )
    if read.flops:
        speed = rate.of(outline.dtype)
        yield (
            f"reading: {read.images:,.0f} pictures and {read.texts:,.0f} captions are "
            f"{work(read.flops)}, / ({work(speed)}/s x {EFFICIENCY[rate.kind]:g}) = "
            f"{span(read.model_s)}; making pictures {span(read.draw_s)}, captions and labels "
            f"{span(read.build_s)}"
        )


def _terms(name: str, terms: Sequence[Term]) -> Iterator[str]:
    for term in terms:
        told = f": {term.told}" if term.told else ""
        yield f"{name}, {term.name}{told} = {size(term.bytes)}"
    if terms:
        yield f"{name}: together {size(total(terms))}"
