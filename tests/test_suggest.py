"""Suggested questions: answered from the very place they are made of, few documents read, nothing hostile."""

from __future__ import annotations

from pathlib import Path

import pytest
import regex

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.suggest import next_questions, starters
from rag.types import Document
from tests.folders import assistant_over
from tests.waiting import TIMEOUT

HANDBOOK = """# Staff handbook

## Is there a pension?

Yes: the company pays six per cent of your salary into a pension fund from your first day of work.

## Dealing with complaints

Write the complaint down, thank the customer, and hand the form to the manager on duty before you leave.

## 3.1 Room hire

The hall costs forty pounds an hour, and the small room fifteen; the key is at the front desk.
"""
MILL = (
    "The corn mill stands on the river below the bridge, and it has been at rest for a good many years. "
    "In the spring of that year Ada Brown bought the mill from the town. Two years later Ada Brown sold it again."
)
NOTE = "Buy oats, nails and lamp oil before the shop closes at six on Friday evening."


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.suggest._SECONDS", TIMEOUT)


def test_questions_are_made_of_headings_and_names_or_of_the_whole(tmp_path: Path, embedder: Embedder) -> None:
    files = {"handbook.md": HANDBOOK, "mill.txt": MILL, "shopping.txt": NOTE}
    assistant = assistant_over(tmp_path, files, embedder)
    assert starters(assistant) == [
        "Is there a pension?",
        "What is said about Ada Brown?",
        "What is shopping about?",
        "What is said about “Dealing with complaints”?",
    ]
    assert starters(assistant, 1, ["shopping.txt"]) == ["What is shopping about?"]
    for question in starters(assistant):
        assert not assistant.ask(question).abstained


def test_next_come_the_neighbours_of_what_was_cited(tmp_path: Path, embedder: Embedder) -> None:
    assistant = assistant_over(tmp_path, {"handbook.md": HANDBOOK}, embedder)
    answer = assistant.ask("How much does the company pay into the pension?")
    found = next_questions(assistant, answer, ["How much does the company pay into the pension?"])
    assert found[0] == "What is said about “Dealing with complaints”?"
    assert "Is there a pension?" not in found
    assert next_questions(assistant, answer, ["Dealing with complaints"], 1) == ["What is said about “Room hire”?"]


def test_other_languages_have_their_headings(tmp_path: Path, embedder: Embedder) -> None:
    text = "Das Rad wird zuerst abgenommen und dann im Wasser gewaschen, bis das Holz wieder hell ist. " * 4
    more = "Man wäscht das Rad der Mühle im Mai, wenn das Wasser wieder warm genug dafür ist."
    files = {"rad.md": f"# Rad\n\n{text}\n\n## Wie man das Rad der Mühle wäscht\n\n{more}\n"}
    assistant = assistant_over(tmp_path, files, embedder)
    assert starters(assistant, 1) == ["Wie man das Rad der Mühle wäscht"]


def test_hostile_documents_give_nothing_hostile(tmp_path: Path, embedder: Embedder) -> None:
    marks = ["<b>", "[x](javascript:alert(1))", "{{x}}", "\u202e", "`x`", "\x1b[31m", "&lt;", "$x$", "www.evil.example"]
    heads = [
        f"## How was the {mark} made by hand?\n\nThe {mark} was made by hand in the hills. {MILL}" for mark in marks
    ]
    assistant = assistant_over(tmp_path, {"a.md": "\n\n".join(heads)}, embedder)
    for question in starters(assistant, 20):
        assert regex.fullmatch(r"[\p{L}\p{M}\p{N} ,.'’&%:?“”–-]+", question), question
        assert "evil" not in question


def test_an_index_of_nothing_gives_none(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "corpus").mkdir()
    assert starters(assistant_over(tmp_path, {}, embedder)) == []


def test_of_many_notes_a_few_are_read_and_asked_about(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"note {n:03}.txt": f"Entry number {n}. {NOTE}" for n in range(300)}
    assistant = assistant_over(tmp_path, files, embedder)
    read: list[str] = []
    document = Assistant.document

    def noted(self: Assistant, source: str) -> Document:
        read.append(source)
        return document(self, source)

    monkeypatch.setattr(Assistant, "document", noted)
    assert starters(assistant, 1)
    assert len(set(read)) == 20
    assert max(read) > "note 250.txt"
