"""The HTTP API over real HTTP: what it answers is what the Assistant says, and what it refuses is said in one line."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.server import api as api_module
from rag.server.app import guarded, server_app
from rag.server.questions import QuestionLimit
from rag.server.run import Server
from rag.settings import Settings
from rag.types import Answer, Message
from rag.wire import AnswerJson, SearchJson, answer_json, search_json
from tests.browser import free_port
from tests.llm.faults import FAULTS
from tests.llm.scripted import MODEL, scripted
from tests.server.sites import MILL, site
from tests.waiting import TIMEOUT, wait_until

WHO = "Who built the mill at Brook Lane?"
EGG = "How long should an egg be cooked?"


def without_times(answer: AnswerJson) -> AnswerJson:
    return answer.model_copy(update={"timings": {}})


def events(text: str) -> list[tuple[str, str]]:
    pairs = (block.split("\n") for block in text.split("\n\n") if block)
    return [(name.removeprefix("event: "), data.removeprefix("data: ")) for name, data in pairs]


def test_health_says_ok_and_no_more(client: httpx.Client) -> None:
    assert client.get("/api/health").json() == {"ok": True}


def test_an_answer_is_the_one_the_assistant_gives(client: httpx.Client, assistant: Assistant) -> None:
    found = AnswerJson.model_validate_json(client.post("/api/ask", json={"question": WHO}).content)
    assert without_times(found) == without_times(answer_json(assistant.ask(WHO)))
    assert [citation.quote for citation in found.citations] == [MILL.splitlines()[0]]
    assert (found.verdict, found.abstained, found.closest) == ("strong", False, ())


@pytest.mark.parametrize(
    ("question", "answered"),
    [
        (WHO, True),
        ("How many people did the mill at Brook Lane employ, and who was the first baker?", True),
        (EGG, False),
    ],
)
def test_every_citation_stands_in_its_document(
    client: httpx.Client, assistant: Assistant, question: str, answered: bool
) -> None:
    found = client.post("/api/ask", json={"question": question}).json()
    assert (found["abstained"], found["verdict"] == "none") == (not answered, not answered)
    assert (bool(found["citations"]), bool(found["closest"])) == (answered, not answered)
    assert [one["source"] for one in found["unread"]] == ([] if answered else ["broken.pdf"])
    for one in (*found["citations"], *found["closest"]):
        text, excerpt = assistant.document(one["source"]).text, one["excerpt"]
        assert text[one["start"] : one["end"]] == one["quote"]
        assert text[excerpt["start"] : excerpt["end"]] == excerpt["text"]
        assert excerpt["start"] <= one["start"] < one["end"] <= excerpt["end"]


def test_a_follow_up_is_asked_with_its_history(client: httpx.Client, assistant: Assistant) -> None:
    history = [
        {"role": "user", "content": "Who was the baker Otto Klein?"},
        {"role": "assistant", "content": "A baker."},
    ]
    asked = {"question": "Where did he come from?", "history": history}
    found = client.post("/api/ask", json=asked).json()
    assert found["query"] == assistant.ask(asked["question"], [Message(**m) for m in history]).query  # type: ignore[arg-type]
    assert "Otto Klein" in found["query"]
    assert {"term": "Otto Klein", "from": 1} in found["carried"]


def test_a_search_is_the_one_the_assistant_makes(client: httpx.Client, assistant: Assistant) -> None:
    found = SearchJson.model_validate_json(client.post("/api/search", json={"question": WHO, "k": 2}).content)
    assert found == search_json(WHO, assistant.search(WHO, 2), ())
    assert len(found.results) == 2


def test_of_some_documents_only_those_are_asked(client: httpx.Client) -> None:
    asked = {"question": WHO, "sources": ["sub/bakery.md"]}
    assert {one["source"] for one in client.post("/api/search", json=asked).json()["results"]} == {"sub/bakery.md"}
    assert client.post("/api/ask", json=asked).json()["within"] == ["sub/bakery.md"]
    refused = client.post("/api/ask", json={"question": WHO, "sources": ["../../etc/passwd"]})
    assert refused.status_code == 404


@pytest.mark.parametrize("by_header", [True, False])
def test_an_answer_streams_a_sentence_at_a_time(client: httpx.Client, by_header: bool) -> None:
    asked = {"question": "Who built the mill, and who was the first baker?", **({} if by_header else {"stream": True})}
    headers = {"accept": "text/event-stream"} if by_header else {}
    response = client.post("/api/ask", json=asked, headers=headers)
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    whole = AnswerJson.model_validate_json(found[-1][1])
    assert [name for name, _ in found] == ["sentence"] * len(whole.sentences) + ["answer"]
    assert [json.loads(data)["text"] for name, data in found[:-1]] == [one.text for one in whole.sentences]
    assert len(whole.sentences) >= 2


def test_a_stream_without_an_answer_gives_the_closest_excerpts(client: httpx.Client) -> None:
    ((name, data),) = events(client.post("/api/ask", json={"question": EGG, "stream": True}).text)
    whole = AnswerJson.model_validate_json(data)
    assert (name, whole.verdict, whole.sentences) == ("answer", "none", ())
    assert whole.closest[0].excerpt is not None


def test_a_stream_takes_back_what_a_model_that_broke_off_had_said(assistant: Assistant, embedder: Embedder) -> None:
    said = "Ada Stone built the mill in 1871 [1]. It employed 45 people then [1]. And that was not"
    with scripted(FAULTS["resets-midway"].play, said=said) as model:
        settings = assistant.settings.model_dump() | {"llm_url": model.url, "llm_model": MODEL}
        with site(Assistant(Settings(**settings), embedder)) as client:
            found = events(client.post("/api/ask", json={"question": WHO, "stream": True}).text)
    assert [name for name, _ in found] == ["sentence", "sentence", "again", "sentence", "answer"]
    assert json.loads(found[0][1])["support"] == "supported"
    whole = AnswerJson.model_validate_json(found[-1][1])
    assert whole.sentences == assistant.ask(WHO).sentences
    assert whole.note.endswith("quoted instead")
    assert whole.model is not None
    assert whole.model.name == MODEL


def test_a_stream_tells_an_error(client: httpx.Client) -> None:
    response = client.post("/api/ask", json={"question": WHO, "sources": ["none.txt"], "stream": True})
    ((name, data),) = events(response.text)
    assert (name, json.loads(data)["status"]) == ("error", 404)
    assert "no document 'none.txt'" in data
    empty = client.post("/api/ask", json={"question": "  ", "stream": True})
    assert (empty.status_code, empty.json()) == (422, {"error": "the question is empty: ask something"})


def test_a_whole_number_may_be_written_with_a_point(client: httpx.Client) -> None:
    assert len(client.post("/api/search", json={"question": WHO, "k": 1.0}).json()["results"]) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"question": "  "}', "the question is empty: ask something"),
        ('{"question": 5}', "question cannot be used"),
        ("{}", "question cannot be used"),
        ('{"question": "?", "k": 0}', "k cannot be used"),
        ('{"question": "?", "k": true}', "k cannot be used"),
        ('{"question": "?", "k": "5"}', "k cannot be used"),
        ('{"question": "?", "history": [{"role": "system", "content": ""}]}', "history.0.role cannot be used"),
        ('{"question": "?", "path": "/etc"}', "path cannot be used"),
        ("{", "the request is not JSON"),
        ('{"question": "a\\ud800"}', "question cannot be used"),
        ('{"question": "?", "history": [{"role": "user", "content": "a\\ud800"}]}', "history.0.content cannot be used"),
        ('{"question": "?", "sources": ["a\\ud800"]}', "sources.0 cannot be used"),
        ('{"question": "?", "\\ud800": 1}', "the request cannot be used"),
        (json.dumps({"question": "a" * 10_001}), "question cannot be used"),
        ("[" * 100_000, "error parsing the body"),
    ],
)
def test_a_request_that_cannot_be_used_is_told_why(client: httpx.Client, body: str, said: str) -> None:
    response = client.post("/api/search", content=body, headers={"content-type": "application/json"})
    assert response.status_code == (400 if "parsing" in said else 422)
    assert set(response.json()) == {"error"}
    assert said in response.json()["error"]
    assert "\n" not in response.json()["error"]


def test_what_is_not_there_is_told_as_json(client: httpx.Client) -> None:
    assert client.get("/api/nothing").status_code == 404
    assert set(client.get("/api/nothing").json()) == {"error"}
    assert client.get("/docs").status_code == 404


def test_openapi_tells_the_answer_and_the_errors(client: httpx.Client) -> None:
    found = client.get("/api/openapi.json").json()
    ask = found["paths"]["/api/ask"]["post"]["responses"]
    assert ask["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/AnswerJson")
    assert ask["503"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")
    schemas = found["components"]["schemas"]
    assert set(schemas["AnswerJson"]["required"]) == set(AnswerJson.model_fields)
    assert schemas["AnswerJson"]["properties"]["verdict"]["enum"] == ["strong", "likely", "none"]
    assert set(schemas["Excerpt"]["properties"]) == {"start", "end", "text", "context", "extent"}
    assert set(schemas["CarriedJson"]["properties"]) == {"term", "from"}
    assert "``closest``" in schemas["AnswerJson"]["description"]
    assert "http" not in json.dumps(found["paths"])


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_a_megabyte_is_refused_also_without_its_length(client: httpx.Client, declared: bool) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield b'{"question": "'
        while sent < 64 * 2**20:
            sent += 2**16
            yield b"a" * 2**16

    body = b"a" * (2**20 + 1) if declared else pieces()
    try:
        response = client.post("/api/ask", content=body, headers={"content-type": "application/json"})
        assert response.status_code == 413
    except httpx.WriteError:  # the server had closed: what counts is that it stopped reading
        assert not declared
    assert client.post("/api/search", json={"question": WHO}).status_code == 200


def test_sixty_four_questions_at_once_are_answered_or_turned_away_and_none_hangs(
    alone: httpx.Client, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering, real = threading.Event(), assistant.ask

    def held(*given: Any, **named: Any) -> Answer:
        answering.wait(TIMEOUT)
        return real(*given, **named)

    def ask(number: int) -> httpx.Response:
        return httpx.post(f"{alone.base_url}/api/ask", json={"question": f"{WHO} {number}"}, timeout=2 * TIMEOUT)

    monkeypatch.setattr(assistant, "ask", held)
    with ThreadPoolExecutor(64) as many:
        asking = [many.submit(ask, number) for number in range(64)]
        turned_away = [one.result() for one in islice(as_completed(asking), 64 - 18)]
        answering.set()
        counts = Counter(one.result().status_code for one in asking)
    assert counts[200] == 18  # those at once, and those that may wait
    assert {response.status_code for response in turned_away} <= {429, 503}
    assert counts[503] > 0
    assert all(int(response.headers["retry-after"]) >= 1 for response in turned_away)
    assert alone.get("/api/health").status_code == 200


def test_a_client_that_asks_too_often_waits(assistant: Assistant) -> None:
    with site(assistant, QuestionLimit(3)) as client:
        found = [client.post("/api/search", json={"question": WHO}) for _ in range(4)]
    assert [response.status_code for response in found] == [200, 200, 200, 429]
    assert 1 <= int(found[3].headers["retry-after"]) <= 20
    assert "wait" in found[3].json()["error"]


def test_a_client_that_leaves_does_not_hold_its_place(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "_QUESTIONS_AT_ONCE", 1)
    monkeypatch.setattr(api_module, "_QUESTIONS_WAITING", 0)
    with site(assistant) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/api/ask", json={"question": WHO}, timeout=httpx.Timeout(TIMEOUT, read=0.001))
        asked = {"question": WHO}
        assert wait_until(lambda: client.post("/api/ask", json=asked).status_code == 200, every=1)  # as the rate allows


def test_an_unforeseen_failure_is_told_without_its_workings(
    assistant: Assistant, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret workings")

    monkeypatch.setattr(assistant, "listed", fail)
    response = client.get("/api/documents")
    assert response.status_code == 500
    assert set(response.json()) == {"error"}
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_an_index_that_is_not_there_is_told(tmp_path: Path, assistant: Assistant) -> None:
    settings = assistant.settings.model_copy(update={"index": tmp_path / "none"})
    with site(Assistant(settings, assistant._embedder)) as client:
        response = client.post("/api/ask", json={"question": WHO})
    assert response.status_code == 503
    assert "rag index" in response.json()["error"]


def test_the_server_ends_while_a_stream_is_open(assistant: Assistant) -> None:
    port = free_port()
    server = Server(guarded(server_app(assistant), assistant.settings), "127.0.0.1", port)
    asked = {"question": WHO, "stream": True}
    with httpx.stream("POST", f"http://127.0.0.1:{port}/api/ask", json=asked, timeout=TIMEOUT):
        server.close()
        assert wait_until(lambda: not server._thread.is_alive())
