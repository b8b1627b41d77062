"""Portraits: the choice of latents, what is highlighted, what is kept, and what is never read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.__main__ import main
from benchmark.activations.reading import activations
from benchmark.backends.clip import open_backend
from benchmark.contracts import Artifact, Subject
from benchmark.portraits import studio
from benchmark.portraits.asking import ALL, LEAST, asks, latents_each
from benchmark.portraits.choice import ASIDE, QUARTERS, chosen
from benchmark.portraits.clusters import CLUSTERS, clustered, grouped
from benchmark.portraits.columns import shares, strongest
from benchmark.portraits.covering import covered, without_words
from benchmark.portraits.facts import facts_of, native
from benchmark.portraits.gathering import portraits
from benchmark.portraits.looking import COVERED, LEFT_OUT, OF_TOKENS, POOLED
from benchmark.portraits.making import gallery
from benchmark.portraits.mapping import directions_map, plane, unit
from benchmark.portraits.opening import Kept, fit_of, kept_fits
from benchmark.portraits.records import Refused
from benchmark.portraits.shelf import PortraitShelf, thumbs
from benchmark.portraits.words import parts, token_spans
from benchmark.results import Document, read_document
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same
from benchmark.worlds.synthetic import PlantedWorld
from tests.portrait_worlds import GRID, asked, plain, pooled, tokens
from tests.portrait_worlds import sitter as hand_sitter
from tests.records import cell, score
from tests.subjects import World, unit_rows
from tests.tiny_clip import TEXT, Pictures, save_folder

TINY = ["--set", "n_latents=64", "--set", "k=4", "--set", "steps=40"]


# The choice


def drawn(n: int = 12, checkpoint: str = "a", **changes: Any) -> list[tuple[int, str]]:
    w = 200
    rng = np.random.default_rng(0)
    facts: dict[str, Any] = {
        "rate": np.concatenate([rng.random(180) * 0.4, [0.9, 0.8, 0.7], np.zeros(17)]),
        "alive": np.arange(w) < 183,
        "concept": np.where(np.arange(w) % 5 == 0, np.arange(w) % 7, -1),
        "f_half": rng.random(w),
    }
    names = [f"concept {c}" for c in range(7)]
    found = chosen(n, checkpoint, **facts | changes, names=names)
    return [(each.index, each.why) for each in found]


def test_the_same_facts_give_the_same_latents_and_another_checkpoint_others() -> None:
    assert drawn() == drawn()
    assert drawn() != drawn(checkpoint="b")
    assert drawn(12) != drawn(14)


def test_the_rule_is_what_it_says() -> None:
    found = drawn(12)
    main_part, aside = found[:12], found[12:]
    assert len({index for index, _ in found}) == len(found)
    named = [(index, why) for index, why in main_part if "named concepts" in why]
    assert len(named) == 6
    assert len({why for _, why in named}) == 6
    quarters = [why for _, why in main_part if "quarter" in why]
    counts = [sum(f"the {name} quarter" in why for why in quarters) for name in QUARTERS]
    assert counts == [2, 2, 1, 1]
    assert sum("most inputs" in why for _, why in aside) <= ASIDE
    assert sum("silent" in why for _, why in aside) == ASIDE
    assert all(index >= 183 for index, why in aside if "silent" in why)
    assert all(index in (180, 181, 182) for index, why in aside if "most inputs" in why)


def test_a_concept_is_shown_by_the_latent_that_tasks_take_for_it() -> None:
    f_half = np.linspace(0, 1, 200)
    for index, why in drawn(14, f_half=f_half):
        if "named concepts" in why:
            c = int(why.rpartition(" ")[2])
            own = [j for j in range(183) if j % 5 == 0 and j % 7 == c]
            assert index == max(own)


def test_few_latents_are_all_shown_and_none_twice() -> None:
    alive = np.arange(200) < 3
    found = drawn(12, alive=alive, rate=np.where(alive, 0.1, 0), concept=np.full(200, -1))
    assert [index for index, _ in found[:3]]
    assert len(found) == 3 + ASIDE


def test_many_dictionaries_share_the_page() -> None:
    assert latents_each(1, None) == 12
    assert latents_each(36, None) == LEAST
    assert latents_each(24, None) * 24 <= ALL
    assert latents_each(500, 7) == 7


# What is highlighted


def test_the_highlighted_patches_are_those_of_the_highest_activations(tmp_path: Path) -> None:
    seat, where = tokens()
    made = gallery(asked(site="patches"), seat, PortraitShelf(tmp_path))
    assert made.grid == (GRID, GRID)
    assert made.patches_say == OF_TOKENS
    assert made.latents
    for latent in made.latents:
        if latent.kind == "silent":
            continue
        assert [p.id for p in latent.pictures] == [str(i) for i in range(59, 53, -1)]
        for picture in latent.pictures:
            i = int(picture.id)
            shown = np.array(picture.patches)
            assert shown.argmax() == where[i, latent.index]
            assert sorted(shown.tolist())[-3:] == [0, 50, 100]
            assert shown[where[i, latent.index] + 1] == 50


def test_a_pooled_site_says_so_and_covers(tmp_path: Path) -> None:
    seat, where = pooled()
    made = gallery(asked(n_latents=6), seat, PortraitShelf(tmp_path))
    assert (made.patches_say, made.words_say) == (COVERED, LEFT_OUT)
    (red,) = [latent for latent in made.latents if latent.index == 0]
    assert red.pictures[0].id == "59"
    for picture in red.pictures:
        i = int(picture.id)
        assert picture.patches is not None
        assert int(np.argmax(picture.patches)) == where[i]
    for latent in made.latents:
        for caption in latent.captions:
            best = max(caption.parts, key=lambda part: part[1])
            assert best[0] == ("cat", "sun", "flag", "key", "moon", "leaf")[latent.index]


def test_a_pooled_site_without_a_model_shows_no_patches(tmp_path: Path) -> None:
    seat, _ = pooled()
    bare = replace(seat, materials=SimpleNamespace(**vars(seat.materials) | {"backend": object()}))
    made = gallery(asked(), bare, PortraitShelf(tmp_path))
    assert made.grid is None
    assert made.patches_say == POOLED
    assert all(p.patches is None for latent in made.latents for p in latent.pictures)


def test_covering_changes_one_square_alone() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    found = covered(picture)
    assert found.shape == (36, 90, 120, 3)
    for square in found:
        changed = (square != picture).any(2)
        assert 0 < changed.sum() <= 15 * 15
        assert not changed[:, :15].any()
        assert not changed[:, 105:].any()


def test_words_left_out_one_by_one() -> None:
    assert without_words("a red  cat") == ["red cat", "a cat", "a red"]
    assert without_words("cat") == []


def test_parts_are_the_caption_again() -> None:
    text = "a <b> cat "
    found = parts(text, [(0, 1), (2, 5), (4, 9)], [10, 20, 100])
    assert "".join(part for part, _ in found) == text
    assert found == (("a", 10), (" ", 0), ("<b", 20), ("> cat", 100), (" ", 0))


class Tokenizer:
    """Whole words, with their places."""

    def __call__(self, prompts: list[str], **_: Any) -> dict[str, Any]:
        import re

        return {"offset_mapping": [[m.span() for m in re.finditer(r"\S+", prompts[0])]]}


def test_tokens_are_placed_in_the_caption_and_not_in_its_frame() -> None:
    frame = SimpleNamespace(before="USER : ", after=" END")
    chat = SimpleNamespace(
        plain=frame,
        pictured=frame,
        prompts=lambda texts, frame: [f"{frame.before}{texts[0].strip()}{frame.after}"],
        starts_itself=lambda _: False,
        tokenizer=Tokenizer(),
    )
    backend = SimpleNamespace(asker=SimpleNamespace(chat=chat), text_pass="isolated")
    text = " a big cat"
    assert [text[a:b] for a, b in token_spans(backend, text) or []] == ["a", "big", "cat"]
    assert token_spans(object(), text) is None


def test_the_strongest_are_those_that_fire() -> None:
    assert strongest(np.array([0.0, 2, -3, 2, 0]), 4).tolist() == [2, 1, 3]
    assert shares(np.array([0, 1e-9, 0.5, 1.0]), 1.0) == [0, 1, 50, 100]
    assert shares(np.array([0.0, 0.004]), 1.0) == [0, 1]


# Facts of latents


def test_partners_names_and_cosines_of_a_planted_map() -> None:
    judged = World().subject()
    facts = facts_of(judged)
    dictionary = judged.dictionary
    assert facts.by_text is not None
    images, texts = (native(dictionary, m) for m in ("image", "text"))  # type: ignore[arg-type]
    order = dictionary.frame.image_of.tolist()  # type: ignore[attr-defined]
    for j in range(12):
        assert images[j] == j
        assert order[texts[j]] == j
        assert facts.kind[j] == "both"
        assert facts.r[j] > 0.5
        assert facts.pure["image"][1][j] > facts.pure["image"][2][j]
    assert facts.cosine is not None
    rows = [dictionary.directions(m) for m in ("image", "text")]  # type: ignore[arg-type]
    expected = torch.nn.functional.cosine_similarity(*rows)[:12].numpy()
    np.testing.assert_allclose(facts.cosine[:12], expected, atol=1e-5)


def test_the_map_is_the_same_every_time_and_keeps_most_variance() -> None:
    judged = World().subject()
    facts = facts_of(judged)
    assert directions_map(judged, facts) == directions_map(judged, facts)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 5)) * [10, 5, 0.1, 0.1, 0.1]
    flat, explained = plane(rows)
    assert sum(explained) > 0.99
    assert flat.std(0)[0] > flat.std(0)[1]


def test_clusters_put_together_what_fires_together() -> None:
    rng = np.random.default_rng(0)
    centres = rng.random((20, 500)) < 0.1
    profiles = unit(np.repeat(centres, 5, axis=0) + 0.05 * rng.random((100, 500)))
    which, silhouettes = grouped(profiles)
    assert which.max() + 1 == CLUSTERS == 20
    assert silhouettes is not None
    assert all(len(set(which[i : i + 5])) == 1 for i in range(0, 100, 5))
    again, _ = grouped(profiles)
    assert (which == again).all()


def test_clusters_of_a_planted_world_are_its_concepts() -> None:
    judged = World().subject()
    facts = facts_of(judged)
    points = directions_map(judged, facts)[0]
    found = clustered(judged, facts, [f"caption {i}" for i in range(600)], points)
    assert found.pairs == 100
    assert sum(len(c.image) for c in found.clusters) == 12
    together = sum(len({*c.image} & {*c.text}) for c in found.clusters)
    assert together >= 10


# What is kept, and what is missing


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two methods on the tiny planted world."""
    folder = tmp_path_factory.mktemp("run")
    words = ["--method", "jsae", "posthoc", "--backend", "synthetic:tiny", *TINY]
    words += ["--task", "reconstruction", "modality_split", "--output-path", str(folder)]
    assert main(["run", *words, "--quiet"]) == 0
    return folder


def of(run: Path, document: Document | None = None, **changes: Any) -> Any:
    told = document or read_document(run / "document.json")
    options: dict[str, Any] = {"wanted": None, "device": "cpu"}
    return portraits(
        run,
        told.cells,
        ["synthetic:tiny"],
        progress=lambda steps, _: steps,
        say=lambda _: None,
        **options | changes,
    )


def test_no_row_of_test_is_read(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = PlantedWorld.split

    def watched(self: PlantedWorld, name: Any) -> Any:
        assert name in ("train", "val"), f"a portrait read {name}"
        return split(self, name)

    monkeypatch.setattr(PlantedWorld, "split", watched)
    found = of(tiny, wanted=5)
    assert [g.asked.method for g in found.galleries] == ["jsae", "posthoc"]
    for made in found.galleries:
        assert made.n_images == 300
        assert all(p.thumb is None for latent in made.latents for p in latent.pictures)
        assert 5 <= len(made.latents) <= 5 + 2 * ASIDE


def test_a_second_time_nothing_is_made(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = of(tiny, wanted=6)
    files = {path: path.read_bytes() for path in (tiny / "portraits").glob("*.json")}
    monkeypatch.setattr(studio, "made", lambda *_: pytest.fail("made again"))
    assert of(tiny, wanted=6) == first
    assert {path: path.read_bytes() for path in files} == files


def test_what_is_damaged_is_made_again(tiny: Path) -> None:
    first = of(tiny, wanted=4)
    shelf = PortraitShelf(tiny / "portraits")
    path = shelf.path(first.galleries[0].asked)
    whole = path.read_bytes()
    for broken in (b"", b"{}", whole[: len(whole) // 2], whole.replace(b"jsae", b"evil")):
        path.write_bytes(broken)
        assert shelf.kept(first.galleries[0].asked) is None
    assert of(tiny, wanted=4) == first
    assert path.read_bytes() == whole


def test_a_gallery_without_its_thumbnails_is_not_kept(tmp_path: Path) -> None:
    seat, _ = tokens()
    shelf = PortraitShelf(tmp_path)
    made = gallery(asked(site="patches"), seat, shelf)
    shelf.put(made)
    assert shelf.kept(made.asked) == made
    assert thumbs(made)
    shelf.thumb(thumbs(made)[0]).unlink()
    assert shelf.kept(made.asked) is None


def test_without_fits_there_are_reasons_and_no_error(tiny: Path, tmp_path: Path) -> None:
    document = read_document(tiny / "document.json")
    found = of(tmp_path, document)
    assert found.galleries == ()
    assert len(found.absent) == 2
    assert all("are gone" in each.reason for each in found.absent)
    (tmp_path / "fits").mkdir()
    for file in sorted((tiny / "fits").glob("*")):
        (tmp_path / "fits" / file.name).write_bytes(file.read_bytes()[:50])
    found = of(tmp_path, document)
    assert all("checksum of its record" in each.reason for each in found.absent)


@pytest.mark.parametrize(
    ("of_backend", "reason"),
    [({"name": "clip:no/such"}, "clip:no/such"), ({"revision": "other"}, "another revision")],
)
def test_a_backend_that_is_not_at_hand_is_a_reason(
    tiny: Path, of_backend: dict[str, str], reason: str
) -> None:
    (first, *_) = asks(read_document(tiny / "document.json").cells, 4)
    changes = {
        f"backend_{name}" if name != "name" else "backend": v for name, v in of_backend.items()
    }
    ask = first.model_copy(update=changes)
    fits, shelf = tiny / "fits", PortraitShelf(tiny / "portraits")
    found = studio.made([ask], fits, [], shelf, "cpu", lambda s, _: s, lambda _: None)
    assert reason in str(found[ask])


def test_dense_codes_have_no_portraits(tmp_path: Path) -> None:
    eye, zero = torch.eye(4), torch.zeros(4)
    tower = replace(plain().image, W_enc=eye, W_dec=eye, b_enc=zero, b_dec=zero)
    tower = replace(tower, activation="identity")
    kept = Kept(replace(plain(), image=tower, text=tower), tmp_path, None, False, {})
    shelf = PortraitShelf(tmp_path)
    found = studio.one(asked(), kept, None, shelf)  # type: ignore[arg-type]
    assert isinstance(found, Refused)
    assert shelf.kept(asked()) == found


def test_a_failure_is_a_reason(tmp_path: Path) -> None:
    kept = Kept(plain(), tmp_path, None, False, {})
    opener = SimpleNamespace(materials=lambda _: 1 / 0)
    found = studio.one(asked(), kept, opener, PortraitShelf(tmp_path))  # type: ignore[arg-type]
    assert "ZeroDivisionError" in str(found)


def test_dictionaries_of_a_sweep_are_found_by_their_common_checksum(tmp_path: Path) -> None:
    sites = ("block:0", "block:2", "block:10")
    fits = {}
    for seed in (0, 1):
        for n, site in enumerate(sites):
            place = {"backend": "hand", "seed": seed, "site": site}
            each = Kept(plain(width=4 + n + 3 * seed), tmp_path, None, False, place)
            fits[each.digest] = each
    own = [each for each in fits.values() if each.of["seed"] == 1]
    whole = hashlib.sha256("".join(each.digest for each in own).encode()).hexdigest()
    for site, each in zip(sites, own, strict=True):
        ask = asked(checkpoint=whole, parts=sites, site=site, seed=1)
        assert fit_of(ask, fits) is each
    assert fit_of(asked(checkpoint="0" * 64, parts=sites, site=sites[0], seed=1), fits) is None


def test_a_cell_over_blocks_asks_for_each_block() -> None:
    told = cell(site="block:*", scores=(score(),), chosen={"block:10": {}, "block:2": {}})
    method = told.method.model_copy(update={"checkpoint_sha256": "a" * 64})
    backend = told.backend.model_copy(update={"sites": ("block:10", "block:2", "tower")})
    swept = told.model_copy(update={"method": method, "backend": backend})
    found = asks([swept], None)
    assert [ask.site for ask in found] == ["block:2", "block:10"]
    assert all(ask.parts == ("block:2", "block:10") for ask in found)


def test_a_fit_that_is_no_dictionary_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    (tmp_path / "x.json").write_text(json.dumps({"k": 1}))
    (tmp_path / "y.safetensors").write_bytes(b"nothing")
    assert kept_fits(tmp_path) == {}


# A real tower


def drawn_tower(d: int, seed: int) -> Tower:
    """32 latents at random, three of them active."""
    rows = unit_rows(32, d, seed)
    return Tower(rows.T.contiguous(), torch.zeros(32), rows, torch.zeros(d), k=3)


def test_portraits_of_a_real_clip_have_thumbnails_and_highlights(tmp_path: Path) -> None:
    text = TEXT | {"hf_tokenizer_name": "own"}
    backend = open_backend(f"clip:{save_folder(tmp_path / 'model', text)}")
    data = Pictures(n=40)
    for name, says in (("embedding", COVERED), ("patches", OF_TOKENS)):
        site = next(site for site in backend.sites if site.name == name)
        rows = activations(backend, data, "val", site, store=None)  # type: ignore[arg-type]
        towers = [drawn_tower(rows.rows(m).shape[1], n) for n, m in enumerate(("image", "text"))]
        judged = Subject(Artifact(Paired(*towers, Same(32)), site), rows, rows, rows, 0)
        seat = hand_sitter(judged, backend, site, data)  # type: ignore[arg-type]
        made = gallery(asked(site=name), seat, PortraitShelf(tmp_path / name))
        assert made.patches_say == says
        assert made.grid == ((6, 6) if name == "embedding" else (4, 4))
        assert made.overview is not None
        assert made.overview.apart == (name == "patches")
        pictures = [p for latent in made.latents for p in latent.pictures]
        assert pictures
        assert all(p.thumb and p.says for p in pictures)
        cells = made.grid[0] * made.grid[1]
        assert all(p.patches is not None and len(p.patches) == cells for p in pictures)
        if name == "patches":
            assert all(max(p.patches or [0]) == 100 for p in pictures)
        files = list((tmp_path / name / "thumbs").iterdir())
        assert max(file.stat().st_size for file in files) < 4000
