"""What the server counts and writes of questions: as many as were asked, and no word of them or of a document."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from rag.assistant import Asked, Assistant
from rag.embed import Embedder
from rag.errors import RemovalGuardError
from rag.server.metrics import Metrics
from rag.server.password import set_password
from rag.settings import Settings
from rag.types import ModelUse
from tests.answers import answer
from tests.folders import assistant_over
from tests.server.sites import site

WHO = "Who built the mill at Brook Lane?"
EGG = "How long should an egg be cooked?"


def metrics(client: httpx.Client) -> dict[str, float]:
    response = client.get("/api/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    return {
        sample.name + "".join(f" {value}" for name, value in sample.labels.items() if name != "le"): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_questions_are_counted_by_what_came_of_them(assistant: Assistant) -> None:
    with site(assistant) as client:
        assert metrics(client)["rag_questions_total answered"] == 0
        for question in (WHO, WHO, EGG, "  "):
            client.post("/api/ask", json={"question": question})
        found = metrics(client)
    assert found["rag_questions_total answered"] == 2
    assert found["rag_questions_total abstained"] == 1
    assert found["rag_questions_total failed"] == 1
    assert found["rag_stage_seconds_count retrieve"] == 3
    assert found["rag_stage_seconds_sum retrieve"] > 0


def test_a_client_that_leaves_a_stream_is_no_failure(assistant: Assistant, caplog: pytest.LogCaptureFixture) -> None:
    body = json.dumps({"question": WHO, "stream": True}).encode()
    head = f"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    with site(assistant) as client:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as leaving:
                leaving.sendall(head.encode() + b"\r\n\r\n" + body)
            time.sleep(0.02)
        client.post("/api/ask", json={"question": WHO, "stream": True})  # its answer comes after theirs
        found = metrics(client)
    assert found["rag_questions_total failed"] == 0
    assert found["rag_questions_total stopped"] > 0
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_only_what_is_given_in_place_of_a_models_answer_is_a_fallback(assistant: Assistant) -> None:
    counted = Metrics(assistant)
    used = ModelUse(name="m", prompt_tokens=1, reply_tokens=1, seconds=1)
    for note, model in (("2 documents are about this name", None), ("", used), ("quoted instead", used)):
        counted.count(Asked(WHO, answer(WHO, "Ada Stone.", note=note, model=model)))
    assert b"rag_model_fallbacks_total 1.0\n" in counted.text()


def test_the_index_is_told_as_it_is(assistant: Assistant, embedder: Embedder, tmp_path: Path) -> None:
    with site(assistant) as client:
        before = metrics(client)
        assert before["rag_index_documents"] == len(assistant.documents())
        assert before["rag_index_passages"] == sum(document.chunks for document in assistant.documents())
        assert before["rag_index_failed_files"] == 1  # broken.pdf
        late = assistant.settings.corpus / "late.txt"
        late.write_text("The weir was built in 1880.")
        assert metrics(client)["rag_index_lag_files added"] == before["rag_index_lag_files added"] + 1
        late.unlink()


def test_a_line_a_question_has_no_words_unless_they_are_wanted(
    assistant: Assistant, embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "rag.asked")
    for more, words in (({}, None), ({"log": True}, False), ({"log": True, "log_questions": True}, True)):
        caplog.clear()
        with site(Assistant(Settings(**assistant.settings.model_dump() | more), embedder)) as client:
            for question in (WHO, EGG, "  "):
                client.post("/api/ask", json={"question": question})
        lines = [json.loads(record.message) for record in caplog.records if record.name == "rag.asked"]
        if words is None:
            assert lines == []
            continue
        assert [line["outcome"] for line in lines] == ["answered", "abstained", "failed"]
        assert [line.get("question") for line in lines] == ([WHO, EGG, "  "] if words else [None] * 3)
        assert not re.search(r"Ada Stone|1871|Brook", caplog.text.replace(WHO, ""))


def test_it_is_ready_once_there_is_an_index(assistant: Assistant, embedder: Embedder, tmp_path: Path) -> None:
    with site(assistant) as client:
        assert client.get("/api/ready").status_code == 200
    empty = assistant.settings.model_dump() | {"index": tmp_path / "none"}
    with site(Assistant(Settings(**empty), embedder)) as client:
        response = client.get("/api/ready")
        assert (response.status_code, "rag index" in response.json()["error"]) == (503, True)
        assert client.get("/api/health").status_code == 200


def test_it_is_not_ready_while_the_index_does_not_follow_the_folder(embedder: Embedder, tmp_path: Path) -> None:
    assistant = assistant_over(tmp_path, {f"{n}.txt": f"Lake number {n} is deep." for n in range(10)}, embedder)
    for n in range(10):
        (tmp_path / f"corpus/{n}.txt").unlink()
    with pytest.raises(RemovalGuardError):
        assistant.sync()
    with site(assistant) as client:
        response = client.get("/api/ready")
        assert response.status_code == 503
        assert "the index is not up to date: 10 of 10 documents are not in" in response.json()["error"]
        assert len(client.get("/api/documents").json()["documents"]) == 10
        assistant.sync(allow_removals=True)
        assert client.get("/api/ready").status_code == 200


def test_with_a_password_the_counters_are_for_those_who_have_it(
    assistant: Assistant, embedder: Embedder, tmp_path: Path
) -> None:
    set_password(tmp_path, "open-sesame-1")
    settings = assistant.settings.model_dump() | {"data": tmp_path}
    with site(Assistant(Settings(**settings), embedder)) as client:
        assert client.get("/api/metrics").status_code == 401
        assert client.get("/api/metrics", headers={"authorization": "Bearer open-sesame-1"}).status_code == 200
        assert client.get("/api/ready").status_code == 200
