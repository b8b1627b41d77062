"""The backend `synthetic`: what it slices, what its name says, which parameters it refuses."""

from __future__ import annotations

import pytest
import torch

from benchmark.backends import open_backend
from benchmark.backends.planted import canonical, parse
from benchmark.contracts import Backend, Need


def test_backend_slices_its_rows() -> None:
    backend = open_backend("synthetic:tiny")
    assert isinstance(backend, Backend)
    assert backend.provides >= {Need.PAIRS, Need.CONCEPTS, Need.PLANTED, Need.SAME_WIDTH}
    examples = backend.data.split("val")
    site = backend.sites[0]
    assert torch.equal(backend.encode(examples, "text", 3, 9, site), examples.text[3:9])
    assert torch.equal(backend.encode(examples, "image", 0, 2, site), examples.image[:2])
    assert backend.data.planted.n_shared == 32
    assert backend.patched({}) is backend
    with pytest.raises(ValueError, match="has no model"):
        backend.encode_texts(["concept 1"], site)
    with pytest.raises(ValueError, match="no weights"):
        backend.patched({"w": torch.zeros(1)})
    with pytest.raises(ValueError, match="drop --data"):
        backend.encode(object(), "image", 0, 1, site)


def test_a_name_says_the_whole_world() -> None:
    assert open_backend("synthetic").name == "synthetic"
    assert open_backend("synthetic:alpha=.50").name == "synthetic", "the default, spelt out"
    first, second = (open_backend(f"synthetic:{s}") for s in ("d=128,alpha=.8", "alpha=0.8,d=128"))
    assert first.name == second.name == "synthetic:d=128,alpha=0.8"
    assert first.data.name == first.name
    assert first.revision == second.revision != open_backend("synthetic").revision
    assert open_backend("synthetic:seed=1").revision != open_backend("synthetic").revision
    assert parse(canonical(parse("synthetic:paper,eps_max=.3"))) == parse(
        "synthetic:paper,eps_max=.3"
    )


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("synthetic:alhpa=.5", "did you mean alpha"),
        ("synthetic:alhpa=.5", "no parameter alhpa: "),
        ("synthetic:tiny=3", "write tiny alone"),
        ("synthetic:=3", "=3 has no name"),
        ("synthetic:alpha=.5,tiny,alpha=.8", "alpha is given twice"),
        ("synthetic:alpha", "write alpha=VALUE"),
        ("synthetic:papr", "did you mean paper"),
        ("synthetic:zzz=1", "there are: paper, tiny, audit, n_shared"),
        ("synthetic:alpha=wide", "alpha is 'wide', wanted a number"),
        ("synthetic:d=12.5", "d is '12.5', wanted a whole number"),
        ("synthetic:alpha=1.5", "alpha is 1.5, wanted -1 to 1"),
        ("synthetic:alpha=nan", "alpha is nan, wanted -1 to 1"),
        ("synthetic:noise=inf", "noise is inf, wanted"),
        ("synthetic:sparsity=1", "sparsity is 1"),
        ("synthetic:n_shared=0", "n_shared is 0, wanted 1 to 100,000,000"),
        ("synthetic:n_train=1_000_000_000", "n_train is 1000000000, wanted 1 to 100,000,000"),
        ("synthetic:noise=1e300", "noise is 1e.300, wanted 0 to 1,000,000"),
        ("synthetic:coefficients=same", "wanted independent or common"),
        ("synthetic:eps_max=.01", "Welch bound"),
    ],
)
def test_bad_parameters_are_refused_in_one_line(spec: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("(", r"\(")) as caught:
        open_backend(spec)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{spec}: ")
