"""The assistant: the one place where the parts are put together, and what every front end talks to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from itertools import zip_longest

from rag.answer import Answerer, DraftSentence
from rag.answer.cite import cite
from rag.answer.confidence import confidence
from rag.answer.conflict import disagreements
from rag.answer.extractive import ExtractiveAnswerer
from rag.answer.premise import premise
from rag.converse import standalone
from rag.dates import document_date
from rag.embed import Embedder, SentenceTransformerEmbedder
from rag.errors import IndexMismatch, UsageError
from rag.index import FileRecord, Manifest, Reader
from rag.index.local import LocalIndex, mismatch
from rag.languages import unspoken
from rag.parts import parts
from rag.query import query_text
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.sync import OnProgress, SyncReport, freshness, sync
from rag.types import Answer, Citation, Disagreement, Document, DocumentSummary, Freshness, Message, SearchResult, Value
from rag.verify import Quotation, Verification, verify_index, verify_quotations
from rag.watch import STILL_FOR, watch


class Status(Value):
    """What the index holds, what it was built with, and how level it is with the folder.

    ``unspoken`` says which documents are in languages that the embedder does not speak, where any are.
    """

    corpus: str
    index: str
    manifest: Manifest | None
    documents: tuple[DocumentSummary, ...]
    failed: tuple[FileRecord, ...]
    warned: tuple[FileRecord, ...]
    freshness: Freshness | None
    unspoken: str | None = None


class Assistant:
    """Answers questions from a folder of documents. Safe to use from many threads."""

    def __init__(self, settings: Settings | None = None, embedder: Embedder | None = None) -> None:
        self.settings = settings or Settings()
        self._index = LocalIndex(self.settings.index)
        self._embedder = embedder or SentenceTransformerEmbedder(self.settings.embedder)
        self._answerer: Answerer = ExtractiveAnswerer()

    @property
    def is_built(self) -> bool:
        """Whether there is an index to ask."""
        return self._index.manifest() is not None

    def sync(self, on_progress: OnProgress = lambda _: None, *, rebuild: bool = False) -> SyncReport:
        """Bring the index level with the corpus folder; with ``rebuild``, from nothing."""
        return self._sync(on_progress, rebuild=rebuild)

    def watch(
        self, stop: threading.Event | None = None, on_progress: OnProgress = lambda _: None
    ) -> Iterator[SyncReport]:
        """Bring the index level now and after every change in the folder, until ``stop`` is set; yield each report."""

        def run() -> SyncReport:
            return self._sync(on_progress, still_for=STILL_FOR)

        return watch(self.settings.corpus, self.settings.index, run, stop or threading.Event())

    def verify(self, on_progress: OnProgress = lambda _: None) -> Verification:
        """Check every passage of the index against the documents as they are now, and the index against itself."""
        faults = self._index.faults()
        with self._index.reading() as reader:
            return verify_index(reader, self.settings.corpus, faults, on_progress)

    def verify_quotations(self, quotations: Sequence[Quotation]) -> Verification:
        """Check quotations, such as the citations of a saved answer, against the documents as they are now."""
        with self._index.reading() as reader:
            return verify_quotations(quotations, reader, self.settings.corpus)

    def warm_up(self) -> None:
        """Load the model and the vectors, so that the first question is as quick as the next."""
        with self._reading() as reader:
            retrieve("warm up", reader, self._embedder, 1)

    def search(self, question: str, k: int | None = None, history: Sequence[Message] = ()) -> list[SearchResult]:
        """Return the passages that speak to ``question`` most, best first; as a follow-up where there is a history."""
        query = standalone(query_text(question), history)
        with self._reading() as reader:
            return retrieve(query, reader, self._embedder, k or self.settings.passages)

    def ask(self, question: str, history: Sequence[Message] = (), *, even_if_unsure: bool = False) -> Answer:
        """Return an answer whose every sentence is cited and checked, or one that abstains.

        Each thing that a question asks is answered by itself, in order; what the documents do not answer is
        told. With ``even_if_unsure``, the best there is is given whatever the confidence.

        Raises:
            UsageError: The question is empty.
            IndexFailure: There is no index, or it was built with other settings.
        """
        clock = _Clock()
        query = standalone(query_text(question), history)
        with self._reading() as reader:  # one view throughout: what is found is what is cited
            found = [self._part(part, reader, clock, even_if_unsure=even_if_unsure) for part in parts(query)]
            with clock.time("cite"):
                sentences, citations = cite(
                    _distinct(draft for part in found for draft in part.drafts), reader.document
                )
        return Answer(
            question=question,
            query=query,
            sentences=sentences,
            citations=citations,
            results=_fair_share(found, self.settings.passages),
            abstained=not sentences,
            confidence=round(max(part.confidence for part in [part for part in found if part.drafts] or found), 4),
            missing=tuple(part.question for part in found if not part.drafts) if len(found) > 1 else (),
            disagreements=tuple(dict.fromkeys(pair for part in found for pair in part.disagreements(citations))),
            freshness=self.freshness(),
            timings=clock.seconds,
        )

    def _part(self, question: str, reader: Reader, clock: _Clock, *, even_if_unsure: bool) -> _Part:
        """Find and draft the answer to one thing that is asked."""

        @cache  # it reads the whole document
        def date_of(source: str) -> date | None:
            document = reader.document(source)
            return document_date(document) if document is not None else None

        with clock.time("retrieve"):
            results = retrieve(question, reader, self._embedder, self.settings.passages)
        with clock.time("answer"):
            sure = confidence(question, results) * premise(question, results)
            answers = even_if_unsure or sure >= self.settings.answer_above
            drafts = self._answerer.answer(question, results, date_of) if answers else []
        return _Part(question=question, results=tuple(results), confidence=sure, drafts=tuple(drafts))

    def document(self, source: str) -> Document:
        """Return the document at ``source``; raises UsageError where the index holds none."""
        with self._index.reading() as reader:
            document = reader.document(source)
        if document is None:
            raise UsageError(f"no document {source!r} in the index: `rag status` lists those there are")
        return document

    def documents(self) -> list[DocumentSummary]:
        """Return all documents, ordered by source."""
        with self._index.reading() as reader:
            return reader.documents()

    def freshness(self) -> Freshness | None:
        """Return how many files are newer than the index, by size and times; None where that cannot be told."""
        try:
            return freshness(self._index, self.settings.corpus)
        except UsageError:  # no such folder, or rules in it that cannot be read: `rag index` says which
            return None

    def status(self) -> Status:
        """Return what the index holds and how level it is with the folder."""
        manifest = self._index.manifest()
        documents: Sequence[DocumentSummary] = ()
        files: Sequence[FileRecord] = ()
        if manifest is not None:
            with self._index.reading() as reader:
                documents = reader.documents()
                files = sorted(reader.files().values(), key=lambda record: record.source)
        return Status(
            corpus=str(self.settings.corpus),
            index=str(self.settings.index),
            manifest=manifest,
            documents=tuple(documents),
            failed=tuple(record for record in files if record.reason is not None),
            warned=tuple(record for record in files if record.warning is not None),
            unspoken=self._unspoken(documents),
            freshness=self.freshness(),
        )

    def _unspoken(self, documents: Sequence[DocumentSummary]) -> str | None:
        """Say which documents are in languages that the embedder does not speak."""
        languages = (document.language for document in documents)
        return unspoken(languages, self._embedder.languages, self._embedder.name)

    def _sync(self, on_progress: OnProgress, *, rebuild: bool = False, still_for: float = 0) -> SyncReport:
        return sync(
            self._index,
            self.settings.corpus,
            self._embedder,
            self.settings.chunk_tokens,
            on_progress,
            rebuild=rebuild,
            still_for=still_for,
        )

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        """Open a view of the index; refuse one that was built with another model."""
        found = self._index.manifest()
        if found is not None and found.fingerprint != self._embedder.fingerprint:
            wanted = {"embedder": self._embedder.name, "fingerprint": self._embedder.fingerprint}
            raise IndexMismatch(mismatch(found, found.model_copy(update=wanted)))
        with self._index.reading() as reader:
            yield reader


class _Part(Value):
    """One thing that was asked, what was found for it, and what is to be said to it."""

    question: str
    results: tuple[SearchResult, ...]
    confidence: float
    drafts: tuple[DraftSentence, ...]

    def quotes_from(self, result: SearchResult) -> bool:
        """Whether a sentence rests on ``result``."""
        places = (quote for draft in self.drafts for quote in draft.quotes)
        chunk = result.chunk
        return any(p.source == result.source and chunk.start <= p.start < chunk.end for p in places)

    def disagreements(self, citations: Sequence[Citation]) -> tuple[Disagreement, ...]:
        """Return which of the citations disagree on it."""
        return disagreements(self.question, citations, self.results)


def _distinct(drafts: Iterable[DraftSentence]) -> list[DraftSentence]:
    """Return the drafts without those that quote what one before them quotes; the one with a highlight is kept."""
    found: dict[tuple[tuple[str, int, int], ...], DraftSentence] = {}
    for draft in drafts:
        places = tuple(quote.place for quote in draft.quotes)
        if places not in found or not any(quote.highlight for quote in found[places].quotes):
            found[places] = draft
    return list(found.values())


def _fair_share(found: Sequence[_Part], most: int) -> tuple[SearchResult, ...]:
    """Return the passages of all parts by turns, each once: of each part its share of ``most``, and what it quotes."""
    share = -(-most // len(found))
    kept = [[r for at, r in enumerate(part.results) if at < share or part.quotes_from(r)] for part in found]
    by_turns = [result for turn in zip_longest(*kept) for result in turn if result is not None]
    # The parts may have cut the same passage in other places: the longest stretch has what the others have.
    return tuple(
        result
        for at, result in enumerate(by_turns)
        if not any(_within(result, other) for other in by_turns[:at])
        and not any(_within(result, other) and not _within(other, result) for other in by_turns[at + 1 :])
    )


def _within(one: SearchResult, other: SearchResult) -> bool:
    return one.source == other.source and other.chunk.start <= one.chunk.start and one.chunk.end <= other.chunk.end


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.perf_counter() - started, 4)
