"""A question as it is searched for: its words, its vector, and what can be told of what it asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.dates import Day, days, is_dated
from rag.embed import Embedder, Vectors, unit
from rag.errors import UsageError
from rag.identifiers import Identifier, identifiers
from rag.index import Passage, Reader
from rag.sentences import sentence_spans
from rag.short_forms import ShortForm
from rag.terms import Terms, query_terms, short_forms_in
from rag.words import STOP_WORDS, WORD, forms, searched, stem, words

_QUESTION_MARKS = ("?", "？", "؟")
# What is asked of several things: to list, count or compare them, in English. A word taken for a superlative that is
# none ("west") shows more than is needed.
_SEVERAL = re.compile(
    r"\b(?:all|any|each|every|both|list|compare[ds]?|comparison|differ\w*|versus|vs|between|than|more|less|fewer|most|least"
    r"|or|better|worse|cheaper|higher|lower|longer|shorter|larger|smaller|older|newer|faster|earlier|later"
    r"|\w{3,}est)\b|^which\b"
)

CAPITAL_NOUNS = ("de",)  # languages in which a capital does not tell a name
_LOOKED_THROUGH = 50  # passages, for an identifier written in another way
# What the answer before a follow-up is worth beside it, when passages are compared: at .3 and at .6, 10 of the 11
# follow-ups of the development set are right in the first excerpt, without it 6.
_NEAR = 0.5
_MOST_QUESTIONS = 5  # a text with more is no question but a list of them


@dataclass(frozen=True)
class Query:
    """A question.

    ``vector`` is of shape ``(dimension,)`` and unit length; so is ``passage_vector``, which passages are compared with:
    the same, moved towards the answer before a follow-up.
    ``typed`` is the question without what it takes over; ``passages`` is among how many it is asked.
    ``explained`` are the short forms in it, and those for words of it, that the documents explain. ``identifiers`` and
    ``dates`` are those in it, each meaning one thing alone; of a date, more than a month is said. ``unknown`` are the
    identifiers that stand nowhere: what is found is about something else.
    """

    text: str
    typed: str
    terms: Terms
    vector: Vectors
    passage_vector: Vectors
    passages: int
    explained: Sequence[ShortForm] = ()
    identifiers: Sequence[Identifier] = ()
    dates: Sequence[Day] = ()
    unknown: Sequence[Identifier] = ()

    @property
    def asks_of_several(self) -> bool:
        """Whether it asks to list, count or compare things."""
        return _SEVERAL.search(self.typed.lower()) is not None

    def exact(self, text: str) -> float:
        """Return the share (0–1) of the identifiers and dates that a text names; 0 where the question has none."""
        held = [one.stands_in(text) for one in self.identifiers]
        if self.dates:
            held += [is_dated(one, days(text), frozenset()) for one in self.dates]
        return sum(held) / (len(held) or 1)

    @property
    def unknown_note(self) -> str:
        """What is to be said of the identifiers that stand nowhere: "F30 stands nowhere in the documents"."""
        named = " and ".join(one.text for one in self.unknown)
        return f"{named} stand{'s' * (len(self.unknown) == 1)} nowhere in the documents" if named else ""


def read_query(question: str, reader: Reader, embedder: Embedder, answered: str = "", typed: str = "") -> Query:
    """Return ``question`` ready to be searched for, near what was ``answered`` before; raises UsageError if empty.

    ``typed`` is the question without what it takes over, where that is another.
    """
    text = query_text(question)
    explained = short_forms_in(text, reader)
    terms = query_terms(text, reader, embedder, explained)
    named = identifiers(text)
    vector = embedder.embed_query(text)
    return Query(
        text=text,
        typed=typed or text,
        explained=explained,
        terms=terms,
        vector=vector,
        passage_vector=unit(vector + _NEAR * embedder.embed_query(answered)) if answered else vector,
        passages=len(reader),
        identifiers=named,
        dates=[day for day in days(text) if day.day or day.year],
        unknown=[one for one in named if not _stands_somewhere(one, terms, reader)],
    )


def _stands_somewhere(identifier: Identifier, terms: Terms, reader: Reader) -> bool:
    """Whether any passage names an identifier, in its text, its headings or its document's name."""
    said = " ".join((identifier.noun, identifier.name))
    words_asked = [forms(word, terms.languages) for word in searched(said)]
    passages = reader.passages(list(reader.lexical(words_asked, _LOOKED_THROUGH)))
    return any(identifier.stands_in(_with_context(passage)) for passage in passages)


def _with_context(passage: Passage) -> str:
    """Return what a passage says, after what stands above it and its document's name."""
    above = (one.text for one in passage.chunk.introductions)
    return "\n".join((passage.source, passage.title, *passage.chunk.headings, *above, passage.chunk.text))


def query_text(question: str) -> str:
    """Return the question in one line; raises UsageError where it is empty."""
    # A lone surrogate, which no encoding holds, becomes a question mark.
    query = " ".join(question.encode("utf-8", "replace").decode("utf-8").split())
    if not query:
        raise UsageError("the question is empty: ask something")
    return query


def questions_in(text: str) -> tuple[str, ...]:
    """Return the questions in ``text``, where it is several sentences that each end in a question mark; else itself."""
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    several = len(sentences) <= _MOST_QUESTIONS and all(s.endswith(_QUESTION_MARKS) and words(s) for s in sentences)
    return tuple(dict.fromkeys(sentences)) if several else (text,)


def names(question: str) -> set[str]:
    """Return the words of a question that name something: with a capital after the first word, or a digit."""
    dated = days(question)
    for day in dated:
        question = question.replace(day.text, " " * len(day.text))
    found = list(WORD.finditer(question))
    return {term for day in dated for term in (day.terms[-2 if day.day else -1], str(day.year)) if term != "0"} | {
        stem(part)
        for at, word in enumerate(found)
        if word.group().lower() not in STOP_WORDS
        and (any(c.isdigit() for c in word.group()) or (at > 0 and word.group()[0].isupper()))
        for part in words(word.group())
    }
