"""What people rated is questions that ``rag eval`` reads and runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.conversations import Conversations, history
from rag.embed import Embedder
from rag.evaluate.questions import Evidence, read_questions, resolve
from rag.types import Message
from tests.answers import answer, save
from tests.folders import assistant_over
from tests.test_cli import parsed, rag

MILL = "Ada Brown built the mill in 1851.\n\nIt burned down in 1904 and was never rebuilt.\n"
BRIDGE = "The bridge over the Arno was opened in 1930 by the mayor.\n"
NO_ENCODING = "Why \ud800\u2028 {{x}} <b>?"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A folder with an index, and conversations of real answers, rated."""
    place = tmp_path_factory.mktemp("place")
    assistant = assistant_over(place, {"mill.txt": MILL, "sub/bridge.md": BRIDGE}, embedder)
    kept = Conversations(place / ".rag")

    def ask(conversation: str | None, question: str, rating: str, note: str = "") -> str:
        before = history(kept.get("ada", conversation).turns) if conversation else ()
        saved = save(kept, "ada", conversation, assistant.ask(question, before))
        kept.rate("ada", saved.conversation, saved.turn, rating, note)  # type: ignore[arg-type]
        return saved.conversation

    talk = ask(None, "Who built the mill?", "up")
    ask(talk, "When did it burn down?", "up")
    ask(talk, "What is the usual dose of ibuprofen?", "up")
    ask(talk, "Who opened the bridge?", "down", "it was the king\n“long live”")
    ask(talk, "Who likes ibuprofen?", "down", "it is there")
    save(kept, "ada", None, answer("Not rated?", MILL))
    other = save(kept, "bob", None, answer(NO_ENCODING, "gone", citations=()))
    kept.rate("bob", other.conversation, other.turn, "up")
    kept.close()
    run = rag(place, "feedback")
    assert (run.returncode, run.stderr) == (0, "")
    (place / "rated.jsonl").write_text(run.stdout, encoding="utf-8")
    return place


def test_right_answers_give_evidence_and_wrong_ones_a_task(place: Path) -> None:
    built, burned, dose, bridge, likes, other = read_questions(place / "rated.jsonl")
    assert (built.question, built.has_answer, built.history) == ("Who built the mill?", True, ())
    assert built.evidence == (Evidence(doc_id="mill.txt", text=MILL[:33], start=0, end=33),)
    assert burned.evidence == (Evidence(doc_id="mill.txt", text=MILL[35:-1], start=35, end=len(MILL) - 1),)
    assert burned.question == "When did it burn down?"
    assert burned.history == (
        Message(role="user", content="Who built the mill?"),
        Message(role="assistant", content=f"{MILL[:33]} [1]"),
    )
    assert (dose.answerable, dose.evidence_known, dose.evidence) == (False, True, ())
    assert (bridge.has_answer, bridge.evidence_known, bridge.useful) == (None, False, ())
    assert (likes.has_answer, likes.evidence_known) == (None, False)
    assert len(bridge.history) == 6
    assert other.question == "Why ? {{x}} <b>?"
    assert not other.evidence_known, "an answer without a source is no evidence"


def test_a_person_sees_what_was_answered_and_why_it_is_wrong(place: Path) -> None:
    lines = [json.loads(line) for line in (place / "rated.jsonl").read_text(encoding="utf-8").splitlines()]
    told = {line["question"]: (line["rating"], line["note"], line["answered"]) for line in lines}
    assert told["Who opened the bridge?"] == ("down", "it was the king\n“long live”", f"{BRIDGE.strip()} [1]")
    assert told["Who likes ibuprofen?"] == ("down", "it is there", "")
    assert "Not rated?" not in told


def test_eval_runs_on_it(place: Path) -> None:
    run = rag(place, "eval", "rated.jsonl", "--json")
    assert run.returncode == 0, run.stderr
    found = parsed(run)
    outcomes = {outcome["question"]: outcome for outcome in found["questions"]}
    assert len(outcomes) == 6
    assert outcomes["When did it burn down?"]["query"] == "built mill: When did it burn down?"
    right = [question for question, outcome in outcomes.items() if outcome["right"]]
    assert right == ["Who built the mill?", "When did it burn down?", "What is the usual dose of ibuprofen?"]
    assert outcomes["Who opened the bridge?"]["right"] is None


def test_evidence_is_found_where_it_stands(place: Path, embedder: Embedder) -> None:
    assistant = assistant_over(place, {}, embedder)
    tasks, warnings = resolve(read_questions(place / "rated.jsonl"), assistant)
    assert warnings == []
    assert [excerpt.text for task in tasks for excerpt in task.expected] == [MILL[:33], MILL[35:-1]]


def test_nothing_rated_is_said_and_no_error(tmp_path: Path) -> None:
    run = rag(tmp_path, "feedback", "--data", "elsewhere")
    assert (run.returncode, run.stdout) == (0, "")
    assert "no answer has been rated yet" in run.stderr
    (tmp_path / "elsewhere/conversations.sqlite").write_bytes(b"x" * 5000)
    run = rag(tmp_path, "feedback", "--data", "elsewhere")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("rag: the conversations in elsewhere/conversations.sqlite are damaged")
