"""What a person chose on the page: a citation, a passage or a document, and what of it is to be seen.

What comes from the page is not to be trusted: numbers into this session's own answers, the name of an indexed
document, numbers of a page and an offset. Whatever else it may be raises ValueError, TypeError, LookupError or
RagError, as the things it names do where they are not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from rag.assistant import Assistant
from rag.find import LONGEST_SOUGHT
from rag.types import Answer, Citation, Document, SearchResult
from ui.reader.spans import Span, Style

_LARGEST = 10**9


@dataclass(frozen=True)
class Chosen:
    """What is to be seen of a document, and what a button tells that chooses the same.

    ``citation`` may be ``closest``, of an answer that gives none. ``passage`` is the stretch that was found, None where
    a document is just looked through. ``sought`` are words that are looked for in it; ``at`` is then where they stand.
    """

    document: Document
    told: Mapping[str, object]
    answer: Answer | None = None
    citation: Citation | None = None
    closest: bool = False
    result: SearchResult | None = None
    passage: Span | None = None
    view: str = ""
    page: int | None = None
    at: int | None = None
    sought: str = ""

    @property
    def marks(self) -> tuple[Style, ...]:
        """The style of the cited words, or of the stretch that was chosen; none where they do not stand there."""
        place = self.passage if self.answer is None else self.place
        return () if place is None else (Style(*place, "mark"),)

    @property
    def address(self) -> str:
        """How the API is told of the document; no sign of it means anything in HTML."""
        return "source=" + quote(self.document.source.encode("utf-8", "surrogateescape"), safe="")

    @property
    def way_back(self) -> str:
        """What the button is called that leads back to what was chosen."""
        return "Back to the cited words" if self.citation is not None and not self.closest else "Back to the passage"

    @property
    def place(self) -> Span | None:
        """Where the cited words stand in the document as it is indexed: where they stood, or else nearest to it."""
        if self.citation is None:
            return None
        text, quote, start = self.document.text, self.citation.quote, self.citation.start
        if text.startswith(quote, start):
            return start, start + len(quote)
        found = [at for at in (text.rfind(quote, 0, start + len(quote)), text.find(quote, start)) if at >= 0]
        nearest = min(found, key=lambda at: abs(at - start), default=None)
        return None if nearest is None else (nearest, nearest + len(quote))


def choose(assistant: Assistant, turns: Sequence[Answer], chosen: Mapping[str, str]) -> Chosen:
    """Return what was chosen; raises where it is not there or is nothing that can be chosen."""
    found = _what(assistant, turns, chosen)
    view, page, at = chosen.get("view", ""), _number(chosen, "page", 1), _number(chosen, "at", 0)
    if view not in ("", "text", "page") or (at or 0) > len(found.document.text):
        raise ValueError("nothing that can be seen")
    sought = str(chosen.get("sought", ""))[:LONGEST_SOUGHT]
    return replace(found, view=view, page=page, at=at, sought=sought)


def _what(assistant: Assistant, turns: Sequence[Answer], chosen: Mapping[str, str]) -> Chosen:
    if "source" in chosen:
        return _of_document(assistant.document(str(chosen["source"])), chosen)
    turn = _needed(chosen, "turn", 0)
    answer = turns[turn]
    if "rank" in chosen:
        rank = _needed(chosen, "rank", 0)
        result = answer.results[rank]
        document = assistant.document(result.source)
        span = result.chunk.start, result.chunk.end
        return Chosen(document, {"turn": turn, "rank": rank}, answer, result=result, passage=span)
    kind = "closest" if "closest" in chosen else "n"
    citation = (answer.closest if kind == "closest" else answer.citations)[_needed(chosen, kind, 1) - 1]
    told = {"turn": turn, kind: citation.n} | {name: chosen[name] for name in ("note",) if name in chosen}
    cited = Chosen(assistant.document(citation.source), told, answer, citation, kind == "closest")
    return replace(cited, passage=_passage(cited, answer, citation))


def _of_document(document: Document, chosen: Mapping[str, str]) -> Chosen:
    """Return a document, or a stretch of it."""
    start, end = _number(chosen, "start", 0), _number(chosen, "end", 0)
    if start is None or end is None:
        return Chosen(document, {"source": document.source})
    told = {"source": document.source, "start": start, "end": end}
    return Chosen(document, told, passage=(start, min(end, len(document.text))))


def _passage(cited: Chosen, answer: Answer, citation: Citation) -> Span | None:
    """Return the excerpt, or the passage found, around the cited words where these stand in it; else the words."""
    place, excerpt = cited.place, citation.excerpt
    if place is not None and excerpt is not None:
        start = max(0, excerpt.start + place[0] - citation.start)
        still = cited.document.text.startswith(excerpt.text, start)
        return (start, start + len(excerpt.text)) if still else place
    if place is None or place[0] != citation.start:
        return place
    chunks = (result.chunk for result in answer.results if result.source == citation.source)
    around = next((chunk for chunk in chunks if chunk.start <= citation.start < chunk.end), None)
    return (around.start, max(around.end, place[1])) if around is not None else place


def _needed(chosen: Mapping[str, str], name: str, least: int) -> int:
    number = _number(chosen, name, least)
    if number is None:
        raise LookupError(name)
    return number


def _number(chosen: Mapping[str, str], name: str, least: int) -> int | None:
    if name not in chosen:
        return None
    number = int(str(chosen[name])[:20])
    if not least <= number <= _LARGEST:
        raise ValueError(name)
    return number
