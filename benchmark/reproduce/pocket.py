"""Experiments of the papers on trained models: on the shipped ones, order against order.

Values of the papers stand beside and are not held against ours: they are of other models and data.
"""

from __future__ import annotations

from benchmark.reproduce.claims import Apart, Bound, Claim, Differs, Published
from benchmark.reproduce.experiment import Asked, Experiment, Size

FIVE = (0, 1, 2, 3, 4)
REVIEW = "arXiv 2606.29888, public review measurements"
CONTROL = "--method posthoc --task modality_split --backend pocket-clip"
BINS = ("r:0.4-0.6", "r:0.6-0.8")


def cosine(name: str, modality: str = "") -> str:
    """Name of the decoder cosine in a bin of r: across modalities, or of two runs of one."""
    return f"decoder_cosine/two_runs/{modality}/{name}" if modality else f"decoder_cosine/{name}"


CONTROL_CLAIMS: tuple[Claim, ...] = (
    *(
        Apart(
            f"{name}: two runs on {side}s are nearer than image and text", "control", "posthoc",
            cosine(name, side), cosine(name),
        )
        for name in BINS
        for side in ("image", "text")
    ),
    Published("median decoder cosine of image and text, r ≥ .6", "control", "posthoc",
              cosine("r:0.6-0.8"), 0.505),
    Published("of two image runs, r ≥ .6", "control", "posthoc",
              cosine("r:0.6-0.8", "image"), 0.918),
    Published("of two text runs, r ≥ .6", "control", "posthoc",
              cosine("r:0.6-0.8", "text"), 0.930),
)  # fmt: skip
CONTROL_EXPERIMENT = Experiment(
    name="heterogeneity-control",
    asks="Is the distance between image and text directions more than the noise of training?",
    source=f"{REVIEW}: CLIP B/32 on COCO, k 8",
    quick=Size("pocket-clip, two seeds", (Asked("control", CONTROL),), CONTROL_CLAIMS, (0, 1)),
    full=Size("pocket-clip, five seeds", (Asked("control", CONTROL),), CONTROL_CLAIMS, FIVE),
    not_here="values are of CLIP B/32 on COCO; the order of the distances is compared",
)  # fmt: skip
OPERATORS = {
    "posthoc": 18.7,
    "posthoc-greedy": 18.3,
    "posthoc-decoder": 19.5,
    "posthoc-sinkhorn": 18.0,
    "posthoc-procrustes": 25.5,
    "posthoc-cca": 20.9,
}
"""R@1 of images among captions, per cent, on 5,000 images."""
MAPS = f"--method {' '.join(OPERATORS)} --task retrieval --backend pocket-clip"
RECALL = "r@1/i2t"
OPERATOR_CLAIMS: tuple[Claim, ...] = (
    Differs("a rotation of whole codes retrieves better than one-to-one matches", "operators",
            "posthoc-procrustes", "posthoc", RECALL),
    Differs("so does CCA", "operators", "posthoc-cca", "posthoc", RECALL),
    Differs("and less than the rotation", "operators", "posthoc-procrustes", "posthoc-cca", RECALL),
    Differs("matches by decoder cosine retrieve better than by correlation", "operators",
            "posthoc-decoder", "posthoc", RECALL),
    Differs("the exact assignment retrieves better than the greedy one", "operators",
            "posthoc", "posthoc-greedy", RECALL),
    *(
        Published(f"{name}: R@1 of images among captions", "operators", name, RECALL, value / 100)
        for name, value in OPERATORS.items()
    ),
)  # fmt: skip
OPERATOR_EXPERIMENT = Experiment(
    name="operators",
    asks="Which map between two dictionaries retrieves best?",
    source=f"{REVIEW}: CLIP B/32 on CC3M, k 32, maps fitted on 300,000 pairs",
    quick=Size("pocket-clip, one seed", (Asked("operators", MAPS),), OPERATOR_CLAIMS, (0,)),
    full=Size("pocket-clip, five seeds", (Asked("operators", MAPS),), OPERATOR_CLAIMS, FIVE),
    not_here="values are of CLIP B/32 and 5,000 images of COCO; the order of the maps is compared",
)  # fmt: skip
PLACE = "block:2/tokens"
VISTA = (
    "--method vista vista-nosae --task matching_rate --backend pocket-llava-frozen "
    f"--site {PLACE} --variant both"
)
VISTA_CLAIMS: tuple[Claim, ...] = (
    *(
        Differs(f"{variant}: {says}", "matching", "vista", "vista-nosae", metric,
                variant=variant, site=PLACE)
        for variant, says, metric in (
            ("paper", "one of three names is right more often with the constraint", "any@3"),
            ("fair", "names are right more often than on another picture", "excess/precision@3"),
        )
    ),
    *(
        Published(f"paper: share of pictures with one right name of three, {name}", "matching",
                  name, "any@3", value, variant="paper", site=PLACE)
        for name, value in (("vista", 0.61), ("vista-nosae", 0.21))
    ),
)  # fmt: skip
VISTA_EXPERIMENT = Experiment(
    name="vista-matching",
    asks="Do names given by text match pictures where the projector fits text dictionaries?",
    source="arXiv 2605.24946: DINOv2 and Gemma-2, mean over blocks, 100 pictures, one seed",
    quick=Size("pocket-llava-frozen, one seed", (Asked("matching", VISTA),), VISTA_CLAIMS, (0,)),
    full=Size("pocket-llava-frozen, five seeds", (Asked("matching", VISTA),), VISTA_CLAIMS, FIVE),
    not_here="values are of DINOv2 with Gemma-2 and of a judge that is a language model; "
    "whether the constraint helps is compared, at a block that it does not touch",
)  # fmt: skip
LAYERS = "--method jsae --task steering_asymmetry --backend pocket-llava"
LAYER_CLAIMS: tuple[Claim, ...] = (
    Bound("adding works best in the later half of the blocks, one dose for both signs",
          "layers", "jsae", "peak", 2.5),
    Bound("so it does at doses of its own", "layers", "jsae", "peak/apart", 2.5),
    *(
        Bound(f"suppressing is flat over blocks, {name}", "layers", "jsae",
              f"share/supp{yardstick}/high", 0.15, -1)
        for name, yardstick in (("by mention", ""), ("by yes − no", "_logit"))
    ),
    *(
        Bound(f"adding is not flat over blocks, {name}", "layers", "jsae",
              f"share/add{yardstick}/low", 0.15)
        for name, yardstick in (("by yes − no", "_logit"), ("own doses", "_logit/apart"))
    ),
    *(
        Bound(f"the two have different shapes (p), {name}", "layers", "jsae",
              f"interaction{yardstick}/p", 0.05, -1)
        for name, yardstick in (("by mention", ""), ("by yes − no", "_logit"))
    ),
)  # fmt: skip
LAYER_EXPERIMENT = Experiment(
    name="jsae-layers",
    asks="Does adding a concept peak in mid-to-late blocks, and suppressing work equally in all?",
    source="arXiv 2606.25657, stated in words: no table, and no code for suppression, is published",
    quick=Size("pocket-llava, one seed", (Asked("layers", LAYERS),), LAYER_CLAIMS, (0,)),
    full=Size("pocket-llava, three seeds", (Asked("layers", LAYERS),), LAYER_CLAIMS, (0, 1, 2)),
    not_here="LLaVA-v1.6-Mistral-7B, Llama3-LLaVA-8B and Qwen3-VL; the two claims in words are "
    "held against a model of six blocks",
)  # fmt: skip
