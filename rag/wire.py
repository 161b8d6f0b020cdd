"""Answers and passages as programs get them: the same objects for ``rag ask --json``, over HTTP and over MCP.

They say less than the values inside, and stay as they are when those change.
"""

from __future__ import annotations

from rag.types import Answer, Disagreement, Freshness, ModelUse, SearchResult, Sentence, Value


class CitationJson(Value):
    """A quotation that can be checked: in the file with this hash, ``text[start:end] == quote``."""

    n: int
    source: str
    title: str
    page: int | None
    headings: tuple[str, ...]
    start: int
    end: int
    quote: str
    sha256: str
    highlight: tuple[int, int] | None


class PassageJson(Value):
    """A passage that was found, and how well it fits."""

    source: str
    title: str
    text: str
    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    score: float
    dense: float
    lexical: float


class AnswerJson(Value):
    """An answer, each sentence with the numbers of its citations; of the documents ``within``, or of all."""

    question: str
    query: str
    answer: str
    abstained: bool
    confidence: float
    within: tuple[str, ...]
    missing: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    citations: tuple[CitationJson, ...]
    disagreements: tuple[Disagreement, ...]
    results: tuple[PassageJson, ...]
    freshness: Freshness | None
    timings: dict[str, float]
    model: ModelUse | None
    note: str


class SearchJson(Value):
    """The passages found for a question, best first."""

    question: str
    results: tuple[PassageJson, ...]


def answer_json(found: Answer) -> AnswerJson:
    """Return an answer as programs get it."""
    kept = AnswerJson.model_fields.keys() - {"answer", "citations", "results"}
    return AnswerJson(
        **{name: getattr(found, name) for name in kept},
        answer=found.text,
        citations=tuple(
            CitationJson(**{name: getattr(citation, name) for name in CitationJson.model_fields})
            for citation in found.citations
        ),
        results=tuple(passage_json(result) for result in found.results),
    )


def passage_json(result: SearchResult) -> PassageJson:
    """Return a passage as programs get it."""
    chunk = result.chunk.model_dump(include={"text", "start", "end", "page", "headings"})
    scores = {name: round(getattr(result, name), 4) for name in ("score", "dense", "lexical")}
    return PassageJson(source=result.source, title=result.title, **chunk, **scores)


def search_json(question: str, results: list[SearchResult]) -> SearchJson:
    """Return what a search found as programs get it."""
    return SearchJson(question=question, results=tuple(passage_json(result) for result in results))
