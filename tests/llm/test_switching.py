"""A model that is taken, changed and given up while questions are asked: each meets one model whole, or none."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.errors import ModelFailure, UsageError
from rag.llm import LanguageModel, server_url
from tests.folders import assistant_over
from tests.llm.faults import FAULTS
from tests.llm.scripted import MODEL, Exchange, ScriptedServer, answer, scripted
from tests.waiting import TIMEOUT

QUESTION = "Who built the mill on the Ouse?"
SAYS = "Ada Brown built the mill on the Ouse in 1834 [1]."
KEY = "sk-of-that-server-alone"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted(answer(SAYS)) as running:
        yield running


@pytest.fixture
def assistant(tmp_path: Path, embedder: Embedder) -> Assistant:
    return assistant_over(tmp_path, {"mill.txt": "The mill on the Ouse was built by Ada Brown in 1834.\n"}, embedder)


def test_a_model_writes_from_the_next_question_on_until_it_is_given_up(
    assistant: Assistant, server: ScriptedServer
) -> None:
    quoted = assistant.ask(QUESTION).sentences
    model = LanguageModel(server.url, MODEL, "", TIMEOUT)
    assistant.use_model(model)
    assert assistant.model is model
    written = assistant.ask(QUESTION)
    assert written.model is not None
    assert written.model.name == MODEL
    assert assistant.ask(QUESTION, with_model=False).sentences == quoted
    assert len(server.asked) == 1
    assistant.use_model(None)
    assert assistant.ask(QUESTION).model is None
    assert len(server.asked) == 1


def test_a_question_that_goes_on_keeps_the_model_it_began_with(assistant: Assistant, server: ScriptedServer) -> None:
    begun, go = threading.Event(), threading.Event()

    def later(x: Exchange) -> None:
        begun.set()
        go.wait(TIMEOUT)
        answer(SAYS)(x)

    server.plays(later)
    assistant.use_model(LanguageModel(server.url, MODEL, "", TIMEOUT))
    found = []
    asking = threading.Thread(target=lambda: found.append(assistant.ask(QUESTION)))
    asking.start()
    assert begun.wait(TIMEOUT)
    assistant.use_model(None)
    go.set()
    asking.join(TIMEOUT)
    assert [one.support for one in found[0].sentences] == ["supported"]


def test_another_model_of_a_server_has_its_key_and_no_other_server_has(server: ScriptedServer) -> None:
    model = LanguageModel(server.url, MODEL, KEY, TIMEOUT).named("another")
    assert model.try_out().name == "another"
    assert [(one.key, one.body["model"]) for one in server.asked] == [(KEY, "another")]


def test_an_address_that_only_looks_like_one_is_told_when_it_is_asked() -> None:
    with pytest.raises(ModelFailure, match="none that can be asked"):
        LanguageModel(server_url("http://\u2603"), MODEL, "", TIMEOUT).try_out()


def test_a_trial_says_why_there_is_no_reply() -> None:
    for name, said in {"refused": "cannot be reached", "401": "refuses the key", "length": "too long"}.items():
        with scripted(FAULTS[name].play) as server, pytest.raises(ModelFailure, match=said):
            LanguageModel(server.url, MODEL, KEY, TIMEOUT).try_out()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:11434",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://a:99999",
        "http://a b",
        "http://a\n/",
    ],
)
def test_what_is_no_address_of_a_server_is_told_so(url: str) -> None:
    with pytest.raises(ValueError, match="give a URL such as"):
        server_url(url)


def test_without_the_client_s_package_a_model_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(UsageError, match="pip install"):
        LanguageModel(server.url, MODEL, "", TIMEOUT).load()
