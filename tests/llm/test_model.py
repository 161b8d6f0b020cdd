"""The language model's client: a whole reply, or one line that says why there is none, in the time that was given."""

from __future__ import annotations

import time

import pytest

from rag.errors import ModelFailure
from rag.llm import LanguageModel
from tests.llm.faults import FAULTS, ways
from tests.llm.scripted import MODEL, answer, scripted
from tests.waiting import TIMEOUT

KEY = "sk-only-the-server-knows"
REPLY = "The mill was closed in 1923 [1]. It had “nine” wheels – größer als 日本 [2]."


def model(url: str, seconds: float = TIMEOUT) -> LanguageModel:
    return LanguageModel(url, MODEL, KEY, seconds)


@pytest.mark.parametrize("way", ways(REPLY))
def test_a_reply_is_read_whole_however_it_is_sent(way: str) -> None:
    with scripted(ways(REPLY)[way]) as server:
        assert "".join(model(server.url).ask("Be brief.", "When?", 50)) == REPLY
    (request,) = server.asked
    assert request.key == KEY
    assert [message["content"] for message in request.body["messages"]] == ["Be brief.", "When?"]
    assert not {"tools", "functions", "tool_choice"} & request.body.keys()


def test_what_a_reply_took_is_counted_by_the_server() -> None:
    with scripted(answer(REPLY)) as server:
        reply = model(server.url).ask("Be brief.", "When?", 50)
        assert (reply.use.prompt_tokens, reply.use.reply_tokens) == (None, None)
        "".join(reply)
    assert (reply.use.prompt_tokens, reply.use.reply_tokens) == (3, len(REPLY.split()))
    assert reply.use.name == MODEL
    assert reply.use.seconds > 0


HARMLESS = {"lone-surrogate": "half of a letter: ", "control-characters": "[2J\u202e"}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_text_is_left_out(name: str) -> None:
    with scripted(FAULTS[name].play) as server:
        assert "".join(model(server.url).ask("Be brief.", "When?", 50)) == server.said + HARMLESS[name]


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - HARMLESS.keys()))
def test_whatever_goes_wrong_is_told_in_one_line(name: str, caplog: pytest.LogCaptureFixture) -> None:
    fault = FAULTS[name]
    with scripted(fault.play) as server:
        started = time.monotonic()
        with pytest.raises(ModelFailure) as failure:
            "".join(model(server.url, TIMEOUT if fault.ends else 1).ask("Be brief.", "When?", 50))
        took = time.monotonic() - started
        assert server.strays == []
    said = str(failure.value)
    assert said.startswith("the language model")
    assert "\n" not in said
    assert KEY not in said + caplog.text
    assert took < TIMEOUT  # of what has no end, the server would give up later


def test_what_went_wrong_is_told_apart() -> None:
    told = {
        "refused": "cannot be reached",
        "401": "refuses the key",
        "404-model": "knows no model",
        "429": "too busy",
        "500": r"failed \(500\)",
        "silent": "within 1 s",
        "drip": "within 1 s",
        "endless-line": "within 1 s|no answer",
        "length": "too long",
        "content-filter": "refused to answer",
        "refusal": "refused to answer",
        "no-finish": "half-way",
    }
    for name, said in told.items():
        with scripted(FAULTS[name].play) as server, pytest.raises(ModelFailure, match=said):
            "".join(model(server.url, TIMEOUT if FAULTS[name].ends else 1).ask("Be brief.", "When?", 50))


def test_a_proxy_is_not_told_what_this_machine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(answer("From the proxy.")) as proxy, scripted(answer(REPLY)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert "".join(model(server.url).ask("Be brief.", "When?", 50)) == REPLY
        assert proxy.requests == []


def test_a_server_that_knows_fewer_settings_is_asked_more_plainly() -> None:
    with scripted(FAULTS["422-detail"].play, answer(REPLY)) as server:
        assert "".join(model(server.url).ask("Be brief.", "When?", 50)) == REPLY
    first, second = server.asked
    assert first.body["max_tokens"] == second.body["max_completion_tokens"] == 50
    assert "temperature" not in second.body
