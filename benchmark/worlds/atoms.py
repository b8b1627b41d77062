"""Low-coherence dictionaries in pairs: unit atoms with a prescribed angle and bounded interference.

The planted world needs [Phi Psi] incoherent but for the pairs it prescribes. Random
atoms in 256 dimensions meet at cosines up to .33; the search below spreads them to .10 by gradient
steps on the excess of their Gram matrix, with the prescribed pairs restored after every step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize, softshrink

from benchmark.contracts import derived_seed

TILE = 256
"""Rows of the Gram matrix at a time: small enough that a tile stays in the cache."""
MAX_STEPS = 150
PATIENCE = 6
SLACK = 2e-5
"""The search stops this far inside the bound, so that rounding cannot carry an atom over it."""


@dataclass(frozen=True)
class Layout:
    """How many atoms there are. Rows: shared then private image atoms, shared then private text."""

    n_shared: int
    n_image: int
    n_text: int
    d: int
    alpha: float

    @property
    def offset(self) -> int:
        """Rows between an image atom and the text atom that corresponds to it."""
        return self.n_shared + self.n_image

    @property
    def n(self) -> int:
        return 2 * self.n_shared + self.n_image + self.n_text


def planted_atoms(
    layout: Layout, *, eps_max: float, seed: int
) -> tuple[Float[Tensor, "a_i d"], Float[Tensor, "a_t d"]]:
    """Image and text atoms of unit norm, the first `n_shared` of each being the pairs.

    cos(image_i, text_i) = alpha to 1e-6 for every pair, and |cos| ≤ eps_max between any other two
    atoms: within each dictionary and across them. Deterministic from the seed. Where all atoms fit
    (n ≤ d) they come from one orthonormal frame, with no interference at all. Raises ValueError
    where the bound is impossible (Welch) or the search stays above it, saying what is feasible.
    """
    check_feasible(layout, eps_max)
    generator = torch.Generator().manual_seed(derived_seed("atoms", seed))
    start = torch.randn(layout.n, layout.d, generator=generator, dtype=torch.float64)
    if layout.n <= layout.d:
        frame = torch.linalg.qr(start.T).Q.T.contiguous()
        atoms = with_pairs(frame, layout).float()
    else:
        atoms = _spread(start.float(), layout, eps_max)
    return atoms[: layout.offset], atoms[layout.offset :]


def check_feasible(layout: Layout, eps_max: float) -> None:
    """Raises ValueError, one line, where no atoms at all could keep to `eps_max`."""
    least = welch_bound(layout)
    if eps_max < least:
        raise ValueError(
            f"eps_max is {eps_max:g}, but {layout.n_shared} shared + {layout.n_image} image + "
            f"{layout.n_text} text atoms in {layout.d} dimensions cannot stay under {least:.4f} "
            f"(Welch bound): ask for eps_max {_feasible(1.6 * least):g} or more, or fewer atoms"
        )


def welch_bound(layout: Layout) -> float:
    """No dictionary of this layout has a smaller greatest |cos| between unprescribed atoms.

    A Gram matrix of n unit vectors in d dimensions has ‖G‖² ≥ n²/d; its diagonal and the
    prescribed pairs take n + 2 n_S α² of that, the other entries share the rest.
    """
    ns, alpha = layout.n_shared, layout.alpha
    cases = [(layout.offset, 0), (ns + layout.n_text, 0), (layout.n, ns)]
    least = 0.0
    for n, paired in cases:
        entries = n * (n - 1) - 2 * paired
        rest = n * n / layout.d - n - 2 * paired * alpha**2
        if entries > 0 and rest > 0:
            least = max(least, math.sqrt(rest / entries))
    return least


def interference(
    image_atoms: Float[Tensor, "a_i d"], text_atoms: Float[Tensor, "a_t d"], n_shared: int
) -> float:
    """Greatest |cos| between any two atoms that are not one of the `n_shared` prescribed pairs."""
    atoms = normalize(torch.cat([image_atoms, text_atoms]).double(), dim=1)
    gram = (atoms @ atoms.T).fill_diagonal_(0)
    pair = torch.arange(n_shared)
    gram[pair, pair + len(image_atoms)] = 0
    gram[pair + len(image_atoms), pair] = 0
    return float(gram.abs().max()) if len(atoms) > 1 else 0.0


def with_pairs(atoms: Float[Tensor, "n d"], layout: Layout) -> Float[Tensor, "n d"]:
    """The nearest rows of unit norm whose pairs meet at the prescribed angle, exactly.

    A pair turns within its own plane: its mean and its difference direction are orthogonal, and
    the angle is laid symmetrically about the mean.
    """
    atoms = normalize(atoms, dim=1)
    image = slice(0, layout.n_shared)
    text = slice(layout.offset, layout.offset + layout.n_shared)
    mean = normalize(atoms[image] + atoms[text], dim=1)
    apart = atoms[image] - atoms[text]
    apart = normalize(apart - (apart * mean).sum(1, keepdim=True) * mean, dim=1)
    near, far = math.sqrt((1 + layout.alpha) / 2), math.sqrt((1 - layout.alpha) / 2)
    atoms[image] = near * mean + far * apart
    atoms[text] = near * mean - far * apart
    return atoms


def _spread(atoms: Float[Tensor, "n d"], layout: Layout, eps_max: float) -> Float[Tensor, "n d"]:
    """Gradient steps with momentum on ½Σ(|cos| − c)₊², c under eps_max, until all are in bounds.

    Steps start at the scale of a tight frame (d/n: every entry pushes) and grow as the violations
    thin out; where the worst entry stops falling they go on from the best atoms, half as long.
    """
    for _ in range(2):
        atoms = with_pairs(_tight(atoms), layout)
    velocity, caution = torch.zeros_like(atoms), 1.0
    best, best_at, best_atoms = math.inf, 0, atoms
    for step in range(MAX_STEPS):
        push, worst = _excess(atoms, layout, eps_max * (0.93 if step < 40 else 0.97))
        if worst <= eps_max - SLACK:
            return with_pairs(atoms.double(), layout).float()
        if worst < best:
            best, best_at, best_atoms = worst, step, atoms
        elif step - best_at >= PATIENCE:
            caution, best_at, atoms = caution / 2, step, best_atoms
            velocity = torch.zeros_like(atoms)
            continue
        late = min(1.0, max(0.0, 3 - 2 * worst / eps_max))
        size = (1 - late) * 2.4 * min(1.0, layout.d / layout.n) + late * 0.6
        velocity = (0.5 + 0.1 * late) * velocity - caution * size * push
        atoms = with_pairs(atoms + velocity, layout)
    raise ValueError(
        f"eps_max is {eps_max:g}, but {layout.n} atoms in {layout.d} dimensions came no lower "
        f"than {best:.4f} in {MAX_STEPS} steps: ask for eps_max {_feasible(best):g} or more"
    )


def _tight(atoms: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """The nearest tight frame: the least mean square of cosines that n vectors can have."""
    covariance = (atoms.T @ atoms).double()
    power, basis = torch.linalg.eigh(covariance)
    whiten = (basis * power.clamp_min(1e-9).rsqrt()) @ basis.T
    return atoms @ whiten.to(atoms.dtype)


def _excess(
    atoms: Float[Tensor, "n d"], layout: Layout, allowed: float
) -> tuple[Float[Tensor, "n d"], float]:
    """Gradient of ½Σ(|cos| − allowed)₊² over unprescribed pairs, and the greatest |cos| of them."""
    gradient, worst = torch.zeros_like(atoms), 0.0
    for i in range(0, layout.n, TILE):
        for j in range(i, layout.n, TILE):
            rows, columns = atoms[i : i + TILE], atoms[j : j + TILE]
            gram = rows @ columns.T
            _forgive(gram, i, j, layout)
            low, high = torch.aminmax(gram)
            worst = max(worst, -low.item(), high.item())
            over = softshrink(gram, allowed)
            gradient[i : i + TILE].addmm_(over, columns)
            if j > i:
                gradient[j : j + TILE].addmm_(over.T, rows)
    return gradient, worst


def _forgive(gram: Float[Tensor, "t u"], i: int, j: int, layout: Layout) -> None:
    """Zero, in the tile at (i, j), what is no interference: the diagonal and the pairs."""
    if i == j:
        gram.fill_diagonal_(0)
    first = max(i, j - layout.offset)
    last = min(i + len(gram), j + gram.shape[1] - layout.offset, layout.n_shared)
    pair = torch.arange(first, max(first, last))
    gram[pair - i, pair + layout.offset - j] = 0
    if i == j:
        gram[pair + layout.offset - j, pair - i] = 0


def _feasible(value: float) -> float:
    """The bound rounded up to two digits after the point."""
    return min(1.0, math.ceil(value * 100) / 100)
