"""A passage of a document → what the reader takes in: clean sentences, a row with the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator

from rag.index import Passage
from rag.markdown_signs import without_signs
from rag.read import Place, ReadablePassage, Sentence
from rag.sentences import Span
from rag.types import Block, Document


def candidate_of(document: Document, passage: Passage) -> ReadablePassage:
    """Return a passage as it is read."""
    chunk = passage.chunk
    seen = without_signs(chunk.text, passage.source)
    above = [passage.title, *chunk.headings, *(one.text for one in chunk.introductions[:1] if one.is_apart)]
    sentences = []
    for start, end in passage.sentences:
        place = chunk.start + start, chunk.start + end
        block = document.block_at(place[0])
        if block is not None and block.kind == "row" and block.cells and not block.is_context:
            sentences.append(_row(document, block, place))
        else:
            sentences.append(_plain(seen[start:end], place[0]))
    return ReadablePassage("\n".join(dict.fromkeys(above)), tuple(sentences))


def _plain(text: str, start: int) -> Sentence:
    return Sentence(text, (Place(0, start, len(text)),))


def _row(document: Document, block: Block, place: Span) -> Sentence:
    """Return the cells of a row that stand in a span, each after the name of its column."""
    text, places = "", []
    for name, (start, end) in _cells(document, block):
        start, end = max(start, place[0]), min(end, place[1])
        if start >= end:
            continue
        text += f"{'; ' if text else ''}{name}{': ' if name else ''}"
        places.append(Place(len(text), start, end - start))
        text += document.text[start:end]
    return Sentence(text, tuple(places))


def _cells(document: Document, block: Block) -> Iterator[tuple[str, Span]]:
    """Yield the cells of a row that are not empty, with the names of their columns."""
    columns = document.groups[block.group].columns if block.group is not None else ()
    for at, (start, end) in enumerate(block.cells):
        if document.text[start:end].strip():
            yield columns[at] if at < len(columns) else "", (start, end)
