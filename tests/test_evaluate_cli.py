"""``rag eval`` as a real process: its JSON, its table, its report, and two runs compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_cli import parsed, rag

MILL = "Ada Brown built the mill in 1851.\n\nIt burned down in 1904 and was never rebuilt.\n"
BUILT = {"start": 0, "end": 9, "doc_id": "mill"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus and questions."""
    place = tmp_path_factory.mktemp("place")
    (place / "corpus").mkdir()
    (place / "corpus/mill.txt").write_text(MILL)
    questions = [
        {"id": "built", "question": "Who built the mill?", "answers": ["Ada Brown"], "evidence": [BUILT]},
        {"id": "dose", "question": "What is the usual dose of ibuprofen?", "answerable": False},
        {"id": "<b>", "question": "Who <b>burned</b> it down?", "evidence": [{"doc_id": "lost"}]},
    ]
    (place / "questions.jsonl").write_text("\n".join(json.dumps(question) for question in questions))
    return place


@pytest.fixture(scope="module")
def first(place: Path) -> Any:
    """The first run, as JSON, which also writes a report."""
    run = rag(place, "eval", "questions.jsonl", "--json", "--report", "report.html")
    assert run.returncode == 0, run.stderr
    assert "1 of the 2 documents named are not in the index" in run.stderr
    (place / "first.json").write_text(run.stdout)
    return parsed(run)


def test_json_is_one_object_of_measures_and_questions(first: Any) -> None:
    assert {"measures", "questions", "risk_coverage", "warnings", "answer_above"} <= first.keys()
    recall = first["measures"]["recall"]
    assert recall == {"value": 1.0, "low": 1.0, "high": 1.0, "questions": 1}
    assert first["measures"]["auroc"]["value"] == 1.0
    assert "follow_up_kept" not in first["measures"]
    assert [question["id"] for question in first["questions"]] == ["built", "dose", "<b>"]
    cited = first["questions"][0]["cited"][0]
    assert MILL[cited["start"] : cited["end"]] == cited["text"] == MILL.strip(), "the excerpt, not the key sentence"
    assert first["measures"]["first_excerpt_answers"]["value"] == 1.0
    assert first["measures"]["characters"]["value"] == len(cited["text"])
    assert first["comparison"] is None


def test_the_report_is_written_and_escaped(first: Any, place: Path) -> None:
    page = (place / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "Who &lt;b&gt;burned&lt;/b&gt; it down?" in page
    assert "<b>" not in page


def test_a_table_compares_with_the_first_run(first: Any, place: Path) -> None:
    strict = {"RAG_ANSWER_ABOVE": "1"}
    run = rag(place, "eval", "questions.jsonl", "--compare", "first.json", environment=strict)
    assert run.returncode == 0, run.stderr
    for label in ("answerable: answered", "first excerpt holds the answer", "first key sentence answers"):
        assert label in run.stdout
    assert "compared with the earlier run, 3 questions in both" in run.stdout
    assert "wrong now, right before: 1\n  built  Who built the mill?\n" in run.stdout
    assert "right now, wrong before: 0" in run.stdout
    assert all(len(line) <= 80 for line in run.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.jsonl"], 2, "nowhere.jsonl cannot be read"),
        (["bad.jsonl"], 2, "bad.jsonl, line 2"),
        (["questions.jsonl", "--compare", "questions.jsonl"], 2, "is no run as `rag eval --json`"),
        (["other.jsonl", "--compare", "first.json"], 2, "asked none of these questions"),
        (["questions.jsonl", "--report", "no/such/folder.html"], 1, "no/such/folder.html"),
        (["outside.jsonl"], 2, "lies outside mill.txt"),
    ],
)
def test_an_error_is_one_line_and_says_where(
    first: Any, place: Path, arguments: list[str], code: int, said: str
) -> None:
    (place / "bad.jsonl").write_text('{"question": "x"}\n{"question": null}')
    (place / "other.jsonl").write_text('{"question": "x"}')
    outside = {"question": "x", "evidence": [BUILT | {"end": 10_000}]}
    (place / "outside.jsonl").write_text(json.dumps(outside))
    run = rag(place, "eval", *arguments)
    assert run.returncode == code, run.stderr
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, run.stderr
    assert said in lines[0]
    assert run.stdout == ""
