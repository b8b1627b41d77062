"""What a cell is scored on: the opened backend, its data, its site and the activations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property

from torch import Tensor

from benchmark.activations.reading import Store, activations
from benchmark.backends import open_backend
from benchmark.contracts import (
    MODALITIES,
    Backend,
    Dataset,
    Examples,
    Modality,
    Need,
    PairedActivations,
    Progress,
    Site,
    Split,
)
from benchmark.run.request import Request
from benchmark.worlds.scenes import Scenes

CPU_BATCH = 128
"""Larger batches of small models are a third slower: their tensors are paged out and in."""


@dataclass(frozen=True)
class Materials:
    """One backend over one data set at one site; activations are read when first asked for."""

    backend: Backend
    data: Dataset
    site: Site
    request: Request
    progress: Progress
    store: Store
    along: tuple[Site, ...] = ()
    """Sites of the run that are read in the same pass, where a pass holds several."""
    judging: Dataset | None = None
    """Where the evaluated split is taken from, if not from `data`: a test drawn anew."""
    _kept: dict[str, PairedActivations] = field(default_factory=dict)

    def at(self, site: Site, along: Iterable[Site] = ()) -> Materials:
        """The same backend and data read at another site, along with others of its kind."""
        alike = tuple(other for other in along if (other.block is None) == (site.block is None))
        return replace(self, site=site, along=alike, _kept={})

    def patched(self, patch: Mapping[str, Tensor]) -> Materials:
        """The same data read by the backend with weights replaced."""
        return replace(self, backend=self.backend.patched(patch), _kept={})

    @property
    def revision(self) -> str:
        """Of the data; it tells a test that was drawn anew from the data's own."""
        if self.judging is None:
            return self.data.revision
        return f"{self.data.revision}+{self.judging.revision}"

    @property
    def where(self) -> tuple[str, ...]:
        """What tells these materials from any others of the run."""
        names = (self.backend.name, self.backend.revision, self.data.name, self.site.name)
        return names if self.judging is None else (*names, self.judging.revision)

    def source(self, name: Split) -> Dataset:
        """The data that a split is taken from."""
        judges = name == self.request.split
        return self.judging if judges and self.judging is not None else self.data

    @property
    def offers(self) -> frozenset[Need]:
        """What backend, data and run offer, before any row is read."""
        more = {Need.SECOND_SEED} if len(self.request.seeds) > 1 else set()
        return self.backend.provides | self.data.provides | more

    @property
    def provides(self) -> frozenset[Need]:
        """What methods and tasks have at this site."""
        return self.offers if self.one_width else self.offers - {Need.SAME_WIDTH}

    @property
    def examples(self) -> dict[Split, Examples]:
        """Pictures and captions of train, val and the evaluated split, which is called test."""
        named: dict[Split, Split] = {"train": "train", "val": "val", "test": self.request.split}
        return {name: self.source(split).split(split) for name, split in named.items()}

    @cached_property
    def one_width(self) -> bool:
        """Whether both modalities are equally wide here; the backend speaks of its first site."""
        if self.site == self.backend.sites[0]:
            return True
        train = self.split("train")
        return train.image.shape[1] == train.text.shape[1]

    @cached_property
    def means(self) -> tuple[Tensor, Tensor]:
        """Train means of both modalities: what `--centre` removes."""
        train = self._read("train")
        return train.image.mean(0), train.text.mean(0)

    @property
    def taken_off(self) -> Mapping[Modality, Tensor]:
        """What every row is less; nothing where the request does not centre."""
        return dict(zip(MODALITIES, self.means, strict=True)) if self.request.centre else {}

    def split(self, name: Split) -> PairedActivations:
        """Activations of one split, centred if the request says so."""
        if name not in self._kept:
            read = self._read(name)
            self._kept[name] = self._centred(read) if self.request.centre else read
        return self._kept[name]

    def _read(self, name: Split) -> PairedActivations:
        return activations(
            self.backend,
            self.source(name),
            name,
            self.site,
            store=self.store,
            batch_size=self._at_once,
            progress=self.progress,
            limit=self.request.limit,
            along=self.along,
        )

    @property
    def _at_once(self) -> int:
        """Examples a forward pass: on a processor few enough that its tensors are not paged out."""
        asked = self.request.batch_size
        return min(asked, CPU_BATCH) if self.request.device == "cpu" else asked

    def _centred(self, read: PairedActivations) -> PairedActivations:
        image, text = self.means
        negatives = None if read.negatives is None else read.negatives - text
        return replace(
            read,
            image=read.image - image,
            text=read.text - text,
            negatives=negatives,
            fingerprint=f"{read.fingerprint}+centred",
        )


def gather(
    spec: str, request: Request, progress: Progress, say: Callable[[str], None]
) -> Materials:
    """Opens a backend and finds its data and site. Raises ValueError in one line."""
    backend = open_backend(spec, device=request.device)
    data = backend.data
    if data is not None and request.data not in (None, data.name):
        raise ValueError(f"--data {request.data}: {spec} brings its own data, {data.name}")
    if data is None:
        data = open_data(request.data or "scenes", progress)
    return Materials(backend, data, backend.sites[0], request, progress, Store(say=say))


def open_data(name: str, progress: Progress) -> Dataset:
    """The pocket world's scenes, or real pictures. Raises ValueError, one line."""
    if name == "scenes":
        return Scenes()
    from benchmark.corpora.naming import open_corpus

    return open_corpus(name, progress)


def pick_blocks(backend: Backend, names: Sequence[str]) -> tuple[Site, ...]:
    """The decoder blocks that a sweep goes over, in the model's order; none where there are none.

    Those that names or patterns choose; without any all blocks, pooled. Where blocks are chosen
    both pooled and by token it is the first kind that a backend names.
    """
    found = pick(backend, names) if names else backend.sites
    blocks = [site for site in found if site.block is not None]
    alike = [site for site in blocks if site.pool == blocks[0].pool]
    return tuple(sorted(alike, key=lambda site: site.block or 0))


def pick(backend: Backend, names: Sequence[str]) -> tuple[Site, ...]:
    """The sites of a backend that names or shell patterns choose, in its order; none: its first.

    Raises ValueError for a name that chooses nothing.
    """
    if not names:
        return backend.sites[:1]
    for name in names:
        if not any(fnmatchcase(site.name, name) for site in backend.sites):
            there = ", ".join(site.name for site in backend.sites)
            raise ValueError(f"{backend.name} has no site {name}: there are {there}")
    return tuple(s for s in backend.sites if any(fnmatchcase(s.name, name) for name in names))
