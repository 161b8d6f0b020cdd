"""An answer that was saved, read again: of whatever version, and whatever has become of it."""

from __future__ import annotations

import json
from typing import Any

from rag.types import Answer, Citation, SearchResult, Sentence, SentenceScore, Value

_MOST_CLOSEST = 3


def read_answer(kept: str, question: str, said: str) -> Answer:
    """Return a saved answer from its JSON; where that is in no form that is known, from its words, without sources."""
    try:
        return _of_this_version(json.loads(kept))
    except ValueError:  # of JSON, and of what it holds
        sentences = (Sentence(text=said, citations=(), support="unsupported"),) if said else ()
        return Answer(
            question=question,
            query=question,
            sentences=sentences,
            citations=(),
            results=(),
            verdict="likely" if said else "none",
            confidence=0.0,
        )


def _of_this_version(kept: Any) -> Answer:
    """Return an answer as it is today: version 0.1 had no verdict, and cited nothing where there was no answer.

    What it noted of passages and sentences that were found, and nothing reads any more, is left out.
    """
    if not isinstance(kept, dict) or "abstained" not in kept:
        return Answer.model_validate(kept)
    verdict = "none" if kept["abstained"] else "likely"
    same = {name: value for name, value in kept.items() if name not in ("abstained", "disagreements")}
    results = [
        {
            **_known(SearchResult, result),
            "sentences": [_known(SentenceScore, sentence) for sentence in result.get("sentences", ())],
        }
        for result in kept.get("results", ())
    ]
    found = Answer.model_validate({**same, "results": results, "verdict": verdict})
    closest = enumerate(found.results[:_MOST_CLOSEST], 1) if found.abstained else ()
    return found.model_copy(update={"closest": tuple(_citation(n, result) for n, result in closest)})


def _known(of: type[Value], kept: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name in of.model_fields}


def _citation(n: int, result: SearchResult) -> Citation:
    """Return a passage that was found as a citation of it."""
    passage = result.chunk.model_dump(include={"document_id", "page", "headings", "start", "end"})
    document = result.model_dump(include={"source", "title", "page_kind", "sha256"})
    return Citation(n=n, quote=result.chunk.text, **passage, **document)
