"""Faulty tasks: each differs from the sound one in a line or two."""

from __future__ import annotations

from benchmark.conformance import task_references as references
from benchmark.conformance import task_scores as scores
from benchmark.conformance import task_source as source
from tests.faults.mutants import Mutant, importing

ALIKE = "        alike = cosine_similarity(image[owner], text, dim=1).double().numpy()\n"
L0 = '            "l0/image": Units(l0),\n'
MAIN = '"agreement": Units(alike, cluster=owner.numpy())'
ORDER = "    order = torch.from_numpy(rng.permutation(subject.test.n_images))\n"
CHANGED = "    return subject.with_(test=replace(subject.test, caption_of=caption_of))\n"
NULL = '        Reference("shuffled", "null", shuffled, draws=5),\n'
CENTRED = 'Reference("centred", "baseline", centred, metrics=("agree*",))'

TASKS: tuple[Mutant, ...] = (
    importing("benchmark.run.scoring", source.IMPORTS, "imports_runner"),
    importing("benchmark.sae.training", source.IMPORTS, "imports_training"),
    importing("methods.separated", source.IMPORTS, "imports_method"),
    importing("tasks.retrieval", source.IMPORTS, "imports_task"),
    Mutant("version_0", "[int] = 1", "[int] = 0", source.CONFIGURATION, "wanted an int from 1"),
    Mutant(
        "one_variant",
        '    variant: Literal["fair", "paper"] = "fair"\n',
        "",
        source.CONFIGURATION,
        "no field `variant`",
    ),
    Mutant(
        "two_mains",
        'None, "mean count of latents that fire")',
        'True, "mean count of latents that fire", main=True)',
        source.METRICS,
        "agreement, l0/image, wanted exactly one",
    ),
    Mutant("no_main", ", main=True)", ")", source.METRICS, "none, wanted exactly one"),
    Mutant(
        "twice",
        '"l0/image", "image"',
        '"agreement", "image"',
        source.METRICS,
        "agreement is declared 2 times",
    ),
    Mutant(
        "directionless",
        'None, "mean count',
        '"up", "mean count',
        source.METRICS,
        "higher_is_better is 'up', wanted a bool or None",
    ),
    Mutant(
        "odd_kind",
        '"centred", "baseline"',
        '"centred", "nil"',
        source.REFERENCES,
        "reference centred is a nil, wanted null, baseline, ceiling",
    ),
    Mutant("floorless", NULL, "", source.REFERENCES, "has no null"),
    Mutant("deaf", '"agree*"', '"agrees*"', source.REFERENCES, "which no metric is"),
    Mutant(
        "undeclared",
        L0,
        f'{L0}            "l0/text": Units(l0),\n',
        scores.SCORES,
        "l0/text, which is declared nowhere",
    ),
    Mutant("mainless", f"            {MAIN},\n", "", scores.SCORES, "left out its main metric"),
    Mutant("bare", "Units(l0)", "l0", scores.UNITS, "l0/image is ndarray, wanted Units"),
    Mutant("square", "Units(l0)", "Units(l0[:, None])", scores.UNITS, "of shape (240, 1)"),
    Mutant(
        "short", "Units(l0)", "Units(l0, np.ones(3))", scores.UNITS, "of shape (3,), wanted (240,)"
    ),
    Mutant(
        "nan", "Units(l0)", "Units(np.where(l0 > 3, np.nan, l0))", scores.UNITS, "NaN or infinite"
    ),
    Mutant("empty", "Units(l0)", "Units(l0[:0])", scores.UNITS, "has no units"),
    Mutant("nothing", "Units(l0)", "Units(l0, 0 * l0)", scores.UNITS, "all 0"),
    Mutant(
        "float_clusters",
        "cluster=owner.numpy()",
        "cluster=owner.double().numpy()",
        scores.UNITS,
        "wanted 480 whole numbers",
    ),
    Mutant("integers", "Units(l0)", "Units(l0.astype(int))", scores.UNITS, "wanted a float array"),
    Mutant(
        "random_score",
        ALIKE,
        f"{ALIKE}        alike = alike + torch.rand(1).item()\n",
        scores.REPEATS,
        "draw from subject.rng",
    ),
    Mutant(
        "test_changed",
        ALIKE,
        f"{ALIKE}        subject.test.image.mul_(2)\n",
        scores.UNTOUCHED,
        "changed subject.test.image in place",
    ),
    Mutant(
        "batches",
        ALIKE,
        f"{ALIKE}        alike = alike - alike[: subject.batch_size].mean()\n",
        scores.BATCHES,
        "with batches of 7",
    ),
    Mutant(
        "units_of_x",
        ALIKE,
        f"{ALIKE}        alike = alike * subject.test.text.norm(dim=1).numpy()\n",
        scores.SCALE,
        "a tenth as large",
    ),
    Mutant(
        "chooses",
        ALIKE,
        f'{ALIKE}        alike = alike * subject.codes("train", "text").l0().sum().item()\n',
        scores.FITTED,
        "set fits = True",
    ),
    Mutant(
        "fragile",
        ALIKE,
        f"{ALIKE}        alike = alike if alike.any() else alike * np.nan\n",
        scores.DEAD,
        "NaN or infinite",
    ),
    Mutant(
        "paperless",
        ALIKE,
        f'{ALIKE}        alike = alike if self.variant == "fair" else alike[:, 0]\n',
        scores.PAPER,
        "raised IndexError",
    ),
    Mutant(
        "itself", CHANGED, "    return subject\n", references.APPLY, "returned the subject itself"
    ),
    Mutant(
        "in_place",
        ORDER,
        f"{ORDER}    subject.test.caption_of[:] = 0\n",
        references.KEEP,
        "shuffled changed subject.test.caption_of in place",
    ),
    Mutant(
        "codes_in_place",
        ORDER,
        f'{ORDER}    subject.native("test", "image").values.mul_(0.0)\n',
        references.KEEP,
        "shuffled changed agreement",
    ),
    Mutant(
        "deaf_to_its_generator",
        "rng.permutation(subject.test.n_images)",
        "np.random.default_rng(0).permutation(subject.test.n_images)",
        references.DRAWN,
        "drawn 5 times and always the same",
    ),
    Mutant(
        "own_generator",
        "rng.permutation(subject.test.n_images)",
        "np.random.default_rng().permutation(subject.test.n_images)",
        references.DRAWN,
        "draw from the one it is given",
    ),
    Mutant("drawn_once", ", draws=5", "", references.DRAWN, "draws at random but only once"),
    Mutant(
        "not_of_data",
        CENTRED,
        f"{CENTRED[:-1]}, of_data=True)",
        references.OF_DATA,
        "says of_data, but agreement depends on the dictionary",
    ),
    Mutant(
        "not_of_its_width",
        CENTRED,
        f"{CENTRED[:-1]}, shared_by=lambda subject: subject.dictionary.width)",
        references.OF_DATA,
        "says shared_by 32, but agreement depends on the dictionary",
    ),
)
