"""The measures of ``rag eval``, against values worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.errors import UsageError
from rag.evaluate import evaluate, measures, read_questions
from rag.settings import Settings

TEXT = "Ada Brown built the mill in 1851.\n\nIt burned down in 1904."


def test_the_measures_of_two_questions(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/mill.txt").write_text(TEXT)
    start = TEXT.index("Ada")
    evidence = {"doc_id": "mill", "text": "Ada Brown", "start": start, "end": start + len("Ada Brown")}
    questions = [
        {"id": "1", "question": "Who built the mill?", "answers": ["Ada Brown"], "evidence": [evidence]},
        {"id": "2", "question": "What is the usual dose of ibuprofen?", "answerable": False},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(question) for question in questions))
    assistant = Assistant(Settings(corpus=tmp_path / "corpus", index=tmp_path / "index"), embedder)
    assistant.sync()

    found = measures(list(evaluate(read_questions(path), assistant)))

    assert (found.questions, found.answerable) == (2, 1)
    assert (found.hit_at_1, found.hit_at_5, found.first_sentence_answers) == (1.0, 1.0, 1.0)
    assert (found.answered, found.refused) == (1.0, 1.0)
    # One passage, the whole text, against nine characters of it.
    assert found.recall == 1.0
    assert found.precision == found.iou == round(len("Ada Brown") / len(TEXT), 4)


@pytest.mark.parametrize("line", ["", "not json", '{"id": "1"}', '{"id": "1", "question": "x", "evidence": [{}]}'])
def test_a_file_that_holds_no_questions_is_told_so(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(line)
    with pytest.raises(UsageError):
        read_questions(path)
