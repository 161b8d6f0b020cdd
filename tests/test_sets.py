"""A set written as files: names that are safe, offsets that hold, evidence by sentences made offsets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.evaluate.questions import read_questions, resolve
from rag.settings import Settings
from tests.benchmarks import excerpt_curve
from tests.benchmarks.sets import confidence_without, file_names, measure, write_set
from tests.folders import write

MILL = "\ufeffAda Brown built the mill in 1851. It burned\r\ndown in 1904."
DOSE = "The usual dose is two tablets.  \n Take them with water. Take them with water."


def write_lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")


def a_set(folder: Path) -> Path:
    sentences = ["The usual dose is two tablets.  \n", "Take them with water.", "Take them with water."]
    documents: list[dict[str, Any]] = [
        {"id": "es:1/a", "title": "Mill", "text": MILL.replace("\r", "")},
        {"id": "77", "title": "Doses: how many?", "text": DOSE, "sentences": sentences},
    ]
    built = {"doc_id": "es:1/a", "start": 1, "end": 10, "text": "Ada Brown"}
    questions: list[dict[str, Any]] = [
        {
            "id": "a",
            "question": "Who built the mill?",
            "doc_id": "es:1/a",
            "answers": ["Ada Brown"],
            "evidence": [built],
        },
        {
            "id": "b",
            "question": "What with?",
            "cited_doc_ids": ["77"],
            "evidence": [{"doc_id": "77", "sentences": [0, 2]}],
        },
    ]
    write_lines(folder / "corpus.jsonl", documents)
    write_lines(folder / "questions.jsonl", questions)
    return folder


def test_a_set_becomes_files_and_questions_that_hold(tmp_path: Path, embedder: Embedder) -> None:
    work = tmp_path / "work"
    write_set(a_set(tmp_path / "set"), work)
    assistant = Assistant(Settings(corpus=work / "corpus", index=work / "index"), embedder)
    assistant.sync()
    assert [document.source for document in assistant.documents()] == ["Doses_ how many_.txt", "es_1_a.txt"]
    tasks, warnings = resolve(read_questions(work / "questions.jsonl"), assistant)
    assert warnings == []
    assert [[found.text for found in task.expected] for task in tasks] == [
        ["Ada Brown"],
        ["The usual dose is two tablets.", "Take them with water."],
    ]
    assert tasks[1].expected[1].start == DOSE.rindex("Take")
    assert [task.sources for task in tasks] == [("es_1_a.txt",), ("Doses_ how many_.txt",)]
    run = measure(work, "set", assistant)
    assert (work / "report.html").exists()
    assert run.measures["document_mrr"].questions == 2
    assert [outcome.first_excerpt_answers for outcome in run.questions] == [True, True]
    without = confidence_without(run.questions[0], "es_1_a.txt", assistant)
    assert without is not None
    assert without < run.questions[0].confidence
    of_doses = run.questions[0].model_copy(update={"query": "What is the usual dose?"})
    assert without < (confidence_without(of_doses, "es_1_a.txt", assistant) or 0)
    (work / "corpus/Doses_ how many_.txt").unlink()
    assistant.sync()
    assert confidence_without(run.questions[0], "es_1_a.txt", assistant) is None


def test_the_curve_shows_more_evidence_by_longer_excerpts_and_more_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filler = "Nobody remembers how the old road went. " * 40
    built = "The mill was built by Ada Brown herself."
    files = {
        "mill.md": f"# The mill was built by Ada Brown\n\n{built} It burned down later, in 1904. {filler}",
        "grain.md": f"# Grain\n\nThe mill was built for grain. It ground rye alone. {filler}",
    }
    write(tmp_path / "corpus", files)
    wanted = [("Who built the mill?", "mill", said) for said in ("Ada Brown herself", "1904")]
    questions = [
        {"question": question, "evidence": [{"doc_id": name, "text": said}]}
        for question, name, said in [*wanted, ("Who built the mill?", "grain", "The mill was built for grain.")]
    ]
    write_lines(tmp_path / "questions.jsonl", [*questions, {"question": "What is the dose?", "answerable": False}])
    monkeypatch.setattr("sys.argv", ["", str(tmp_path / "questions.jsonl"), str(tmp_path / "corpus")])
    excerpt_curve.main()
    told, _, *rows = capsys.readouterr().out.splitlines()
    assert told.startswith("3 questions")
    cells = {row[:16].strip(): row[16:].split() for row in rows}
    assert len(cells) == len(excerpt_curve.SIZES)
    key, shorter, longer = cells["key sentence"], cells["300 characters"], cells["1200 characters"]
    assert key[:3] == ["33.3", "%", str(len(built))], "the sentence, not the heading"
    assert key[3:5] == ["66.7", "%"]
    assert shorter[:2] == ["66.7", "%"]
    assert shorter[3:5] == ["100.0", "%"]
    assert 200 < float(shorter[2]) <= 300
    assert 1000 < float(longer[2].replace(",", "")) <= 1200


def test_a_sample_is_the_same_every_time(tmp_path: Path) -> None:
    folder = a_set(tmp_path / "set")
    write_lines(folder / "questions.jsonl", [{"id": str(n), "question": "x"} for n in range(50)])
    first, again = (write_set(folder, tmp_path / name, 10) for name in ("one", "two"))
    assert first == again
    assert len(first) == 10
    assert len((tmp_path / "one/questions.jsonl").read_text().splitlines()) == 10


def test_names_are_safe_and_no_two_alike() -> None:
    ids = ["a/b", "a:b", "A_B", "..", "x" * 300, "x" * 299 + "y", "日" * 100]
    names = file_names([{"id": id_, "title": "", "text": ""} for id_ in ids])
    assert names.keys() == set(ids)
    assert len({name.lower() for name in names.values()}) == len(ids)
    assert all("/" not in name and not name.startswith(".") and len(name.encode()) < 140 for name in names.values())
