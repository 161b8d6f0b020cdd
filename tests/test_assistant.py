"""The service as a whole, on the article that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.errors import IndexFailure, IndexMismatch, UsageError
from rag.settings import Settings
from rag.types import Message


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    settings = Settings(corpus=Path("corpus"), index=tmp_path_factory.mktemp("index"))
    assistant = Assistant(settings, embedder)
    assistant.sync()
    return assistant


def test_every_sentence_of_an_answer_is_cited_word_for_word(assistant: Assistant) -> None:
    answer = assistant.ask("How many Chinese companies were put on the Entity List in August 2018?")
    assert not answer.abstained
    assert "44" in answer.sentences[0].text
    for sentence in answer.sentences:
        (n,) = sentence.citations
        citation = answer.citations[n - 1]
        document = assistant.document(citation.source)
        assert document.text[citation.start : citation.end] == citation.quote
        assert " ".join(citation.quote.split()) == sentence.text
        assert citation.sha256 == document.sha256


def test_a_question_of_another_world_is_not_answered(assistant: Assistant) -> None:
    answer = assistant.ask("How long should a soft-boiled egg be cooked?")
    assert answer.abstained
    assert not answer.sentences
    assert not answer.citations
    assert len(answer.results) == 5


def test_no_two_sentences_say_the_same(assistant: Assistant) -> None:
    answer = assistant.ask("What has happened to Huawei?", even_if_unsure=True)
    texts = [sentence.text for sentence in answer.sentences]
    assert 1 <= len(texts) <= 3
    assert len(set(texts)) == len(texts)


def test_a_follow_up_is_asked_with_its_subject(assistant: Assistant) -> None:
    history = [Message(role="user", content="Who is Yin Zhiyao?"), Message(role="assistant", content="…")]
    answer = assistant.ask("When does he expect self-sufficiency?", history)
    assert "Yin Zhiyao" in answer.query
    assert "third quarter" in answer.text


def test_a_new_subject_is_asked_as_it_stands(assistant: Assistant) -> None:
    history = [Message(role="user", content="Who is Yin Zhiyao?")]
    question = "How much is the CHIPS and Science Act worth?"
    assert assistant.ask(question, history).query == question


@pytest.mark.parametrize("question", ["", "  \n\t "])
def test_an_empty_question_is_told_so(assistant: Assistant, question: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        assistant.ask(question)


def test_asking_without_an_index_says_what_to_run(tmp_path: Path, embedder: Embedder) -> None:
    with pytest.raises(IndexFailure, match="run `rag index`"):
        Assistant(Settings(index=tmp_path / "none"), embedder).ask("Who?")


def test_an_index_of_another_model_is_refused(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        name, fingerprint = "other", "1" * 64

    other = Assistant(assistant.settings, Other())  # type: ignore[arg-type]
    with pytest.raises(IndexMismatch, match="rag index --rebuild"):
        other.ask("Who?")


def test_files_newer_than_the_index_are_told(tmp_path: Path, embedder: Embedder) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("The mill was built in 1851 by Ada Brown.")
    assistant = Assistant(Settings(corpus=corpus, index=tmp_path / "index"), embedder)
    assistant.sync()
    (corpus / "b.txt").write_text("Something else.")
    freshness = assistant.ask("Who built the mill?").freshness
    assert freshness is not None
    assert (freshness.added, freshness.changed, freshness.removed) == (1, 0, 0)
