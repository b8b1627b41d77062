"""The nouns of the benchmark: all that a method or a task needs to know. Imports nothing of ours.

Axes, the same in every file:
    n_i images, n_t texts, p (image, text) pairs, n rows of either modality
    d   activation width (`d_in`), one number per modality
    w   width of the aligned frame, m latents of one modality (`d_sae`), k slots of a sparse code
    c   concepts, u units of a score
"""

from benchmark.contracts.backends import Backend
from benchmark.contracts.codes import Artifact, Dictionary, SparseCodes, joined
from benchmark.contracts.data import (
    Concepts,
    Dataset,
    Discussed,
    Examples,
    HoldsOut,
    Negatives,
    PairedActivations,
    Planted,
    Ragged,
    Renewable,
    Site,
    Talk,
    talks_of,
)
from benchmark.contracts.editing import (
    Annotated,
    Box,
    Editable,
    OpenWorld,
    Steerable,
    Thing,
    thing_concepts,
)
from benchmark.contracts.exhibits import (
    Answered,
    Answering,
    Chart,
    Curve,
    Exhibit,
    Exhibited,
    Showing,
    Transcript,
)
from benchmark.contracts.methods import Budget, Memo, Method, TrainingData, unshared
from benchmark.contracts.needs import (
    MODALITIES,
    Modality,
    Need,
    NotApplicableError,
    Progress,
    Split,
    derived_seed,
    silent,
)
from benchmark.contracts.pooling import averaged, strongest
from benchmark.contracts.speakers import Asked, Change, Edit, Speaker, Spoken
from benchmark.contracts.tasks import Metric, Recall, Reference, Subject, Task, Units

__all__ = [
    "MODALITIES",
    "Annotated",
    "Answered",
    "Answering",
    "Artifact",
    "Asked",
    "Backend",
    "Box",
    "Budget",
    "Change",
    "Chart",
    "Concepts",
    "Curve",
    "Dataset",
    "Dictionary",
    "Discussed",
    "Edit",
    "Editable",
    "Examples",
    "Exhibit",
    "Exhibited",
    "HoldsOut",
    "Memo",
    "Method",
    "Metric",
    "Modality",
    "Need",
    "Negatives",
    "NotApplicableError",
    "OpenWorld",
    "PairedActivations",
    "Planted",
    "Progress",
    "Ragged",
    "Recall",
    "Reference",
    "Renewable",
    "Showing",
    "Site",
    "SparseCodes",
    "Speaker",
    "Split",
    "Spoken",
    "Steerable",
    "Subject",
    "Talk",
    "Task",
    "Thing",
    "TrainingData",
    "Transcript",
    "Units",
    "averaged",
    "derived_seed",
    "joined",
    "silent",
    "strongest",
    "talks_of",
    "thing_concepts",
    "unshared",
]
