"""Questions that documents answer, made of their own headings and names; each has been asked and is answered.

A question is left out where the first excerpt of its answer is not from the very place that it was made of. No rule
knows any grammar: what is not a question already is put into one form that fits whatever is named.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import regex

from rag.assistant import Assistant
from rag.dates import MONTHS
from rag.types import Answer, Citation, Document, DocumentSummary
from rag.words import content_stems

# Chosen by hand: what a person waits for in the background, and what fits on a button.
_SECONDS = 10.0
_MOST_ASKED = 40
_MOST_READ = 20  # documents
_LONGEST = 80  # characters of a question
_LOOKED_AT = 100_000  # characters of a document without headings
_SHORTEST = 60  # characters of a text worth asking for
_WORDS = (2, 9)  # of a heading that says something
_MOST_NAMES = 8  # of a document

_ORDINARY = regex.compile(r"[\p{L}\p{M}\p{N}“][\p{L}\p{M}\p{N} ,.'’&%:?“”–-]+")
_ODD = regex.compile(r"\p{L}\.\p{Ll}|\d{5}|(.)\1{3}|\b\p{Lu}{5,}\b")  # such as addresses, numbers, shouting
_NUMBERING = regex.compile(r"^(?:(?:chapter|section|part|step)\s+)?[\dIVX]*(?:\.\d+)*[.):]?\s+", regex.IGNORECASE)
_NAME = regex.compile(r"(?<=[\p{Ll},] )\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+){0,3}")  # within a sentence
_ENGLISH = ("en", "")  # languages of documents that are asked for in English, or may be


class Topic(NamedTuple):
    """What a document speaks of at a place, ``start`` to ``end`` of its text, and the question for that."""

    question: str
    source: str
    start: int
    end: int


def starters(assistant: Assistant, most: int = 4, sources: Iterable[str] = ()) -> list[str]:
    """Return up to ``most`` questions, by turns of documents spread over all, or of ``sources``, if any.

    The same index gives the same questions, unless the machine is so slow that time runs out.
    """
    wanted = {*sources}
    every = [one for one in assistant.documents() if one.chunks and (not wanted or one.source in wanted)]
    documents = [assistant.document(one.source) for one in _spread(every)]
    return _answered(assistant, _by_turns([_topics(one, documents) for one in documents]), most)


def next_questions(assistant: Assistant, answer: Answer, asked: Sequence[str], most: int = 3) -> list[str]:
    """Return up to ``most`` questions on what stands nearest to what an answer cites; none of ``asked``."""
    cited = {citation.source: citation.start for citation in reversed(answer.citations)}
    documents = [assistant.document(source) for source in cited]
    near = [
        iter(sorted(_topics(one, documents), key=lambda topic: abs(topic.start - at)))
        for one, at in zip(documents, cited.values(), strict=True)
    ]
    new = (one for one in _by_turns(near) if not any(_overlaps(one, citation) for citation in answer.citations))
    return _answered(assistant, new, most, asked)


def _answered(assistant: Assistant, topics: Iterable[Topic], most: int, asked: Sequence[str] = ()) -> list[str]:
    """Return the questions of topics that are answered from there, unlike each other and those already asked."""
    until = time.monotonic() + _SECONDS
    kept: list[str] = []
    for count, topic in enumerate(topics):
        if len(kept) == most or count == _MOST_ASKED or time.monotonic() > until:
            break
        if not any(_alike(topic.question, one) for one in (*asked, *kept)) and _is_answered(assistant, topic):
            kept.append(topic.question)
    return kept


def _is_answered(assistant: Assistant, topic: Topic) -> bool:
    """Whether the first excerpt of the answer to a topic's question is from there."""
    first = next(iter(assistant.ask(topic.question, with_model=False).citations), None)
    return first is not None and _overlaps(topic, first)


def _topics(document: Document, among: Sequence[Document]) -> Iterator[Topic]:
    """Yield what a document speaks of: its headings, questions first, then names in it alone, then all of it."""
    for text, start, end in _headings(document):
        yield Topic(text if text.endswith("?") else _asked(f"“{text}”", document), document.source, start, end)
    asked = [_asked(name, document) for name in _names(document, among)]
    for question in (*asked, f"What is {document.title} about?"):
        if _is_ordinary(question):
            yield Topic(question, document.source, 0, len(document.text))


def _headings(document: Document) -> list[tuple[str, int, int]]:
    """Return the headings that say something, each with the span of the text under it; questions come first."""
    headings = document.headings
    counted = Counter(one.text.casefold() for one in headings)
    ends = [*(one.start for one in headings[1:]), len(document.text)]
    found = [
        (text, one.end, end)
        for one, end in zip(headings, ends, strict=False)
        if (text := _NUMBERING.sub("", " ".join(one.text.split())).strip(" :"))
        and counted[one.text.casefold()] == 1
        and text != document.title
        and len(document.text[one.end : end].strip()) >= _SHORTEST
        and _says_something(text)
    ]
    return sorted(found, key=lambda one: not one[0].endswith("?"))


def _names(document: Document, among: Sequence[Document]) -> list[str]:
    """Return names in a document that few others have, the most frequent first."""
    counted = Counter(match.group() for match in _NAME.finditer(document.text[:_LOOKED_AT]))
    others = [one.text for one in among if one is not document]
    own = (name for name, _ in counted.most_common(_MOST_NAMES) if not any(name in text for text in others))
    return [name for name in own if " " in name or (counted[name] > 1 and _is_proper(name, document.text))]


def _is_proper(word: str, text: str) -> bool:
    """Whether a word with a capital is a name: never written without it, and no month."""
    return not any(month.startswith(word) for month in MONTHS) and not regex.search(rf"\b{word.lower()}\b", text)


def _asked(text: str, document: Document) -> str:
    """Return the question for a heading or a name; in another language than English, there is just that."""
    if document.language not in _ENGLISH:
        return text.strip("“”")
    return f"What is said about {text}?"


def _says_something(heading: str) -> bool:
    """Whether a heading may be asked for: some words of a language."""
    unspaced = regex.search(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]{4}", heading)
    return bool(unspaced or _WORDS[0] <= len(heading.split()) <= _WORDS[1]) and _is_ordinary(heading)


def _is_ordinary(text: str) -> bool:
    """Whether a text is short, and has letters, digits and ordinary punctuation alone."""
    return len(text) <= _LONGEST and bool(_ORDINARY.fullmatch(text)) and not _ODD.search(text)


def _alike(one: str, other: str) -> bool:
    ours, theirs = set(content_stems(one)), set(content_stems(other))
    return 2 * len(ours & theirs) > min(len(ours), len(theirs))


def _overlaps(topic: Topic, citation: Citation) -> bool:
    """Whether what is shown of a citation is from the place of a topic, at least in part."""
    shown = citation.excerpt or citation  # a language model's has no excerpt
    return citation.source == topic.source and shown.start < topic.end and topic.start < shown.end


def _by_turns(several: Sequence[Iterator[Topic]]) -> Iterator[Topic]:
    """Yield the first of each, then the next; none is made before it is needed."""
    while several:
        going = []
        for topics in several:
            topic = next(topics, None)
            if topic is not None:
                yield topic
                going.append(topics)
        several = going


def _spread(summaries: Sequence[DocumentSummary]) -> list[DocumentSummary]:
    """Return as many as are read, in order, evenly from all."""
    count = min(len(summaries), _MOST_READ)
    return [summaries[at * len(summaries) // count] for at in range(count)]
