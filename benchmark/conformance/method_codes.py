"""What a fitted dictionary promises: whole codes, rows that stand alone, true directions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from benchmark.conformance.code_shapes import RELATIVE, apart, differ, malformed, same_bits
from benchmark.conformance.fit_runs import MethodCase
from benchmark.conformance.method_fits import AFTER_CODES, FITS, UNLABELLED
from benchmark.conformance.promises import Finding, Promise, note
from benchmark.contracts import MODALITIES, Modality, SparseCodes
from benchmark.sae.checkpoints import load, save
from benchmark.sae.dictionaries import Paired

ENCODES = "encodes rows into well-formed codes"
ALIGNS = "aligns codes into its frame"
DECODES = "decodes codes into rows of the right shape"
DIRECTIONS = "has one finite direction for each aligned latent"
ALONE = "treats every row by itself"
STATELESS = "encodes, aligns and decodes alike each time and changes no input"
TRUE = "has directions that are what decoding a latent adds"
SPARSE = "keeps to its own k"
SAVED = "is the same after it was saved and loaded"
DIRECTION_TOLERANCE = 1e-4


def encodes(case: MethodCase) -> Iterator[Finding]:
    for m in MODALITIES:
        yield from malformed(case.codes(m), len(case.x(m)), None, f"encode({m})")


def aligns(case: MethodCase) -> Iterator[Finding]:
    width = case.dictionary.width
    if not isinstance(width, int) or width < 1:
        yield Finding(f"width is {width!r}, wanted a positive int")
        return
    for m in MODALITIES:
        codes = case.codes(m)
        found = malformed(case.dictionary.align(codes, m), len(codes), width, f"align({m})")
        yield from (finding for finding in found if finding.fault)


def decodes(case: MethodCase) -> Iterator[Finding]:
    for m in MODALITIES:
        codes, x = case.codes(m), case.x(m)
        out = case.dictionary.decode(codes, m)
        yield from misshapen(out, tuple(x.shape), f"decode({m})")
        sparse = SparseCodes.from_dense(codes.dense())
        if (
            tuple(out.shape) == tuple(x.shape)
            and apart(out, case.dictionary.decode(sparse, m)) > RELATIVE
        ):
            yield Finding(f"decode({m}) gives another row for the same code stored sparsely")


def misshapen(out: object, shape: tuple[int, ...], what: str) -> Iterator[Finding]:
    """What is wrong with a matrix of floats."""
    if not isinstance(out, Tensor) or tuple(out.shape) != shape:
        found = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        yield Finding(f"{what} returned {found}, wanted {shape}")
    elif not bool(out.isfinite().all()):
        yield Finding(f"{what} holds NaN or infinite numbers, wanted finite ones")
    elif out.requires_grad:
        yield Finding(f"{what} still requires a gradient: detach it")


def directions(case: MethodCase) -> Iterator[Finding]:
    for m in MODALITIES:
        shape = (case.dictionary.width, case.x(m).shape[1])
        yield from misshapen(case.dictionary.directions(m), shape, f"directions({m})")


def alone(case: MethodCase) -> Iterator[Finding]:
    """Encoding, aligning and decoding some rows equals doing all and then taking those."""
    dictionary = case.dictionary
    for m in MODALITIES:
        x = case.x(m)
        codes = dictionary.encode(x, m)
        aligned, out = dictionary.align(codes, m), dictionary.decode(codes, m)
        backwards = torch.arange(len(x) - 1, -1, -1)
        for rows in (slice(0, 1), slice(5, 6), slice(0, 17), backwards):
            gaps = {
                "encode": differ(dictionary.encode(x[rows], m), codes[rows]),
                "align": differ(dictionary.align(codes[rows], m), aligned[rows]),
                "decode": apart(dictionary.decode(codes[rows], m), out[rows]),
            }
            leak = next((name for name, gap in gaps.items() if gap > RELATIVE), None)
            if leak:
                n = len(x[rows])
                yield Finding(
                    f"{leak}({m}) of {n} rows differs by {gaps[leak]:.2g} from the same rows "
                    f"in a batch of {len(x)}: use nothing of the other rows"
                )
                break


def stateless(case: MethodCase) -> Iterator[Finding]:
    dictionary = case.dictionary
    for m in MODALITIES:
        x = case.x(m)
        kept = x.clone()
        codes = dictionary.encode(x, m)
        values = codes.values.clone()
        aligned, out = dictionary.align(codes, m), dictionary.decode(codes, m).clone()
        if not torch.equal(x, kept):
            yield Finding(f"encode({m}) changed its input in place: work on a copy")
        elif not torch.equal(codes.values, values):
            yield Finding(f"align or decode ({m}) changed the codes in place: work on a copy")
        elif not same_bits(codes, dictionary.encode(kept.clone(), m)):
            yield Finding(f"encode({m}) twice gives two codes: keep no state, draw nothing")
        elif not same_bits(aligned, dictionary.align(codes, m)):
            yield Finding(f"align({m}) twice gives two codes: keep no state, draw nothing")
        elif not torch.equal(out, dictionary.decode(codes, m)):
            yield Finding(f"decode({m}) twice gives two rows: keep no state, draw nothing")


def true_directions(case: MethodCase) -> Iterator[Finding]:
    """decode(one latent at 1) - decode(nothing), for every latent that has a coordinate."""
    dictionary = case.dictionary
    for m in MODALITIES:
        added, aligned = one_at_a_time(case, m)
        ours = dictionary.directions(m)
        values = aligned.dense()
        carried = ((values != 0).sum(1) == 1) & ((values - 1).abs() < RELATIVE).any(1)
        if not bool(carried.any()):
            yield note(f"{m} latents are mixed by align: directions cannot be compared one by one")
            continue
        target = values[carried].abs().argmax(1)
        gap = apart(ours[target], added[carried])
        if gap > DIRECTION_TOLERANCE:
            yield Finding(
                f"directions({m}) differ by {gap:.2g} from what decoding each latent adds: "
                "give decoder rows in original units, in the aligned frame"
            )
            continue
        vacant = torch.ones(len(ours), dtype=torch.bool)
        vacant[target] = False
        if bool(carried.all()) and bool(ours[vacant].any()):
            yield Finding(f"directions({m}) are not 0 where {m} has no latent")


def one_at_a_time(case: MethodCase, m: Modality) -> tuple[Tensor, SparseCodes]:
    """What each native latent adds to a row, and its aligned code less that of no latent."""
    dictionary, width = case.dictionary, case.codes(m).width
    index = torch.arange(width)[:, None]
    one = SparseCodes(torch.ones(width, 1), index, width)
    none = SparseCodes(torch.zeros(1, 1), torch.zeros(1, 1, dtype=torch.long), width)
    added = dictionary.decode(one, m) - dictionary.decode(none, m)
    moved = dictionary.align(one, m).dense() - dictionary.align(none, m).dense()
    return added, SparseCodes(moved, None, moved.shape[1])


def sparse(case: MethodCase) -> Iterator[Finding]:
    k = case.artifact.k
    for m in MODALITIES:
        most = int(case.codes(m).l0().max())
        if k is not None and most > k:
            yield note(f"{m} codes have up to {most} latents, k is {k}: also scored truncated")


def saved(case: MethodCase) -> Iterator[Finding]:
    """Only ready-made dictionaries are written to disk; others are fitted anew each run."""
    if not isinstance(case.dictionary, Paired):
        yield note("not a benchmark.sae.dictionaries.Paired: every run fits it again")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dictionary.safetensors"
        save(case.dictionary, path)
        loaded = load(path)
    for m in MODALITIES:
        codes, again = case.codes(m), loaded.encode(case.x(m), m)
        frames = case.dictionary.align(codes, m), loaded.align(again, m)
        if not (same_bits(codes, again) and same_bits(*frames)):
            yield Finding(f"{m} codes differ after save and load")


_FITTED = (FITS, UNLABELLED)
_WHOLE = (ENCODES, ALIGNS, DECODES, DIRECTIONS)
_STEADY = (*_WHOLE, STATELESS)
PROMISES: tuple[Promise[MethodCase], ...] = (
    Promise(ENCODES, encodes, _FITTED),
    Promise(ALIGNS, aligns, (ENCODES,)),
    Promise(DECODES, decodes, (ENCODES,)),
    Promise(DIRECTIONS, directions, (ALIGNS,)),
    Promise(STATELESS, stateless, _WHOLE),
    Promise(ALONE, alone, _STEADY),
    Promise(TRUE, true_directions, _WHOLE),
    Promise(SPARSE, sparse, (ENCODES,)),
    *(Promise(says, check, _STEADY) for says, check in AFTER_CODES),
    Promise(SAVED, saved, _WHOLE),
)
