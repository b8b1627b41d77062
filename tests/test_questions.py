"""Questions about scenes: every answer true by an independent look, lists whole, odds even."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.worlds import questions, templates
from benchmark.worlds.claims import holds
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import CATEGORY_NAMES, OBJECT_INDEX, OBJECTS
from benchmark.worlds.questions import Exchange, Kind
from benchmark.worlds.scene import Scene, sample, stream
from benchmark.worlds.scenes import CONCEPT_KINDS, CONCEPT_NAMES, Scenes

KINDS: tuple[Kind, ...] = get_args(Kind)
N = 150


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [sample(21, "test", i) for i in range(N)]


def asked(scenes: list[Scene], kind: Kind) -> list[tuple[Scene, Exchange]]:
    """One question of a kind about every scene that has one."""
    found = []
    for i, scene in enumerate(scenes):
        said = questions.exchange(stream("test questions", kind, i), kind, scene)
        if said is not None:
            found.append((scene, said))
    return found


def seen(scene: Scene) -> list[dict[str, str]]:
    """Every object in words, as its pixels have it: row by row, left to right."""
    found = []
    for item in sorted(scene.objects, key=lambda o: (o.box()[1] // 32, o.box()[0] // 32)):
        left, top, _, _ = item.box()
        thing, colour = OBJECTS[item.object], COLOURS[item.colour]
        cell = templates.CELL_PHRASES[top // 32 * 3 + left // 32][0]
        row = {"name": thing.name, "category": thing.category, "colour": colour.name}
        found.append(row | {"cell": cell})
    return found


def true_answer(scene: Scene, question: str) -> str:
    """What a careful reader of the question would say; nothing here comes from `questions`."""
    things, ground = seen(scene), BACKGROUNDS[scene.background].name
    fixed = {
        "list every object": " , ".join(t["name"] for t in things) or "nothing",
        "list every object with its color": " , ".join(f"{t['colour']} {t['name']}" for t in things)
        or "nothing",
        "what is the ground ?": ground,
        "how many objects are there ?": ("zero", "one", "two", "three")[len(things)],
    }
    if question in fixed:
        return fixed[question]
    if match := re.fullmatch(r"what color is the (.+) \?", question):
        (answer,) = (t["colour"] for t in things if t["name"] == match[1])
        return answer
    if match := re.fullmatch(r"where is the (.+) \?", question):
        (answer,) = (t["cell"] for t in things if t["name"] == match[1])
        return answer
    if match := re.fullmatch(r"is anything (.+) \?", question):
        return "yes" if match[1] in {t["colour"] for t in things} else "no"
    if match := re.fullmatch(r"is the ground (.+) \?", question):
        return "yes" if match[1] == ground else "no"
    match = re.fullmatch(r"is there (an?) (.+) \?", question)
    assert match, question
    assert match[1] == ("an" if match[2][0] in "aeiou" else "a")
    categories = {CATEGORY_NAMES[t["category"]][0] for t in things}
    return "yes" if match[2] in categories | {t["name"] for t in things} else "no"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "describe"])
def test_every_answer_is_true_of_the_scene(scenes: list[Scene], kind: Kind) -> None:
    found = asked(scenes, kind)
    assert len(found) >= 0.85 * N
    for scene, said in found:
        assert said.kind == kind
        assert said.answer == true_answer(scene, said.question), said


def test_a_description_is_a_full_caption(scenes: list[Scene]) -> None:
    for scene, said in asked(scenes, "describe"):
        (caption,) = (c for c in scene.captions() if c.text == said.answer)
        assert caption.full
        assert holds(caption.claim, scene.slots, scene.background)


def test_a_place_is_of_one_cell_alone() -> None:
    first = [phrases[0] for phrases in templates.CELL_PHRASES]
    everywhere = [phrase for phrases in templates.CELL_PHRASES for phrase in phrases]
    assert all(everywhere.count(phrase) == 1 for phrase in first)


def test_lists_are_whole_after_an_edit() -> None:
    scene = sample(3, "test", 4, n_objects=3)
    for edited in (scene.without(0), scene.without(1).without(1)):
        assert questions.list_objects(edited).answer == true_answer(edited, questions.LIST)
    new = next(i for i in range(len(OBJECTS)) if i not in {o.object for o in scene.objects})
    names = questions.read_list(questions.list_objects(scene.replaced(1, new)).answer)
    assert names[1] == OBJECTS[new].name
    assert len(names) == 3


def test_one_question_for_every_concept() -> None:
    table = questions.yes_no_questions()
    assert len(table) == len(CONCEPT_NAMES) == len(set(table.values()))
    assert {kind for kind, _ in table} == set(CONCEPT_KINDS)


def test_answers_agree_with_the_data_set() -> None:
    split = Scenes(seed=2, sizes=(1, 1, 80)).split("test")
    count: dict[str, int] = defaultdict(int)
    for c, kind in enumerate(CONCEPT_KINDS):
        concept, count[kind] = (kind, count[kind]), count[kind] + 1
        for scene, true in zip(split.scenes, split.concepts.image[:, c], strict=True):
            said = questions.is_there(scene, concept)
            assert (said.answer == questions.YES) == bool(true), (said, scene.slots)


def test_yes_and_no_come_at_even_odds() -> None:
    kind_of = {text: concept[0] for concept, text in questions.yes_no_questions().items()}
    said: dict[str, list[bool]] = defaultdict(list)
    for i in range(500):
        scene, rng = sample(5, "train", i), stream("odds", i)
        for _ in range(12):
            one = questions.any_yes_no(rng, scene)
            for group in (kind_of[one.question], f"{len(scene.objects)} objects"):
                said[group].append(one.answer == questions.YES)
    assert set(said) == {*CONCEPT_KINDS, *(f"{n} objects" for n in range(4))}
    for group, answers in said.items():
        share, n = sum(answers) / len(answers), len(answers)
        assert n > 300, group
        assert abs(share - 0.5) < 3.5 * 0.5 / n**0.5, (group, share, n)


def test_every_concept_is_asked_about() -> None:
    scenes = [sample(6, "train", i) for i in range(400)]
    rngs = [stream("every concept", i) for i in range(10)]
    found = {questions.any_yes_no(rng, scene).question for rng in rngs for scene in scenes}
    assert found == set(questions.yes_no_questions().values())


@given(st.lists(st.integers(0, len(OBJECTS) - 1), unique=True, max_size=5))
def test_reading_a_list_inverts_writing_it(objects: list[int]) -> None:
    names = questions.read_list(questions.listed(objects))
    assert [OBJECT_INDEX[name] for name in names] == objects


def test_what_is_invented_stays() -> None:
    assert questions.read_list("cat , unicorn , sun") == ("cat", "unicorn", "sun")
    assert questions.read_list(" golf   club,cat ") == ("golf club", "cat")
    assert questions.read_list("nothing , cat") == ("nothing", "cat")
    assert questions.read_list(" nothing ") == ()
    assert questions.read_list("cat , cat") == ("cat", "cat")


def test_an_empty_scene_has_nothing_to_name() -> None:
    scene = sample(0, "test", 0, n_objects=0)
    rng = stream("empty")
    said = {kind: questions.exchange(rng, kind, scene) for kind in KINDS}
    assert said["colour"] is None
    assert said["place"] is None
    wanted = {"list": "nothing", "coloured": "nothing", "count": "zero"}
    for kind, answer in wanted.items():
        assert said[kind].answer == answer  # type: ignore[index, union-attr]
    for concept in questions.yes_no_questions():
        answer = questions.is_there(scene, concept).answer
        assert (answer == "yes") == (concept == ("background", scene.background))
