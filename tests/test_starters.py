"""Starter questions: good English, answered by the very sentence, few documents read, nothing hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import regex

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.starters import starters
from rag.starters.rules import LONGEST, is_ordinary, is_telling, names_in, questions
from rag.types import Document
from tests.answers import answer, citation
from tests.folders import assistant_over
from tests.waiting import TIMEOUT

FILLER = "Nobody in the valley remembers how the old road went, since the river took it away one wet night. "
FOUNDED, ROOM = "Ada Brown founded the Arno Savings Bank in 1851.", "It had one room at first."
BANK = f"{FILLER * 3}{FOUNDED} {ROOM} {FILLER * 2}"
DOCUMENTS = {
    "bank.txt": f"{FOUNDED} {ROOM} {FILLER * 4}",
    "bridge.txt": f"{FILLER}The Corvo Bridge was opened in 1930 by the mayor of Corvo. {FILLER * 4}",
    "chips.md": f"# Chips\n\n{FILLER * 4}Maria Lopez said that the new factories will depend on Taiwan. {FILLER}",
    "mill.txt": f"{FILLER * 3}Today the Corvo Mill is at rest. The Corvo Mill employed 45 people. {FILLER * 2}",
}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Ada Brown founded the Arno Savings Bank in 1851.", "Who founded the Arno Savings Bank?"),
        ("In 1999, Ada Brown wrote the Book of Mills for her son.", "Who wrote the Book of Mills?"),
        ("Microsoft was founded by Bill Gates and Paul Allen on April 4, 1975.", "Who founded Microsoft?"),
        ("The Corvo Bridge was opened in 1930 by the mayor.", "When was the Corvo Bridge opened?"),
        ("The Treaty of Corvo took effect in May 1971.", "When did the Treaty of Corvo take effect?"),
        ("In August 2022, Joe Biden signed the Chips Act, a law.", "When did Joe Biden sign the Chips Act?"),
        ("In August 2022, Joe Biden signed the Chips Act, a law.", "What did Joe Biden sign in August 2022?"),
        ("Intel Corporation is headquartered in Santa Clara.", "Where is Intel Corporation headquartered?"),
        ("Maria Lopez said that chips will come from Taiwan.", "What did Maria Lopez say about Taiwan?"),
        ("The Corvo Mill employed 45 people in its best years.", "How many people did the Corvo Mill employ?"),
        ("Operating costs increased 12% driven by wages and rents.", "Why did operating costs increase?"),
        ("Operating costs increased 12% driven by wages and rents.", "By how much did operating costs increase?"),
        ("Waste management is a service of the city and of others.", "What is waste management?"),
        ("Maria Lopez is an economist at the University of Corvo.", "Who is Maria Lopez?"),
        ("The reasons given for the Listing of 2018 were security and diplomacy.",
         "What were the reasons given for the Listing of 2018?"),
        ("Signs of lymphoedema include swelling and tightness of the arm.", "What are the signs of lymphoedema?"),
    ],
)  # fmt: skip
def test_a_sentence_becomes_the_question_that_a_person_would_ask(sentence: str, expected: str) -> None:
    names = names_in("at Microsoft, by Intel")
    assert expected in [question.text for question in questions(sentence, names)]


@pytest.mark.parametrize(
    "sentence",
    [
        "He founded the Arno Savings Bank in 1851 with his brother.",
        "It was opened in 1930 by the mayor of the town of Corvo.",
        "This is a company that makes many things for many people.",
        "The company is a manufacturer of very many small things.",
        "We launched the Corvo Initiative in 2020 with our friends.",
        "However is a word that begins a sentence of this kind here.",
        "Figure is a name that begins a caption in many documents.",
        "Which of the many banks in Corvo was founded by Ada Brown?",
        "THE CORVO BRIDGE WAS OPENED IN 1930 BY THE MAYOR OF CORVO.",
        "Ada Brown founded the <b>Arno</b> Savings Bank in May 1851.",
        "Ada Brown founded the [Arno](javascript:alert(1)) in 1851.",
        "Ada Brown founded the `Arno` {{Savings}} Bank in the city.",
        "Ada Brown founded the Arno\u202e\x1b[31m Savings Bank in 1851.",
        "| Ada Brown founded the Arno Savings Bank | in 1851 | ... |",
        "Ada Brown founded the evil.example Savings Bank in 1851.",
        "Side effects may include nausea and a tightness of the arm.",
    ],
)
def test_where_no_rule_surely_fits_there_is_no_question(sentence: str) -> None:
    assert [question.text for question in questions(sentence, {"Figure"}) if question.worth > 1] == []


def test_headings_are_asked_only_where_they_say_something() -> None:
    assert is_telling("Wie man eine alte Mühle instand setzt")
    assert is_telling("How is a wheel mended?")
    assert is_telling("長江はどこを流れるのか")
    for heading in (
        "FORM 10-Q",
        "Contents",
        "3.1 Overview of the model",
        "NVIDIA CORPORATION OF THE WORLD",
        "What will I see?",
    ):
        assert not is_telling(heading)
    for heading in ("How <b>is</b> it made?", "What is a\u202etxt here?", "Was ist [das](x) alles?", "Why $x$ is it?"):
        assert not is_ordinary(heading)


def check(assistant: Assistant, found: list[str]) -> list[str]:
    """Check what holds of all starters, and return the documents they are answered from."""
    sources = []
    for question in found:
        assert len(question) <= LONGEST
        assert regex.fullmatch(r"[\p{L}\p{M}\p{N} ,.'’&%:?–-]+", question), question
        given = assistant.ask(question)
        assert not given.abstained, question
        sources.append(given.citations[0].source)
    return sources


def first_excerpts(assistant: Assistant, found: list[str]) -> list[str]:
    shown = [assistant.ask(question).citations[0].excerpt for question in found]
    return [excerpt.text for excerpt in shown if excerpt is not None]


def test_each_is_answered_from_a_document_of_its_own(tmp_path: Path, embedder: Embedder) -> None:
    assistant = assistant_over(tmp_path, DOCUMENTS, embedder)
    found = starters(assistant)
    assert found == [
        "Who founded the Arno Savings Bank?",
        "When was the Corvo Bridge opened?",
        "What did Maria Lopez say about Taiwan?",
        "How many people did the Corvo Mill employ?",
    ]
    assert check(assistant, found) == ["bank.txt", "bridge.txt", "chips.md", "mill.txt"]
    made_of = [
        FOUNDED,
        "The Corvo Bridge was opened in 1930 by the mayor of Corvo.",
        "Maria Lopez said that the new factories will depend on Taiwan.",
        "The Corvo Mill employed 45 people.",
    ]
    assert all(sentence in text for sentence, text in zip(made_of, first_excerpts(assistant, found), strict=True))
    assert starters(assistant) == found
    assert starters(assistant, 2) == found[:2]


@pytest.mark.parametrize(
    ("key", "excerpt", "source", "more", "kept"),
    [
        (FOUNDED, f"{FOUNDED} {ROOM}", "bank.txt", {}, True),
        (ROOM, f"{FOUNDED} {ROOM}", "bank.txt", {}, True),
        (ROOM, f"{FOUNDED[4:]} {ROOM}", "bank.txt", {}, False),
        (FOUNDED[:-9], FOUNDED[:-9], "bank.txt", {}, False),
        (ROOM, ROOM, "bank.txt", {}, False),
        (FOUNDED, FOUNDED, "copy.txt", {}, False),
        (FOUNDED, None, "bank.txt", {}, True),  # as a language model cites
        (ROOM, None, "bank.txt", {}, False),
    ],
)
def test_the_first_excerpt_must_hold_the_sentence_a_question_is_made_of(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch,
    key: str, excerpt: str | None, source: str, more: dict[str, Any], kept: bool,
) -> None:  # fmt: skip
    assistant = assistant_over(tmp_path, {"bank.txt": BANK}, embedder)
    at = BANK.index(excerpt or key)
    shown = {"start": at, "end": at + len(excerpt), "text": excerpt} if excerpt else None
    second = citation(2, FOUNDED, "bank.txt", BANK.index(FOUNDED))
    first = citation(1, key, source, BANK.index(key), excerpt=shown)
    given = answer("Anything?", key, FOUNDED, citations=(first, second), **more)
    monkeypatch.setattr(Assistant, "ask", lambda *_: given)
    assert ("Who founded the Arno Savings Bank?" in starters(assistant)) is kept


def test_other_languages_have_their_headings(tmp_path: Path, embedder: Embedder) -> None:
    text = "Das Rad wird zuerst abgenommen und dann im Wasser gewaschen, bis das Holz wieder hell ist. " * 4
    files = {
        "rad.md": f"# Rad\n\n{text}\n\n## Wie man das Rad der Mühle wäscht\n\nMan wäscht das Rad der Mühle im Mai.\n"
    }
    assistant = assistant_over(tmp_path, files, embedder)
    found = starters(assistant)
    assert found == ["Wie man das Rad der Mühle wäscht"]
    assert check(assistant, found) == ["rad.md"]
    assert "im Mai" in first_excerpts(assistant, found)[0]


def test_hostile_documents_give_nothing_hostile(tmp_path: Path, embedder: Embedder) -> None:
    marks = ["<b>", "[x](javascript:alert(1))", "{{x}}", "\u202e", "`x`", "\x1b[31m", "&lt;", "$x$", "www.evil.example"]
    lines = [f"Ada Brown founded the {mark} Arno Bank{at} in 1851. " for at, mark in enumerate(marks)]
    heads = [f"## How was the {mark} made by hand?\n\nThe {mark} was made by hand in the hills.\n" for mark in marks]
    files = {"a.md": "\n\n".join([*lines, *heads]), "b.txt": "\n\n".join(lines * 3)}
    assistant = assistant_over(tmp_path, files, embedder)
    check(assistant, starters(assistant))


def test_an_index_of_nothing_gives_none(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "corpus").mkdir()
    assert starters(assistant_over(tmp_path, {}, embedder)) == []


def test_of_many_documents_few_are_read_and_asked(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{n:03}.txt": f"Ada{n} Brown{n} said that rain will come to Corvo. {FILLER * 4}" for n in range(300)}
    assistant = assistant_over(tmp_path, files, embedder)
    read: list[str] = []
    asked: list[str] = []
    document, ask = Assistant.document, Assistant.ask

    def noted(self: Assistant, source: str) -> Document:
        read.append(source)
        return document(self, source)

    def abstains(self: Assistant, question: str) -> object:
        asked.append(question)
        return ask(self, "What is the dose of ibuprofen?")

    monkeypatch.setattr(Assistant, "document", noted)
    monkeypatch.setattr(Assistant, "ask", abstains)
    monkeypatch.setattr("rag.starters._SECONDS", TIMEOUT)
    assert starters(assistant) == []
    assert len(set(read)) <= 20
    assert max(read) > "250.txt"
    assert 1 <= len(asked) <= 40
