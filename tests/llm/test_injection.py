"""Instructions in documents change nothing but the words of the answer, though the model obeys every one of them."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from rag import show
from rag.assistant import Assistant
from rag.embed import Embedder
from rag.export import answer_markdown
from rag.settings import Settings
from rag.types import Answer
from tests.llm.injected import Injected, injected_documents, obedient_answer, write_injected
from tests.llm.scripted import MODEL, Request, ScriptedServer, answer, scripted

DOCUMENTS = injected_documents()
KEY = "sk-only-the-server-knows"


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted(answer(obedient_answer)) as running:
        yield running


@pytest.fixture(scope="module")
def quoting(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    folder = tmp_path_factory.mktemp("injected")
    write_injected(folder / "corpus")
    made = Assistant(Settings(corpus=folder / "corpus", index=folder / "index"), embedder)
    made.sync()
    return made


@pytest.fixture(scope="module")
def obeying(quoting: Assistant, embedder: Embedder, server: ScriptedServer) -> Assistant:
    settings = quoting.settings.model_dump() | {"llm_url": server.url, "llm_model": MODEL, "llm_key": KEY}
    return Assistant(Settings(**settings), embedder)


class Asked(NamedTuple):
    """An answer of the obedient model, and what its server was asked for it."""

    answer: Answer
    requests: Sequence[Request]


@pytest.fixture(scope="module")
def asked(obeying: Assistant, server: ScriptedServer) -> Callable[[Injected], Asked]:
    """Ask each question once, since what the model says is long."""

    @cache
    def ask(document: Injected) -> Asked:
        server.requests.clear()
        return Asked(obeying.ask(document.question), tuple(server.requests))

    return ask


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.kind)
def test_nothing_but_the_words_of_the_answer_changes(
    document: Injected, quoting: Assistant, asked: Callable[[Injected], Asked], server: ScriptedServer
) -> None:
    before = contents(quoting.settings.corpus)
    (found, requests), quoted = asked(document), quoting.ask(document.question)
    changed = {"sentences", "citations", "model", "note", "timings"}
    assert found.model_dump(exclude=changed) == quoted.model_dump(exclude=changed)
    for citation in found.citations:
        assert quoting.document(citation.source).text[citation.start : citation.end] == citation.quote
    assert [(request.method, request.path) for request in requests] == [("POST", "/v1/chat/completions")]
    (request,) = requests
    assert not {"tools", "tool_choice", "functions"} & request.body.keys()
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]
    assert KEY not in request.text
    assert contents(quoting.settings.corpus) == before
    assert server.strays == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.kind)
def test_what_the_model_says_is_text_wherever_it_is_shown(
    document: Injected, quoting: Assistant, asked: Callable[[Injected], Asked], capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(document).answer
    assert all(1 <= n <= len(found.citations) for one in found.sentences for n in one.citations)
    said = " ".join(one.text for one in found.sentences)
    assert not re.search(r"!?\[[^\]]*\]\(", said)  # no picture, no link
    markdown = answer_markdown(found)
    assert not re.search(r"(?<!\\)\]\(", markdown)
    assert "<" not in markdown
    show.answer(found, quoting.document)
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert not re.search("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]", printed.out)


def test_the_true_sentence_is_in_reach_of_whoever_reads_a_false_one(quoting: Assistant) -> None:
    for document in DOCUMENTS:
        if document.kind == "flood":  # a long one: its passages are all of the same order
            continue
        found = quoting.search(document.question)
        assert any(document.truth in " ".join(result.chunk.text.split()) for result in found), document.kind


def test_the_documents_are_as_they_were(quoting: Assistant, tmp_path: Path) -> None:
    write_injected(tmp_path)
    assert contents(quoting.settings.corpus) == contents(tmp_path)
    shutil.rmtree(tmp_path)
