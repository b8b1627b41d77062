"""One fit: what it may reach, and what of it survives on disk, the patch included."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.backends import open_backend
from benchmark.contracts import Artifact, Backend, Need, TrainingData
from benchmark.messages.storage import StorageError
from benchmark.run.fitting import PATCH, fit
from benchmark.run.visible import VisibleBackend
from benchmark.sae.dictionaries import Paired
from methods.random import Random
from tests.planted import training


@dataclass(frozen=True)
class Patching:
    """Any dictionary, with a weight put in the backend's place."""

    calls: list[int]

    def fit(self, data: TrainingData) -> Artifact:
        self.calls.append(data.seed)
        artifact = Random(n_latents=64, k=4).fit(data)
        patch = {"projector.weight": torch.arange(6.0).reshape(2, 3)}
        return Artifact(artifact.dictionary, data.site, k=4, patch=patch, chosen={"weight": 0.5})


def test_a_patch_survives_with_its_dictionary(tmp_path: Path):
    method = Patching([])
    made = fit(method, training(), tmp_path / "fit.safetensors")
    kept = fit(method, training(), tmp_path / "fit.safetensors")
    assert len(method.calls) == 1
    assert kept.digest == made.digest
    assert kept.parameters == made.parameters
    assert kept.artifact.chosen == {"weight": 0.5}
    assert list(kept.artifact.patch) == ["projector.weight"]
    assert torch.equal(*(f.artifact.patch["projector.weight"] for f in (kept, made)))


def test_the_patch_is_part_of_what_a_fit_is(tmp_path: Path):
    plain = fit(Random(n_latents=64, k=4), training(), tmp_path / "plain.safetensors")
    patched = fit(Patching([]), training(), tmp_path / "patched.safetensors")
    assert plain.digest != patched.digest
    assert plain.parameters is not None
    assert patched.parameters == plain.parameters + 6


def test_a_fit_of_another_folder_is_copied_whole(tmp_path: Path):
    method, shared = Patching([]), tmp_path / "cache" / "fit.safetensors"
    fit(method, training(), tmp_path / "a" / "fit.safetensors", shared)
    kept = fit(method, training(), tmp_path / "b" / "fit.safetensors", shared)
    assert len(method.calls) == 1
    assert "projector.weight" in kept.artifact.patch


def test_a_lost_patch_is_told(tmp_path: Path):
    fit(Patching([]), training(), tmp_path / "fit.safetensors")
    (tmp_path / f"fit{PATCH}").write_bytes(b"half")
    with pytest.raises(ValueError, match="fit it again"):
        fit(Patching([]), training(), tmp_path / "fit.safetensors")


def seen(*needs: Need) -> Backend:
    backend = open_backend("synthetic:tiny")
    assert backend.data is not None
    return VisibleBackend(backend, backend.data, frozenset(needs))


@pytest.mark.parametrize("split", ["test", "all"])
def test_a_fit_cannot_reach_what_judges_it(split: str):
    data = seen().data
    assert data is not None
    with pytest.raises(ValueError, match="may see train and val"):
        data.split(split)  # type: ignore[arg-type]


def test_labels_truth_and_true_pairs_stay_hidden():
    data = seen().data
    assert data is not None
    assert data.planted is None
    train = data.split("train")
    assert train.concepts is None
    assert train.negatives is None
    written = np.stack([train.caption_of, np.arange(len(train.captions))], axis=1)
    assert np.array_equal(train.true_pairs(), written)


def test_what_is_declared_is_seen():
    data = seen(Need.CONCEPTS, Need.PLANTED).data
    assert data is not None
    assert data.planted is not None
    assert data.split("train").concepts is not None


def test_rows_are_the_backends_own():
    inner, outer = open_backend("synthetic:tiny"), seen()
    assert inner.data is not None
    assert outer.data is not None
    rows = [
        b.encode(b.data.split("val"), "image", 0, 5, b.sites[0])  # type: ignore[union-attr]
        for b in (inner, outer)
    ]
    assert torch.equal(*rows)
    assert outer.patched({}).data is not None
    with pytest.raises(ValueError, match="may see"):
        outer.patched({}).data.split("test")  # type: ignore[union-attr]


def test_a_full_disk_is_no_fault_of_the_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("benchmark.sae.checkpoints.save_file", refuse)
    with pytest.raises(StorageError, match="free space or choose another --output-path"):
        fit(Random(n_latents=64, k=4), training(), tmp_path / "fit.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_a_dictionary_of_the_users_own_class_is_fitted_again(tmp_path: Path):
    @dataclass(frozen=True, eq=False)
    class Louder(Paired):
        """Paired, with an encoder of its own that no file of ours could bring back."""

    @dataclass(frozen=True)
    class Own:
        def fit(self, data: TrainingData) -> Artifact:
            made = Random(n_latents=64, k=4).fit(data).dictionary
            assert isinstance(made, Paired)
            return Artifact(Louder(made.image, made.text, made.frame), data.site, k=4)

    kept = fit(Own(), training(), tmp_path / "fit.safetensors")
    assert kept.file is None
    assert type(kept.artifact.dictionary) is Louder
    assert list(tmp_path.iterdir()) == []
