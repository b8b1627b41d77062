"""All promises of one backend, held on a few examples of one split."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.conformance.backend_case import BackendCase, N
from benchmark.conformance.code_shapes import RELATIVE, apart
from benchmark.conformance.fit_runs import restore, same_state, states
from benchmark.conformance.promises import Finding, Outcome, Promise, hold
from benchmark.contracts import MODALITIES, Backend, Need

ATTRIBUTES = "has the attributes of a backend"
SITES = "names its sites, each once"
ENCODES = "encodes examples into finite float32 rows"
ALONE = "reads every row by itself"
REPEATS = "reads alike each time"
TOGETHER = "reads alike at several sites of one pass"
CAPTIONS = "reads a caption alike in the data and on its own"
PATCHED = "stays untouched when it is patched"
REVISION = "has a revision that stays the same when it is opened again"


def check_backend(case: BackendCase) -> list[Outcome]:
    """Every promise of a backend."""
    module = sys.modules[type(case.backend).__module__]
    return hold(PROMISES, case, Path(getattr(module, "__file__", None) or "built in"))


def attributes(case: BackendCase) -> Iterator[Finding]:
    backend = case.backend
    if not isinstance(backend, Backend):
        wanted = (
            "name",
            "revision",
            "provides",
            "sites",
            "data",
            "preprocessing",
            "dtype",
            "encode",
            "encode_texts",
            "patched",
        )
        missing = [name for name in wanted if not hasattr(backend, name)]
        yield Finding(f"{type(backend).__name__} lacks {', '.join(missing)}")
        return
    for name in ("name", "revision", "preprocessing", "dtype"):
        value = getattr(backend, name)
        if not isinstance(value, str) or not value:
            yield Finding(f"{name} is {value!r}, wanted a word or more")
    if not isinstance(backend.provides, frozenset) or not all(
        isinstance(need, Need) for need in backend.provides
    ):
        yield Finding(f"provides is {backend.provides!r}, wanted a frozenset of Need")


def sites(case: BackendCase) -> Iterator[Finding]:
    names = [site.name for site in case.backend.sites]
    if not names:
        yield Finding("sites is empty, wanted at least one: the first is the default")
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(f"site {name} is named {names.count(name)} times")


def encodes(case: BackendCase) -> Iterator[Finding]:
    for modality, site, what in case.each():
        rows = case.rows(modality, site)
        if not isinstance(rows, Tensor) or rows.ndim not in (2, 3) or len(rows) != N:
            found = tuple(rows.shape) if isinstance(rows, Tensor) else type(rows).__name__
            yield Finding(f"{what} returned {found}, wanted ({N}, d) or ({N}, t, d)")
        elif rows.dtype != torch.float32:
            yield Finding(f"{what} returned {rows.dtype}, wanted float32")
        elif not bool(rows.isfinite().all()):
            yield Finding(f"{what} returned NaN or infinite numbers, wanted finite ones")
        elif rows.requires_grad:
            yield Finding(f"{what} still requires a gradient: encode under torch.no_grad")
        elif (site.pool == "none") < (rows.ndim == 3):
            yield Finding(f"{what} kept tokens although the site pools by {site.pool}")


def alone(case: BackendCase) -> Iterator[Finding]:
    for modality, site, what in case.each():
        whole = case.rows(modality, site)
        for start, stop in ((0, 1), (3, 4), (2, N)):
            gap = apart(case.rows(modality, site, start, stop), whole[start:stop])
            if gap > RELATIVE:
                yield Finding(
                    f"{what} of rows {start} to {stop - 1} differs by {gap:.2g} from the same rows "
                    f"in a batch of {N}: use nothing of the other rows"
                )
                break


def together(case: BackendCase) -> Iterator[Finding]:
    """Several sites of one pass, where a backend has that, are as each of them alone."""
    if not hasattr(case.backend, "encode_sites"):
        return
    for modality in MODALITIES:
        rows = case.backend.encode_sites(case.examples, modality, 0, N, list(case.sites))
        for site, found in zip(case.sites, rows, strict=True):
            if not torch.equal(found, case.rows(modality, site)):
                yield Finding(f"encode_sites({modality}) at {site.name} is not what encode gives")


def repeats(case: BackendCase) -> Iterator[Finding]:
    kept = states()
    try:
        for modality, site, what in case.each():
            torch.manual_seed(1)
            first = case.rows(modality, site).clone()
            torch.manual_seed(2)
            before = states()
            if not torch.equal(first, case.rows(modality, site)):
                yield Finding(f"{what} twice gives two answers: is the model in eval mode?")
            elif not all(same_state(before[name], now) for name, now in states().items()):
                yield Finding(f"{what} draws from a global generator: is the model in eval mode?")
    finally:
        restore(kept)


def captions(case: BackendCase) -> Iterator[Finding]:
    """A backend without a text tower says so with a ValueError."""
    texts = list(case.examples.captions[:N])
    for site in case.sites:
        try:
            rows = case.backend.encode_texts(texts, site)
        except ValueError as error:
            if "\n" in str(error):
                yield Finding(f"encode_texts refuses in more than one line: {error!r}")
            continue
        gap = apart(rows, case.rows("text", site))
        if gap > RELATIVE:
            yield Finding(
                f"encode_texts at {site.name} differs by {gap:.2g} from encode of the same captions"
            )


def patched(case: BackendCase) -> Iterator[Finding]:
    """An empty patch changes nothing, a wrong name is refused, and no patch reaches back."""
    backend = case.backend
    before = [case.rows(m, site).clone() for m, site, _ in case.each()]
    try:
        backend.patched({"no such weight": torch.zeros(1)})
        yield Finding("patched takes a weight that is not there, wanted a ValueError")
    except ValueError:
        pass
    for patch in ({}, *changed_weights(backend)):
        other = BackendCase(backend.patched(patch), case.examples, case.reopen)
        after = [other.rows(m, site) for m, site, _ in case.each()]
        same = all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
        if not patch and not same:
            yield Finding("an empty patch changes what the backend says")
        if patch and (same or other.backend.revision == backend.revision):
            yield Finding("a patch changes neither rows nor revision, or only one of the two")
        again = [case.rows(m, site) for m, site, _ in case.each()]
        if not all(torch.equal(a, b) for a, b in zip(before, again, strict=True)):
            yield Finding("patched changed the backend itself: patch a copy")


def changed_weights(backend: Any) -> Iterator[dict[str, Tensor]]:
    """A patch of every weight, where the backend shows them."""
    owner = backend if hasattr(backend, "state_dict") else getattr(backend, "model", None)
    if owner is not None:
        weights = {name: w for name, w in owner.state_dict().items() if w.is_floating_point()}
        yield {name: w.clone() * 1.5 + 0.01 for name, w in weights.items() if w.isfinite().all()}


def revision(case: BackendCase) -> Iterator[Finding]:
    again = case.reopen()
    for name in ("revision", "name", "preprocessing"):
        ours, theirs = getattr(case.backend, name), getattr(again, name)
        if ours != theirs:
            yield Finding(f"{name} is {ours!r} and then {theirs!r}: results could not be resumed")


PROMISES: tuple[Promise[BackendCase], ...] = (
    Promise(ATTRIBUTES, attributes),
    Promise(SITES, sites, (ATTRIBUTES,)),
    Promise(ENCODES, encodes, (SITES,)),
    Promise(REPEATS, repeats, (ENCODES,)),
    Promise(TOGETHER, together, (REPEATS,)),
    Promise(ALONE, alone, (REPEATS,)),
    Promise(CAPTIONS, captions, (REPEATS, ALONE)),
    Promise(PATCHED, patched, (REPEATS,)),
    Promise(REVISION, revision, (ATTRIBUTES,)),
)
