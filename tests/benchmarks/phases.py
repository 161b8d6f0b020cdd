"""How soon a new folder is asked: ``python -m tests.benchmarks.phases SET WORK``.

SET is a folder with ``corpus.jsonl`` ({id, text} a line) and ``questions.jsonl`` ({question, evidence} a line). `rag
index` is started where there is no index; meanwhile `rag ask --no-sync --json` is run for the first ten questions
that have evidence, over and over, until each answer cites some of it. Then a bare sentence-transformers and FAISS
script embeds the same passages, in a process of its own, and is asked. Prints one JSON object: seconds from the start
of the process to each first such answer, and until all is embedded; null where the whole index does not cite it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from rag.index.local import LocalIndex
from tests.benchmarks.records import Record, read_records

_QUESTIONS = 10


def main() -> None:
    """Index and ask at once, then the bare script; print."""
    given, work = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(work, ignore_errors=True)
    corpus, index = work / "corpus", work / "index"
    corpus.mkdir(parents=True)
    records = read_records(given / "corpus.jsonl")
    sources = {record["id"]: f"{number:04}.txt" for number, record in enumerate(records)}
    for record in records:
        (corpus / sources[record["id"]]).write_text(record["text"], encoding="utf-8", newline="")
    questions = [one for one in read_records(given / "questions.jsonl") if one.get("evidence")][:_QUESTIONS]
    started = time.perf_counter()
    place = ["--corpus", str(corpus), "--index", str(index)]
    run = subprocess.Popen([sys.executable, "-m", "rag", "index", "--json", *place], stdout=subprocess.PIPE, text=True)
    first: dict[int, float | None] = {}
    share: dict[int, float] = {}
    ended: float | None = None
    while len(first) < len(questions):
        is_last = run.poll() is not None
        ended = ended or (time.perf_counter() - started if is_last else None)
        for at, record in enumerate(questions):
            if at in first:
                continue
            answer = _asked(record["question"], place)
            if answer is not None and _cites(answer, record, sources):
                first[at], share[at] = time.perf_counter() - started, answer["embedded"]
            elif is_last:
                first[at] = None
    report = json.loads(run.communicate()[0])
    ended = ended or report["seconds"]
    found = [seconds for seconds in first.values() if seconds is not None]
    told = {
        "passages": report["chunks"],
        "characters": sum(len(record["text"]) for record in records),
        "first_cited_s": [_rounded(first[at]) for at in range(len(questions))],
        "embedded_then": [_rounded(share.get(at)) for at in range(len(questions))],
        "first_cited_median_s": _rounded(float(np.median(found)) if found else None),
        "run_s": _rounded(report["seconds"]),
        "all_embedded_s": _rounded(ended),
    }
    print(json.dumps(told | _bare(index, work, questions[0]["question"])))


def _asked(question: str, place: list[str]) -> dict[str, Any] | None:
    """Return the answer of a whole command; None where there is no index yet."""
    command = [sys.executable, "-m", "rag", "ask", question, "--no-sync", "--json", *place]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, Any] | None = json.loads(done.stdout) if done.stdout.strip() else None
    return found if found is not None and "error" not in found else None


def _cites(answer: dict[str, Any], record: Record, sources: dict[str, str]) -> bool:
    """Whether a citation overlaps a piece of the evidence."""
    return any(
        citation["source"] == sources[piece["doc_id"]]
        and citation["start"] < piece["end"]
        and piece["start"] < citation["end"]
        for citation in answer["citations"]
        for piece in record["evidence"]
    )


def _bare(index: Path, work: Path, question: str) -> dict[str, float | None]:
    with LocalIndex(index).reading() as reader:
        texts = [chunk.text for one in reader.documents() for chunk in reader.chunks(one.source)]
    (work / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    bare = [sys.executable, "-m", "tests.benchmarks.bare"]
    started = time.perf_counter()
    done = subprocess.run(
        [*bare, "index", str(work / "texts.json"), str(work / "bare")], stdout=subprocess.PIPE, check=True, text=True
    )
    indexed = time.perf_counter() - started
    subprocess.run([*bare, "ask", str(work / "bare"), question], stdout=subprocess.DEVNULL, check=True)
    return {
        "bare_embedding_s": _rounded(float(done.stdout)),
        "bare_all_embedded_s": _rounded(indexed),
        "bare_first_passages_s": _rounded(time.perf_counter() - started),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


if __name__ == "__main__":
    main()
