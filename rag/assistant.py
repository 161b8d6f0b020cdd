"""The assistant: the one place where the parts are put together, and what every front end talks to."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from rag.answer import Answerer, OnSentences
from rag.answer.about import NEEDS_MODEL, chapters, draft_about, draft_on_topic, outline
from rag.answer.cite import cite
from rag.answer.confidence import confidence, verdict
from rag.answer.extractive import ExtractiveAnswerer
from rag.answer.intent import Intent, Intents
from rag.changes import KeptChanges
from rag.compose import (
    Clock,
    OnAnswer,
    Part,
    cited,
    closest,
    fair_share,
    tell_nobody,
    teller,
    together,
    unread_files,
)
from rag.corpus import scan
from rag.embed import DEFAULT_MODEL, Embedder
from rag.embed.packaged import PackagedEmbedder
from rag.embed.sentence_transformer import SentenceTransformerEmbedder
from rag.errors import IndexLocked, IndexMismatch, RagError, ReaderError, SyncStopped, UsageError
from rag.followup import Understood, understand
from rag.index import FileRecord, Manifest, Reader, SharedIndex, mismatch
from rag.index.again import asked_again
from rag.index.collections import open_index
from rag.index.documents import Documents
from rag.languages import unspoken
from rag.library import add_document, corpus_file, forget_removed, remove_documents, restore_document
from rag.listing import ListedDocument, listing
from rag.llm import LanguageModel
from rag.parse.page import PageMarks, PageWords
from rag.pictures import Pictures
from rag.place import collection_at
from rag.query import Query, query_text, read_query
from rag.read import PassageReader, ReadablePassage
from rag.read.folder import PACKAGED
from rag.read.learned import LearnedReader
from rag.rephrase import rephrasings
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.sync import OnProgress, Progress, SyncReport, sync
from rag.sync_state import SyncProblem, delete_problem, problem_of, save_problem, saved_problem
from rag.types import (
    Answer,
    Citation,
    Document,
    DocumentSummary,
    Freshness,
    Message,
    Overview,
    Rephrased,
    SearchResult,
    Stale,
    Standing,
    Value,
)
from rag.verify import Quotation, Verification, standing, verify_index, verify_quotations
from rag.watch import STILL_FOR, watch

log = logging.getLogger(__name__)

# What is brought level before a question is asked: as long as a person waits gladly, and no more than so many bytes of
# files, of which text alone takes some seconds.
_CATCH_UP_SECONDS, _CATCH_UP_BYTES = 2.0, 3_000_000
_CATCH_UP_AT_MOST = 4  # times as long, where the machine is busy: a file that is begun is to be found
_NOTHING_YET = "nothing is indexed yet: the documents are being read, ask again in a moment"
_NICE = 10  # of what is done in the background, in Unix's scale from -20 (first) to 19 (last)
_CENTRAL = 3  # sentences that stand for a document on its card
_ON_TOPIC = 20  # passages, whose documents are those about a topic


class Status(Value):
    """What the index holds, what it was built with, and how level it is with the folder.

    ``embedded`` is the share (0–1) of the passages that have a vector, ``shards`` over how many a database spreads
    them, 0 where it does not.
    ``problem`` is why the last sync failed, if it did. ``unspoken`` says which documents are in languages that the
    embedder does not speak, where any are.
    """

    corpus: str
    index: str
    manifest: Manifest | None
    documents: tuple[DocumentSummary, ...]
    failed: tuple[FileRecord, ...]
    warned: tuple[FileRecord, ...]
    freshness: Freshness | None
    embedded: float = 1.0
    shards: int = 0
    problem: SyncProblem | None = None
    unspoken: str | None = None


class Asked(NamedTuple):
    """A question that was asked, and what came of it."""

    question: str
    came: Answer | RagError


class _Writer(NamedTuple):
    """A language model and what answers with it: changed together, so that no question meets one without the other."""

    model: LanguageModel
    answerer: Answerer


class _LookedAt(NamedTuple):
    """A document whose pages are looked at, and the places of its words."""

    document: Document
    word_boxes: bytes


class Assistant:
    """Answers questions from a folder of documents. Safe to use from many threads."""

    def __init__(
        self,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        passage_reader: PassageReader | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self._index = open_index(self.settings.index, self.settings.index_replica, self.settings.collection)
        self._embedder = embedder or _embedder_named(self.settings.embedder)
        self._passage_reader: PassageReader | None = passage_reader or LearnedReader(self.settings.reader or PACKAGED)
        self._intents = Intents(self._embedder)
        self._quoting = ExtractiveAnswerer()
        self._writer: _Writer | None = None
        self.use_model(_language_model(self.settings))
        self._pictures = Pictures(self.settings.corpus)
        self._last_looked_at: _LookedAt | None = None
        self._one_sync = threading.Lock()
        self._activity: Progress | None = None
        self._changes = KeptChanges(self._index, self.settings.corpus)
        self._problem: SyncProblem | None = None
        self._again: set[str] = set()  # files to be read again
        self.on_asked: Callable[[Asked], None] = lambda _: None  # called after each question, by whoever counts them

    @property
    def model(self) -> LanguageModel | None:
        """The language model that writes the answers; None where they are excerpts."""
        writer = self._writer
        return writer.model if writer is not None else None

    def use_model(self, model: LanguageModel | None) -> None:
        """Let a language model write the answers to the questions that are asked from now on; with None, none does."""
        self._writer = _Writer(model, self._generative(model)) if model is not None else None

    @property
    @asked_again
    def is_built(self) -> bool:
        """Whether there is an index to ask."""
        return self._index.manifest() is not None

    def sync(
        self,
        on_progress: OnProgress = lambda _: None,
        *,
        rebuild: bool = False,
        still_for: float = 0,
        allow_removals: bool = False,
        embed_for: float | None = None,
        stop: threading.Event | None = None,
    ) -> SyncReport:
        """Bring the index level with the corpus folder; with ``rebuild``, from nothing.

        Files written to within the last ``still_for`` seconds are left as they are. It is embedded for ``embed_for``
        seconds at most, where that is given.

        Raises:
            RemovalGuardError: Most documents are gone from the folder, and it was not said that they may be removed.
            SyncStopped: ``stop`` was set. What was done is kept; of a rebuild, the index as it was before.
        """

        def noted(state: Progress) -> None:
            self._activity = state
            if stop is not None and stop.is_set():
                raise SyncStopped("stopped: nothing is lost, and `rag index` goes on from here")
            on_progress(state)

        with self._one_sync:
            try:
                report = sync(
                    self._index,
                    self.settings.corpus,
                    self._embedder,
                    self.settings.chunk_tokens,
                    noted,
                    rebuild=rebuild,
                    still_for=still_for,
                    allow_removals=allow_removals,
                    embed_for=embed_for,
                    again=self._again,
                )
            except (IndexLocked, SyncStopped):
                raise
            except Exception as error:
                self._problem = problem_of(self._place, error)
                save_problem(self.settings.data, self._problem)
                raise
            finally:
                self._activity = None
                self._changes.forget()
            self._problem = None
            delete_problem(self.settings.data, self._place)
            return report

    def catch_up(self) -> None:
        """Bring the index level where that takes a moment; what would take longer is left to a sync.

        Raises:
            RagError: The index cannot be brought level; it can be asked all the same.
        """
        changes = self._changes.now()
        if changes is None or changes.freshness.level or changes.size > _CATCH_UP_BYTES:
            return
        stop = threading.Event()
        timer = threading.Timer(_CATCH_UP_AT_MOST * _CATCH_UP_SECONDS, stop.set)
        timer.start()
        try:
            self.sync(stop=stop, embed_for=_CATCH_UP_SECONDS)
        except SyncStopped:
            pass
        finally:
            timer.cancel()

    def read_again(self, source: str) -> None:
        """Let the next sync, or the one that goes on, read the file of a document again, though it has not changed.

        Until then, and where that sync is broken off, the index has it as it was.

        Raises:
            UsageError: There is no such file.
        """
        corpus_file(self.settings.corpus, source)
        self._again.add(source)

    def forget(self) -> None:
        """Erase what the index still holds of removed documents."""
        with self._one_sync, self._index.writing():
            self._index.forget()

    @property
    def sync_problem(self) -> SyncProblem | None:
        """Why the last sync failed, here or in another process; None where it did not."""
        return self._problem or saved_problem(self.settings.data, self._place)

    @property
    def _place(self) -> str:
        place = collection_at(self.settings.index, self.settings.collection)
        return str(place.absolute() if isinstance(place, Path) else place)

    @property
    def is_reading(self) -> bool:
        """Whether documents of the folder are being read, or are to be, and none can be asked yet."""
        freshness = self.freshness()
        return freshness is not None and freshness.added > 0

    @property
    def activity(self) -> Progress | None:
        """How far the work on the index is that goes on in this process, if any does."""
        return self._activity

    def watch(
        self, stop: threading.Event | None = None, on_progress: OnProgress = lambda _: None
    ) -> Iterator[SyncReport]:
        """Bring the index level now and after every change in the folder, until ``stop`` is set; yield each report."""

        def run() -> SyncReport:
            return self.sync(on_progress, still_for=STILL_FOR)

        apart = self.settings.index if isinstance(self.settings.index, Path) else None
        return watch(self.settings.corpus, apart, run, stop or threading.Event())

    def follow(self) -> None:
        """Keep the index level with the folder from now on, in a thread that ends with the process.

        It gives way to whatever else the process does.
        """

        def following() -> None:
            if hasattr(os, "setpriority"):  # on Linux of this thread, and of those that it starts to embed
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
            deque(self.watch(), 0)

        threading.Thread(target=following, name="follow the folder", daemon=True).start()

    def verify(self, on_progress: OnProgress = lambda _: None) -> Verification:
        """Check every passage of the index against the documents as they are now, and the index against itself."""
        faults = self._index.faults()
        with self._index.reading() as reader:
            return verify_index(reader, self.settings.corpus, faults, on_progress)

    @asked_again
    def verify_quotations(self, quotations: Sequence[Quotation]) -> Verification:
        """Check quotations, such as the citations of a saved answer, against the documents as they are now."""
        with self._index.reading() as reader:
            return verify_quotations(quotations, reader, self.settings.corpus)

    def warm_up(self) -> None:
        """Load both models and the vectors, beside each other, so that the first question is as quick as the next."""
        with ThreadPoolExecutor(2) as beside:
            loading = beside.submit(self._embedder.embed_query, "anything"), beside.submit(self._load_reader)
            with self._reading():
                for one in loading:
                    one.result()

    def _load_reader(self) -> None:
        if self._passage_reader is not None:
            with suppress(ReaderError):  # told when a question is asked
                self._passage_reader.read("anything", [ReadablePassage("", ())])

    @asked_again
    def search(
        self, question: str, k: int | None = None, history: Sequence[Message] = (), sources: Collection[str] = ()
    ) -> list[SearchResult]:
        """Return the passages that speak to ``question`` most, best first; as a follow-up where there is a history.

        Where ``sources`` are given, only these documents are searched.
        """
        asked = understand(query_text(question), history, self._embedder)
        query = " ".join(one.searched for one in asked)
        with self._reading(sources) as reader:
            found = read_query(query, reader, self._embedder, asked[0].answered)
            return self._found(found, reader, Documents(reader), k or self.settings.passages)

    def ask(
        self,
        question: str,
        history: Sequence[Message] = (),
        sources: Collection[str] = (),
        on_sentences: OnAnswer | None = None,
        *,
        carry: Collection[str] | None = None,
        even_if_unsure: bool = False,
        with_model: bool = True,
        stop: threading.Event | None = None,
    ) -> Answer:
        """Return the excerpts that answer, each cited and checked, or those that come closest.

        Several questions, each with its question mark, are answered one by one; which are not answered is told.
        Where ``sources`` are given, only these documents are asked. ``on_sentences`` is called with all
        sentences and citations so far, whenever a language model has written another; what it raises stops the
        model. Where ``carry`` is given, of the terms that the question takes over from ``history``, these alone are.
        With ``even_if_unsure``, the best there is is given whatever the confidence. Unless ``with_model``, the answer
        is excerpts also where a language model writes the others.

        Raises:
            AnswerStopped: ``stop`` was set; a language model is asked no further.
            UsageError: The question is empty, or there is no document at one of ``sources``.
            IndexFailure: There is no index, or it was built with other settings.
        """
        writer = self._writer if with_model else None
        try:
            answer = self._answer(
                question,
                history,
                sources,
                on_sentences,
                carry,
                writer,
                stop or threading.Event(),
                even_if_unsure=even_if_unsure,
            )
        except RagError as error:
            self.on_asked(Asked(question, error))
            raise
        self.on_asked(Asked(question, answer))
        return answer

    @asked_again
    def _answer(
        self,
        question: str,
        history: Sequence[Message],
        sources: Collection[str],
        on_sentences: OnAnswer | None,
        carry: Collection[str] | None,
        writer: _Writer | None,
        stop: threading.Event,
        *,
        even_if_unsure: bool,
    ) -> Answer:
        clock = Clock(stop)
        if writer is not None:
            writer.model.stop_at(stop)
        asked = understand(query_text(question), history, self._embedder, carry)
        with self._reading(sources) as reader:  # one view throughout: what is found is what is cited
            documents = Documents(reader)
            found: list[Part] = []
            for part in asked:
                tell = teller(found, documents, on_sentences) if on_sentences is not None else tell_nobody
                found.append(self._part(part, reader, documents, clock, tell, writer, even_if_unsure=even_if_unsure))
            with clock.time("cite"):
                sentences, citations = cited(found, (), documents)
                nearest = () if any(part.says for part in found) else closest(found, documents)
                unread = () if sentences or sources else unread_files(reader)
                stale = self._stale((*citations, *nearest), reader)
                embedded = reader.embedded()
                is_empty = not len(reader)
        answered = [part.confidence for part in found if part.says]
        sure = round(min(answered) if answered else max(part.confidence for part in found), 4)
        return Answer(
            question=question,
            query=" ".join(part.question.searched for part in found),
            sentences=sentences,
            citations=citations,
            results=fair_share(found, self.settings.passages),
            verdict=verdict(sure, self.settings.answer_above, given=bool(sentences)),
            confidence=sure,
            closest=nearest,
            carried=tuple(dict.fromkeys(term for part in found for term in part.question.carried)),
            within=tuple(sorted(sources)),
            missing=tuple(part.question.typed for part in found if not part.says) if len(found) > 1 else (),
            unread=unread,
            stale=stale,
            embedded=embedded,
            freshness=recent.freshness if (recent := self._changes.recent()) is not None else None,
            timings=clock.seconds,
            model=together([part.draft.model for part in found if part.draft.model is not None]),
            note=next((part.note for part in found if part.note), _NOTHING_YET if is_empty and self.is_reading else ""),
            reply=" ".join(part.draft.reply for part in found if part.draft.reply),
        )

    def _generative(self, model: LanguageModel) -> Answerer:
        from rag.answer.generative import GenerativeAnswerer  # it takes a while to be compiled

        return GenerativeAnswerer(
            model, self._embedder, self._quoting, self.settings.llm_window, self.settings.llm_unsupported
        )

    def _part(
        self,
        question: Understood,
        reader: Reader,
        documents: Documents,
        clock: Clock,
        tell: OnSentences,
        writer: _Writer | None,
        *,
        even_if_unsure: bool,
    ) -> Part:
        """Find and draft the answer to one question."""
        taken_over = " ".join(one.term for one in question.carried)
        intent = self._intents.of(question.typed, reader.documents, taken_over)
        about = self._about(question, intent, reader, documents) if intent is not None else None
        if about is not None:
            return about
        with clock.time("retrieve"):
            query = self._query(question, reader)
            if query.unknown and question.carried:  # what was taken over must not refuse it
                names = " ".join(one.text for one in query.unknown)
                kept = tuple(one for one in question.carried if one.term not in names)
                question = question._replace(carried=kept)
                query = self._query(question, reader)
            results = self._found(query, reader, documents, self.settings.passages)
        with clock.time("answer"):
            sure = confidence(query, results)
            answers = even_if_unsure or sure >= self.settings.answer_above
            answerer = writer.answerer if writer is not None and answers else self._quoting
            draft = answerer.answer(query, results, documents, tell if answers else tell_nobody)
        judges = intent is not None and intent.kind == "judgement" and writer is None
        note = query.unknown_note or (draft.note if answers else "") or NEEDS_MODEL * judges
        return Part(
            question=question, results=tuple(results), confidence=sure, draft=draft, is_answered=answers, note=note
        )

    @asked_again
    def rephrased(self, answer: Answer) -> tuple[Rephrased, ...]:
        """Return the question of an answer in words that the documents have, where it has an answer then."""
        carried = answer.carried
        with self._reading(answer.within) as reader:
            query = read_query(answer.question, reader, self._embedder)
            found = rephrasings(answer.question, query.terms, query.unknown, reader)
            return tuple(one for one in found if self._is_held(Understood(one.question, carried), reader))

    def _is_held(self, question: Understood, reader: Reader) -> bool:
        """Whether the documents are thought to hold the answer to a question."""
        query = self._query(question, reader)
        results = self._found(query, reader, Documents(reader), self.settings.passages)
        return confidence(query, results) >= self.settings.answer_above

    def _query(self, question: Understood, reader: Reader) -> Query:
        return read_query(question.searched, reader, self._embedder, question.answered, question.typed)

    def _about(self, question: Understood, intent: Intent, reader: Reader, documents: Documents) -> Part | None:
        """Return the answer to a question about the documents themselves; None where there is none of that kind."""
        sure = 1.0
        if intent.needs_search:
            query = read_query(intent.rest, reader, self._embedder)
            results = self._found(query, reader, documents, _ON_TOPIC)
            sure = confidence(query, results)
            is_sure = sure >= self.settings.answer_above
            draft = draft_on_topic(intent, results, reader, documents) if is_sure else None
        else:
            draft = draft_about(intent, reader, documents)
        return Part(question=question, confidence=sure, draft=draft, note=draft.note) if draft is not None else None

    def _found(self, query: Query, reader: Reader, documents: Documents, k: int) -> list[SearchResult]:
        try:
            return retrieve(query, reader, self._embedder, self._passage_reader, documents, k)
        except ReaderError as error:
            log.warning("%s; until then, sentences are chosen by their words", error)
            self._passage_reader = None
            return retrieve(query, reader, self._embedder, None, documents, k)

    @asked_again
    def document(self, source: str) -> Document:
        """Return the document at ``source``; raises UsageError where the index holds none."""
        with self._index.reading() as reader:
            document = reader.document(source)
        if document is None:
            raise UsageError(f"no document {source!r} in the index: `rag status` lists those there are")
        return document

    @asked_again
    def overview(self, source: str) -> Overview:
        """Return what a document is about; of its sentences, those that are embedded can stand for it."""
        with self._reading([source]) as reader:
            documents = Documents(reader)
            draft = outline(documents(source), reader, _CENTRAL)
            citations = cite(draft.sentences, documents)[1] if draft is not None else ()
            return Overview(headings=tuple(chapters(documents(source))), citations=citations)

    @asked_again
    def documents(self) -> list[DocumentSummary]:
        """Return all documents, ordered by source."""
        with self._index.reading() as reader:
            return reader.documents()

    def freshness(self) -> Freshness | None:
        """Return how many files are newer than the index, by size and times; None where that cannot be told."""
        changes = self._changes.now()
        return changes.freshness if changes is not None else None

    @asked_again
    def stale(self, found: Iterable[SearchResult]) -> tuple[Stale, ...]:
        """Return which documents of passages that were found have changed since, or are gone, each once."""
        with self._index.reading() as reader:
            return self._stale(found, reader)

    def _stale(self, found: Iterable[SearchResult | Citation], reader: Reader) -> tuple[Stale, ...]:
        changes = self._changes.recent()
        return changes.stale((one.source for one in found), reader, self.settings.corpus) if changes is not None else ()

    @asked_again
    def status(self) -> Status:
        """Return what the index holds and how level it is with the folder."""
        manifest = self._index.manifest()
        documents: Sequence[DocumentSummary] = ()
        files: Sequence[FileRecord] = ()
        embedded = 1.0
        if manifest is not None:
            with self._index.reading() as reader:
                documents = reader.documents()
                files = sorted(reader.files().values(), key=lambda record: record.source)
                embedded = reader.embedded()
        return Status(
            corpus=str(self.settings.corpus),
            index=str(collection_at(self.settings.index, self.settings.collection)),
            manifest=manifest,
            documents=tuple(documents),
            failed=tuple(record for record in files if record.reason is not None),
            warned=tuple(record for record in files if record.warning is not None),
            unspoken=self._unspoken(documents),
            embedded=embedded,
            shards=self._index.shards() if manifest is not None and isinstance(self._index, SharedIndex) else 0,
            problem=self.sync_problem,
            freshness=self.freshness(),
        )

    def _unspoken(self, documents: Sequence[DocumentSummary]) -> str | None:
        """Say which documents are in languages that the embedder does not speak."""
        languages = (document.language for document in documents)
        return unspoken(languages, self._embedder.languages, self._embedder.name)

    @asked_again
    def listed(self) -> list[ListedDocument]:
        """Return all documents and files of the folder, in natural order of their names, each with its state."""
        with self._index.reading() as reader:
            documents, files = reader.documents(), reader.files()
        return listing(documents, files, scan(self.settings.corpus), self._again.copy())

    @asked_again
    def standing(self, citations: Sequence[Citation]) -> list[Standing | None]:
        """Return for each citation how it stands to its file as it is now; None where that is being read again."""
        with self._index.reading() as reader:
            return [standing(citation, reader, self.settings.corpus) for citation in citations]

    def original(self, source: str) -> Path:
        """Return the file of an indexed document; raises UsageError where there is none."""
        self.document(source)
        return corpus_file(self.settings.corpus, source)

    def add_document(
        self,
        name: str,
        pieces: Iterable[bytes],
        *,
        replace: bool = False,
        keep_both: bool = False,
        skip_identical: bool = False,
    ) -> str:
        """Put a document into the corpus, whole or not at all, and return its source; the index follows by a sync.

        Where its name is taken, it may ``replace`` the other or ``keep_both``; with ``skip_identical``, a file that is
        there already is not added.

        Raises:
            DocumentExists: There is one of this name, and nothing was said of that.
            DocumentIdentical: It is there already, and was to be skipped.
            DocumentRefused: The name cannot be used, or the content is not what the name says.
            DocumentTooLarge: It is larger than any file that is read.
        """
        corpus, removed = self.settings.corpus, self._removed
        how = {"replace": replace, "keep_both": keep_both, "skip_identical": skip_identical}
        return add_document(corpus, removed, name, pieces, **how)

    def remove_document(self, source: str) -> str:
        """Take the file of a document out of the corpus, and return the token that puts it back within 30 days."""
        return next(self.remove_documents([source]))

    def remove_documents(self, sources: Sequence[str]) -> Iterator[str]:
        """Take the files of documents out of the corpus, and yield the token of each, once it is out."""
        forget_removed(self._removed)
        yield from remove_documents(self.settings.corpus, self._removed, sources)

    def restore_document(self, token: str) -> str:
        """Put back what was taken out under ``token``, and return its source."""
        return restore_document(self.settings.corpus, self._removed, token)

    @property
    def _removed(self) -> Path:
        return self.settings.data / "removed"

    @contextmanager
    def _reading(self, sources: Collection[str] = ()) -> Iterator[Reader]:
        """Open a view of the index, or of some of its documents; refuse one that was built with another model."""
        changes = self._changes.recent()
        with self._index.reading() as reader:
            found = reader.manifest
            if found.fingerprint != self._embedder.fingerprint:
                wanted = {"embedder": self._embedder.name, "fingerprint": self._embedder.fingerprint}
                raise IndexMismatch(mismatch(found, found.model_copy(update=wanted)))
            gone = changes.gone if changes is not None and not sources else ()
            if gone:  # what is deleted is not to be found any more, also before a sync
                sources = [one.source for one in reader.documents() if one.file not in gone]
            yield reader.within(sources) if sources or gone else reader

    def page_picture(self, source: str, page: int, scale: int = 1) -> bytes:
        """Return a page of an indexed PDF as a picture (PNG), ``scale`` times as large as ``page_sizes`` says.

        Raises:
            UsageError: There is no such document, it is no PDF, or its file is gone.
            ParseError: The page cannot be drawn, or the file is another than the one that was indexed.
        """
        return self._pictures.picture(self._looked_at(source).document, page, scale).png

    def page_sizes(self, source: str) -> Sequence[tuple[int, int]]:
        """Return the width and height of the pictures of all pages, in pixels; raises as ``page_picture``."""
        return self._pictures.sizes(self._looked_at(source).document)

    def page_boxes(self, source: str, page: int, spans: Sequence[tuple[int, int]]) -> PageMarks:
        """Return where spans of a document's text stand on the picture of a page; raises as ``page_picture``."""
        return self._pictures.marks(*self._looked_at(source), page, spans)

    def page_words(self, source: str, page: int) -> PageWords:
        """Return the words on the picture of a page, and where they stand; raises as ``page_picture``."""
        return self._pictures.words(*self._looked_at(source), page)

    @asked_again
    def _looked_at(self, source: str) -> _LookedAt:
        """Return the document whose pages are asked for, one after another: to read a long one takes a while."""
        kept = self._last_looked_at
        with self._index.reading() as reader:
            sha256, word_boxes = reader.sha256(source), reader.word_boxes(source)
        if kept is None or (kept.document.source, kept.document.sha256, kept.word_boxes) != (
            source,
            sha256,
            word_boxes,
        ):
            kept = self._last_looked_at = _LookedAt(self.document(source), word_boxes)
        return kept


def _language_model(settings: Settings) -> LanguageModel | None:
    if not settings.llm_url:
        return None
    return LanguageModel(
        settings.llm_url, settings.llm_model, settings.llm_key.get_secret_value(), settings.llm_seconds
    )


def _embedder_named(name: str) -> Embedder:
    return PackagedEmbedder() if name == DEFAULT_MODEL else SentenceTransformerEmbedder(name)
