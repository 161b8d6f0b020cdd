"""What is answered to a question about the documents themselves: a line of ours, or excerpts that give an outline."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import UTC, datetime

import numpy as np

from rag.answer import Draft, DraftSentence, Quote
from rag.answer.intent import Intent
from rag.answer.orders import is_order
from rag.dates import days, is_dated
from rag.embed import unit
from rag.excerpt import excerpt_span
from rag.index import Reader
from rag.sentences import Span
from rag.types import Block, Document, DocumentSummary, FindDocument, SearchResult, page_name
from rag.words import WORD, content_stems, words

NEEDS_MODEL = "adding up, comparing and judging need a language model (RAG_LLM_URL): these are the excerpts for it"
# Chosen by hand, each for an answer of at most a screenful.
_MOST_NAMED = 40  # documents of a list
_MOST_ROWS = 20
_OUTLINE = 5  # sentences that stand for a document, or documents for all
_CHAPTERS = 12
_SENTENCE_WORDS = 6  # that a sentence must have which stands for a document
_LONGEST = 450  # characters of an excerpt of an outline
_MOST_OF_IT = 0.5  # of a document's characters, from which its table or list is what it is


def draft_about(intent: Intent, reader: Reader, find_document: FindDocument) -> Draft | None:
    """Return what answers a question about the documents themselves; None where that is not known."""
    every = reader.documents()
    is_of_one = len(every) == 1 and intent.kind in ("outline", "page", "changed", "rows")
    named = every if is_of_one else intent.documents
    one = find_document(named[0].source) if len(named) == 1 else None
    if intent.kind == "hello" and not intent.rest and not named:
        return Draft(sentences=(), reply=_hello(every))
    if intent.is_of_rows and one is not None:
        members = _members(one)
        return _of_members(intent, one, members) if members else None
    if intent.kind == "kinds":
        return Draft(sentences=(), reply=_list(named or every))
    if intent.rest:
        return None
    if intent.kind == "list":
        return Draft(sentences=(), reply=_list(named or every))
    if intent.kind == "count":
        return Draft(sentences=(), reply=f"{_count(named or every)}.")
    if intent.kind == "changed" and named:
        return Draft(sentences=(), reply=_changed(named, reader))
    if intent.kind == "page" and one is not None and intent.page is not None:
        return _page(one, intent.page)
    if intent.kind in ("outline", "topic") and (named or intent.kind == "outline"):
        return outline(one, reader) if one is not None else _outline_of_all(named or every, reader, find_document)
    return None


def draft_on_topic(
    intent: Intent, results: Sequence[SearchResult], reader: Reader, find_document: FindDocument
) -> Draft | None:
    """Return the outline of what is named after a topic, or the best sentence of each document that speaks of it."""
    topic = set(content_stems(intent.rest))
    if intent.kind == "outline":
        documents = (find_document(source) for source in dict.fromkeys(result.source for result in results))
        found = next(((one, part) for one in documents if (part := _section(one, intent.rest)) is not None), None)
        return outline(found[0], reader, within=found[1]) if found is not None else None
    best: dict[str, DraftSentence] = {}
    for result in results:
        if len(best) == _OUTLINE or result.source in best or not _speaks_of(result, topic):
            continue
        document = find_document(result.source)
        alone = [one for one in result.sentences if _stands_alone(document, (one.start, one.end))]
        sentence = max(alone or result.sentences, key=lambda one: one.score, default=None)
        if sentence is not None:
            span = sentence.start, sentence.end
            best[result.source] = _quoted(document, span, excerpt_span(document, span, _LONGEST))
    return Draft(sentences=tuple(best.values()), note=f"Documents about {intent.rest}") if best else None


def _section(document: Document, said: str) -> Span | None:
    """Return the section under the first heading that names a topic; all, where the title does; else None.

    A title also names it by its date.
    """
    topic, names, dates = set(content_stems(said)), f"{document.title}\n{document.source}", days(said)
    if topic <= set(content_stems(names)) or (dates and all(is_dated(one, days(names), frozenset()) for one in dates)):
        return 0, len(document.text)
    headings = document.headings
    for at, heading in enumerate(headings):
        named = set(content_stems(heading.text))
        if named and (topic <= named or named <= topic):
            end = next((later.start for later in headings[at + 1 :] if later.level <= heading.level), None)
            return heading.start, end if end is not None else len(document.text)
    return None


def _speaks_of(result: SearchResult, topic: Set[str]) -> bool:
    """Whether a passage or what stands above it holds the words of a topic, but for one in three."""
    held = set(content_stems("\n".join((result.title, result.source, *result.chunk.headings, result.chunk.text))))
    return 3 * len(topic & held) >= 2 * len(topic)


def _hello(every: Sequence[DocumentSummary]) -> str:
    count = _count(every)
    things = ["What documents do you have?"]
    things += [f"What is {one.title} about?" for one in every[:1]] + [f"Summarise {one.title}" for one in every[1:2]]
    tried = ", ".join(f"“{thing}”" for thing in things)
    return f"Ask me about your {count}, and I show the excerpts that answer. Try: {tried}"


def _list(documents: Sequence[DocumentSummary]) -> str:
    named = [one.source if one.title in one.source else f"{one.title} ({one.source})" for one in documents]
    more = f", and {len(named) - _MOST_NAMED:,} more" if len(named) > _MOST_NAMED else ""
    return f"{_count(documents)}: {', '.join(named[:_MOST_NAMED])}{more}."


def _count(documents: Sequence[DocumentSummary]) -> str:
    return f"{len(documents):,} document{'s' * (len(documents) != 1)}"


def _changed(documents: Sequence[DocumentSummary], reader: Reader) -> str:
    files = [(one.source, reader.file(one.file)) for one in documents[:_MOST_NAMED]]
    told = [
        f"{source} was last changed on {datetime.fromtimestamp(file.mtime_ns / 1e9, UTC):%-d %B %Y}"
        for source, file in files
        if file is not None
    ]
    return "; ".join(told) + "."


def _members(document: Document) -> Sequence[Block]:
    """Return the rows or items of the table or list that a document mainly is; none where it is another thing."""
    lists = (document.blocks_of(at) for at in range(len(document.groups)))
    longest = max(lists, key=lambda blocks: blocks[-1].end - blocks[0].start if blocks else 0, default=())
    members = [block for block in longest if not block.is_context and block.kind in ("row", "item")]
    length = sum(block.end - block.start for block in members)
    return members if length >= _MOST_OF_IT * len(document.text.strip()) else ()


def _of_members(intent: Intent, document: Document, members: Sequence[Block]) -> Draft | None:
    """Return the rows or items of a document that hold what is asked for, or their count."""
    kind = f"{members[0].kind}s"
    wanted = list(dict.fromkeys(word.group() for word in WORD.finditer(intent.rest)))
    columns = set(content_stems(" ".join(document.groups[members[0].group or 0].columns)))
    texts = [set(content_stems(document.text[block.start : block.end])) for block in members]
    found = [word for word in wanted if any(set(content_stems(word)) <= text for text in texts)]
    missing = [word for word in wanted if word not in found]
    is_verb = len(missing) == 1 and missing[0].islower()  # "live" in "who live in Brimley"
    if (wanted and not found) or (missing and not is_verb) or columns & set(content_stems(intent.rest)):
        return None
    stems = [set(content_stems(word)) for word in found]
    fits = any if intent.is_either else all
    chosen = [block for block, text in zip(members, texts, strict=True) if not stems or fits(s <= text for s in stems)]
    whole = f"{len(members):,} {kind} in {document.source}"
    said = (" or " if intent.is_either else " ").join(found)
    have = "has" if len(chosen) == 1 else "have"
    with_them = f"{len(chosen):,} of the {whole} {have} “{said}”" if wanted else whole
    if intent.kind != "list":
        return Draft(sentences=(), reply=f"{with_them}.")
    if not wanted:
        span = excerpt_span(document, (members[0].start, members[0].end), _LONGEST, compares=True)
        return Draft(sentences=(_quoted(document, (members[0].start, members[0].end), span),), note=with_them)
    shown = [(block.start, block.end) for block in chosen[:_MOST_ROWS]]
    return Draft(sentences=tuple(_quoted(document, span, span) for span in shown), note=with_them)


def _page(document: Document, number: int) -> Draft | None:
    """Return the beginning of a page."""
    pages = [page for page in document.pages if page.number == number]
    if not document.pages:
        return Draft(sentences=(), reply=f"{document.source} has no pages.")
    if not pages:
        there = f"{document.source} has {len(document.pages)} {document.page_kind}s"
        return Draft(sentences=(), reply=f"{there}: there is no {page_name(document.page_kind, number)}.")
    end = next((page.start for page in document.pages if page.start > pages[0].start), len(document.text))
    blocks = [block for block in document.blocks_between(pages[0].start, end) if block.start >= pages[0].start]
    said = [block for block in blocks if not block.is_context] or blocks
    if not said:
        return None
    first = said[0].start, said[0].end
    return Draft(sentences=(_quoted(document, first, (first[0], min(end, said[-1].end))),))


def outline(document: Document, reader: Reader, most: int = _OUTLINE, within: Span | None = None) -> Draft | None:
    """Return the sentences of a document, or a part of it, that are most like all of it, in order, and its headings.

    None where no sentence stands by itself.
    """
    first, last = within or (0, len(document.text))
    spans, rows = [], []
    for piece, embedding in reader.pieces(document.source):
        if embedding is None:
            continue
        for at, (start, end) in enumerate(piece.sentences):
            span = piece.chunk.start + start, piece.chunk.start + end
            if first <= span[0] < last and _stands_alone(document, span):
                spans.append(span)
                rows.append(embedding.sentences[at])
    chosen = sorted(spans[at] for at in _central(np.array(rows), most)) if spans else []
    headings = chapters(document, within)
    note = f"{document.title}: {' · '.join(headings)}" if headings else document.title
    if not chosen:
        return None
    quoted = tuple(_quoted(document, span, excerpt_span(document, span, _LONGEST)) for span in chosen)
    return Draft(sentences=quoted, note=note)


def chapters(document: Document, within: Span | None = None) -> list[str]:
    """Return the upper headings of a document, or of a part of it, after the first."""
    first, last = within or (0, len(document.text))
    under = [one for one in document.headings if first <= one.start < last]
    upper = min((one.level for one in under), default=0) + 1
    return [" ".join(one.text.split()) for one in under if one.level <= upper][1:_CHAPTERS]


def _stands_alone(document: Document, span: Span) -> bool:
    text = document.text[slice(*span)].strip()
    blocks = document.blocks_between(*span)
    says = len(words(text)) >= _SENTENCE_WORDS and not text.endswith((":", "?")) and not is_order(text)
    return says and not any(block.is_context for block in blocks)


def _central(vectors: np.ndarray, most: int) -> list[int]:
    """Return rows that are like the mean of all and unlike each other (Carbonell and Goldstein 1998)."""
    likeness = vectors @ unit(vectors.mean(axis=0))
    alike = vectors @ vectors.T
    chosen: list[int] = []
    while len(chosen) < min(most, len(vectors)):
        worth = likeness - 0.5 * (alike[:, chosen].max(axis=1) if chosen else 0.0)
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
    return chosen


def _outline_of_all(documents: Sequence[DocumentSummary], reader: Reader, find_document: FindDocument) -> Draft | None:
    """Return the most central sentence of each document, of several spread over them."""
    count = min(len(documents), _OUTLINE)
    some = [documents[at * len(documents) // count] for at in range(count)]
    drafts = [outline(find_document(one.source), reader, 1) for one in some]
    sentences = [sentence for draft in drafts if draft is not None for sentence in draft.sentences]
    if not sentences:
        return None
    left = f"; {count} of {len(documents):,} shown" if len(documents) > count else ""
    titles = " · ".join(one.title for one in documents[:_MOST_NAMED])
    return Draft(sentences=tuple(sentences), note=f"{titles}{left}")


def _quoted(document: Document, span: Span, excerpt: Span) -> DraftSentence:
    text = " ".join(document.text[slice(*span)].split())
    quote = Quote(source=document.source, start=span[0], end=span[1], excerpt=excerpt)
    return DraftSentence(text=text, quotes=(quote,), support="quoted")
