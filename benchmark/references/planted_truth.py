"""A subject before its planted truth: what a dictionary makes of known atoms and of their pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.alignment.coactivation import shuffled
from benchmark.contracts import (
    MODALITIES,
    Artifact,
    Modality,
    Need,
    Planted,
    SparseCodes,
    Subject,
    derived_seed,
)
from benchmark.metrics.errors import row_errors
from benchmark.metrics.planted import (
    claims,
    code_cosines,
    cosines,
    found_cosine,
    matching_counts,
)
from benchmark.metrics.sides import living
from benchmark.references.changes import inheriting
from benchmark.references.sides import Moved, random_places
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Matched

NEAR, ATOM_CODES = "nearness", "atom codes"
Column = Float[np.ndarray, " u"]


def truth(subject: Subject) -> Planted:
    """The planted dictionaries. Raises ValueError where there are none."""
    if subject.planted is None:
        raise ValueError(f"needs {Need.PLANTED.value}: use the backend synthetic")
    return subject.planted


def atoms(subject: Subject, modality: Modality) -> Float[Tensor, "a d"]:
    """Planted atoms of one modality, of unit norm."""
    planted = truth(subject)
    return normalize(planted.image_atoms if modality == "image" else planted.text_atoms, dim=1)


def nearness(subject: Subject, modality: Modality) -> Float[np.ndarray, "w a"]:
    """Cosine of every aligned latent's direction with every planted atom of the modality, once.

    Raises ValueError where directions and atoms have different widths.
    """
    key = (NEAR, modality)
    if key not in subject.cache:
        subject.cache[key] = _nearness(subject, modality)
    return subject.cache[key]


def _nearness(subject: Subject, modality: Modality) -> Float[np.ndarray, "w a"]:
    directions = subject.dictionary.directions(modality).detach().cpu().numpy()
    known = atoms(subject, modality).numpy()
    if directions.shape[1] != known.shape[1]:
        raise ValueError(
            f"{modality} directions have {directions.shape[1]} columns, planted atoms "
            f"{known.shape[1]}: was the dictionary fitted on another backend?"
        )
    return cosines(directions, known)


def observed_cosine(
    subject: Subject, image: Float[np.ndarray, "w a_i"], text: Float[np.ndarray, "w a_t"]
) -> tuple[Column, Column, Column]:
    """Per shared atom: cosine of the latents that found it, the planted one, and whether found."""
    n = truth(subject).n_shared
    rows = [subject.dictionary.directions(m).detach().cpu().double().numpy() for m in MODALITIES]
    cosine, found = found_cosine((rows[0], rows[1]), (image[:, :n], text[:, :n]))
    known = [atoms(subject, m)[:n].double().numpy() for m in MODALITIES]
    return cosine, (known[0] * known[1]).sum(1), found.astype(np.float64)


def matching(
    subject: Subject, image: Float[np.ndarray, "w a_i"], text: Float[np.ndarray, "w a_t"]
) -> tuple[Column, Column, Column]:
    """Right claims, claims and true partners, per image atom; see `metrics_planted.claims`."""
    both = living(subject, "image") & living(subject, "text")
    found = claims(image, text, both)
    return matching_counts(found, image.shape[1], truth(subject).n_shared)


def relative_error(subject: Subject) -> Column:
    """½(‖x − x̂‖² + ‖y − ŷ‖²) of each text with its image, both of norm 1."""
    found = {}
    for modality in MODALITIES:
        x = subject.test.rows(modality).detach().cpu().numpy()
        made = subject.reconstruction("test", modality).numpy()
        found[modality] = row_errors(x, made, x.mean(0, dtype=np.float64)).relative_error
    return (found["image"][subject.test.caption_of.cpu().numpy()] + found["text"]) / 2


def disagreement(subject: Subject) -> dict[str, Column]:
    """1 − cos(z_I, z_T) of each text: with its image, less train means, with another's image."""
    owner = subject.test.caption_of
    generator = torch.Generator().manual_seed(derived_seed("score", "ground_truth/shuffled"))
    other = shuffled(owner, generator).cpu().numpy()
    image, text = (subject.codes("test", m).csr() for m in MODALITIES)
    own = owner.cpu().numpy()
    means = [_mean(subject.codes("train", modality)) for modality in MODALITIES]
    return {
        "ae": 1 - code_cosines(image[own], text),
        "ae/centred": 1 - code_cosines(image[own], text, (means[0], means[1])),
        "ae/shuffled": 1 - code_cosines(image[other], text),
    }


def _mean(codes: SparseCodes) -> Float[np.ndarray, " w"]:
    if codes.indices is None:
        return codes.values.detach().cpu().numpy().mean(0, dtype=np.float64)
    return np.asarray(codes.csr().mean(0)).ravel()


def atom_error(subject: Subject) -> Column:
    """½(‖φ − φ̂‖² + ‖ψ − ψ̂‖²) of each shared atom, from the strongest latent of its code.

    Atoms take the same encode and decode as rows do: the same bias both ways. They are shown
    as long as rows are and errors are told for atoms of norm 1: the scale of the data is no matter.
    """
    total = np.zeros(truth(subject).n_shared)
    for modality in MODALITIES:
        shown, length = _shown(subject, modality)
        codes = subject.encode(shown, modality).truncated(1)
        made = subject.dictionary.decode(codes, modality).detach().cpu()
        total += ((shown - made) / length).double().square().sum(1).numpy() / 2
    return total


def atom_disagreement(subject: Subject) -> Column:
    """1 − cos(z_I(φ), z_T(ψ)) of each shared atom, aligned codes."""
    image, text = (subject.dictionary.align(_atom_codes(subject, m), m).csr() for m in MODALITIES)
    return 1 - code_cosines(image, text)


def _atom_codes(subject: Subject, modality: Modality) -> SparseCodes:
    """Native codes of shared atoms, made once."""
    key = (ATOM_CODES, modality)
    if key not in subject.cache:
        subject.cache[key] = subject.encode(_shown(subject, modality)[0], modality)
    return subject.cache[key]


def _shown(subject: Subject, modality: Modality) -> tuple[Float[Tensor, "n_s d"], float]:
    """Shared atoms at the root mean square norm of train rows (1 on unit rows), and that norm."""
    rows = subject.train.rows(modality)
    length = float(torch.linalg.vector_norm(rows, dtype=torch.float64)) / len(rows) ** 0.5
    return atoms(subject, modality)[: truth(subject).n_shared] * length, length


# ---------------------------------------------------------------------------------- references


def planted_dictionary(subject: Subject, rng: np.random.Generator, k: int = 16) -> Subject:
    """Ceiling: the true atoms in the true frame, read by a top-k matched filter."""
    del rng
    planted = truth(subject)

    def tower(atoms: Float[Tensor, "a d"]) -> Tower:
        zeros = atoms.new_zeros
        return Tower(atoms.T, zeros(len(atoms)), atoms, zeros(atoms.shape[1]), k=min(k, len(atoms)))

    place = torch.arange(len(planted.text_atoms))
    frame = Matched(len(planted.image_atoms), torch.where(place < planted.n_shared, place, -1))
    dictionary = Paired(tower(planted.image_atoms), tower(planted.text_atoms), frame)
    return subject.with_(artifact=Artifact(dictionary, subject.artifact.site), k=None)


def permuted_map(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: the text latents that have an image partner change places at random."""
    target = random_places(subject.dictionary, rng)
    moved = Moved(subject.dictionary, torch.from_numpy(target))
    artifact = replace(subject.artifact, dictionary=moved)
    found = inheriting(subject, ("native", "aligned", ATOM_CODES), artifact=artifact)
    for key, codes in found.cache.items():
        if key[0] == "aligned" and key[-1] == "text":
            found.cache[key] = moved.moved(codes)
    for kind, known in ((NEAR, nearness), ("living", living)):
        found.cache[kind, "image"] = known(subject, "image")
        found.cache[kind, "text"] = known(subject, "text")[np.argsort(target)]
    return found
