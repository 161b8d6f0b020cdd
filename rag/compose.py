"""What was found and drafted for the parts of a question, put together as one answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import zip_longest
from operator import add

from rag.answer import Draft, DraftSentence, OnSentences
from rag.answer.cite import cite
from rag.errors import AnswerStopped
from rag.followup import Understood
from rag.index import Reader
from rag.types import Citation, FindDocument, ModelUse, SearchResult, Sentence, Unread, Value

# Called with all sentences and citations of an answer so far, which may be none; what was there before may be gone
# again.
OnAnswer = Callable[[Sequence[Sentence], Sequence[Citation]], None]


class Part(Value):
    """A question, what was found for it, what is drafted, whether that is sure enough to be said, and what else is."""

    question: Understood
    confidence: float
    draft: Draft
    results: tuple[SearchResult, ...] = ()
    is_answered: bool = True
    note: str = ""

    @property
    def says(self) -> bool:
        """Whether anything is to be said."""
        return bool(self.sentences or self.draft.reply)

    @property
    def sentences(self) -> tuple[DraftSentence, ...]:
        """What is to be said."""
        return self.draft.sentences if self.is_answered else ()

    @property
    def closest(self) -> tuple[DraftSentence, ...]:
        """What comes closest, where nothing is to be said."""
        return () if self.is_answered else self.draft.sentences

    def quotes_from(self, result: SearchResult) -> bool:
        """Whether a sentence rests on ``result``."""
        places = (quote for sentence in self.sentences for quote in sentence.quotes)
        chunk = result.chunk
        return any(p.source == result.source and chunk.start <= p.start < chunk.end for p in places)


def tell_nobody(_: Sequence[DraftSentence]) -> None:
    """Do nothing with the sentences of an answer that is not waited for."""


def teller(found: Sequence[Part], find_document: FindDocument, on_sentences: OnAnswer) -> OnSentences:
    """Return what tells the sentences of one part, with those of the parts before it."""

    def tell(sentences: Sequence[DraftSentence]) -> None:
        on_sentences(*cited(found, sentences, find_document))

    return tell


def cited(
    found: Sequence[Part], more: Sequence[DraftSentence], find_document: FindDocument
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Return the sentences of all parts, and some more, with their citations."""
    return cite(_distinct([*(sentence for part in found for sentence in part.sentences), *more]), find_document)


def closest(found: Sequence[Part], find_document: FindDocument) -> tuple[Citation, ...]:
    """Return the excerpts that come closest where nothing is to be said, numbered like citations."""
    return cite(_distinct(sentence for part in found for sentence in part.closest), find_document)[1]


def _distinct(sentences: Iterable[DraftSentence]) -> list[DraftSentence]:
    """Return sentences without quotations that one before them shows already; of a model's sentences, all."""
    found: list[DraftSentence] = []
    for sentence in sentences:
        shown = [quote for one in found if one.support == "quoted" for quote in one.quotes]
        if sentence.support != "quoted" or not all(any(map(quote.stands_in, shown)) for quote in sentence.quotes):
            found.append(sentence)
    return found


def fair_share(found: Sequence[Part], most: int) -> tuple[SearchResult, ...]:
    """Return the passages of all parts by turns, each once: of each part its share of ``most``, and what it quotes."""
    share = -(-most // len(found))
    kept = [[r for at, r in enumerate(part.results) if at < share or part.quotes_from(r)] for part in found]
    by_turns = [result for turn in zip_longest(*kept) for result in turn if result is not None]
    return tuple({result.chunk.id: result for result in by_turns}.values())


def unread_files(reader: Reader) -> tuple[Unread, ...]:
    """Return the files that could not be read, by source."""
    unread = [Unread(source=r.source, reason=r.reason) for r in reader.files().values() if r.reason is not None]
    return tuple(sorted(unread, key=lambda one: one.source))


def together(uses: Sequence[ModelUse]) -> ModelUse | None:
    """Return what several replies took together; None where no model was asked."""
    return reduce(add, uses) if uses else None


class Clock:
    """Seconds by stage. Once ``stop`` is set, no stage begins, and one that goes on is the last."""

    def __init__(self, stop: threading.Event) -> None:
        self.seconds: dict[str, float] = {}
        self._stop = stop

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Count what is done meanwhile as of a stage; raises AnswerStopped where nobody waits for it any more."""
        self._check()
        started = time.perf_counter()
        yield
        self._check()
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.perf_counter() - started, 4)

    def _check(self) -> None:
        if self._stop.is_set():
            raise AnswerStopped("stopped: ask again")
