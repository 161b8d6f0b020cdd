"""Answers in a model's words: what is shown of them, what they rest on, and what is given where there are none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.conversations import Conversations
from rag.embed import Embedder
from rag.settings import Settings
from rag.stream import Written, written
from rag.types import Answer, Citation, Sentence
from tests.answers import save
from tests.folders import assistant_over
from tests.llm.faults import FAULTS
from tests.llm.scripted import MODEL, Script, ScriptedServer, answer, scripted
from tests.waiting import TIMEOUT

KEY = "sk-only-the-server-knows"
MILL = """\
# The mill at Arnsby

The mill at Arnsby was built in 1742 by Jane Holt. It ground rye for the whole valley.

In the spring of 1923 the mill was closed after two floods. The council paid 350 pounds for the building.

# The ferry

The ferry at Arnsby was run by Tom Reed. It carried 40 people across the river at a time.
"""
QUESTION = "When was the mill at Arnsby closed?"


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted(answer("")) as running:
        yield running


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    """An assistant without a model, over the same documents."""
    return assistant_over(tmp_path_factory.mktemp("mill"), {"mill.md": MILL}, embedder)


def with_model(built: Assistant, embedder: Embedder, url: str, **more: Any) -> Assistant:
    given = {"llm_url": url, "llm_model": MODEL, "llm_key": KEY, "llm_seconds": TIMEOUT}
    return Assistant(Settings(**built.settings.model_dump() | given | more), embedder)


@pytest.fixture
def ask(server: ScriptedServer, built: Assistant, embedder: Embedder) -> Any:
    """Ask with a model that says a text, or plays a script."""
    server.requests.clear()

    def asked(says: str | Script, question: str = QUESTION, **more: Any) -> Answer:
        server.plays(answer(says) if isinstance(says, str) else says)
        return with_model(built, embedder, server.url, **more).ask(question)

    return asked


def quotes(found: Answer, sentence: Sentence) -> list[str]:
    return [citation.quote for citation in found.citations if citation.n in sentence.citations]


def test_each_sentence_rests_on_the_sentence_of_a_document_that_says_it(ask: Any, built: Assistant) -> None:
    found = ask("The mill was closed in spring 1923 [1]. The council bought the building for 350 pounds [1].")
    assert [sentence.text for sentence in found.sentences] == [
        "The mill was closed in spring 1923.",
        "The council bought the building for 350 pounds.",
    ]
    assert [quotes(found, sentence) for sentence in found.sentences] == [
        ["In the spring of 1923 the mill was closed after two floods."],
        ["The council paid 350 pounds for the building."],
    ]
    assert [sentence.support for sentence in found.sentences] == ["supported", "supported"]
    text = built.document("mill.md").text
    assert all(text[citation.start : citation.end] == citation.quote for citation in found.citations)
    assert found.model is not None
    assert (found.model.name, found.note) == (MODEL, "")
    assert found.model.reply_tokens == 17


def test_a_sentence_of_the_document_is_a_quotation(ask: Any) -> None:
    found = ask("In the spring of 1923 the mill was closed after two floods. [1]")
    assert [sentence.support for sentence in found.sentences] == ["quoted"]


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("The mill was closed in 1932 [1].", "1932"),
        ("The mill was closed after nine floods [1].", "nine"),
        ("The mill was closed in the spring of 1923 by Tom Baker [1].", "Tom Baker"),
        ("In the spring of 1923 the mill was not closed [1].", "denies"),
        ("The mill was “closed after two great floods” in the spring of 1923 [1].", "word for word"),
    ],
)
def test_what_its_source_does_not_say_is_marked_with_the_reason(ask: Any, says: str, reason: str) -> None:
    (sentence,) = ask(says).sentences
    assert sentence.support == "unsupported"
    assert reason in sentence.reason
    assert sentence.citations


def test_invented_markers_are_dropped_and_sentences_without_one_get_theirs(ask: Any) -> None:
    found = ask("The mill was closed in the spring of 1923 [99]. The moon is made of iron. I hope this helps!")
    first, second, third = found.sentences
    assert quotes(found, first) == ["In the spring of 1923 the mill was closed after two floods."]
    assert first.support == "supported"
    assert (second.citations, second.support, second.caveat) == ((), "unsupported", "no source given")
    assert third.citations == ()


def test_a_wrong_number_gives_way_to_the_passage_that_says_it(ask: Any) -> None:
    found = ask(
        "The ferry carried 40 people at a time [1].",
        "When was the mill closed, and how many people did the ferry at Arnsby carry?",
    )
    assert all("40 people" in " ".join(quotes(found, sentence)) for sentence in found.sentences)


def test_unsupported_sentences_are_shown_hidden_or_refused(ask: Any, built: Assistant) -> None:
    says = "The mill was closed in the spring of 1923 [1]. It was closed by Tom Baker [1]."
    assert [one.support for one in ask(says).sentences] == ["supported", "unsupported"]
    assert [one.support for one in ask(says, llm_unsupported="hide").sentences] == ["supported"]
    refused = ask(says, llm_unsupported="refuse")
    assert refused.sentences == built.ask(QUESTION).sentences
    assert "says what its sources do not" in refused.note
    nothing = ask("It was closed by Tom Baker [1].", llm_unsupported="hide")
    assert nothing.sentences == built.ask(QUESTION).sentences


def same_but_for_the_note(found: Answer, quoted: Answer) -> bool:
    kept = {"sentences", "citations", "results", "verdict", "confidence"}
    return found.model_dump(include=kept) == quoted.model_dump(include=kept)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.ends and name != "refused"])
def test_where_the_server_fails_the_answer_is_quoted_and_a_line_says_why(ask: Any, built: Assistant, name: str) -> None:
    found = ask(FAULTS[name].play)
    if name in ("lone-surrogate", "control-characters"):  # a reply all the same
        json.dumps(found.model_dump(mode="json"), ensure_ascii=False).encode()
        return
    assert same_but_for_the_note(found, built.ask(QUESTION))
    assert found.note.startswith("the language model")
    assert found.note.endswith(": quoted instead")


@pytest.mark.parametrize("name", ["silent", "silent-midway", "drip", "endless"])
def test_where_the_server_is_slow_the_answer_is_quoted(
    server: ScriptedServer, built: Assistant, embedder: Embedder, name: str
) -> None:
    server.plays(FAULTS[name].play)
    found = with_model(built, embedder, server.url, llm_seconds=0.5).ask(QUESTION)
    assert same_but_for_the_note(found, built.ask(QUESTION))
    assert "within 0.5 s" in found.note or "too long" in found.note


def test_a_server_that_is_down_costs_no_answer(built: Assistant, embedder: Embedder) -> None:
    with scripted(FAULTS["refused"].play) as down:
        found = with_model(built, embedder, down.url).ask(QUESTION)
    assert same_but_for_the_note(found, built.ask(QUESTION))
    assert found.note == "the language model's server cannot be reached: quoted instead"


def test_a_model_that_finds_no_answer_leaves_the_quotation(ask: Any, built: Assistant) -> None:
    found = ask("NOT IN THE PASSAGES")
    assert same_but_for_the_note(found, built.ask(QUESTION))
    assert "does not find the answer" in found.note


def test_whether_to_answer_is_decided_before_the_model_is_asked(server: ScriptedServer, ask: Any) -> None:
    found = ask("An egg should be cooked for nine minutes [1].", "How long should an egg be cooked?")
    assert found.abstained
    assert server.asked == []
    assert found.model is None


def test_the_passages_are_fenced_and_numbered_and_the_question_comes_last(server: ScriptedServer, ask: Any) -> None:
    ask("x")
    rules, request = (message["content"] for message in server.asked[0].body["messages"])
    assert "number" in rules
    assert request.startswith('<passage number="1" document="')
    assert QUESTION in request.splitlines()[-2]
    assert "two floods" in request


def test_sentences_come_one_by_one_and_an_end_half_way_takes_them_back(
    server: ScriptedServer, built: Assistant, embedder: Embedder
) -> None:
    server.said = "The mill was closed in 1923 [1]. It was built in 1742 [1]. And then it went on grinding for a lo"
    server.plays(FAULTS["no-finish"].play)
    states: list[list[str]] = []

    def tell(sentences: Sequence[Sentence], citations: Sequence[Citation]) -> None:
        assert {n for one in sentences for n in one.citations} <= {one.n for one in citations}
        states.append([one.text for one in sentences])

    found = with_model(built, embedder, server.url).ask(QUESTION, on_sentences=tell)
    assert states[:3] == [
        [],
        ["The mill was closed in 1923."],
        ["The mill was closed in 1923.", "It was built in 1742."],
    ]
    assert states[-1] == [one.text for one in found.sentences] == [one.text for one in built.ask(QUESTION).sentences]


def test_closing_the_stream_leaves_the_server(server: ScriptedServer, built: Assistant, embedder: Embedder) -> None:
    server.requests.clear()
    server.plays(FAULTS["endless"].play)
    server.said = "The mill was closed in 1923 [1]. "
    states = written(lambda tell: with_model(built, embedder, server.url).ask(QUESTION, on_sentences=tell))
    assert isinstance(next(states), Written)
    states.close()  # type: ignore[attr-defined]
    assert server.asked[0].over.wait(TIMEOUT)
    assert server.asked[0].left


def test_the_key_is_in_no_answer_no_log_and_no_file(
    ask: Any, built: Assistant, tmp_path: Path, caplog: pytest.LogCaptureFixture, server: ScriptedServer
) -> None:
    caplog.set_level("DEBUG")
    for script in (answer(KEY + " is the key [1]."), FAULTS["401"].play):
        found = ask(script)
        assert server.asked[-1].key == KEY
        kept = Conversations(tmp_path)
        save(kept, "me", None, found.model_copy(update={"sentences": ()}))
        kept.close()
        assert KEY not in found.model_copy(update={"sentences": ()}).model_dump_json()
    assert KEY not in caplog.text
    files = [*tmp_path.rglob("*"), *Path(str(built.settings.index)).rglob("*")]
    assert not [path for path in files if path.is_file() and KEY.encode() in path.read_bytes()]
    assert KEY not in repr(Settings(llm_key=KEY))
