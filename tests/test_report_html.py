"""The page of a run: valid, inert, honest about what is resolved, and made of whatever is left."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.portraits.making import gallery
from benchmark.portraits.records import Caption, Gallery, Picture
from benchmark.portraits.shelf import PortraitShelf
from benchmark.registry import ROOT
from benchmark.reports.html import latents
from benchmark.reports.html.claim import ALPHA
from benchmark.reports.html.claims import against_references, among_methods
from benchmark.reports.html.commands import again
from benchmark.reports.html.page import Latents, page
from benchmark.reports.html.run_folder import read_run
from benchmark.reports.html.telling import in_short
from benchmark.reports.html.tested import tested as told_apart
from benchmark.results import Cell, ReferenceScore, Run, document, read_cells, write_document
from benchmark.statistics import StoredUnits
from tests.html_checks import read
from tests.portrait_worlds import asked, tokens
from tests.records import cell, hits, put, score
from tests.test_run import one_error

TINY = ["--set", "n_latents=64", "--set", "k=4", "--set", "steps=40"]
HOSTILE = "</style></title><script>alert(1)</script><img src=x onerror=alert(1)> \u202eevil\u202c"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods and two seeds on the tiny planted world, some cells not applicable."""
    folder = tmp_path_factory.mktemp("run")
    words = ["--method", "jsae", "posthoc", "identity", "--backend", "synthetic:tiny", *TINY]
    words += ["--task", "reconstruction", "retrieval", "modality_split", "matching_rate"]
    words += ["--seed", "0", "1", "--output-path", str(folder), "--quiet"]
    assert main(["run", *words]) == 0
    return folder


def made(run: Path, *words: str, capsys: pytest.CaptureFixture[str] | None = None) -> str:
    assert main(["report", str(run), *words, "--quiet"]) == 0
    if capsys:
        capsys.readouterr()
    return (run / "report.html").read_text()


# The page of a real run


def test_a_page_is_whole_inert_and_in_order(tiny: Path) -> None:
    found = read(made(tiny))
    assert not found.faults
    assert found.csp.startswith("default-src 'none'")
    assert "script" not in found.csp
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1


def test_a_page_says_everything_in_its_order(tiny: Path) -> None:
    text = " ".join(" ".join(read(made(tiny)).text).split())
    parts = ["What was run", "In short", "Scores", "Latents", "Run it again"]
    places = [text.rindex(f" {part} ") for part in parts]
    assert places == sorted(places)
    for said in (
        "synthetic:tiny",
        "train 1,500 images",
        "explained_variance",
        "p adjusted",
        "not applicable",
        "python -m benchmark run --method jsae posthoc",
        "Rule: ",
        "seeded by the dictionary's own checksum",
    ):
        assert said in text or said == "p adjusted"
    assert "n = 600" in text
    assert "Two seeds" in text


def test_the_same_run_is_the_same_page(tiny: Path) -> None:
    first = made(tiny)
    assert made(tiny) == first
    for file in (tiny / "portraits").glob("panels-*.json"):
        file.unlink()
    assert made(tiny) == first


def test_a_second_page_needs_no_torch_and_no_matplotlib(tiny: Path) -> None:
    made(tiny)
    code = "import sys\nfrom benchmark.__main__ import main\n"
    code += "assert main(['report', sys.argv[1], '--quiet']) == 0\n"
    code += "heavy = {'torch', 'matplotlib', 'pandas', 'seaborn'} & set(sys.modules)\n"
    code += "assert not heavy, heavy\n"
    command = [sys.executable, "-c", code, str(tiny)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_where_the_page_goes(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    target = tmp_path / "deep" / "page.html"
    assert main(["report", str(tiny), "--output-path", str(target), "--latents", "0"]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    text = target.read_text()
    assert "were not asked for" in text
    assert not read(text).faults


def test_the_command_of_a_page_makes_the_same_cells(tmp_path: Path) -> None:
    given = ["--method", "posthoc", "identity", "--backend", "synthetic:tiny", *TINY, "--centre"]
    given += ["--task", "reconstruction", "--limit", "60"]
    assert main(["run", *given, "--quiet", "--output-path", str(tmp_path / "a")]) == 0
    said = shlex.split(again(read_run(tmp_path / "a")).replace("\\\n", " "))
    assert said[:4] == ["python", "-m", "benchmark", "run"]
    words = said[4 : said.index("--output-path")]
    assert main(["run", *words, "--quiet", "--output-path", str(tmp_path / "b")]) == 0
    keys = [{c.key for c in read_cells(tmp_path / run / "cells").cells} for run in ("a", "b")]
    assert keys[0] == keys[1]


# Bad input


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: None, "no folder"),
        (lambda path: path.write_text("x"), "is a file"),
        (lambda path: path.mkdir(), "holds no results"),
        (lambda path: (path / "cells").mkdir(parents=True), "holds no results"),
        (lambda path: half(path), "no whole result record"),
        (lambda path: empty_document(path), "holds no cells"),
    ],
)
def test_what_is_no_run_is_one_line(
    make, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "run")
    assert says in one_error(capsys, "report", str(tmp_path / "run"))


def half(path: Path) -> None:
    """A folder whose only record was cut off while it was written."""
    put(path / "cells", {"r@1": hits(0.5)})
    (record,) = (path / "cells").glob("*.json")
    record.write_bytes(record.read_bytes()[:100])


def empty_document(path: Path) -> None:
    path.mkdir()
    write_document(path / "document.json", document(Run(), ()))


@pytest.mark.parametrize("words", [["--latents", "-1"], ["--latents", "many"], []])
def test_flags_are_held(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    one_error(capsys, "report", *(["x", *words] if words else []))


def test_a_folder_is_no_page(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "wanted a file" in one_error(capsys, "report", str(tiny), "--output-path", str(tiny))
    assert "wanted a file" in one_error(capsys, "report", str(tiny), "--output-path", "")


# Runs by hand


def by_hand(folder: Path, *cells: Cell) -> Path:
    """A run of cells that are there with their units, and of these."""
    own = (*read_cells(folder / "cells").cells, *cells)
    write_document(folder / "document.json", document(Run(), own))
    return folder


def test_a_killed_run_is_reported_by_its_whole_cells(tmp_path: Path) -> None:
    put(tmp_path / "cells", {"r@1": hits(0.5)}, method="one")
    put(tmp_path / "cells", {"r@1": hits(0.5)}, method="two")
    broken = sorted((tmp_path / "cells").glob("*.json"))[0]
    broken.write_bytes(broken.read_bytes()[:200])
    text = made(tmp_path)
    assert not read(text).faults
    assert "the run did not finish" in text
    assert "no whole result record" in text


def test_a_damaged_document_is_told(tmp_path: Path) -> None:
    put(tmp_path / "cells", {"r@1": hits(0.5)})
    (tmp_path / "document.json").write_text("{")
    assert "is no result document" in made(tmp_path)


def test_units_that_are_gone_are_told_and_not_compared(tmp_path: Path) -> None:
    for method in ("one", "two"):
        put(tmp_path / "cells", {"r@1": hits(0.5)}, method=method)
    by_hand(tmp_path)
    next((tmp_path / "cells").glob("*.npz")).unlink()
    text = made(tmp_path)
    assert "units of 1 cells are gone" in text
    assert "not judged" in text


def test_cells_of_other_runs_are_told_and_left_out(tmp_path: Path) -> None:
    put(tmp_path / "cells", {"r@1": hits(0.5)}, method="one")
    by_hand(tmp_path)
    put(tmp_path / "cells", {"r@1": hits(0.5)}, method="another-one")
    text = made(tmp_path)
    assert "1 more cells lie in" in text
    assert "another-one" not in text


def test_nothing_is_scored(tmp_path: Path) -> None:
    failed = cell(status="failed", reason="it fell over", scores=())
    text = made(by_hand(tmp_path, failed))
    found = read(text)
    assert not found.faults
    assert "it fell over" in text
    assert "Nothing was scored" in text


def test_descriptions_are_shown_beside_the_latents_that_they_are_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--method", "posthoc", "shared", "--backend", "synthetic:tiny", *TINY]
    words += ["--task", "reconstruction", "--output-path", str(tmp_path), "--quiet"]
    assert main(["run", *words]) == 0
    file = tmp_path / "said.json"
    file.write_text(json.dumps({str(i): f"thing {i} of <text>" for i in range(64)}))
    text = made(tmp_path, "--descriptions", f"shared={file}")
    assert text.count("<dt>said to be</dt>") == 12
    pattern = r"latent (\d+) of both towers(?:(?!</article>).)+thing (\d+) of &lt;text&gt;"
    found = re.findall(pattern, text, re.S)
    assert len(found) == 12
    assert all(latent == described for latent, described in found)
    bad = {
        str(file): "2 dictionaries are shown",
        f"jsae={file}": "the run has no jsae, it has posthoc, shared",
        f"posthoc={tmp_path}/none.csv": "cannot read",
    }
    capsys.readouterr()
    for word, says in bad.items():
        assert says in one_error(capsys, "report", str(tmp_path), "--descriptions", word)
    file.write_text(json.dumps({"64": "x"}))
    told = one_error(capsys, "report", str(tmp_path), "--descriptions", f"shared={file}")
    assert "describes latent 64, shared has 64 latents: is it of another?" in told


def test_hostile_text_is_text(tmp_path: Path) -> None:
    one = cell(method=HOSTILE, status="failed", reason=HOSTILE, scores=())
    put(tmp_path / "cells", {"r@1": hits(0.5)}, method=f"b{HOSTILE}", config={"k": HOSTILE})
    found = read(made(by_hand(tmp_path, one)))
    assert not found.faults
    assert "script" not in found.tags
    assert "onerror" in "".join(found.text)
    assert "\u202e" not in "".join(found.text)


def test_hostile_captions_and_names_are_text(tmp_path: Path) -> None:
    put(tmp_path / "cells", {"r@1": hits(0.5)})
    by_hand(tmp_path)
    shelf = PortraitShelf(tmp_path / "portraits")
    seat, _ = tokens()
    whole = gallery(asked(site="patches", method=HOSTILE), seat, shelf)
    said = {0: dict.fromkeys(range(whole.counted.width), (HOSTILE,))}
    shown = Latents((hostile(whole),), ((HOSTILE, HOSTILE),), said=said)
    text = page(read_run(tmp_path), shown, shelf.folder)
    found = read(text)
    assert not found.faults
    assert "script" not in found.tags
    assert "image" in found.tags
    assert "".join(found.text).count("<script>alert(1)</script>") >= 4


def hostile(whole: Gallery) -> Gallery:
    """The same with hostile words wherever words can stand."""
    shown = []
    for latent in whole.latents:
        name = latent.name and latent.name.model_copy(update={"concept": HOSTILE})
        pictures = tuple(
            Picture(id=HOSTILE, thumb=p.thumb, value=p.value, patches=p.patches, says=HOSTILE)
            for p in latent.pictures
        )
        captions = (Caption(value=1.0, parts=((HOSTILE, 100), (HOSTILE, 0))),)
        more = {"name": name, "pictures": pictures, "captions": captions, "why": HOSTILE}
        shown.append(latent.model_copy(update=more))
    return whole.model_copy(update={"latents": tuple(shown), "rule": HOSTILE})


def test_a_thumbnail_that_is_none_is_left_out(tmp_path: Path) -> None:
    seat, _ = tokens()
    shelf = PortraitShelf(tmp_path)
    whole = gallery(asked(site="patches"), seat, shelf)
    there = latents.held([whole], shelf)
    assert there
    for name in there:
        shelf.thumb(name).write_text("<svg onload=alert(1)>")
    assert latents.held([whole], shelf) == {}


def test_exhibits_are_shown_small_and_damaged_ones_told(tmp_path: Path) -> None:
    told = put(tmp_path / "cells", {"r@1": hits(0.5)}, method="one")
    other = put(tmp_path / "cells", {"r@1": hits(0.5)}, method="two")
    folder = tmp_path / "exhibits"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (400, 4000, 3), dtype=np.uint8)
    Image.fromarray(noise // 64 * 64).save(folder / f"retrieval-one-{told.key[:8]}.png")
    (folder / f"retrieval-two-{other.key[:8]}.png").write_bytes(b"no picture")
    Image.fromarray(noise).save(folder / "retrieval-three-00000000.png")
    again = put(tmp_path / "cells", {"r@1": hits(0.5)}, method="one", seed=1)
    Image.fromarray(noise // 64 * 64).save(folder / f"retrieval-one-{again.key[:8]}.png")
    text = made(by_hand(tmp_path))
    found = read(text)
    assert not found.faults
    assert found.tags.count("img") == 1, "one seed of a method"
    assert "1 more, of other seeds or for want of room, lie in" in text
    assert f"retrieval-two-{other.key[:8]}.png is not shown" in text
    assert 'width="1500"' in text


# What may be claimed


def test_a_difference_that_is_resolved_is_told_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    for seed in (0, 1, 2):
        for method, p in (("good", 0.9), ("bad", 0.3), ("as-bad", 0.305)):
            put(folder, {"r@1": hits(p, noise=seed)}, method=method, seed=seed)
    cells = read_cells(folder).cells
    claims = among_methods(folder, cells)
    said = {(c.method, c.against): c.outcome for c in claims.rows}
    worse_or_better = said.get(("bad", "good")), said.get(("good", "bad"))
    assert worse_or_better in (("worse", None), (None, "better"))
    pair = next(v for k, v in said.items() if set(k) == {"bad", "as-bad"})
    assert pair in ("unresolved", "same")
    lines = in_short(against_references(cells), claims, [0, 1, 2])
    assert any("good is better in retrieval r@1" in line for line in lines)
    assert any("as-bad" in line and "no difference is resolved" in line for line in lines)
    text = made(by_hand(tmp_path))
    assert not re.search(r"as-bad is better|bad is better in", text)


def test_noise_is_hardly_ever_called_better(tmp_path: Path) -> None:
    """Of ten families of nine claims about nothing at most one may hold a false one (5 % do)."""
    false = 0
    for family in range(10):
        rng, folder = np.random.default_rng(family), tmp_path / str(family)
        for method in ("a", "b", "c"):
            for task in ("t1", "t2", "t3"):
                units = {"r@1": StoredUnits((rng.random(300) < 0.5) * 1.0)}
                put(folder, units, method=method, task=task)
        claims = among_methods(folder, read_cells(folder).cells)
        assert len(claims.rows) == 9
        false += any(c.outcome != "unresolved" for c in claims.rows)
    assert false <= 1


def test_holm_is_over_the_whole_family(tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    rng = np.random.default_rng(3)
    hard = rng.random(200)
    for task in [f"t{i}" for i in range(12)]:
        shift = 0.075 if task == "t0" else 0.0
        for method, p in (("a", 0.5 + shift), ("b", 0.5)):
            jitter = rng.normal(0, 0.12, 200)
            put(folder, {"r@1": StoredUnits((hard + jitter < p) * 1.0)}, method=method, task=task)
    cells = read_cells(folder).cells
    alone = [c for c in cells if c.task.name == "t0"]
    whole = {c.where.task: c.p for c in among_methods(folder, cells).rows}
    (single,) = among_methods(folder, alone).rows
    assert single.p is not None
    assert whole["t0"] == pytest.approx(min(1.0, 12 * single.p))


def against(value: float, reference: float, **changes) -> str:
    null = ReferenceScore(
        name="shuffled",
        kind="null",
        value=reference,
        ci_low=reference - 0.02,
        ci_high=reference + 0.02,
        draws=20,
    )
    ends = {"ci_low": value - 0.1, "ci_high": value + 0.1}
    told = score(value=value, floor=reference, references=(null,), **ends, **changes)
    (claim,) = against_references([cell(scores=(told,))]).rows
    return claim.outcome


def test_a_floor_is_passed_only_where_that_is_resolved() -> None:
    assert against(0.5, 0.1) == "better"
    assert against(0.5, 0.9) == "worse"
    assert against(0.5, 0.45) == "unresolved"
    assert against(0.5, 0.9, higher_is_better=False) == "better"
    assert against(0.5, 0.1, higher_is_better=None) == "differs"


def test_what_rounding_leaves_is_no_difference() -> None:
    exact = {"ci_low": 0.5, "ci_high": 0.5, "se": 0.0}
    beside = ReferenceScore(name="pca", kind="baseline", value=0.5 - 1e-9)
    told = score(value=0.5, references=(beside,), **exact)
    (claim,) = against_references([cell(scores=(told,))]).rows
    assert claim.outcome == "same"


def test_both_errors_enter_and_seeds_count() -> None:
    alone = told_apart([0.5], [0.1], [0.28], [0.0])
    both = told_apart([0.5], [0.1], [0.28], [0.1])
    assert not isinstance(alone, str)
    assert not isinstance(both, str)
    assert alone.p < ALPHA < both.p
    three = told_apart([0.4, 0.5, 0.6], [0.01] * 3, [0.2] * 3, [0.0] * 3)
    assert not isinstance(three, str)
    assert three.low == pytest.approx(0.3 - 4.302653 * (0.1 / 3**0.5 + 0), abs=0.01)
    assert isinstance(told_apart([0.5], [None], [0.2], [0.1]), str)


def test_two_configurations_of_one_method_are_told_and_compared_with_nothing(
    tmp_path: Path,
) -> None:
    for k in (8, 16):
        put(tmp_path / "cells", {"r@1": hits(0.5)}, config={"k": k})
    put(tmp_path / "cells", {"r@1": hits(0.9)}, method="other")
    text = made(by_hand(tmp_path))
    assert "in several configurations" in text
    assert not read(text).faults


# Size


def test_many_cells_make_a_page_of_bearable_size(tmp_path: Path) -> None:
    for method in range(12):
        for task in range(10):
            put(tmp_path / "cells", {"r@1": hits(0.5, n=50)}, method=f"m{method}", task=f"t{task}")
    text = made(by_hand(tmp_path), "--latents", "0")
    assert len(text) < 3_000_000
    assert "each of the first 8 with each" in text
    assert not read(text).faults


def test_nothing_of_the_machine_is_on_the_page(tiny: Path) -> None:
    text = made(tiny, "--output-path", str(tiny / "report.html"))
    assert os.path.expanduser("~/.cache") not in text
    assert json.dumps(str(ROOT))[1:-1] not in text
