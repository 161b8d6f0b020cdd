"""Whether a question is about the documents themselves, or asks nothing, so that no passage answers it.

It is told by likeness to a few examples. Its words must be those of the examples, or name documents; where any is left
over, the question is about what documents say, and searched for like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache, cached_property, lru_cache
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

import numpy as np

from rag.embed import Embedder, Vectors
from rag.types import DocumentSummary
from rag.words import STOP_WORDS, WORD, content_stems, searched, stem

Kind = Literal["hello", "list", "kinds", "count", "rows", "outline", "page", "changed", "topic", "judgement", "fact"]

# In each, "it" stands for the name of a document, or for a topic.
_EXAMPLES: Mapping[Kind, str] = {
    "hello": """
        Hello | Hi there | Good morning | Thanks, that was helpful! | Thank you very much | Who are you?
        What can you do? | Can you help me? | Help | How does this work? | What can I ask you?
        Thanks | Ok, thanks | Ok | Bye | Goodbye | How are you today? | Are you a robot?
        """,
    "list": """
        Which documents are there? | What documents do you have? | List all documents | Show me the files
        What is in this folder? | What do you have on it? | List all of it | List it | Which are in it?
        Which are in the folder? | Which papers, pages, mails and texts are there? | Which it are in it?
        """,
    "kinds": """
        What kinds of it are in this folder? | Which it are there notes of? | Which it are in this folder?
        """,
    "count": """
        How many documents are there? | How many files do you have? | How many are in it? | How many it? | Count it
        What is the number of documents? | How many of it do we have?
        """,
    "rows": """
        How many rows does it have? | How many entries are in it? | How many items are there? | How many lines?
        """,
    "outline": """
        What is it about? | What is this document about? | Summarise it | Summarize the document
        Give me a summary of it | Tell me about it | What are the key points of it? | What does it say?
        What are these documents about, in short? | What are these mails about? | What topics are covered?
        What is this documentation about? | What is the story about? | Summarise the page | Describe the contents
        An overview of it | Summarise the page on it | Summarise the document about it
        Summarise the one on it | Summarise everything | Summarise all of it
        """,
    "page": """
        What is on page of it? | What is on the page? | What does the page say? | Show me the page
        """,
    "changed": """
        When was it added? | When was it last changed? | When was the document added? | When was it updated?
        """,
    "judgement": """
        What is the total of it? | How much is it in total? | How much altogether? | Add it up
        What is the average of it? | What is the sum of it? | Is it worth it? | Should I do it? | Which is better, it?
        What do you think of it? | Which would you recommend?
        """,
    "topic": """
        Which documents are about it? | What documents are there about it? | Which papers are about it?
        What is there to read about it? | Which pages have it? | Which files mention it?
        """,
    "fact": """
        How much is it? | How long is it? | How old is it? | When is it? | Who is it? | Where is it? | Why is it?
        What is it? | What does it mean? | How do I do it? | Who was it about? | What is it called?
        """,
}
_LEAST_LIKE = 0.7  # cosine of a question with an example; chosen by hand
_MAY_NAME = re.compile(r"\W*(?:how many|which|what is|what's|tell me|should)\b", re.IGNORECASE)  # a document by itself
# What a row or item is asked to be beside holding some words: that takes reckoning or judging.
_NARROWED = re.compile(
    r"\b(?:not|no|without|except|over|under|above|below|more|less|fewer|least|most|before|after|between|since|until|than)"
    r"\b|n['’]t\b|[<>]",
    re.IGNORECASE,
)
_OF_ROWS: tuple[Kind, ...] = ("list", "count", "rows")
_PAGE = re.compile(r"\b(?:page|slide|sheet|p\.)\s*(\d{1,5})\b", re.IGNORECASE)


class Intent(NamedTuple):
    """What is asked of the documents.

    ``documents`` are those it names, by source, none where it names none; ``rest`` are the words that are neither
    theirs nor of the examples, ``is_either`` whether they are joined by "or"; ``page`` is the number of the page it
    asks for. A ``fact`` is asked of what they say.
    """

    kind: Kind
    documents: Sequence[DocumentSummary]
    rest: str
    is_either: bool
    page: int | None

    @property
    def is_of_rows(self) -> bool:
        """Whether it asks for what a document lists, or how much of it there is."""
        return self.kind in _OF_ROWS

    @property
    def needs_search(self) -> bool:
        """Whether the documents that it is about are to be searched for."""
        return self.kind in ("topic", "outline") and bool(self.rest) and not self.documents


class Intents:
    """Tells the intents of questions, by an embedder. Safe to use from many threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def of(
        self, question: str, list_documents: Callable[[], Sequence[DocumentSummary]], taken_over: str = ""
    ) -> Intent | None:
        """Return what a question asks of the documents themselves; None where it is about what they say.

        What it has ``taken_over`` from the conversation may name them.
        """
        known = _vocabulary()
        asked = set(content_stems(question))
        if asked and not asked & known and not _MAY_NAME.match(question):
            return None
        documents = list_documents()
        named, text = _named_in_full(question, documents)
        named = named or _named_in_full(taken_over, documents)[0]
        page = _PAGE.search(text)
        text = _PAGE.sub("page", text)
        asked = set(content_stems(text))
        left = asked - known
        by: Set[str] = frozenset()
        if not named:
            named, by = _named(text, documents)
            left -= by
        in_part = [one for one in documents if left <= _stems_of_names(one)] if left and not named else []
        if asked and not asked & known and not named and not in_part:
            return None
        kind = self._kind(_frame(text, known))
        if kind is None and len(named) == 1:  # "Which sensors are in the attic?", where sensors.csv is there
            kind = self._kind(_frame(_with_it(text, by), known))
            kind = kind if kind in _OF_ROWS else None
        if kind is None or kind == "fact":
            return None
        if in_part and (
            kind in ("outline", "page", "changed") or (kind not in ("topic", "kinds") and len(in_part) == 1)
        ):
            named, left = in_part, set()
        rest = " ".join(word.group() for word in WORD.finditer(text) if set(content_stems(word.group())) & left)
        if kind in _OF_ROWS and rest and _NARROWED.search(text):
            kind = "judgement"
        return Intent(kind, named, rest, " or " in question, int(page[1]) if page else None)

    def _kind(self, frame: str) -> Kind | None:
        """Return the kind of the example that a frame is most like; None where it is like none."""
        likeness = self._examples @ self._embedder.embed_query(frame)
        best = int(likeness.argmax())
        return _texts()[best][0] if likeness[best] >= _LEAST_LIKE else None

    @cached_property
    def _examples(self) -> Vectors:
        frames = [_frame(text, _vocabulary()) for _, text in _texts()]
        return np.stack([one.passage for one in self._embedder.embed(frames, [[] for _ in frames])])


def _frame(text: str, known: Set[str]) -> str:
    """Return a text with "it" in the place of what is not of the examples, from the first such word to the last."""
    said = [word.group() for word in WORD.finditer(text)]
    others = [at for at, word in enumerate(said) if set(content_stems(word)) - known]
    if others:
        said[others[0] : others[-1] + 1] = ["it"]
    return " ".join(said).lower()


def _with_it(text: str, stems: Set[str]) -> str:
    """Return a text with "it" in the place of each word of ``stems``."""
    said = (word.group() for word in WORD.finditer(text))
    return " ".join("it" if set(content_stems(word)) & stems else word for word in said)


def _named_in_full(question: str, documents: Sequence[DocumentSummary]) -> tuple[list[DocumentSummary], str]:
    """Return the documents whose file names stand in a question, and the question with "it" in their place."""
    found = []
    for one in documents:
        for name in (one.source, PurePosixPath(one.source).name):
            at = question.casefold().find(name.casefold()) if "." in name else -1
            if at >= 0:
                found.append(one)
                question = f"{question[:at]}it{question[at + len(name) :]}"
                break
    return found, question


def _named(text: str, documents: Sequence[DocumentSummary]) -> tuple[list[DocumentSummary], set[str]]:
    """Return the documents with a title, file name or folder that stands in a text, and its words."""
    asked = {stem(word) for word in searched(text)}
    best: list[tuple[DocumentSummary, frozenset[str]]] = []
    for one in documents:
        path = PurePosixPath(one.source)
        for name in (one.title, path.stem, path.parent.name):
            stems = _stems(name) - STOP_WORDS - _vocabulary()
            if stems and stems <= asked:
                best.append((one, stems))
                break
    most = max((len(stems) for _, stems in best), default=0)
    chosen = [(one, stems) for one, stems in best if len(stems) == most]
    return [one for one, _ in chosen], set().union(*(stems for _, stems in chosen))


def _stems_of_names(one: DocumentSummary) -> frozenset[str]:
    """Return the stems of the words of a document's title and path."""
    return _stems(one.title) | _stems(str(PurePosixPath(one.source).with_suffix("")))


@lru_cache(maxsize=100_000)
def _stems(name: str) -> frozenset[str]:
    return frozenset(stem(word) for word in searched(name))


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset(one for _, text in _texts() for one in content_stems(text))


@cache
def _texts() -> Sequence[tuple[Kind, str]]:
    return [(kind, text) for kind, some in _EXAMPLES.items() for text in re.split(r"\s*[|\n]\s*", some) if text]
