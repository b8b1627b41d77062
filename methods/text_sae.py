"""Text SAE: a dictionary fitted on text alone, read on image tokens as they are.

    z = ReLU(pre) where pre > θ,   θ: k latents fire on a text row of val, on average

What VISTA starts from (arXiv 2506.11976): do the latents of a language model's text serve the image
tokens in the same residual stream? Nothing here has seen a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmark.contracts import Artifact, Budget, Method, Need, NotApplicableError, TrainingData
from benchmark.sae.dictionaries import Paired, same_width
from benchmark.sae.frames import Same
from benchmark.sae.text_towers import text_tower


@dataclass(frozen=True)
class TextSae(Budget, Method):
    """All latents of the budget in one dictionary of text, which reads images too."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.SAME_WIDTH})

    def fit(self, data: TrainingData) -> Artifact:
        if getattr(data.backend, "text_pass", "isolated") == "joint":
            raise NotApplicableError("it is fitted on text alone: wants text_pass=isolated")
        x, val = data.train.rows("text"), data.val.rows("text")
        same_width(data.train.image.shape[1], x.shape[1], "a text dictionary that reads images")
        tower = text_tower(x, val, self, data, data.site.name)
        return Artifact(Paired(tower, tower, Same(self.n_latents)), data.site, k=self.k)
