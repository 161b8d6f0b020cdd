"""How soon a new folder is asked: ``python -m tests.benchmarks.phases SET WORK``.

SET is a folder with ``corpus.jsonl`` ({id, text} a line) and ``questions.jsonl`` ({question, evidence} a line). `rag
index` is started where there is no index; meanwhile `rag ask --no-sync --questions` is run for the first ten
questions that have evidence, and again for those that are left, until each answer cites some of it. Then a bare
sentence-transformers and FAISS script embeds the same passages, in a process of its own, and is asked. Prints one
JSON object: seconds from the start of the process to each first such answer, and until all is embedded; null where
the whole index does not cite it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
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
    while not (index / "current").exists():  # or the first to ask would build it
        time.sleep(0.01)
    while len(first) < len(questions):
        is_last = run.poll() is not None
        ended = ended or (time.perf_counter() - started if is_last else None)
        left = [at for at in range(len(questions)) if at not in first]
        for at, answer in zip(left, _asked([questions[at]["question"] for at in left], work, place), strict=False):
            if _cites(answer, questions[at], sources):
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


def _asked(questions: Sequence[str], work: Path, place: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the answers of one command as they come; none where there is no index yet."""
    (work / "left.jsonl").write_text("".join(json.dumps({"question": text}) + "\n" for text in questions))
    command = [sys.executable, "-m", "rag", "ask", "--questions", str(work / "left.jsonl"), "--no-sync", *place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as asking:
        assert asking.stdout is not None, "it is piped"
        for line in asking.stdout:
            answer = json.loads(line)
            yield {"citations": [], "embedded": 0.0} if "error" in answer else answer


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
