"""Whether a database answers as a folder does: ``python -m tests.benchmarks.parity WORK URL [MOST]``.

WORK is a work folder of ``tests.benchmarks.sets``, with ``corpus``, ``index`` and ``questions.jsonl``. The index is
copied to URL, as ``rag copy`` does, and every question is asked of both. Prints how often the evidence is among the
first five passages, and how often the citations are the same, with the seconds that copying and answers took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.assistant import Assistant
from rag.copying import copy_index
from rag.embed.packaged import PackagedEmbedder
from rag.index.collections import open_index
from rag.index.local import LocalIndex
from rag.place import DatabaseUrl
from rag.settings import Settings
from rag.types import Answer
from tests.benchmarks.records import Record, read_records


def main() -> None:
    """Copy, ask, compare, print."""
    work, url = Path(sys.argv[1]), DatabaseUrl.parse(sys.argv[2])
    asked = read_records(work / "questions.jsonl")[: int(sys.argv[3]) if len(sys.argv) > 3 else None]
    started = time.perf_counter()
    report = copy_index(LocalIndex(work / "index"), open_index(url))
    told = {"passages": report.chunks, "copy_s": time.perf_counter() - started}
    embedder = PackagedEmbedder()
    places: Sequence[Path | DatabaseUrl] = (work / "index", url)
    both = [Assistant(Settings(corpus=work / "corpus", index=place), embedder) for place in places]
    for assistant in both:
        assistant.warm_up()
    outcomes = [_outcome(record, *(assistant.ask(record["question"]) for assistant in both)) for record in asked]
    print(json.dumps(told | _figures(outcomes)))


def _outcome(record: Record, folder: Answer, database: Answer) -> dict[str, Any]:
    """Return what is the same of two answers, and what of the evidence each found."""
    return {
        "found": [_finds(record, answer) for answer in (folder, database)],
        "same citations": folder.citations == database.citations,
        "same results": [one.chunk for one in folder.results] == [one.chunk for one in database.results],
        "same abstention": folder.abstained == database.abstained,
        "cited": bool(folder.citations),
        "confidence": abs(folder.confidence - database.confidence),
        "seconds": [sum(answer.timings.values()) for answer in (folder, database)],
    }


def _finds(record: Record, answer: Answer) -> bool | None:
    """Whether a piece of the evidence lies in one of the first five passages; None where there is none."""
    evidence = [piece for piece in record.get("evidence") or [] if "start" in piece]
    if not evidence:
        return None
    return any(
        result.source == piece["doc_id"] and result.chunk.start <= piece["start"] and piece["end"] <= result.chunk.end
        for piece in evidence
        for result in answer.results[:5]
    )


def _figures(outcomes: Sequence[dict[str, Any]]) -> dict[str, float]:
    found = np.array([outcome["found"] for outcome in outcomes if outcome["found"][0] is not None])
    cited = [outcome for outcome in outcomes if outcome["cited"]]
    seconds = np.array([outcome["seconds"] for outcome in outcomes])
    shares = {f"{name}, %": [outcome[name] for outcome in outcomes] for name in ("same results", "same abstention")}
    shares["same citations, where there are any, %"] = [outcome["same citations"] for outcome in cited]
    return {
        "questions": len(outcomes),
        "with evidence": len(found),
        "hit@5 folder, %": 100 * float(found[:, 0].mean()),
        "hit@5 database, %": 100 * float(found[:, 1].mean()),
        **{name: 100 * float(np.mean(values)) for name, values in shares.items()},
        "confidence differs at most": max(outcome["confidence"] for outcome in outcomes),
        "p50 folder, ms": 1000 * float(np.median(seconds[:, 0])),
        "p50 database, ms": 1000 * float(np.median(seconds[:, 1])),
        "p95 folder, ms": 1000 * float(np.quantile(seconds[:, 0], 0.95)),
        "p95 database, ms": 1000 * float(np.quantile(seconds[:, 1], 0.95)),
    }


if __name__ == "__main__":
    main()
