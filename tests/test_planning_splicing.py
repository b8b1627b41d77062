"""What a plan counts for reconstructions that stand in for pictures, and for a command's start."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.backends import open_backend
from benchmark.configure import build
from benchmark.contracts import Site, talks_of
from benchmark.planning import clip, vlm
from benchmark.planning.examples import Material
from benchmark.planning.rates import MEASURED_AT
from benchmark.planning.scoring import encoding, scoring, ways
from benchmark.planning.splicing import PICTURES, Spliced, flops, seconds, told
from benchmark.planning.starting import MODEL_S, ROWS_S, starting
from benchmark.planning.talking import Talked, talked
from benchmark.registry import find
from tests.test_planning_figures import SCENE, one_split, rate


def sites(name: str) -> dict[str, Site]:
    made, _ = vlm.outline(name, SCENE)
    return {site.name: site for site in made.sites}


def test_passes_that_do_not_hang_on_the_dictionary_are_counted_once() -> None:
    made, _ = vlm.outline("pocket-llava", SCENE)
    site, spliced = sites("pocket-llava"), Spliced()
    one, other = site["block:2/tokens"], site["block:3/tokens"]
    counted = [spliced.passes("reconstruction", made, at, 1) for at in (one, one, other)]
    assert counted == [5, 1, 4]
    assert spliced.passes("reconstruction", made, one, 2) == 2
    for task, at in (("reconstruction", site["block:2"]), ("retrieval", one)):
        assert Spliced().passes(task, made, at, 1) == 0
    pair, _ = clip.outline("pocket-clip", SCENE)
    patches = next(site for site in pair.sites if site.pool == "none")
    assert Spliced().passes("reconstruction", pair, patches, 1) == 0


def test_a_pass_is_as_many_tokens_as_the_model_is_given() -> None:
    made, _ = vlm.outline("pocket-llava", SCENE)
    assert made.data is not None
    assert made.words is not None
    assert made.tower is not None
    examples, there = made.data.split("test"), open_backend("pocket-llava")
    talks = talks_of(examples, 0, 50)
    lengths: list[int] = []
    handle = there.model.get_decoder().register_forward_pre_hook(  # type: ignore[attr-defined]
        lambda _module, _inputs, given: lengths.append(given["inputs_embeds"].shape[1]),
        with_kwargs=True,
    )
    there.taught(examples.images(0, 50), talks)  # type: ignore[attr-defined]
    handle.remove()
    counts = replace(one_split(50, 250), talk=talked(made, examples, 50))
    each = made.words.flops(lengths[0]) + made.tower.flops(made.tower_tokens)
    assert len(lengths) == 1
    assert flops(made, counts) == pytest.approx(50 * each, rel=0.1)


def test_every_question_reads_the_picture_again_where_rows_are_not_packed() -> None:
    made, _ = vlm.outline("pocket-llava", SCENE)
    assert made.packs
    counts = replace(one_split(50, 250), talk=Talked(6.0, 40.0))
    assert flops(replace(made, packs=False), counts) > 2 * flops(made, counts)
    many = replace(counts, images=10 * PICTURES)
    assert seconds(made, many, 5, rate()) == pytest.approx(20 * seconds(made, counts, 1, rate()))
    assert seconds(made, counts, 0, rate()) == 0
    assert told(made, many, 5, rate()).startswith(f"5 passes over {PICTURES} pictures and talks")


def test_what_needs_a_joint_space_takes_no_time_in_a_model_that_speaks() -> None:
    method, (made, _) = build(find("method", "posthoc"), {}), vlm.outline("pocket-llava", SCENE)
    splits = (replace(one_split(500, 2500), split="train"), one_split(500, 2500))
    asked = Material(splits, SCENE, 0.0, 0.0), "test", rate()
    assert scoring("concept_steering", "posthoc", method, made, *asked).seconds == 0
    pair, _ = clip.outline("pocket-clip", SCENE)
    assert scoring("concept_steering", "posthoc", method, pair, *asked).seconds > 0


def test_codes_that_may_be_cut_are_scored_twice() -> None:
    assert ways("posthoc", build(find("method", "posthoc"), {})) == 1
    assert ways("jsae", build(find("method", "jsae"), {})) == 2


def test_rows_are_encoded_at_what_their_products_take() -> None:
    assert encoding(1e6, 2000, rate()) == pytest.approx(2 * encoding(1e6, 1000, rate()))
    assert encoding(2e6, 1000, rate()) > encoding(1e6, 1000, rate())


def test_a_command_starts_as_fast_as_its_processor() -> None:
    made, _ = clip.outline("pocket-clip", SCENE)
    slow = rate(one_thread=MEASURED_AT / 2)
    assert starting(made, slow) == 2 * MODEL_S
    assert starting(replace(made, in_memory=True), slow) == 2 * ROWS_S
    elsewhere = replace(slow, kind="cuda")
    assert starting(made, elsewhere) == MODEL_S
