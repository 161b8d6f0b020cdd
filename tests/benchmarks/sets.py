"""A public set measured whole: its documents written as files, indexed, its questions asked by what ``rag eval`` runs.

    python -m tests.benchmarks.sets SET_FOLDER WORK_FOLDER [--sample N] [--absent]

The set is ``corpus.jsonl`` ({id, title, text}), or a folder ``docs`` of files, and ``questions.jsonl``. The work
folder keeps ``corpus``, ``index``, ``questions.jsonl`` as ``rag eval`` reads it, ``run.json`` and ``report.html``.
A text is written as it is, so that offsets hold; a file is named by its document's id, or by its title where ids
are bare numbers. Evidence given as sentence numbers becomes offsets. Questions of several languages or splits are
also measured by language or split. With ``--absent`` each answerable question is asked once more without the
document that it is about, to tell whether the confidence falls.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from rag import show, show_run
from rag.answer.confidence import confidence
from rag.assistant import Assistant
from rag.evaluate.ask import Outcome, ask_all
from rag.evaluate.bootstrap import Array, Statistic, auroc, estimates, mean
from rag.evaluate.measures import Unit
from rag.evaluate.questions import read_questions, resolve
from rag.evaluate.report import html_report, interval, number
from rag.evaluate.run import Run, summary
from rag.index.documents import Documents
from rag.query import read_query
from rag.settings import Settings
from tests.benchmarks.records import Record, read_records
from tests.benchmarks.without import Without

_NAME_BYTES = 120


def main() -> None:
    """Write, index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--sample", type=int, help="ask only so many of the questions, the same ones every time")
    parser.add_argument("--absent", action="store_true", help="ask again without the document asked about")
    given = parser.parse_args()
    records = write_set(given.folder, given.work, given.sample)
    assistant = Assistant(Settings(corpus=given.work / "corpus", index=given.work / "index"))
    with show.progress() as on_progress:
        show.sync_report(assistant.sync(on_progress))
    assistant.warm_up()
    run = measure(given.work, given.folder.name, assistant)
    show_run.evaluation(run)
    for key in ("lang", "split"):
        by_group(key, records, run, assistant)
    if given.absent:
        print_absent(records, run, assistant)


def write_set(folder: Path, work: Path, sample: int | None = None) -> list[Record]:
    """Write the documents of a set and its questions as ``rag eval`` reads them; return the questions."""
    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    texts = folder / "corpus.jsonl"  # a folder of files has none
    documents = {str(document["id"]): document for document in (read_records(texts) if texts.exists() else [])}
    names = file_names(list(documents.values()))
    for id_, document in documents.items():
        # With a byte order mark the encoding is never guessed, and one that begins the text stays in it.
        (corpus / names[id_]).write_text(document["text"], encoding="utf-8-sig", newline="")
    for path in sorted((folder / "docs").glob("*")):
        shutil.copy(path, corpus / path.name)
    questions = read_records(folder / "questions.jsonl")
    if sample is not None and sample < len(questions):
        chosen = set(random.Random(0).sample(range(len(questions)), sample))
        questions = [question for at, question in enumerate(questions) if at in chosen]
    written = [_renamed(question, names, documents) for question in questions]
    lines = "\n".join(json.dumps(question, ensure_ascii=False) for question in written)
    (work / "questions.jsonl").write_text(lines + "\n", encoding="utf-8")
    return written


def file_names(documents: Sequence[Record]) -> dict[str, str]:
    """Return the name of each document's file by its id; no two are the same, whatever the case of letters."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for document in documents:
        id_ = str(document["id"])
        said = document.get("title") or id_ if id_.isdigit() else id_
        safe = re.sub(r"[^\w ().,'-]", "_", said).encode()[:_NAME_BYTES].decode(errors="ignore").strip(" .") or "_"
        name = safe if safe.lower() not in taken else f"{safe} {len(taken)}"
        taken.add(name.lower())
        names[id_] = f"{name}.txt"
    return names


def _renamed(question: Record, names: dict[str, str], documents: dict[str, Record]) -> Record:
    """Return a question that names documents by their files, and evidence by offsets where it can be told."""
    changed = dict(question)
    changed["evidence"] = [
        {**piece, "doc_id": names.get(piece["doc_id"], piece["doc_id"]), **offsets}
        for piece in question.get("evidence") or []
        for offsets in _offsets(piece, documents.get(piece["doc_id"]))
    ]
    if question.get("doc_id"):
        changed["doc_id"] = names.get(question["doc_id"], question["doc_id"])
    changed["cited_doc_ids"] = [names.get(id_, id_) for id_ in question.get("cited_doc_ids") or []]
    return changed


def _offsets(piece: Record, document: Record | None) -> list[Record]:
    """Return the spans of the sentences that a piece of evidence numbers; one that is empty where it numbers none."""
    if "sentences" not in piece or document is None:
        return [{}]
    spans, at = [], 0
    for sentence in document["sentences"]:
        words = sentence.strip()
        start = document["text"].index(words, at)
        at = start + len(words)
        spans.append({"start": start, "end": at, "text": words})
    return [spans[number] for number in piece["sentences"]]


def measure(work: Path, name: str, assistant: Assistant) -> Run:
    """Ask the questions of the work folder; keep the run and its report there."""
    tasks, warnings = resolve(read_questions(work / "questions.jsonl"), assistant)
    for warning in warnings:
        show.note(warning)
    outcomes = list(show_run.track(ask_all(tasks, assistant), len(tasks)))
    run = summary(name, outcomes, assistant, warnings)
    (work / "run.json").write_text(run.model_dump_json(), encoding="utf-8")
    (work / "report.html").write_text(html_report(run), encoding="utf-8")
    return run


def by_group(key: str, records: Sequence[Record], run: Run, assistant: Assistant) -> None:
    """Print the measures once more by what the questions say under ``key``, where they say different things."""
    groups = {str(record["id"]): record[key] for record in records if record.get(key)}
    for group in sorted(set(groups.values())) if len(set(groups.values())) > 1 else []:
        show.note(f"{key}: {group}")
        outcomes = [outcome for outcome in run.questions if groups.get(outcome.id) == group]
        show_run.evaluation(summary(f"{run.asked} {group}", outcomes, assistant))


def print_absent(records: Sequence[Record], run: Run, assistant: Assistant) -> None:
    """Print how well the confidence tells that the document asked about is not there."""
    about = {str(record["id"]): record.get("doc_id") for record in records}
    asked = [outcome for outcome in run.questions if outcome.answerable and about[outcome.id]]
    pairs = []
    for outcome in track(asked, "asking without the document", console=show.ERR, transient=True):
        without = confidence_without(outcome, str(about[outcome.id]), assistant)
        if without is not None:
            pairs.append((outcome.confidence, without))
    show.note(f"nothing else is found for {len(asked) - len(pairs)} of {len(asked)} questions: left out")
    if not pairs:
        return
    there, gone = np.array(pairs).T
    statistics = {
        "AUROC, with the document against without": _told_apart(there, gone),
        "with it: answered": mean((there >= run.answer_above).astype(float)),
        "without it: refused": mean((gone < run.answer_above).astype(float)),
    }
    for name, found in zip(statistics, estimates(list(statistics.values()), len(pairs)), strict=True):
        if found is not None:
            unit: Unit = "score" if name.startswith("AUROC") else "share"
            shown = f"{number(found.value, unit):>8}   {interval(found.low, found.high, unit)}"
            print(f"{name:<42}{shown}   of {len(pairs)}")


def confidence_without(outcome: Outcome, source: str, assistant: Assistant) -> float | None:
    """Return the confidence in what is found in all other documents; None where nothing is."""
    with assistant._reading() as reader:
        view: Any = Without(reader, source)
        query = read_query(outcome.query, view, assistant._embedder)
        found = assistant._found(query, view, Documents(view), assistant.settings.passages)
    return confidence(query, found) if found else None


def _told_apart(there: Array, gone: Array) -> Statistic:
    """Return the AUROC of both; a question drawn brings both of its confidences."""
    both = auroc(np.concatenate([there, gone]), np.repeat([1.0, 0.0], len(there)))
    return lambda weights: both(np.concatenate([weights, weights], axis=1))


if __name__ == "__main__":
    main()
