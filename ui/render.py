"""Answers and documents → HTML. Every character from a document or a person goes through ``escape``.

Gradio reads a component's value as a template before it becomes HTML, so besides the characters that
mean something to HTML, those that mean something to a template are written as entities too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape as escape_html

from rag.assistant import Status
from rag.types import Answer, Citation, DocumentSummary, Freshness, SearchResult, Sentence

_TEMPLATE_SIGNS = {ord(sign): f"&#{ord(sign)};" for sign in "{}$`\\"}
# Signs that turn the direction of the text after them; between tags they could make a page lie.
_BIDI = {ord(sign): None for sign in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def escape(text: str) -> str:
    """Return ``text`` as HTML that shows it and does nothing else."""
    return escape_html(text.translate(_BIDI), quote=True).translate(_TEMPLATE_SIGNS)


def conversation(turns: Sequence[Answer], waiting: str | None = None, shown: int | None = None) -> str:
    """Return the talk so far; ``waiting`` is a question without an answer yet.

    Of the last answer, only the first ``shown`` sentences are drawn where that is given.
    """
    parts = [
        turn_html(at, turn, shown if at == len(turns) - 1 and waiting is None else None)
        for at, turn in enumerate(turns)
    ]
    if waiting is not None:
        parts.append(_question(waiting) + '<p class="waiting" role="status">Looking through your documents …</p>')
    if not parts:
        parts.append(
            '<div class="welcome"><h2>Ask your documents</h2><p>Every sentence of an answer is quoted from them, '
            "with its source beside it. What they do not say, you are told they do not.</p></div>"
        )
    return f'<div class="talk" role="log" aria-live="polite" aria-label="Conversation">{"".join(parts)}</div>'


def turn_html(at: int, answer: Answer, shown: int | None = None) -> str:
    """Return question and answer number ``at`` of a conversation."""
    rewritten = _asked_as(at, answer.query) if answer.query != answer.question else ""
    body = _abstention(at, answer) if answer.abstained else _given(at, answer, shown)
    return f'{_question(answer.question)}{rewritten}<div class="answer">{body}</div>'


def _asked_as(at: int, query: str) -> str:
    """Return what was searched for in place of the question, and a button to change it."""
    return (
        f'<p class="query" dir="auto">Asked as: {escape(query)} '
        f'<button type="button" class="edit" data-edit="{at}" aria-label="Edit what was asked">Edit</button></p>'
    )


def _question(question: str) -> str:
    return f'<div class="question" dir="auto">{escape(question)}</div>'


def _given(at: int, answer: Answer, shown: int | None) -> str:
    return _sentences(at, answer, shown) + _caveats(at, answer) + _meta(answer)


def _sentences(at: int, answer: Answer, shown: int | None) -> str:
    titles = {citation.n: citation for citation in answer.citations}
    pieces = [
        f'<span class="sentence">{_sentence(sentence, titles)}</span>'
        + "".join(_marker(at, titles[n]) for n in sentence.citations)
        for sentence in answer.sentences[:shown]
    ]
    return f'<p class="sentences" dir="auto">{" ".join(pieces)}</p>'


def _sentence(sentence: Sentence, cited: Mapping[int, Citation]) -> str:
    """Return a sentence with the words that answer marked; of one that is no quotation, none can be."""
    if sentence.support != "quoted":
        return escape(sentence.text)
    citation = cited[sentence.citations[0]]
    if citation.highlight is None:
        return escape(sentence.text)
    start, end = (offset - citation.start for offset in citation.highlight)
    quote = citation.quote
    return f"{escape(quote[:start])}<mark>{escape(quote[start:end])}</mark>{escape(quote[end:])}"


def _caveats(at: int, answer: Answer) -> str:
    """Return where the sources disagree, and what of the question they do not answer."""
    cited = {citation.n: citation for citation in answer.citations}
    lines = [
        '<p class="caveat"><b>Sources disagree:</b> '
        + ", ".join(escape(value) + _marker(at, cited[n]) for value, n in zip(pair.values, pair.citations, strict=True))
        + "</p>"
        for pair in answer.disagreements
    ]
    if answer.missing:
        lines.append(f'<p class="caveat"><b>Not in your documents:</b> {escape(" ".join(answer.missing))}</p>')
    return "".join(lines)


def _marker(at: int, citation: Citation) -> str:
    page = f", {citation.page_kind} {citation.page}" if citation.page else ""
    label = f"Source {citation.n}: {citation.source}{page}"
    return (
        f'<button type="button" class="marker" data-turn="{at}" data-n="{citation.n}" '
        f'title="{escape(label)}" aria-label="{escape(label)}">{citation.n}</button>'
    )


def _meta(answer: Answer) -> str:
    count = len(answer.citations)
    quotes = f"{count} quote{'s' if count != 1 else ''} checked, word for word"
    seconds = sum(answer.timings.values())
    parts = [f'<span class="ok">✓ {quotes}</span>', f"<span>{sureness(answer.confidence)}</span>"]
    parts.append(f"<span>{1000 * seconds:.0f} ms</span>")
    if newer := newer_than_index(answer.freshness):
        parts.append(f'<span class="warn">{newer}</span>')
    return f'<p class="meta">{"".join(parts)}</p>'


def sureness(confidence: float) -> str:
    """Return a confidence in words."""
    if confidence >= 0.9:
        return "sure"
    return "fairly sure" if confidence >= 0.7 else "not very sure"


def newer_than_index(freshness: Freshness | None) -> str:
    """Return how many files the index has not caught up with, or nothing where it is level."""
    if freshness is None or freshness.level:
        return ""
    count = freshness.added + freshness.changed + freshness.removed
    return f"{count} file{'s' if count != 1 else ''} newer than the index"


def _abstention(at: int, answer: Answer) -> str:
    nearest = "".join(_nearest(at, rank, result) for rank, result in enumerate(answer.results[:3]))
    passages = (
        f'<p class="soft">The nearest passages, which may not answer it:</p><ul>{nearest}</ul>' if nearest else ""
    )
    return f'<div class="card"><b>Not in your documents.</b>{passages}</div>'


def _nearest(at: int, rank: int, result: SearchResult) -> str:
    best = max(result.sentences, key=lambda sentence: sentence.score)
    text = " ".join(result.chunk.text[best.start - result.chunk.start : best.end - result.chunk.start].split())
    short = text if len(text) <= 200 else text[:200] + " …"
    page = f", {result.page_kind} {result.chunk.page}" if result.chunk.page else ""
    return (
        f'<li><button type="button" class="nearest" data-turn="{at}" data-rank="{rank}">'
        f"{escape(result.source)}{page}</button> — “{escape(short)}”</li>"
    )


def documents(status: Status) -> str:
    """Return the list of documents: what is indexed, and what could not be read and why."""
    newer = newer_than_index(status.freshness)
    state = f'<span class="warn">{newer}</span>' if newer else "level with the folder"
    count = len(status.documents)
    head = f'<h1>Your documents</h1><p class="soft">{count} indexed · {state}</p>'
    items = "".join(_document(document) for document in status.documents)
    failed = "".join(_told(record.source, record.reason) for record in status.failed)
    warned = "".join(_told(record.source, record.warning) for record in status.warned)
    unspoken = _told("Languages", status.unspoken) if status.unspoken is not None else ""
    return f'{head}<ul class="docs" aria-label="Documents">{items}{failed}{warned}{unspoken}</ul>'


def _told(source: str, said: str | None) -> str:
    return (
        f'<li class="failed"><i class="dot b"></i><b>{escape(source)}</b>'
        f'<span class="soft">{escape(said or "")}</span></li>'
    )


def _document(document: DocumentSummary) -> str:
    label = escape(f"{document.source}: {document.title}")
    return (
        f'<li><button type="button" data-source="{escape(document.source)}" title="{label}"><i class="dot"></i>'
        f'<b>{escape(document.source)}</b><span class="soft">{document.extent}</span></button></li>'
    )
