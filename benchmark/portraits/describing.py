"""One latent in numbers: its name, its two sides, and how they fire together."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmark.contracts import Modality, derived_seed
from benchmark.metrics.naming import Names
from benchmark.portraits.choice import MOST_OF
from benchmark.portraits.columns import shares
from benchmark.portraits.facts import Facts
from benchmark.portraits.opening import Sitter
from benchmark.portraits.records import Counted, Name, Pure, Side, Together

POINTS = 90
"""Pairs of the scatter at most."""
FEWEST = 10
"""Rows of which a share is told."""


def naming(facts: Facts) -> Names | None:
    """Names by text; by labels of pictures where text named none; None without labels."""
    if facts.by_text is not None and facts.by_text.named.any():
        return facts.by_text
    return facts.by_labels


def name_of(facts: Facts, j: int) -> Name | None:
    """What text calls a latent, else labels of pictures; None without a name, or where silent."""
    if facts.kind[j] == "silent":
        return None
    for names, by in ((facts.by_text, "text"), (facts.by_labels, "labels of pictures")):
        if names is not None and names.concept[j] >= 0:
            return Name(
                concept=facts.concepts[names.concept[j]],
                by=by,  # type: ignore[arg-type]
                precision=float(names.precision[j]),
                recall=float(names.recall[j]),
                val_precision=float(names.val_precision[j]),
            )
    return None


def side(facts: Facts, m: Modality, j: int) -> Side:
    """One modality of a latent; purity where it fires and there are labels."""
    pure = None
    n = int(facts.fires[m][j])
    if m in facts.pure and n:
        concept, share, base = facts.pure[m]
        pure = Pure(
            concept=facts.concepts[concept[j]],
            share=float(share[j]) if n >= FEWEST else None,
            floor=float(base[j]),
            n=n,
        )
    own = int(facts.native[m][j])
    return Side(
        native=own if own >= 0 else None,
        alive=bool(facts.alive[m][j]),
        rate=float(facts.rate[m][j]),
        train_rate=float(facts.train_rate[m][j]),
        pure=pure,
    )


def together(
    sitter: Sitter,
    image: Float[np.ndarray, " n_i"],
    text: Float[np.ndarray, " n_t"],
    latent: int,
) -> Together | None:
    """Firing of both modalities over the written pairs of val; None where it never fires."""
    owner = sitter.subject.test.caption_of.cpu().numpy()
    x, y = np.abs(image)[owner], np.abs(text)
    fires = np.flatnonzero((x > 0) | (y > 0))
    if not len(fires):
        return None
    rng = np.random.default_rng(derived_seed("portraits/pairs", latent))
    drawn = np.sort(rng.choice(fires, min(POINTS, len(fires)), replace=False))
    most = float(x.max()), float(y.max())
    points = zip(shares(x[drawn], most[0]), shares(y[drawn], most[1]), strict=True)
    return Together(
        n=len(owner),
        both=int(((x > 0) & (y > 0)).sum()),
        image_only=int(((x > 0) & (y == 0)).sum()),
        text_only=int(((x == 0) & (y > 0)).sum()),
        image_max=most[0],
        text_max=most[1],
        points=tuple(sorted(points)),
    )


def counted(facts: Facts) -> Counted:
    """How many latents there are of each kind."""
    kinds = facts.kind
    alive = facts.alive["image"] | facts.alive["text"]
    rate = np.maximum(facts.train_rate["image"], facts.train_rate["text"])
    names = naming(facts)
    return Counted(
        width=facts.width,
        alive_image=int(facts.alive["image"].sum()),
        alive_text=int(facts.alive["text"].sum()),
        silent=kinds.count("silent"),
        always=int((alive & (rate > MOST_OF)).sum()),
        named=0 if names is None else int((names.named & alive).sum()),
        both=kinds.count("both"),
        image=kinds.count("image"),
        text=kinds.count("text"),
        unrelated=kinds.count("unrelated"),
    )
