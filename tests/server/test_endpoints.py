"""The page's own handlers over HTTP: what they take is what the API takes, and what they refuse is said in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.embed import Embedder
from rag.server.questions import QuestionLimit
from tests.browser import Site, served
from tests.server.sites import MILL

WHO = "Who built the mill at Brook Lane?"


def fill(corpus: Path) -> None:
    (corpus / "mill.txt").write_text(MILL)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("site"), embedder, fill) as made:
        yield made


@pytest.fixture
def few(tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that takes three questions a minute."""
    monkeypatch.setattr("ui.serve.QuestionLimit", lambda: QuestionLimit(3))
    with served(tmp_path, embedder, fill) as made:
        yield made


def called(site: Site, name: str, *data: Any) -> tuple[str, Any]:
    """Call an endpoint as Gradio has it, and return the event that ends it, and its data."""
    content = json.dumps({"data": data})  # as ASCII, which alone holds a lone surrogate
    started = httpx.post(
        f"{site.address}/gradio_api/call/{name}", content=content, headers={"content-type": "application/json"}
    )
    told = httpx.get(f"{site.address}/gradio_api/call/{name}/{started.json()['event_id']}", timeout=60)
    event, data_line = told.text.strip().split("\n")[-2:]
    return event.removeprefix("event: "), json.loads(data_line.removeprefix("data: "))


def typed(site: Site, client: httpx.Client, question: str) -> dict[str, Any]:
    """Ask a question as a person types it into the page, and return the event that ends it."""
    handlers = client.get("/config").json()["dependencies"]
    number = next(one["id"] for one in handlers if len(one["inputs"]) == 5 and len(one["outputs"]) == 5)
    body = {"data": [question, "", "", "", True], "fn_index": number, "session_hash": "abc", "trigger_id": None}
    client.post("/gradio_api/queue/join", json=body)
    told = client.get("/gradio_api/queue/data?session_hash=abc").text
    events = [json.loads(line.removeprefix("data: ")) for line in told.splitlines() if line.startswith("data: ")]
    return {"events": events, "warnings": [event["log"] for event in events if event["msg"] == "log"]}


def test_an_endpoint_answers_as_the_api_does(site: Site) -> None:
    event, (found,) = called(site, "ask", WHO, [], [])
    assert event == "complete"
    assert found["citations"][0]["quote"] == MILL.splitlines()[0]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("ask", ["x" * 10_001, [], []], "question cannot be used"),
        ("ask", [None, [], []], "question cannot be used"),
        ("ask", [[WHO], [], []], "question cannot be used"),
        ("ask", ["a\ud800", [], []], "question cannot be used"),
        ("ask", [" ", [], []], "the question is empty"),
        ("ask", [WHO, "none", []], "history cannot be used"),
        ("ask", [WHO, [{"role": "x", "content": ""}], []], "history.0.role cannot be used"),
        ("ask", [WHO, [{"role": "user", "content": "Who?"}] * 101, []], "history cannot be used"),
        ("ask", [WHO, [], "mill.txt"], "sources cannot be used"),
        ("ask", [WHO], "/ask takes question, history and sources"),
        ("ask", [], "/ask takes question, history and sources"),
        ("search", [WHO], "/search takes question, k, history and sources"),
        ("search", [WHO, 0, [], []], "k cannot be used"),
        ("search", [WHO, 10**9, [], []], "k cannot be used"),
        ("search", [WHO, "some", [], []], "k cannot be used"),
    ],
)
def test_what_an_endpoint_cannot_use_is_told_in_words(site: Site, name: str, data: list[Any], said: str) -> None:
    event, told = called(site, name, *data)
    assert event == "error"
    assert told["error"].startswith(said)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("v2/ask", {}, "No value provided for required argument: question"),
        ("v2/ask", {"question": WHO, "more": 1}, "Parameter `more` is not a valid key-word argument"),
        ("ask", {"data": 5}, "data cannot be used"),
    ],
)
def test_a_call_that_is_none_is_told_in_words(site: Site, path: str, body: dict[str, Any], said: str) -> None:
    response = httpx.post(f"{site.address}/gradio_api/call/{path}", json=body)
    assert response.status_code == 422
    assert response.json()["error"].startswith(said)


def test_questions_are_counted_together_however_they_are_asked(few: Site) -> None:
    assert [called(few, name, WHO, *more)[0] for name, *more in (("ask", [], []), ("search", 1, [], []))] == [
        "complete",
        "complete",
    ]
    assert httpx.post(f"{few.address}/api/ask", json={"question": WHO}).status_code == 200
    assert httpx.post(f"{few.address}/api/ask", json={"question": WHO}).status_code == 429
    called_too_often = httpx.post(f"{few.address}/gradio_api/call/ask", json={"data": [WHO, [], []]})
    assert called_too_often.status_code == 429
    assert called_too_often.json()["error"].startswith("more than 3 requests in a minute: wait ")
    assert int(called_too_often.headers["retry-after"]) >= 1


def test_of_calls_at_once_those_beyond_the_limit_are_refused_when_their_turn_comes(few: Site) -> None:
    with ThreadPoolExecutor(8) as many:
        found = list(many.map(lambda _: attempted(few), range(8)))
    assert found.count("complete") == 3
    assert set(found) <= {"complete", "error", "refused"}


def attempted(site: Site) -> str:
    """Return what ends a call: "refused" where it is not taken in the first place."""
    try:
        return called(site, "ask", WHO, [], [])[0]
    except KeyError:
        return "refused"


def test_who_types_too_much_or_too_often_is_told_and_others_ask_on(few: Site) -> None:
    with httpx.Client(base_url=few.address, timeout=60) as one, httpx.Client(base_url=few.address, timeout=60) as other:
        one.get("/")
        other.get("/")  # each has a session of its own
        assert "question cannot be used" in typed(few, one, "x" * 10_001)["warnings"][0]
        assert [typed(few, one, WHO)["warnings"] for _ in range(3)] == [[], [], []]
        told = typed(few, one, WHO)
        assert told["warnings"][0].startswith("more than 3 requests in a minute")
        assert told["events"][-2]["output"]["data"][1] == {"__type__": "update"}  # the box keeps it, to be asked again
        assert typed(few, other, WHO)["warnings"] == []
