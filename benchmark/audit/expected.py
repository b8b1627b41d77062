"""The table of expectations: what each metric of our tasks must do under each degradation.

By arithmetic, for dictionaries that know the truth (`oracle`, `labelled`). A shuffled map leaves
codes and directions what they are, so that what never compares modalities must not move at all.
A dropped latent never fires and keeps its direction, so that what reads directions alone must not
move. Turned latents are all turned alike: what holds every latent against one bar passes it at one
angle, a step, which no rank correlation should be asked of.
"""

from __future__ import annotations

from benchmark.audit.expectations import FALL, FREE, STILL, Row, Table

BAR = "all latents are turned alike and pass one bar together: a step"
ORDER = "reads which latent is nearest: turned alike, each stays its own atom's nearest"
FIRES = "a turned or random latent may still fire"
COUNT = "how much fires is no quality"
LEFT = "latents that never fire leave the mean"
CHANCE = "whole dictionaries of labels are at chance here: which word goes where is no label"
PURE = "of rows that fire: a worse latent may fire on fewer, and no less purely"
PLACES = "tells where modalities meet, no quality"
GIVEN = "what is given up for gain: a push that does nothing keeps everything"
DOSES = "the chosen dose is judged, not each"
SOUND = "what is left, or fires at random, is not claimed wrongly"
DATA = Row(STILL, STILL, STILL, STILL)
"""Reads activations alone."""
BACK = Row(FALL, FALL, STILL, FALL)
"""Of reconstructions, in each modality's own frame."""
ACROSS = Row(FALL, FALL, FALL, FALL)
"""Of codes that are compared over modalities."""
NATIVE = Row(FREE, FREE, STILL, FREE, COUNT)

RECONSTRUCTION: Table = {
    "explained_variance/pooled": Row(FREE, FREE, STILL, FREE, "flagged: neither way is better"),
    "explained_variance*": BACK,
    "fvu/*": BACK,
    "mse/*": BACK,
    "cosine/*": BACK,
    "re": BACK,
    "norm_ratio/*": Row(FREE, FREE, STILL, FREE, "1 is right, not more"),
    "norm/*": DATA,
    "l0/*": NATIVE,
    "density/*": NATIVE,
    "frac_alive/*": Row(FREE, FALL, STILL, FREE, FIRES),
    "spliced/ce_clean": DATA,
    "spliced/ce_zero": DATA,
    "spliced/ce_mean": DATA,
    "spliced/*": BACK,
}
RETRIEVAL: Table = {
    "reconstruction/r@*": BACK,
    "r@*": ACROSS,
    "tie_rate/*": Row(FREE, FALL, FREE, FREE, FIRES),
    "tie_size/*": Row(FREE, FALL, FREE, FREE, FIRES),
    "no_overlap/*": Row(FREE, FALL, FREE, FREE, FIRES),
    "hard_negatives*": Row(FREE, FREE, FREE, FREE, CHANCE),
}
MODALITY_SPLIT: Table = {
    "transfer_auc*": ACROSS,
    "hit@*": Row(FREE, FALL, FALL, FALL, BAR),
    "mrr/*": Row(FREE, FALL, FALL, FALL, BAR),
    "candidates/*": NATIVE,
    "split_*": Row(FREE, FREE, FREE, FREE, PLACES),
    "mean_r": Row(FALL, FREE, FALL, FREE, LEFT),
    "coverage": Row(FREE, FREE, FREE, FREE, LEFT),
    "decoder_cosine/*": Row(FREE, FREE, STILL, FREE, PLACES),
    "one_to_many/*": Row(FREE, FREE, STILL, FREE, PLACES),
    "modality_probe/*": DATA,
}
MATCHING_RATE: Table = {
    "precision@3/*": Row(FREE, FREE, FREE, FREE, "kinds share what is right between them"),
    "excess/precision@3": ACROSS,
    "precision@3": ACROSS,
    "any@3": ACROSS,
    "distinct@3": ACROSS,
    "named@3": Row(FREE, FREE, FREE, FREE, "a wrong name is a name"),
    "silent@3": Row(FREE, FALL, STILL, FREE, FIRES),
    "named/concepts": Row(FREE, FALL, STILL, FALL, BAR),
    "named/latents": Row(FREE, FREE, STILL, FREE, LEFT),
    "common/latents": NATIVE,
}
GROUND_TRUTH: Table = {
    "f1": Row(FREE, FALL, FALL, FALL, BAR),
    "recall": Row(FREE, FALL, FALL, FALL, BAR),
    "precision": Row(FREE, FREE, FALL, FREE, SOUND),
    "cci": Row(FREE, STILL, FALL, FALL, ORDER),
    "recovery@*": Row(FREE, STILL, STILL, FALL, BAR),
    "mcc*": Row(FALL, STILL, STILL, FALL),
    "decoder_cosine*": Row(FREE, STILL, STILL, FREE, PLACES),
    "re": BACK,
    "gre": BACK,
    "gae": Row(FREE, FALL, FALL, FALL, ORDER),
    "ae/shuffled": Row(FREE, FREE, FREE, FREE, "of pairs that do not belong together"),
    "ae/centred": ACROSS,
    "ae": Row(FREE, FREE, FREE, FREE, "an always-on latent, or few latents, lower it"),
}
LAYER_PROBE: Table = {
    "auc/control": DATA,
    "auc/swapped*": Row(FREE, FREE, FREE, FREE, CHANCE),
    "preferred/swapped": Row(FREE, FREE, FREE, FREE, CHANCE),
    "auc*": ACROSS,
    "accuracy": ACROSS,
}
ZERO_SHOT: Table = {
    "*acc@*": ACROSS,
    "*tie_rate": Row(FREE, FALL, FREE, FREE, FIRES),
    "common/latents": Row(FREE, FREE, FREE, FREE, COUNT),
}
CONCEPT_STEERING: Table = {
    "*/dose:*": Row(FREE, FREE, FREE, FREE, DOSES),
    "dose": Row(FREE, FREE, FREE, FREE, DOSES),
    "gain/with_latent": Row(FALL, FREE, FALL, FREE, LEFT),
    "gain*": ACROSS,
    "kept/*": Row(FREE, FREE, FREE, FREE, GIVEN),
    "cosine": Row(FREE, FREE, FREE, FREE, GIVEN),
    "with_latent": Row(FREE, FALL, STILL, FALL, BAR),
    "before/*": DATA,
}
MONOSEMANTICITY: Table = {
    "excess/ms/all": Row(FALL, FALL, STILL, FALL),
    "excess/*": Row(FALL, FREE, STILL, FREE, LEFT),
    "coverage/*": Row(FREE, FALL, STILL, FREE, FIRES),
    "spread/*": NATIVE,
    "*": Row(FREE, FREE, STILL, FREE, PURE),
}
EDITING: Table = {
    "*/by_labels": Row(FREE, FREE, STILL, FREE, "supervised: neither way is better"),
    "val/*": Row(FREE, FREE, FREE, FREE, DOSES),
    "dose": Row(FREE, FREE, FREE, FREE, DOSES),
    "sound": Row(FREE, FREE, FREE, FREE, DOSES),
    "s1/*": Row(FREE, FREE, FREE, FREE, "s2 comes by where s0 goes"),
    "s?/*": ACROSS,
    "ms/*": ACROSS,
    "done": ACROSS,
    "with_latent": Row(FREE, FALL, STILL, FALL, BAR),
    "kept": Row(FREE, FREE, FREE, FREE, GIVEN),
    "invented": Row(FREE, FREE, FREE, FREE, GIVEN),
    "parsed": Row(FREE, FREE, FREE, FREE, GIVEN),
    "eligible": DATA,
    "read/*": DATA,
    "captions/*": Row(FREE, FREE, FREE, FREE, "shares of what is near, no quality"),
}
NAMED_PLACE = Row(FREE, FREE, FALL, FREE, "a latent that lost its name leaves the mean")
LOCALIZATION: Table = {
    "excess/hit": NAMED_PLACE,
    "hit": NAMED_PLACE,
    "hit/all": NAMED_PLACE._replace(rotated=FALL),
    "hit/area:*": Row(FREE, FREE, FREE, FREE, "few things of one size"),
    "chance*": NATIVE._replace(shuffled=FREE),
    "fires": NATIVE._replace(shuffled=FREE),
    "named": Row(FREE, FALL, STILL, FALL, BAR),
}
STABILITY: Table = {
    "returned*": Row(FREE, FALL, STILL, FALL, BAR),
    "claims": Row(FREE, FALL, FALL, FALL, ORDER),
    "*": Row(FALL, FALL, STILL, FALL),
}
"""Against other draws of the same degradation, as another seed would have them."""
EXPECTED: dict[str, Table] = {
    "reconstruction": RECONSTRUCTION,
    "retrieval": RETRIEVAL,
    "modality_split": MODALITY_SPLIT,
    "matching_rate": MATCHING_RATE,
    "ground_truth": GROUND_TRUTH,
    "layer_probe": LAYER_PROBE,
    "zero_shot": ZERO_SHOT,
    "concept_steering": CONCEPT_STEERING,
    "monosemanticity": MONOSEMANTICITY,
    "object_removal": EDITING,
    "object_replacement": EDITING,
    "localization": LOCALIZATION,
    "stability": STABILITY,
}
"""By task; what is not here claims nothing until somebody has thought of it."""
