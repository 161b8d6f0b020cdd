"""Conversations, kept in one SQLite file (write-ahead log) in a folder of this machine.

Each has an owner, who alone can find, read and change it; who that is, is not known here: an owner is any
string. What was saved stays, whatever stops the process: a call that returns has been written to the disk.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from rag.errors import ConversationsFailure, UsageError
from rag.types import Answer, Citation, Message, SearchResult, Sentence, Value

Rating = Literal["up", "down"]

_SCHEMA_VERSION = 1
_FILE = "conversations.sqlite"
_KEPT_DELETED = timedelta(days=30)
_LONGEST_TITLE = 80
_LONGEST_NOTE = 4000
_MOST_CLOSEST = 3
_MOST_TERMS = 12  # of a search; each is a condition
# What says that the file is not what was written; all else is the disk or another process.
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_NO_SUCH = "there is no such conversation: it may have been deleted; start a new one"


class Turn(Value):
    """A question with its answer, and what the person thought of it. ``asked`` is in UTC."""

    id: str
    answer: Answer
    rating: Rating | None
    note: str
    asked: datetime


class Conversation(Value):
    """A conversation with all its turns, oldest first. Times are in UTC."""

    id: str
    title: str
    created: datetime
    updated: datetime
    turns: tuple[Turn, ...]


class ConversationSummary(Value):
    """A conversation as it is listed; ``turns`` counts them."""

    id: str
    title: str
    created: datetime
    updated: datetime
    turns: int


class Saved(Value):
    """Where an answer was saved: the ids of its conversation and of its turn."""

    conversation: str
    turn: str


class Rated(Value):
    """A turn that was rated, with the conversation before it, oldest first. It does not say whose it is."""

    turn: Turn
    history: tuple[Message, ...]


class Conversations:
    """The conversations kept in ``folder``. Safe to use from many threads and processes.

    Every method raises ConversationsFailure where the file cannot be used, and UsageError where a
    conversation or turn is not there or is another owner's: the two cannot be told apart.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = folder / _FILE
        self._clock = clock
        self._lock = threading.Lock()  # one connection, used by one thread at a time
        self._connection = _open(self._path)
        with self._transaction() as connection:
            _make_tables(connection, self._path)
            long_ago = self._now() - _KEPT_DELETED.total_seconds()
            connection.execute("DELETE FROM conversations WHERE deleted < ?", [long_ago])

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    def start_or_add(self, owner: str, conversation: str | None, answer: Answer) -> Saved:
        """Save an answer at the end of a conversation; None, or one the owner has not, starts a new one.

        A new one is titled by its question.
        """
        now = self._now()
        with self._transaction() as connection:
            if conversation is None or not _is_of(connection, owner, conversation):
                conversation = _start(connection, owner, answer.question, now)
            return Saved(conversation=conversation, turn=_add(connection, conversation, answer, now))

    def replace(self, owner: str, conversation: str, turn: str, answer: Answer) -> Saved:
        """Put an answer in the place of a turn and of all those after it: the question was asked anew."""
        with self._transaction() as connection:
            place = _place_of(connection, owner, conversation, turn)
            connection.execute("DELETE FROM turns WHERE conversation = ? AND position >= ?", [conversation, place])
            return Saved(conversation=conversation, turn=_add(connection, conversation, answer, self._now()))

    def listed(self, owner: str, search: str = "", most: int = 100) -> list[ConversationSummary]:
        """Return the owner's conversations, newest first.

        With ``search``, those whose title, questions and answers hold each of its words, be it as a part of one.
        """
        terms = _folded(search).split()[:_MOST_TERMS]
        in_turn = "EXISTS (SELECT 1 FROM turns WHERE conversation = c.id AND instr(turns.found_by, ?))"
        found = f" AND (instr(found_by, ?) OR {in_turn})"
        query = (
            "SELECT id, title, created, updated, (SELECT count(*) FROM turns WHERE conversation = c.id)"
            f" FROM conversations c WHERE owner = ? AND deleted IS NULL{found * len(terms)}"
            " ORDER BY updated DESC, rowid DESC LIMIT ?"
        )
        twice = [term for term in terms for _ in range(2)]
        with self._transaction("DEFERRED") as connection:
            rows = connection.execute(query, [_clean(owner), *twice, most]).fetchall()
        return [
            ConversationSummary(id=name, title=title, created=_time(created), updated=_time(updated), turns=turns)
            for name, title, created, updated, turns in rows
        ]

    def get(self, owner: str, conversation: str) -> Conversation:
        """Return a conversation."""
        with self._transaction("DEFERRED") as connection:
            _check_is_of(connection, owner, conversation)
            query = "SELECT title, created, updated FROM conversations WHERE id = ?"
            title, created, updated = connection.execute(query, [conversation]).fetchone()
            turns = _turns(connection, conversation)
        return Conversation(
            id=conversation, title=title, created=_time(created), updated=_time(updated), turns=tuple(turns)
        )

    def rename(self, owner: str, conversation: str, title: str) -> None:
        """Give a conversation another title, shortened where it is long; raises UsageError where it is empty."""
        short = _title(title)
        if not short:
            raise UsageError("the title is empty: write one")
        with self._transaction() as connection:
            _check_is_of(connection, owner, conversation)
            row = [short, _folded(short), conversation]
            connection.execute("UPDATE conversations SET title = ?, found_by = ? WHERE id = ?", row)

    def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation; for 30 days it can be restored."""
        with self._transaction() as connection:
            _check_is_of(connection, owner, conversation)
            connection.execute("UPDATE conversations SET deleted = ? WHERE id = ?", [self._now(), conversation])

    def restore(self, owner: str, conversation: str) -> None:
        """Take back that a conversation was deleted."""
        with self._transaction() as connection:
            query = "UPDATE conversations SET deleted = NULL WHERE id = ? AND owner = ? AND deleted IS NOT NULL"
            if not connection.execute(query, [_clean(conversation), _clean(owner)]).rowcount:
                raise UsageError("there is no such deleted conversation: it may be gone for good, or not deleted")

    def rate(self, owner: str, conversation: str, turn: str, rating: Rating | None, note: str = "") -> None:
        """Keep what the owner thinks of a turn; None takes a rating back."""
        if rating not in (None, *get_args(Rating)):
            raise UsageError(f"a rating is up, down or none, not {rating!r}: give one of them")
        if len(note) > _LONGEST_NOTE:
            raise UsageError(f"the note has {len(note)} characters: write at most {_LONGEST_NOTE}")
        with self._transaction() as connection:
            place = _place_of(connection, owner, conversation, turn)
            row = [rating, _clean(note).strip(), place]
            connection.execute("UPDATE turns SET rating = ?, note = ? WHERE position = ?", row)

    def feedback(self) -> list[Rated]:
        """Return the rated turns of all owners, oldest first; what was deleted is no longer there."""
        query = (
            "SELECT DISTINCT conversation FROM turns JOIN conversations c ON c.id = conversation"
            " WHERE rating IS NOT NULL AND deleted IS NULL"
        )
        with self._transaction("DEFERRED") as connection:
            talks = [_turns(connection, name) for (name,) in connection.execute(query).fetchall()]
        rated = [
            Rated(turn=turn, history=history(turns[:at]))
            for turns in talks
            for at, turn in enumerate(turns)
            if turn.rating is not None
        ]
        return sorted(rated, key=lambda one: (one.turn.asked, one.turn.id))

    def _now(self) -> float:
        return self._clock().timestamp()

    @contextmanager
    def _transaction(self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """Lend the connection; commit all or nothing. When this has ended, what was written is on the disk."""
        with self._lock, _told(self._path):
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield self._connection
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise


def history(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Return turns as the history that a follow-up question is understood by."""
    return tuple(
        message
        for turn in turns
        for message in (
            Message(role="user", content=turn.answer.query),
            Message(role="assistant", content=turn.answer.text),
        )
    )


def _open(path: Path) -> sqlite3.Connection:
    """Open the file, made readable by its owner alone where it is not there yet."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never opened where it is there: closing it again would drop the locks that SQLite holds on it.
        if not path.exists():
            os.close(os.open(path, os.O_CREAT, 0o600))
    except OSError as error:
        raise _unusable(path, error) from error
    with _told(path):
        connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # what is gone for good is not in the file either
        except BaseException:
            connection.close()
            raise
    return connection


def _make_tables(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _SCHEMA_VERSION:
        raise ConversationsFailure(
            f"{path} was written by a newer version of this program (schema {version}, this one knows "
            f"{_SCHEMA_VERSION}): update it, or set another folder with RAG_DATA"
        )
    if version == 0:
        schema = resources.files("rag").joinpath("conversations.sql").read_text(encoding="utf-8")
        for statement in schema.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


def _is_of(connection: sqlite3.Connection, owner: str, conversation: str) -> bool:
    query = "SELECT 1 FROM conversations WHERE id = ? AND owner = ? AND deleted IS NULL"
    return connection.execute(query, [_clean(conversation), _clean(owner)]).fetchone() is not None


def _check_is_of(connection: sqlite3.Connection, owner: str, conversation: str) -> None:
    if not _is_of(connection, owner, conversation):
        raise UsageError(_NO_SUCH)


def _place_of(connection: sqlite3.Connection, owner: str, conversation: str, turn: str) -> int:
    """Return where a turn stands."""
    _check_is_of(connection, owner, conversation)
    query = "SELECT position FROM turns WHERE id = ? AND conversation = ?"
    found = connection.execute(query, [_clean(turn), conversation]).fetchone()
    if found is None:
        raise UsageError("there is no such answer in the conversation: it may have been asked anew; reload it")
    return int(found[0])


def _start(connection: sqlite3.Connection, owner: str, question: str, now: float) -> str:
    name, title = secrets.token_urlsafe(16), _title(question)
    row = [name, _clean(owner), title, _folded(title), now, now]
    connection.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
    return name


def _add(connection: sqlite3.Connection, conversation: str, answer: Answer, now: float) -> str:
    name = secrets.token_urlsafe(16)
    question, said = _clean(answer.question), _clean(" ".join(sentence.text for sentence in answer.sentences))
    kept = _clean(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False))
    row = [name, conversation, question, said, _folded(f"{question}\n{said}"), kept, now]
    columns = "id, conversation, question, said, found_by, answer, asked"
    connection.execute(f"INSERT INTO turns ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", [now, conversation])
    return name


def _turns(connection: sqlite3.Connection, conversation: str) -> list[Turn]:
    query = "SELECT id, question, said, answer, rating, note, asked FROM turns WHERE conversation = ? ORDER BY position"
    return [
        Turn(id=name, answer=_answer(kept, question, said), rating=rating, note=note, asked=_time(asked))
        for name, question, said, kept, rating, note, asked in connection.execute(query, [conversation])
    ]


def _answer(kept: str, question: str, said: str) -> Answer:
    """Return a saved answer; of one in a form that is no longer known, its words, which then have no sources."""
    try:
        return _of_this_version(json.loads(kept))
    except ValueError:  # of JSON, and of what it holds
        sentences = (Sentence(text=said, citations=(), support="unsupported"),) if said else ()
        return Answer(
            question=question,
            query=question,
            sentences=sentences,
            citations=(),
            results=(),
            verdict="likely" if said else "none",
            confidence=0.0,
        )


def _of_this_version(kept: Any) -> Answer:
    """Return an answer as it is today: version 0.1 had no verdict, and cited nothing where there was no answer."""
    if not isinstance(kept, dict) or "abstained" not in kept:
        return Answer.model_validate(kept)
    verdict = "none" if kept["abstained"] else "likely"
    same = {name: value for name, value in kept.items() if name not in ("abstained", "disagreements")}
    found = Answer.model_validate({**same, "verdict": verdict})
    closest = enumerate(found.results[:_MOST_CLOSEST], 1) if found.abstained else ()
    return found.model_copy(update={"closest": tuple(_citation(n, result) for n, result in closest)})


def _citation(n: int, result: SearchResult) -> Citation:
    """Return a passage that was found as a citation of it."""
    passage = result.chunk.model_dump(include={"document_id", "page", "headings", "start", "end"})
    document = result.model_dump(include={"source", "title", "page_kind", "sha256"})
    return Citation(n=n, quote=result.chunk.text, **passage, **document)


def _title(text: str) -> str:
    """Return a text in one short line without signs that are not seen."""
    line = " ".join("".join(c for c in _clean(text) if c.isprintable() or c.isspace()).split())
    if len(line) <= _LONGEST_TITLE:
        return line
    cut = line[: _LONGEST_TITLE - 1]
    words = cut.rsplit(" ", 1)[0]
    return (words if len(words) > _LONGEST_TITLE // 2 else cut).rstrip(" ,;:–—-") + "…"


def _clean(text: str) -> str:
    """Return a text that can be stored: a lone surrogate, which no encoding holds, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _folded(text: str) -> str:
    """Return a text as it is searched: large and small letters, and forms of the same sign, are the same."""
    return unicodedata.normalize("NFKC", _clean(text).casefold())


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what is wrong with the file in place of SQLite."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or code & 0xFF not in _DAMAGE:
            raise _unusable(path, error) from error
        raise ConversationsFailure(
            f"the conversations in {path} are damaged ({error}): put a copy of it back, or move it away to start anew"
        ) from error


def _unusable(path: Path, error: Exception) -> ConversationsFailure:
    return ConversationsFailure(
        f"the conversations in {path} cannot be used now ({error}): mend that and try again; what was saved stays"
    )
