"""An endpoint as judge, held against a server of this machine: keys, refusals, patience, costs."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.judging.endpoint import EndpointJudge, data_url
from benchmark.judging.pictures import Gallery
from benchmark.judging.posting import TRIES, Server
from benchmark.judging.sheets import sheets_of
from benchmark.judging.spending import Spending
from tests.judged_runs import judged_run

KEY = "sk-of-no-one"
VARIABLE = "A_KEY"
PICTURE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


@dataclass
class Script:
    """What a server answers, one after the other (the last for ever), and what it was asked."""

    answers: list[tuple[int, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def next(self) -> tuple[int, Any]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Local(ThreadingHTTPServer):
    """Does not ask the network for the name of this machine."""

    def server_bind(self) -> None:
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


def said(text: str, tokens: int = 100) -> tuple[int, Any]:
    usage = {"prompt_tokens": tokens, "completion_tokens": 1}
    return 200, {"choices": [{"message": {"content": text}}], "usage": usage}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    monkeypatch.setenv(VARIABLE, KEY)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    found = Script([said("A")])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            found.headers.append(dict(self.headers))
            found.paths.append(self.path)
            code, body = found.next()
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(code)
            for name, value in found.more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            return

    server = Local(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield found
    server.shutdown()
    server.server_close()


class Nothing(Gallery):
    """No picture at hand."""

    def of(self, cell: Any, cases: Any) -> None:
        del cell, cases


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def judge(script: Script, waits: list[float], tmp_path: Path) -> EndpointJudge:
    server = Server(script.url, VARIABLE, timeout_s=5, sleep=waits.append)
    return EndpointJudge("openai:m", "m", server, Spending(), Nothing(), tmp_path / "kept")


def test_a_request_is_what_such_servers_take(judge: EndpointJudge, script: Script) -> None:
    assert judge.reply("which?", PICTURE) == "A"
    (asked,) = script.asked
    picture, text = asked["messages"][0]["content"]
    assert script.paths == ["/v1/chat/completions"]
    assert script.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("m", 0, 16)
    assert text == {"type": "text", "text": "which?"}
    head, _, content = picture["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(content)))), PICTURE)


def test_large_pictures_are_sent_smaller() -> None:
    head, _, content = data_url(Image.new("RGB", (1600, 800))).partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (768, 384)


def test_a_reply_is_paid_once(judge: EndpointJudge, script: Script) -> None:
    assert [judge.reply("which?", PICTURE) for _ in range(3)] == ["A"] * 3
    assert len(script.asked) == 1
    assert (judge.spending.requests, judge.spending.remembered) == (1, 2)
    judge.reply("which?", PICTURE + 1)
    judge.reply("which?")
    judge.reply("what?", PICTURE)
    assert len(script.asked) == 4


def test_a_damaged_memory_is_asked_again(judge: EndpointJudge, script: Script) -> None:
    judge.reply("which?")
    (file,) = (judge.root or Path()).glob("*.json")
    assert KEY not in file.read_text()
    file.write_text("[")
    assert judge.reply("which?") == "A"
    assert len(script.asked) == 2


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_busy_server_is_asked_again_later(
    judge: EndpointJudge, script: Script, waits: list[float], code: int
) -> None:
    script.answers = [(code, {}), (code, {}), said("B")]
    assert judge.reply("which?") == "B"
    assert waits == [1.0, 2.0]


def test_the_wait_that_a_server_asks_for_is_kept_to(
    judge: EndpointJudge, script: Script, waits: list[float]
) -> None:
    script.answers, script.more = [(429, {}), said("B")], {"Retry-After": "7"}
    judge.reply("which?")
    assert waits == [7.0]


def test_a_server_that_stays_busy_is_given_up(judge: EndpointJudge, script: Script) -> None:
    script.answers = [(503, {})]
    with pytest.raises(ValueError, match=f"answers 503 after {TRIES} tries"):
        judge.reply("which?")
    assert len(script.asked) == TRIES


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (401, f"the key in {VARIABLE} is not accepted"),
        (404, "no such model or address"),
        (302, "answers 302, wanted 200"),
        (400, "answers 400: .*key …"),
    ],
)
def test_a_refusal_is_one_line_without_the_key(
    judge: EndpointJudge, script: Script, code: int, wanted: str
) -> None:
    script.answers = [(code, {"error": f"key {KEY}\nis odd"})]
    script.more = {"Location": script.url + "/elsewhere/chat/completions"}
    with pytest.raises(ValueError, match=wanted) as raised:
        judge.reply("which?")
    assert len(script.asked) == 1
    assert KEY not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_a_key_none_is_sent(
    judge: EndpointJudge, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    judge.reply("which?")
    assert "Authorization" not in script.headers[0]
    script.answers = [(401, {})]
    with pytest.raises(ValueError, match=f"the key in {VARIABLE} is not set"):
        judge.reply("what?")


@pytest.mark.parametrize("answer", [b"<html>", {"choices": []}, {"error": "?"}, []])
def test_what_is_no_completion_is_said(judge: EndpointJudge, script: Script, answer: Any) -> None:
    script.answers = [(200, answer)]
    with pytest.raises(ValueError, match="is it an OpenAI-compatible server"):
        judge.reply("which?")


def test_models_that_bound_replies_otherwise_are_asked_so(
    judge: EndpointJudge, script: Script
) -> None:
    script.answers = [(400, {"error": "use max_completion_tokens instead"}), said("C")]
    assert judge.reply("which?") == "C"
    assert "max_tokens" not in script.asked[1]
    assert script.asked[1]["max_completion_tokens"] == 16


def test_a_silent_server_is_given_up(waits: list[float]) -> None:
    server = Server("http://127.0.0.1:9/v1", VARIABLE, timeout_s=0.2, sleep=waits.append)
    with pytest.raises(ValueError, match="answers nothing"):
        server.post("chat/completions", {})
    assert waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("localhost:8000", "wanted one as https://HOST/v1"),
        ("ftp://host/v1", "wanted one as https://HOST/v1"),
        ("https://user:pass@host/v1", "holds a password"),
        ("http://host/v1", "is not encrypted"),
    ],
)
def test_addresses_that_would_give_a_key_away_are_refused(
    url: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    with pytest.raises(ValueError, match=wanted) as raised:
        Server(url, VARIABLE)
    assert "pass@" not in str(raised.value)


def test_costs_are_counted_and_bounded(judge: EndpointJudge, script: Script) -> None:
    judge.spending.price_in, judge.spending.price_out = 1000.0, 2000.0
    judge.reply("which?")
    assert judge.spending.cost == pytest.approx(0.102)
    judge.spending.most = 0.3
    judge.reply("what?")  # at most 150 tokens in and 16 out: 0.182 more
    with pytest.raises(ValueError, match="it was not sent") as raised:
        judge.reply("who?")
    assert len(script.asked) == 2
    assert "2 requests, 200 tokens in, 2 out, 0.2040 dollars" in str(raised.value)


def test_the_first_request_is_bounded_too(judge: EndpointJudge, script: Script) -> None:
    spending = judge.spending
    spending.price_in, spending.price_out, spending.most = 1.0, 1.0, 0.02
    with pytest.raises(ValueError, match="was not sent"):
        judge.reply("which?", PICTURE)
    assert script.asked == []
    judge.reply("which?")
    assert len(script.asked) == 1


def test_without_usage_every_byte_is_a_token() -> None:
    spending = Spending(1.0, 1.0)
    spending.count(None, "four", "A")
    assert (spending.tokens_in, spending.tokens_out) == (4, 1)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"most": 1.0}, "needs --price-in and --price-out"),
        ({"price_in": -1.0}, "below 0"),
        ({"price_in": float("nan")}, "below 0"),
    ],
)
def test_a_bound_without_prices_is_refused(given: dict[str, float], wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        Spending(**given)


def test_every_case_of_a_sheet_is_judged(
    judge: EndpointJudge, script: Script, tmp_path: Path
) -> None:
    (sheet,) = sheets_of(judged_run(tmp_path / "run"))
    script.answers = [said("A"), said("The answer is B."), said("who knows"), said("C")]
    found = judge.opinions(sheet)
    assert found.scores == (2, 1, None, 2, 2, 0)
    assert judge.spending.remembered == 2, "two cases read alike, word for word"
    assert found.unjudged == {"the reply names no letter, or several": 1}


def test_the_verb_asks_an_endpoint_and_says_what_it_spent(
    script: Script,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    run, data = judged_run(tmp_path / "run", data="nowhere"), tmp_path / "judged.json"
    words = ["judge", str(run), "--judge", "names", "openai:m", "--base-url", script.url]
    words += ["--key-variable", VARIABLE, "--price-in", "1", "--price-out", "1"]
    assert main([*words, "--json", str(data)]) == 0
    said = capsys.readouterr()
    assert "names and openai:m" in said.out
    assert "judged without pictures: no data called nowhere" in said.err
    assert "spent: 4 requests, 400 tokens in, 4 out, 0.0004 dollars, 2 replies from" in said.err
    assert json.loads(data.read_text())["spent"]["requests"] == 4
    kept = [*(tmp_path / "cache").rglob("*.json"), data]
    assert not any(KEY in text for text in (said.out, said.err, *(f.read_text() for f in kept)))
    script.answers = [(401, {})]
    (tmp_path / "cache" / "judgements").rename(tmp_path / "gone")
    assert main([*words, "--max-cost", "1"]) == 2
    assert f"the key in {VARIABLE} is not accepted" in capsys.readouterr().err
