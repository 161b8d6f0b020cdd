"""How fast it starts, indexes and asks, beside a bare sentence-transformers and FAISS script in the same run.

``python -m tests.benchmarks.speed CHROMA_SET SQUAD_SET WORK_FOLDER``: sets are folders with ``corpus.jsonl``
({text} a line) and ``questions.jsonl`` ({question} a line). The first is indexed, by both, from the same passages,
each in a process of its own, and asked by whole commands. Of the second so many articles are taken as make 10,000
passages; their index stays in the work folder, and warm questions are asked of it on one core.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import rag.embed.packaged
from rag.assistant import Assistant
from rag.cli import ABSTAINED
from rag.index.local import LocalIndex
from rag.settings import Settings

_TIMES = 5  # that a cold command is run
_ARTICLES = 280
_WARM, _ASKED = 100, 300  # questions


def main() -> None:
    """Measure, and print a line for each measure."""
    chroma, squad, work = (Path(name) for name in sys.argv[1:4])
    if len(sys.argv) > 4:  # a part of it, in a process of its own
        {"index": _index, "warm": _warm}[sys.argv[4]](squad, work)
        return
    own, bare = work / "chroma", work / "bare"
    characters = _write(chroma, own / "corpus")
    part = [sys.executable, "-m", "tests.benchmarks.speed", *sys.argv[1:4]]
    told, memory = _run([*part, "index"])
    seconds, share, passages = (float(word) for word in told.split())
    _texts(own / "index", work / "texts.json")
    told, bare_memory = _run(
        [sys.executable, "-m", "tests.benchmarks.bare", "index", str(work / "texts.json"), str(bare)]
    )
    bare_seconds = float(told)
    _print("characters indexed a second", characters / bare_seconds, characters / seconds)
    print(f"  {passages:.0f} passages; {share:.0%} of our processor time was spent inside the model")
    _print("peak memory of indexing, MB", bare_memory, memory)
    question = _questions(chroma)[0]
    ask = [sys.executable, "-m", "rag", "ask", question, "--corpus", str(own / "corpus"), "--index", str(own / "index")]
    search = [sys.executable, "-m", "tests.benchmarks.bare", "ask", str(bare), question]
    times = [(_seconds(search), _seconds(ask)) for _ in range(_TIMES)]
    _print("cold command, s (first passages; cited answer)", *np.median(times, axis=0))
    print(_run([*part, "warm"])[0], end="")


def _print(name: str, bare: float, ours: float) -> None:
    print(f"{name:<50} bare {bare:10.2f}   ours {ours:10.2f}   ratio {ours / bare:.2f}", flush=True)


def _write(source: Path, corpus: Path, most: int | None = None) -> int:
    """Write the texts of a set as files, and return how many characters they have."""
    corpus.mkdir(parents=True, exist_ok=True)
    texts = [json.loads(line)["text"] for line in (source / "corpus.jsonl").open(encoding="utf-8")][:most]
    for number, text in enumerate(texts):
        (corpus / f"{number:04}.txt").write_text(text, encoding="utf-8")
    return sum(len(text) for text in texts)


def _questions(source: Path) -> list[str]:
    lines = (source / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    random.Random(0).shuffle(questions)
    return questions


def _texts(index: Path, path: Path) -> None:
    """Write the texts of all passages of an index, so that both embed the same."""
    with LocalIndex(index).reading() as reader:
        texts = [chunk.text for one in reader.documents() for chunk in reader.chunks(one.source)]
    path.write_text(json.dumps(texts), encoding="utf-8")


def _run(command: Sequence[str]) -> tuple[str, float]:
    """Return what a command printed, and the most memory it took, in MB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, command
    return told, usage.ru_maxrss / 1024


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode in (0, ABSTAINED), done.stderr
    return time.perf_counter() - started


def _index(_: Path, work: Path) -> None:
    """Index anew; print the seconds, the share of processor time spent in the model, and the number of passages."""
    own = work / "chroma"
    inside, lock = [0.0], threading.Lock()
    run = rag.embed.packaged._run

    def timed(runtime, texts):  # type: ignore[no-untyped-def]
        started = time.thread_time()
        tokens = run(runtime, texts)
        with lock:
            inside[0] += time.thread_time() - started
        return tokens

    rag.embed.packaged._run = timed
    assistant = Assistant(Settings(corpus=own / "corpus", index=own / "index"))
    assistant._embedder.embed_query("load the model")
    inside[0], began = 0.0, time.process_time()
    report = assistant.sync(rebuild=True)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = time.process_time() - began + children.ru_utime + children.ru_stime
    print(report.seconds, inside[0] / taken, report.chunks)


def _warm(squad: Path, work: Path) -> None:
    """Ask on one core, and print how long answers take, and retrieval by vectors alone."""
    folder = work / "squad"
    _write(squad, folder / "corpus", _ARTICLES)
    assistant = Assistant(Settings(corpus=folder / "corpus", index=folder / "index"))
    passages = assistant.sync().chunks
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    questions = _questions(squad)[: _WARM + _ASKED]
    embedder, index = assistant._embedder, assistant._index

    def by_vectors(question: str) -> None:
        with index.reading() as reader:
            reader.passages(list(reader.dense(embedder.embed_query(question), 5)))

    for name, ask in (("vectors alone", by_vectors), ("cited answer", assistant.ask)):
        p50, p95 = np.percentile(_milliseconds(ask, questions), [50, 95])
        print(f"warm, one core, {passages} passages: {name:<14} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms")


def _milliseconds(ask: Callable[[str], object], questions: Sequence[str]) -> list[float]:
    taken = []
    for question in questions:
        started = time.perf_counter()
        ask(question)
        taken.append(1000 * (time.perf_counter() - started))
    return taken[_WARM:]


if __name__ == "__main__":
    main()
