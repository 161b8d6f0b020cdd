"""Questions read, asked with the real model, and compared with what is known, over a corpus of three files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.errors import UsageError
from rag.evaluate.ask import Outcome, ask_all
from rag.evaluate.measures import measures
from rag.evaluate.questions import Tasks, read_questions, resolve
from rag.types import Answer, Excerpt
from tests.answers import answer, citation
from tests.folders import assistant_over

MILL = "Ada Brown built the mill in 1851.\n\nIt burned down in 1904 and was never rebuilt.\n"
BRIDGE = "The old bridge over the Wend was designed by Tom Hale.\n\nIts toll was abolished\nin 1930.\n"
CLUB = "The bridge club meets on Mondays."
UNANSWERABLE = {"question": "What is the usual dose of ibuprofen?", "answerable": False}

Ask = Callable[..., list[Outcome]]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    """An assistant over three files, two of which share a stem."""
    files = {"mill.txt": MILL, "on/bridge.txt": BRIDGE, "on/bridge.md": CLUB}
    return assistant_over(tmp_path_factory.mktemp("place"), files, embedder)


@pytest.fixture
def resolved(tmp_path: Path, assistant: Assistant) -> Callable[..., Tasks]:
    """Write questions to a file, read them and find their evidence."""

    def run(*questions: dict[str, Any]) -> Tasks:
        path = tmp_path / "questions.jsonl"
        path.write_text("\n".join(json.dumps(question) for question in questions), encoding="utf-8")
        return resolve(read_questions(path), assistant)

    return run


@pytest.fixture
def ask(resolved: Callable[..., Tasks], assistant: Assistant) -> Ask:
    """Ask questions and return how they went."""
    return lambda *questions: list(ask_all(resolved(*questions).tasks, assistant))


def evidence(doc_id: str, text: str, words: str) -> dict[str, Any]:
    start = text.index(words)
    return {"doc_id": doc_id, "text": words, "start": start, "end": start + len(words)}


BUILT = {"question": "Who built the mill?", "answers": ["Ada Brown"], "evidence": [evidence("mill", MILL, "Ada Brown")]}


def test_an_answerable_question_and_one_that_is_not(ask: Ask, assistant: Assistant) -> None:
    built, dose = ask(BUILT, UNANSWERABLE)
    assert (built.id, built.answerable, built.answered, built.right) == ("1", True, True, True)
    assert (built.hit_at_1, built.hit_at_5) == (True, True)
    assert (built.first_excerpt_answers, built.shown_answers, built.first_sentence_answers) == (True, True, True)
    assert (built.evidence_mrr, built.evidence_ndcg_at_10, built.document_mrr, built.document_ndcg_at_10) == (
        1,
        1,
        1,
        1,
    )
    assert built.recall == 1.0
    found = {(r.source, at) for r in assistant.search(built.question) for at in range(r.chunk.start, r.chunk.end)}
    assert built.precision == pytest.approx(len("Ada Brown") / len(found))
    assert built.cited_recall == 1.0
    assert built.cited[0].text == MILL.strip()
    assert built.characters == sum(excerpt.end - excerpt.start for excerpt in built.cited)
    assert built.cited_precision == built.cited_iou == len("Ada Brown") / built.characters
    assert (dose.answerable, dose.answered, dose.right) == (False, False, True)
    assert (dose.recall, dose.first_excerpt_answers, dose.document_mrr) == (None, None, None)
    assert (dose.shown_answers, dose.first_sentence_answers) == (None, None)
    assert built.confidence > dose.confidence
    found_measures = measures([built, dose])
    assert found_measures["auroc"].value == 1.0
    assert found_measures["seconds_mean"].value > 0


def test_answered_is_what_asking_would_have_done(ask: Ask, assistant: Assistant) -> None:
    questions = [BUILT, UNANSWERABLE, {"question": "Who designed the bridge?"}, {"question": "When did it burn down?"}]
    outcomes = ask(*questions)
    assert [one.answered for one in outcomes] == [not assistant.ask(one.question).abstained for one in outcomes]
    assert {one.answered for one in outcomes} == {True, False}


def test_an_answer_held_back_is_measured_all_the_same(resolved: Callable[..., Tasks], assistant: Assistant) -> None:
    strict = Assistant(assistant.settings.model_copy(update={"answer_above": 1.0}), assistant._embedder)
    (one,) = ask_all(resolved(BUILT).tasks, strict)
    assert (one.answered, one.right, one.first_excerpt_answers, one.cited_recall) == (False, False, True, 1.0)


def test_a_wrong_place_is_no_right_answer(ask: Ask) -> None:
    elsewhere = {**BUILT, "evidence": [evidence("on/bridge.md", CLUB, "bridge club")]}
    not_said = {**BUILT, "answers": ["Charles Babbage"]}
    outcomes = ask(elsewhere, not_said)
    assert [one.first_excerpt_answers for one in outcomes] == [False, False]
    assert [one.first_sentence_answers for one in outcomes] == [False, False]
    assert [one.wrong for one in outcomes] == [True, True]


KEY, BURNED, DESIGNED = MILL[:33], MILL[35:80], BRIDGE[:54]


def excerpt_of(text: str, start: int, end: int) -> Excerpt:
    return Excerpt(start=start, end=end, text=text[start:end])


@pytest.fixture
def two_excerpts(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """An answer given to every question: the mill's two sentences, the first being the key, and one on the bridge."""
    citations = (
        citation(1, KEY, "mill.txt", excerpt=excerpt_of(MILL, 0, 80)),
        citation(2, DESIGNED, "on/bridge.txt", excerpt=excerpt_of(BRIDGE, 0, 54)),
    )
    made = answer("Anything?", KEY, DESIGNED, citations=citations, verdict="strong", confidence=0.97)
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: made)
    return made


@pytest.mark.parametrize(
    ("place", "said", "first_sentence", "first_excerpt", "shown"),
    [
        (evidence("mill", MILL, "Ada Brown"), "Ada Brown", True, True, True),
        (evidence("mill", MILL, "in 1904"), "1904", False, True, True),
        (evidence("mill", MILL, "Ada Brown"), "1904", False, True, True),  # the answer may stand beside the evidence
        (evidence("on/bridge.txt", BRIDGE, "Tom Hale"), "Tom Hale", False, False, True),
        (evidence("on/bridge.txt", BRIDGE, "in 1930"), "1930", False, False, False),
        (evidence("on/bridge.txt", BRIDGE, "Tom Hale"), "Ada Brown", False, False, False),
        (None, "1904", False, True, True),
        (None, "Tom Hale", False, False, True),
    ],
)
def test_key_sentence_first_excerpt_and_all_excerpts_are_told_apart(
    ask: Ask, two_excerpts: Answer, place: Any, said: str, first_sentence: bool, first_excerpt: bool, shown: bool
) -> None:
    (one,) = ask({"question": "x", "answers": [said], "evidence": [place] if place else []})
    assert one.first_sentence_answers is first_sentence
    assert one.first_excerpt_answers is first_excerpt
    assert one.shown_answers is shown
    assert (one.right, one.wrong) == (first_excerpt, not first_excerpt)
    assert one.strong


def test_characters_are_those_of_the_excerpts(ask: Ask, two_excerpts: Answer) -> None:
    (one,) = ask({"question": "x", "evidence": [evidence("mill", MILL, BURNED), evidence("mill", MILL, "Ada")]})
    assert [excerpt.text for excerpt in one.cited] == [MILL[:80], DESIGNED]
    assert one.characters == 80 + 54
    wanted = len(BURNED) + len("Ada")
    assert one.cited_recall == 1.0
    assert one.cited_precision == one.cited_iou == wanted / one.characters


def test_of_a_citation_without_an_excerpt_the_quotation_counts(
    ask: Ask, two_excerpts: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tuple(one.model_copy(update={"excerpt": None}) for one in two_excerpts.citations)
    likely = two_excerpts.model_copy(update={"citations": bare, "verdict": "likely"})
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: likely)
    (one,) = ask({"question": "x", "answers": ["1904"], "evidence": [evidence("mill", MILL, "in 1904")]})
    assert [excerpt.text for excerpt in one.cited] == [KEY, DESIGNED]
    assert (one.first_excerpt_answers, one.cited_recall, one.characters) == (False, 0.0, len(KEY) + len(DESIGNED))
    assert not one.strong


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (["1851"], True),
        (["ada  BROWN"], True),
        (["185"], False),
        (["own"], False),
        ([MILL.strip()], None),
        (["Tom Hale", MILL.strip()], False),
    ],
)
def test_where_no_place_is_known_a_short_answer_is_looked_for(ask: Ask, said: list[str], right: bool | None) -> None:
    (one,) = ask({"question": "Who built the mill?", "answers": said})
    assert (one.first_excerpt_answers, one.first_sentence_answers, one.shown_answers) == (right, right, right)
    assert (one.recall, one.hit_at_5, one.document_mrr) == (None, None, None)


def test_documents_alone_can_be_ranked(ask: Ask) -> None:
    both, mill = ask(
        {"question": "Who built the mill?", "evidence": [{"doc_id": "mill"}, {"doc_id": "on/bridge.md", "grade": 0}]},
        {"question": "Who built the mill?", "cited_doc_ids": ["on/bridge.txt"], "evidence_known": False},
    )
    assert (both.document_mrr, both.document_ndcg_at_10, both.evidence_mrr) == (1.0, 1.0, None)
    assert both.sources == ("mill.txt",)
    assert mill.document_mrr is not None
    assert mill.document_mrr < 1


def test_documents_are_ranked_beyond_the_passages_of_the_answer(tmp_path: Path, embedder: Embedder) -> None:
    owners = "Ada Ben Cora Dan Eve Finn Gus Hal Ida Jon Kay Leo Mia Ned".split()
    files = {f"{name}.txt": f"{name} bought the mill in {1850 + n}." for n, name in enumerate(owners)}
    many = assistant_over(tmp_path, files, embedder)
    ranked = [result.source for result in many.search("Who bought the mill?", 14)]
    path = tmp_path / "questions.jsonl"
    wanted = [ranked[0], ranked[7], ranked[12]]  # of which the last is not among ten
    lines = [
        {"question": "Who bought the mill?", "cited_doc_ids": some} for some in ([ranked[7]], wanted, [ranked[12]])
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    outcomes = list(ask_all(resolve(read_questions(path), many).tasks, many))
    assert [one.document_mrr for one in outcomes] == [1 / 8, 1.0, 0.0]
    found, ideal = 1 + 1 / math.log2(9), 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert outcomes[1].document_ndcg_at_10 == pytest.approx(found / ideal)


def test_what_nobody_has_looked_for_is_not_measured(ask: Ask) -> None:
    (one,) = ask({"question": "Who built the mill?", "evidence_known": False})
    assert (one.answerable, one.right, one.hit_at_1, one.document_mrr) == (None, None, None, None)


def test_a_follow_up_is_asked_with_what_was_said_and_in_full(ask: Ask) -> None:
    history = [{"role": "user", "content": "Who built the mill?"}, {"role": "assistant", "content": "Ada Brown."}]
    burned = [evidence("mill.txt", MILL, "1904")]
    (one,) = ask(
        {
            "question": "And when did it burn down?",
            "history": history,
            "evidence": burned,
            "standalone": "When did the mill burn down?",
        }
    )
    assert "mill" in one.query
    assert one.question == "And when did it burn down?"
    assert (one.hit_at_5, one.standalone_hit_at_5) == (True, True)


def test_evidence_without_offsets_is_looked_for(resolved: Callable[..., Tasks]) -> None:
    wanted = {"doc_id": "on/bridge.txt", "text": "toll was abolished in 1930"}
    (task,) = resolved({"question": "When was the toll abolished?", "evidence": [wanted]}).tasks
    (found,) = task.expected
    assert found.text == BRIDGE[found.start : found.end] == "toll was abolished\nin 1930"


def test_a_document_that_is_not_there_is_told_and_counts_as_not_found(
    resolved: Callable[..., Tasks], assistant: Assistant
) -> None:
    missing = {"question": "Who built the mill?", "evidence": [{"doc_id": "gone", "text": "x", "start": 0, "end": 1}]}
    tasks, warnings = resolved(BUILT, missing)
    assert len(warnings) == 1
    assert "1 of the 2 documents" in warnings[0]
    assert "'gone'" in warnings[0]
    outcomes = list(ask_all(tasks, assistant))
    assert (outcomes[1].recall, outcomes[1].hit_at_5, outcomes[1].document_mrr) == (0.0, False, 0.0)


def test_text_that_is_not_what_stands_there_is_told(resolved: Callable[..., Tasks]) -> None:
    shifted = {"doc_id": "mill", "text": "Ada Brown", "start": 3, "end": 12}
    assert "first in line 2" in resolved(BUILT, {**BUILT, "evidence": [shifted]}).warnings[0]


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        ({"doc_id": "mill", "start": 5, "end": 5000}, "line 2: the evidence 5–5000 lies outside mill.txt"),
        ({"doc_id": "on/bridge", "start": 0, "end": 5}, "may be on/bridge.md or on/bridge.txt"),
        ({"doc_id": "mill", "text": "Ada Black"}, "line 2: the evidence does not stand in mill.txt"),
    ],
)
def test_evidence_that_cannot_be_is_an_error(resolved: Callable[..., Tasks], piece: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolved(BUILT, {"question": "Who?", "evidence": [piece]})


def test_no_document_known_is_an_error(resolved: Callable[..., Tasks]) -> None:
    with pytest.raises(UsageError, match="none of the documents"):
        resolved({"question": "Who?", "evidence": [{"doc_id": "gone"}]})


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "holds no questions"),
        ("not json", "line 1:"),
        ('{"question": "x"}\n{"id": "1"}', "line 2: question"),
        ('{"question": ""}', "line 1: question"),
        ('{"question": " "}', "the question is empty"),
        ('{"question": "x", "evidence": [{}]}', "line 1: evidence.0.doc_id"),
        ('{"question": "x", "evidence": [{"doc_id": "a", "start": 1}]}', "start and end go together"),
        ('{"question": "x", "evidence": [{"doc_id": "a", "start": 5, "end": 2}]}', "the end is not after the start"),
        ('{"question": "x", "evidence": [{"doc_id": "a", "start": -1, "end": 2}]}', "line 1: evidence.0.start"),
        ('{"id": "a", "question": "x"}\n\n{"id": "a", "question": "y"}', "line 3: the id 'a' is used twice"),
        ('{"question": "x", "history": [{"role": "system", "content": ""}]}', "line 1: history.0.role"),
    ],
)
def test_a_line_that_is_no_question_is_told_by_its_number(tmp_path: Path, lines: str, said: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(lines)
    with pytest.raises(UsageError, match=said) as error:
        read_questions(path)
    assert "\n" not in str(error.value)


def test_numbers_as_ids_marks_and_line_separators_are_read(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('\ufeff{"id": 7, "question": "a\u2028b"}\r\n{"question": "c", "unknown": 1}\n', encoding="utf-8")
    assert [(one.id, one.question) for one in read_questions(path)] == [("7", "a\u2028b"), ("2", "c")]
