"""Descriptions of latents from files of every kind that is read, and one line for the rest."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmark.interchange.descriptions import read_descriptions

WANTED = {3: ("cats",), 7: ("dogs", "pets")}
ROWS = [
    {"modelId": "gemma-2-2b", "layer": "12-res-16k", "index": "3", "description": " cats "},
    {"modelId": "gemma-2-2b", "layer": "12-res-16k", "index": "7", "description": "dogs"},
    {"modelId": "gemma-2-2b", "layer": "12-res-16k", "index": "7", "description": "pets"},
    {"modelId": "gemma-2-2b", "layer": "12-res-16k", "index": "7", "description": "dogs"},
]
FEATURES = [
    {"index": 3, "explanations": [{"description": "cats"}], "frac_nonzero": 0.01},
    {"index": 7, "explanations": [{"description": "dogs"}, {"description": "pets"}]},
    {"index": 8, "explanations": []},
]


def files(folder: Path) -> list[Path]:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    texts = {
        "export.json": json.dumps(ROWS),
        "features.json": json.dumps(FEATURES),
        "export.jsonl": lines,
        "plain.json": json.dumps({"3": "cats", "7": ["dogs", "pets"]}),
        "table.csv": "latent,description\n3,cats\n7,dogs\n7,pets\n",
        "table.tsv": "feature\texplanation\n3\tcats\n7\tdogs\n7\tpets\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "batch-0.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return [folder / name for name in (*texts, "batch-0.jsonl.gz")]


def test_every_kind_of_file_says_the_same(tmp_path: Path) -> None:
    for path in files(tmp_path):
        assert read_descriptions(path, 10) == WANTED, path.name


def test_one_feature_of_neuronpedia_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(FEATURES[1]))
    assert read_descriptions(tmp_path / "one.json", 10) == {7: ("dogs", "pets")}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.json", json.dumps({"10": "x"}), "describes latent 10, the SAE has d_sae = 10"),
        ("a.json", json.dumps({"cat": "x"}), "key 'cat', wanted the number of a latent"),
        ("a.json", "[", "is no JSON"),
        ("a.json", "3", "holds a int"),
        ("a.json", "[]", "holds no descriptions"),
        ("a.json", json.dumps([{"index": 3}]), "holds no descriptions"),
        ("a.jsonl", '{"description": "x"}\n', "entry 1 names no latent"),
        ("a.csv", "latent,description\nx,cats\n", "entry 1 names no latent"),
        ("a.csv.gz", "no gzip", "cannot read"),
    ],
)
def test_what_is_no_description_is_one_line(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=says) as raised:
        read_descriptions(tmp_path / name, 10)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        read_descriptions(tmp_path / "none.csv", 10)
