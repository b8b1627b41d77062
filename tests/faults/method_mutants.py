"""Faulty methods: each differs from the sound one in a line or two."""

from __future__ import annotations

from benchmark.conformance import method_fits as fits
from benchmark.conformance import method_source as source
from tests.faults.mutants import Mutant, importing

MEAN = "            means[modality] = x.mean(0)\n"
DRAWN = "torch.randn(self.n, x.shape[1], generator=data.generator(modality))"
CHOSEN = '        chosen = {"energy": float(data.val.image.square().mean())}\n'
NEEDS = "frozenset({Need.PAIRS})"


def _after(line: str, more: str) -> str:
    return line + more


METHODS: tuple[Mutant, ...] = (
    importing("benchmark.run.scoring", source.IMPORTS, "imports_runner"),
    importing("benchmark.backends.embeddings", source.IMPORTS, "imports_backend"),
    importing("methods.separated", source.IMPORTS, "imports_method"),
    importing("tasks.retrieval", source.IMPORTS, "imports_task"),
    Mutant(
        "thawed",
        "@dataclass(frozen=True)\nclass Sound",
        "@dataclass\nclass Sound",
        source.CONFIGURATION,
        "frozen=True",
    ),
    Mutant(
        "undecorated",
        "@dataclass(frozen=True)\nclass Sound",
        "class Sound",
        source.CONFIGURATION,
        "and none is: put @dataclass(frozen=True) over the class",
    ),
    Mutant("misspelt", '{"n": 128}', '{"m": 128}', source.CONFIGURATION, "PAPER sets m"),
    Mutant("listed", NEEDS, "[Need.PAIRS]", source.DECLARED, "wanted a frozenset of Need"),
    Mutant(
        "no_artifact",
        "return Artifact(Plain(rows, means, self.n, self.k), data.site, k=self.k, chosen=chosen)",
        "return Plain(rows, means, self.n, self.k)",
        fits.FITS,
        "returned Plain, wanted an Artifact",
    ),
    Mutant(
        "crash",
        CHOSEN,
        _after(CHOSEN, "        chosen[1 // 0] = 0\n"),
        fits.FITS,
        "raised ZeroDivisionError",
    ),
    Mutant(
        "undeclared_labels",
        CHOSEN,
        _after(CHOSEN, '        chosen["dogs"] = float(data.train.labels("image")[:, 0].sum())\n'),
        fits.UNLABELLED,
        "declare Need.CONCEPTS",
    ),
    Mutant(
        "undeclared_truth",
        CHOSEN,
        _after(CHOSEN, '        chosen["shared"] = data.planted.n_shared\n'),
        fits.UNLABELLED,
        "declare Need.PLANTED",
    ),
    Mutant(
        "labels_by_the_backdoor",
        CHOSEN,
        _after(CHOSEN, '        data.backend.data.split("train").concepts\n'),
        fits.UNLABELLED,
        "fit reads the concept labels of train",
    ),
    Mutant(
        "test_rows",
        CHOSEN,
        _after(CHOSEN, '        data.backend.data.split("test")\n'),
        fits.UNLABELLED,
        "fit reads the test split",
    ),
    Mutant(
        "unseeded_torch",
        DRAWN,
        "torch.randn(self.n, x.shape[1])",
        fits.SEEDED,
        "global generator of torch",
    ),
    Mutant(
        "unseeded_numpy",
        DRAWN,
        'torch.from_numpy(__import__("numpy").random.randn(self.n, x.shape[1])).float()',
        fits.SEEDED,
        "global generator of numpy",
    ),
    Mutant(
        "reseeding",
        "        rows, means = {}, {}\n",
        "        rows, means = {}, {}\n        torch.manual_seed(data.seed)\n",
        fits.SEEDED,
        "seeds the global generator of torch",
    ),
    Mutant(
        "backend_changed",
        CHOSEN,
        _after(CHOSEN, '        data.backend.weights["text"].mul_(1.01)\n'),
        fits.UNTOUCHED,
        "changed the backend in place",
    ),
    Mutant(
        "rows_changed",
        MEAN,
        _after(MEAN, "            x -= means[modality]\n"),
        fits.UNTOUCHED,
        "changed data.train.image in place",
    ),
    Mutant(
        "order_changed",
        CHOSEN,
        _after(CHOSEN, "        data.val.caption_of.zero_()\n"),
        fits.UNTOUCHED,
        "changed data.val.caption_of in place",
    ),
    Mutant(
        "unspeakable",
        "float(data.val.image.square().mean())",
        "data.val.image.square().mean()",
        fits.RECORDED,
        "wanted what JSON can hold",
    ),
    Mutant(
        "nan_chosen",
        "float(data.val.image.square().mean())",
        'float("nan")',
        fits.RECORDED,
        "wanted what JSON can hold",
    ),
    Mutant(
        "one_width",
        MEAN,
        _after(MEAN, "            data.train.image[:4] @ data.train.text[:4].T\n"),
        fits.WIDTHS,
        "declare Need.SAME_WIDTH",
    ),
    Mutant(
        "fits_after_all",
        f"{NEEDS}\n",
        f"{NEEDS}\n    fits = False\n",
        fits.NOTHING,
        "fits is False but",
    ),
)
