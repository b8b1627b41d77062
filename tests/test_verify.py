"""`verify` on honest submissions and on forgeries: only scoring the dictionaries again tells."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.__main__ import main
from benchmark.statistics import StoredUnits
from benchmark.submissions import read_submission
from benchmark.submissions.validating import validate
from benchmark.submissions.verified import read_verification
from tests.forging import (
    METHOD,
    WORLD,
    checkpoint,
    few_tasks,
    redigested,
    reforged,
    rerecorded,
    rewritten,
    submission,
)

FAST = ["--task", "retrieval", "--fresh-seed", "none"]


@pytest.fixture(scope="module", autouse=True)
def of_two_tasks() -> Iterator[None]:
    """A suite of two tasks: a whole row is soon made."""
    with few_tasks("reconstruction", "retrieval"):
        yield


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest submission, to be copied."""
    return submission(tmp_path_factory.mktemp("honest"))


@pytest.fixture
def folder(honest: Path, tmp_path: Path) -> Path:
    """A copy of it that may be forged."""
    return Path(shutil.copytree(honest, tmp_path / honest.name))


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the verb; its exit code and what it says on stdout."""

    def run(folder: Path, *words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["verify", str(folder), *words])
        out = capsys.readouterr().out
        return code, " ".join(out.split())

    return run


def is_told(verify: Any, folder: Path, says: str, *words: str) -> None:
    """The forgery is valid to `validate`, and refused here for this reason."""
    assert validate(folder).faults == ()
    code, out = verify(folder, *(words or FAST))
    assert code == 1, out
    assert "not verified" in out
    assert says in out, out


@pytest.mark.slow
def test_an_honest_submission_is_verified_on_public_and_fresh_tests(verify: Any, tmp_path: Path):
    tasks = ("reconstruction", "retrieval", "modality_split", "stability")
    with few_tasks(*tasks):
        honest = submission(tmp_path, tasks=tasks)
        code, out = verify(honest, "--record", str(tmp_path), "--fresh-seed", "11")
    assert code == 0, out
    assert "atoms: verified" in out
    assert "overfits (fresh test 11)" in out
    found = read_verification(tmp_path / "atoms.json")
    submitted = read_submission(honest, tmp_path)
    assert submitted.lane == "verified"
    scored = {cell.key for cell in submitted.cells if cell.status == "scored"}
    assert set(found.keys) == scored
    assert found.submission_sha256 == submitted.sha256
    assert found.fresh_seed == 11
    assert {row.task for row in found.fresh} == {row.task for row in found.rescored}
    assert all(row.largest <= found.tolerance for row in found.rescored)
    assert any(row.fresh != row.public for row in found.fresh)
    assert not found.ran_code


def test_the_answer_as_data_and_a_seed_that_a_maintainer_can_draw_again(
    honest: Path, verify: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BENCHMARK_VERIFY_SECRET", "of a maintainer")
    answers = [verify(honest, "--task", "retrieval", "--json", "--quiet") for _ in range(2)]
    assert [code for code, _ in answers] == [0, 0]
    one, two = (json.loads(out) for _, out in answers)
    assert one["fresh_seed"] == two["fresh_seed"]
    assert one["fresh"] == two["fresh"]
    assert {row["task"] for row in one["rescored"]} == {"retrieval"}
    assert (one["verified"], one["whole"]) == (True, False)
    (honest.parent / "part").mkdir()
    part = honest.parent / "part" / "atoms.json"
    part.write_text(answers[0][1])
    assert read_submission(honest, part.parent).lane == "self-reported"


@pytest.mark.slow
def test_the_submitted_code_is_never_run(verify: Any, tmp_path: Path):
    source = METHOD + f"\n\nopen({str(tmp_path / 'ran')!r}, 'w').close()\n"
    folder = submission(tmp_path, source, "bad")
    (tmp_path / "ran").unlink()
    assert verify(folder, *FAST)[0] == 0
    assert not (tmp_path / "ran").exists()
    code, out = verify(folder, *FAST, "--refit")
    assert (code, "not trained again: wanted --run-code" in out) == (1, True)
    assert not (tmp_path / "ran").exists()
    assert verify(folder, *FAST, "--refit", "--run-code")[0] == 0
    assert (tmp_path / "ran").exists()


def test_altered_numbers(folder: Path, verify: Any):
    def better(cell: dict[str, Any]) -> None:
        for score in cell["scores"]:
            if score["name"] == "r@1":
                score |= {name: score[name] + 0.01 for name in ("value", "ci_low", "ci_high")}

    reforged(folder, cell=better)
    code, out = verify(folder, *FAST)
    assert (code, "its units give" in out, "nothing was scored" in out) == (1, True, True)
    code, out = verify(folder, "--json")
    told = json.loads(out)
    assert (code, told["verified"], told["slug"]) == (1, False, "atoms")
    assert any("its units give" in line for line in told["reasons"])


def better_units(cell: dict[str, Any], units: Any) -> Any:
    """Retrieval finds a few more than it does."""
    if cell["task"]["name"] != "retrieval":
        return units
    one = units["r@1"]
    hits = np.array(one.numerator)
    hits[np.flatnonzero(hits < 1)[:5]] = 1.0
    return dict(units) | {"r@1": StoredUnits(hits, one.denominator, one.cluster)}


def test_units_and_numbers_altered_together(folder: Path, verify: Any):
    reforged(folder, units=better_units)
    is_told(verify, folder, "r@1 is")


def test_units_that_only_pairing_sees(folder: Path, verify: Any):
    """The same score from other units: a difference to another method would be another."""

    def exchanged(cell: dict[str, Any], units: Any) -> Any:
        if cell["task"]["name"] != "reconstruction":
            return units
        one = units["cosine/image"]
        order = np.arange(len(one.numerator))[::-1]
        return dict(units) | {
            "cosine/image": StoredUnits(one.numerator[order], one.denominator, one.cluster)
        }

    reforged(folder, units=exchanged)
    words = ["--task", "reconstruction", "--fresh-seed", "none"]
    is_told(verify, folder, "cosine/image", *words)


def test_a_floor_that_is_lower_than_it_is(folder: Path, verify: Any):
    def lower(cell: dict[str, Any]) -> None:
        for score in cell["scores"]:
            if score["name"] == "r@1":
                nulls = [r for r in score["references"] if r["kind"] == "null"]
                for each in nulls:
                    each |= {"value": 0.0, "ci_low": 0.0}
                score |= {"floor": 0.0, "normalised": None}

    reforged(folder, cell=lower)
    is_told(verify, folder, "r@1: floor is 0 in the record")


def test_a_bad_task_told_as_one_that_does_not_apply(folder: Path, verify: Any):
    def hidden(cell: dict[str, Any]) -> None:
        if cell["task"]["name"] == "retrieval":
            cell |= {"status": "not_applicable", "reason": "needs time", "scores": []}
            cell |= {"units_file": None, "units_sha256": None, "left_out": {}}

    reforged(folder, cell=hidden)
    is_told(verify, folder, "is recorded as not applicable (needs time), and can be scored")


def test_an_altered_checkpoint(folder: Path, verify: Any):
    def noisy(tensors: dict[str, torch.Tensor]) -> None:
        own = torch.Generator().manual_seed(0)
        tensors["image.W_enc"] += 0.1 * torch.randn(tensors["image.W_enc"].shape, generator=own)

    rewritten(checkpoint(folder, 1), tensors=noisy)
    redigested(folder)
    is_told(verify, folder, "seed 1: r@1")
    code, out = verify(folder, *FAST, "--seed", "0")
    assert code == 0, out


def test_checkpoints_of_two_seeds_exchanged(folder: Path, verify: Any):
    for suffix in (".safetensors", ".json"):
        a, b = (checkpoint(folder, seed).with_suffix(suffix) for seed in (0, 1))
        kept = a.read_bytes()
        a.write_bytes(b.read_bytes())
        b.write_bytes(kept)
    redigested(folder)
    is_told(verify, folder, "its sidecar says seed 1, submission.json 0")
    for seed in (0, 1):
        path = checkpoint(folder, seed).with_suffix(".json")
        facts = json.loads(path.read_text())
        facts["of"]["seed"] = seed
        path.write_text(json.dumps(facts))
    redigested(folder)
    is_told(verify, folder, "in the record")


def test_one_dictionary_told_as_three_seeds(folder: Path, verify: Any):
    first = checkpoint(folder, 0)
    kept: dict[str, Any] = {}

    def of_first(cell: dict[str, Any], units: Any) -> Any:
        return kept.setdefault(cell["task"]["name"], units)

    for seed in (1, 2):
        other = checkpoint(folder, seed)
        shutil.copy(first, other)
        facts = json.loads(first.with_suffix(".json").read_text())
        facts["of"]["seed"] = seed
        other.with_suffix(".json").write_text(json.dumps(facts))
    redigested(folder)
    reforged(folder, units=of_first)
    is_told(verify, folder, "seeds 0, 1, 2 hold one and the same dictionary")


def test_a_seed_told_as_another_is_found_by_training_again(folder: Path, verify: Any):
    def renamed(thing: dict[str, Any]) -> None:
        thing["seed"] = 7 if thing["seed"] == 2 else thing["seed"]

    def of_cell(cell: dict[str, Any]) -> None:
        renamed(cell)
        cell["siblings"] = [7 if s == 2 else s for s in cell["siblings"]]

    path = checkpoint(folder, 2).with_suffix(".json")
    facts = json.loads(path.read_text())
    facts["of"]["seed"] = 7
    path.write_text(json.dumps(facts))
    reforged(folder, of_cell, record=lambda told: [renamed(c) for c in told["checkpoints"]])
    code, out = verify(folder, *FAST)
    assert code == 0, out  # a dictionary does not say which seed drew it
    is_told(verify, folder, "another seed or another file", *FAST, "--refit", "--run-code")


def test_an_altered_method_file(folder: Path, verify: Any):
    path = folder / "method.py"
    path.write_text(path.read_text().replace("rows of train", "columns of train"))
    rerecorded(folder)
    code, out = verify(folder, *FAST)
    assert (code, "was not made by method.py" in out) == (1, True)


def test_a_method_file_that_makes_another_dictionary(folder: Path, verify: Any):
    """Digests made anew as well: the scores are its own, the file is not what made them."""
    import hashlib

    path = folder / "method.py"
    path.write_text(path.read_text().replace('generator("atoms")', 'generator("others")'))
    own = hashlib.sha256(path.read_bytes()).hexdigest()
    tasks = json.loads((folder / "submission.json").read_text())["tasks"]

    def of_cell(cell: dict[str, Any]) -> None:
        code = own + tasks[cell["task"]["name"]]
        cell["method"]["code"] = hashlib.sha256(code.encode()).hexdigest()

    reforged(folder, of_cell)
    code, out = verify(folder, *FAST)
    assert code == 0, out
    is_told(verify, folder, "another file made them", *FAST, "--refit", "--run-code")


@pytest.mark.slow
def test_numbers_of_another_world_told_as_of_this_one(honest: Path, tmp_path: Path, verify: Any):
    """The seed of the data: cells of an easier world under the name of the public one."""
    other = submission(tmp_path, backend=f"{WORLD},seed=1")
    cells = json.loads((honest / "document.json").read_text())["cells"]
    public = cells[0]

    def of_cell(cell: dict[str, Any]) -> None:
        cell["backend"] = public["backend"]
        cell["data"] = public["data"] | {"sizes": cell["data"]["sizes"]}
        cell["data"]["ids_sha256"] = cell["data"]["ids_sha256"]

    def of_record(told: dict[str, Any]) -> None:
        for each in told["checkpoints"]:
            each |= {"backend": public["backend"]["name"], "data": public["data"]["name"]}

    for seed in (0, 1, 2):
        path = checkpoint(other, seed).with_suffix(".json")
        facts = json.loads(path.read_text())
        facts["of"] |= {"backend": public["backend"]["name"], "data": public["data"]["name"]}
        path.write_text(json.dumps(facts))
    reforged(other, of_cell, record=of_record)
    is_told(verify, other, "in the record")


def test_another_revision_of_the_data(folder: Path, verify: Any):
    reforged(folder, lambda cell: cell["data"].update(revision="of another seed"))
    is_told(verify, folder, "the data's revision: of another seed in the record")


CHEAT = '''"""Cheat: a nearest neighbour of the public test, which it draws itself."""

from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

from benchmark.backends import open_backend
from benchmark.contracts import Artifact, Budget, Method
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same


@dataclass(frozen=True)
class Cheat(Budget, Method):
    def fit(self, data):
        test = open_backend(data.backend.name).data.split("test")
        noise = 1e-3 * torch.randn(1, generator=data.generator("spread"))
        towers = {}
        for side, known in (("image", test.image), ("text", test.text)):
            atoms = normalize(known[: self.n_latents // 2], dim=1)
            d, m = atoms.shape[1], len(atoms)
            towers[side] = Tower(
                atoms.T.contiguous() * (1 + noise), torch.zeros(m), atoms, torch.zeros(d),
                activation="topk", k=self.k,
            )
        return Artifact(Paired(**towers, frame=Same(m)), data.site, k=self.k)
'''


@pytest.mark.slow
def test_what_overfits_the_public_test_is_found_on_a_fresh_one(tmp_path: Path, verify: Any):
    folder = submission(tmp_path, CHEAT, "cheat", set="n_latents=400")
    words = ["--task", "retrieval", "reconstruction"]
    is_told(verify, folder, "overfits the public test split", *words)
    assert verify(folder, *words, "--fresh-seed", "none")[0] == 0


def nan(tensors: dict[str, torch.Tensor]) -> None:
    tensors["image.W_dec"][0, 0] = torch.nan


def test_weights_that_are_not_finite(folder: Path, verify: Any):
    rewritten(checkpoint(folder, 0), tensors=nan)
    rerecorded(folder)
    code, out = verify(folder, *FAST)
    assert (code, "not finite" in out) == (1, True)


def narrower(tensors: dict[str, torch.Tensor]) -> None:
    for side in ("image", "text"):
        tensors[f"{side}.W_enc"] = tensors[f"{side}.W_enc"][:40]
        tensors[f"{side}.W_dec"] = tensors[f"{side}.W_dec"][:, :40]
        tensors[f"{side}.b_dec"] = tensors[f"{side}.b_dec"][:40]


def fewer(tensors: dict[str, torch.Tensor]) -> None:
    tensors["image.b_enc"] = tensors["image.b_enc"][:5]


@pytest.mark.usefixtures("as_users_run")
@pytest.mark.parametrize(
    ("tensors", "parts", "says"),
    [
        (narrower, {}, "image has 64 columns, the dictionary wants 40"),
        (fewer, {}, "its image dictionary has b_enc of shape [5], wanted [32]"),
        (None, {"image": {"k": 400}}, "its image dictionary has k 400, wanted 1 to its 32"),
        (None, {"frame": {"width": 10**9}}, "its frame has 1000000000 latents"),
        (None, {"text": {"scale": -1.0}}, "its text dictionary has scale -1.0"),
    ],
)
def test_a_dictionary_of_other_shapes(
    folder: Path, verify: Any, tensors: Any, parts: Any, says: str
):
    def settings(described: dict[str, Any]) -> None:
        for part, fields in parts.items():
            described[part] |= fields

    rewritten(checkpoint(folder, 0), tensors, settings)
    redigested(folder)
    is_told(verify, folder, says)


def test_codes_of_more_latents_than_the_cells_say(folder: Path, verify: Any):
    path = checkpoint(folder, 0).with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"k": 32}))
    rerecorded(folder)
    is_told(verify, folder, "its codes are truncated to k = 32, the cells say k = 4")


def test_weights_of_the_backend_where_the_method_replaces_none(folder: Path, verify: Any):
    from benchmark.sae.checkpoints import save_patch

    path = checkpoint(folder, 0)
    save_patch({"projector": torch.ones(2, 2)}, path.with_suffix(".patch.safetensors"))
    facts = json.loads(path.with_suffix(".json").read_text()) | {"patched": True}
    path.with_suffix(".json").write_text(json.dumps(facts))
    redigested(folder)
    is_told(verify, folder, "the method does not say that it is a method that patches")


def test_a_checkpoint_that_is_missing(folder: Path, verify: Any):
    path = checkpoint(folder, 2)
    name = f"checkpoints/{path.name}"

    def without(told: dict[str, Any]) -> None:
        told["checkpoints"] = [c for c in told["checkpoints"] if c["file"] != name]

    path.unlink()
    path.with_suffix(".json").unlink()
    rerecorded(folder, without)
    is_told(verify, folder, "there is no checkpoint of seed 2 at embedding")


OWN = METHOD.replace("return Artifact(Paired(", "return Artifact(Mine(").replace(
    "@dataclass(frozen=True)\nclass Atoms",
    "class Mine(Paired):\n    pass\n\n\n@dataclass(frozen=True)\nclass Atoms",
)


@pytest.mark.slow
def test_a_dictionary_of_a_class_of_its_own_takes_its_code(tmp_path: Path, verify: Any):
    folder = submission(tmp_path, OWN, "own")
    is_told(
        verify, folder, "class of the method's own, which no checkpoint holds: wanted --run-code"
    )
    code, out = verify(folder, *FAST, "--run-code")
    assert code == 0, out


def test_dictionaries_that_were_fitted_elsewhere(honest: Path, tmp_path: Path, verify: Any):
    """One at every seed, and no method: there is nothing to train again."""
    fit = sorted((honest.parent.parent / "results-atoms" / "fits").glob("*.safetensors"))[0]
    results, out = str(tmp_path / "results"), str(tmp_path / "submissions")
    run = ["run", "--checkpoint", str(fit), "name=found", "--backend", WORLD, "--seed", "0", "1"]
    tasks = ["--task", "reconstruction", "retrieval"]
    assert main([*run, "2", *tasks, "--quiet", "--output-path", results]) == 0
    words = ["--method", "found", "--author", "A. Person", "--licence", "MIT"]
    assert main(["submit", results, *words, "--output-path", out]) == 0
    folder = tmp_path / "submissions" / "found"
    assert read_submission(folder).record.imported
    code, told = verify(folder, "--task", "retrieval", "--fresh-seed", "4")
    assert code == 0, told
    assert "fitted elsewhere" in told
    assert verify(folder, "--refit")[0] == 2
    reforged(folder, units=better_units)
    is_told(verify, folder, "r@1 is")


@pytest.mark.slow
def test_a_model_at_two_sites_over_scenes(tmp_path: Path, verify: Any):
    """Honest: verified on scenes that were drawn anew. Its sites exchanged: not."""
    flags = {"backend": "pocket-clip", "site": "block:1 block:2", "limit": "80"}
    folder = submission(tmp_path, **flags)
    words = ["--task", "retrieval", "reconstruction", "--json", "--quiet"]
    code, out = verify(folder, *words, "--fresh-seed", "5")
    assert code == 0, out
    found = json.loads(out)
    assert {row["site"] for row in found["fresh"]} == {"block:1", "block:2"}
    assert any(row["fresh"] != row["public"] for row in found["fresh"])
    other = {"block:1": "block:2", "block:2": "block:1"}

    def exchanged(told: dict[str, Any]) -> None:
        for each in told["checkpoints"]:
            each["site"] = other[each["site"]]

    for seed in (0, 1, 2):
        for site in other:
            path = checkpoint(folder, seed, site).with_suffix(".json")
            facts = json.loads(path.read_text())
            facts["of"]["site"] = other[site]
            path.write_text(json.dumps(facts))
    rerecorded(folder, exchanged)
    redigested(folder)
    is_told(verify, folder, "in the record")


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        ("clip:hf-hub:some/body", "does not ship with the benchmark: --any-backend opens it"),
        ("embeddings:/etc/passwd.npz", "does not ship with the benchmark"),
        ("synthetic:n_train=90000000", "is a planted world of 90,010,000 rows"),
        ("synthetic:n_trains=9", "is no planted world"),
    ],
)
def test_no_backend_is_opened_because_a_record_names_it(
    folder: Path, verify: Any, backend: str, says: str
):
    def record(told: dict[str, Any]) -> None:
        for each in told["checkpoints"]:
            each["backend"] = backend

    reforged(folder, lambda cell: cell["backend"].update(name=backend), record=record)
    is_told(verify, folder, says)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--task", "retreival"], "--task retreival: the submission has"),
        (["--seed", "9"], "--seed 9: the submission has 0, 1, 2"),
        (["--backend", "pocket-clip"], "--backend pocket-clip: the submission has synthetic"),
        (["--seed", "0", "--record"], "only a whole one is recorded"),
        (["--fresh-seed", "0", "--task", "retrieval"], "seed 0 draws test rows that everybody"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    honest: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
):
    code = main(["verify", str(honest), "--quiet", *words])
    err = capsys.readouterr().err.strip()
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith("error: ")
    assert says in err


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["verify", str(tmp_path / "nothing")]) == 2
    assert capsys.readouterr().err.startswith("error: ")
