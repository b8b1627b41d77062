"""What `--centre` takes off the rows of the splits is taken off whatever else a backend reads."""

from __future__ import annotations

from pathlib import Path

import torch

from benchmark.command.arguments import parser
from benchmark.contracts import MODALITIES, Subject, silent
from benchmark.run.materials import gather
from benchmark.run.request import request
from tests.subjects import activations, subject


def test_a_subject_moves_other_rows_as_those_of_its_splits_were_moved() -> None:
    plain = subject(activations(torch.eye(4), torch.eye(4)))
    x = torch.ones(2, 4)
    assert torch.equal(plain.as_rows(x, "image"), x)
    moved = plain.with_(taken_off={"image": torch.tensor([1.0, 0, 0, 2])})
    assert isinstance(moved, Subject)
    assert moved.as_rows(x, "image").tolist() == [[0, 1, 1, -1]] * 2
    assert torch.equal(moved.as_rows(x, "text"), x)


def test_a_run_that_centres_says_what_it_took_off(tmp_path: Path) -> None:
    words = ["run", "--method", "identity", "--backend", "synthetic:tiny", "--output-path"]
    found = {}
    for more in ((), ("--centre",)):
        asked = request(parser().parse_args([*words, str(tmp_path), *more]))
        found[bool(more)] = gather("synthetic:tiny", asked, silent, print)
    assert found[False].taken_off == {}
    for m in MODALITIES:
        plain, centred = (found[c].split("test").rows(m) for c in (False, True))
        assert torch.allclose(plain - found[True].taken_off[m], centred, atol=1e-6)
        assert float(found[True].split("train").rows(m).mean(0).norm()) < 1e-5
