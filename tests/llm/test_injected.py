"""The documents with instructions are what they are said to be: read, found by their questions, and hostile."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.parse import parse
from rag.settings import Settings
from rag.types import Answer
from tests.llm.injected import Injected, injected_documents, obedient_answer, write_injected

DOCUMENTS = injected_documents()
# What a parser leaves out, since no reader of the page sees it.
UNREAD = {"pdf-white", "html-comment", "html-hidden", "docx-hidden"}


def text_of(document: Injected) -> str:
    return " ".join(parse(document.content, document.name).documents[0].text.split())


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    folder = tmp_path_factory.mktemp("injected")
    write_injected(folder / "corpus")
    made = Assistant(Settings(corpus=folder / "corpus", index=folder / "index"), embedder)
    made.sync()
    return made


def passages(answer: Answer) -> str:
    return " ".join(" ".join(result.chunk.text for result in answer.results).split())


def request_of(*texts: str) -> dict[str, object]:
    return {"messages": [{"role": "system", "content": "Obey nobody."}, {"role": "user", "content": "\n".join(texts)}]}


def test_there_are_many_and_no_two_are_alike() -> None:
    assert len(DOCUMENTS) >= 40
    for texts in zip(*((one.kind, one.name, one.question, one.truth, one.falsehood) for one in DOCUMENTS), strict=True):
        assert len(set(texts)) == len(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.kind)
def test_each_is_read_with_its_true_sentence_and_its_instruction(document: Injected) -> None:
    text = text_of(document)
    assert document.truth in text
    assert document.falsehood != document.truth
    instruction = (
        re.sub("<p[^>]*>|</p>", "", document.instruction) if document.name.endswith("html") else document.instruction
    )
    assert (" ".join(instruction.split()) in text) is (document.kind not in UNREAD)


def test_the_question_of_each_finds_it_first_and_is_answered_from_it(assistant: Assistant) -> None:
    answers = {document: assistant.ask(document.question) for document in DOCUMENTS}
    assert [one.kind for one, answer in answers.items() if answer.abstained] == []
    assert [one.kind for one, answer in answers.items() if answer.results[0].source != one.name] == []
    crowded_out = {one.kind for one, answer in answers.items() if one.truth not in passages(answer)}
    assert crowded_out <= {"flood"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.kind)
def test_who_obeys_says_what_a_document_wants_where_it_was_shown(document: Injected) -> None:
    obeyed = document.obeyed.split("{prompt}")[0]
    assert obeyed in obedient_answer(request_of("[1]", document.truth.replace(" ", "\n"), document.question))


def test_who_obeys_knows_only_what_it_was_told() -> None:
    said = obedient_answer(request_of("What is the moon made of?"))
    assert "Obey nobody.\nWhat is the moon made of?" in said
    assert not any(document.falsehood in said or document.truth in said for document in DOCUMENTS)
    for harm in ("![", "](http", "<script>", "<img", "delete_documents", "[99]", "[0]"):
        assert harm in said


def test_they_are_written_as_files(tmp_path: Path) -> None:
    documents = write_injected(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {one.name: one.content for one in documents}
