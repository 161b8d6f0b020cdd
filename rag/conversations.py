"""Conversations, kept in one SQLite file (write-ahead log) in a folder of this machine.

Each has an owner, who alone can find, read and change it; who that is, is not known here: an owner is any
string. What was saved stays, whatever stops the process: a call that returns has been written to the disk.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from rag.conversation_file import make_tables, open_file, told
from rag.errors import UsageError
from rag.saved_answer import read_answer
from rag.types import Answer, Message, Value

Rating = Literal["up", "down"]

_FILE = "conversations.sqlite"
_KEPT_DELETED = timedelta(days=30)
_LONGEST_TITLE = 80
_LONGEST_NOTE = 4000
_MOST_TERMS = 12  # of a search; each is a condition
_LIVE = "replaced_by IS NULL AND pending IS NULL"  # of a turn: it is part of the conversation
_NO_SUCH = "there is no such conversation: it may have been deleted; start a new one"


class Turn(Value):
    """A question with its answer, and what the person thought of it. ``asked`` is in UTC.

    ``replaced`` counts the turns that it took the place of, where that can be undone.
    """

    id: str
    answer: Answer
    rating: Rating | None
    note: str
    asked: datetime
    replaced: int = 0


class Question(Value):
    """A question, and how it is asked.

    ``sources`` are the documents that alone are asked; of the terms that it takes over from the conversation, these
    ``carry`` alone are, where given. Its answer takes the place of the turn it ``replaces``, and of all after that.
    """

    text: str
    sources: tuple[str, ...] = ()
    carry: tuple[str, ...] | None = None
    replaces: str | None = None


class PendingQuestion(Question):
    """A question that was saved and has no answer yet."""

    id: str


class Conversation(Value):
    """A conversation with all its turns, and its questions without an answer, oldest first. Times are in UTC."""

    id: str
    title: str
    created: datetime
    updated: datetime
    turns: tuple[Turn, ...]
    pending: tuple[PendingQuestion, ...] = ()


class ConversationSummary(Value):
    """A conversation as it is listed; ``turns`` counts its questions."""

    id: str
    title: str
    created: datetime
    updated: datetime
    turns: int


class Saved(Value):
    """Where a question was saved: the ids of its conversation and of its turn."""

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
        self._connection = open_file(self._path)
        with self._transaction() as connection:
            make_tables(connection, self._path)
            long_ago = self._now() - _KEPT_DELETED.total_seconds()
            connection.execute("DELETE FROM conversations WHERE deleted < ?", [long_ago])

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    def ask(self, owner: str, conversation: str | None, question: Question) -> Saved:
        """Save a question at the end of a conversation; None, or one the owner has not, starts a new one.

        A new one is titled by the question.
        """
        now = self._now()
        with self._transaction() as connection:
            if question.replaces is not None:
                _place_of(connection, owner, conversation or "", question.replaces)
            if conversation is None or not _is_of(connection, owner, conversation):
                conversation = _start(connection, owner, question.text, now)
            return Saved(conversation=conversation, turn=_add(connection, conversation, question, now))

    def answer(self, owner: str, conversation: str, turn: str, answer: Answer) -> bool:
        """Save the answer to a question; False where the question was withdrawn, or answered before.

        The turns it replaces are kept, to be had back, until a question is answered that replaces none.
        """
        with self._transaction() as connection:
            _check_is_of(connection, owner, conversation)
            pending = next((one for one in _pending(connection, conversation) if one.id == turn), None)
            if pending is None:
                return False
            if pending.replaces is None:
                gone = "DELETE FROM turns WHERE conversation = ? AND replaced_by IS NOT NULL"
                connection.execute(gone, [conversation])
            else:
                first = "SELECT position FROM turns WHERE id = ? AND replaced_by IS NULL"
                replaced = f"conversation = ? AND {_LIVE} AND position >= ({first})"
                row = [turn, conversation, _clean(pending.replaces)]
                connection.execute(f"UPDATE turns SET replaced_by = ? WHERE {replaced}", row)
            _fill(connection, turn, answer)
            return True

    def withdraw(self, owner: str, conversation: str, turn: str) -> bool:
        """Take back a question that has no answer; False where it has one, or is gone.

        A conversation that holds nothing else goes with it.
        """
        with self._transaction() as connection:
            _check_is_of(connection, owner, conversation)
            query = "DELETE FROM turns WHERE id = ? AND conversation = ? AND pending IS NOT NULL"
            found = connection.execute(query, [_clean(turn), conversation]).rowcount
            empty = "id = ? AND NOT EXISTS (SELECT 1 FROM turns WHERE conversation = conversations.id)"
            connection.execute(f"DELETE FROM conversations WHERE {empty}", [conversation])
            return bool(found)

    def undo(self, owner: str, conversation: str, turn: str) -> None:
        """Remove a turn, and put back those it replaced."""
        with self._transaction() as connection:
            _check_is_of(connection, owner, conversation)
            query = "UPDATE turns SET replaced_by = NULL WHERE conversation = ? AND replaced_by = ?"
            if not connection.execute(query, [conversation, _clean(turn)]).rowcount:
                raise UsageError("there is nothing to undo: the conversation has gone on since")
            connection.execute("DELETE FROM turns WHERE id = ?", [_clean(turn)])

    def listed(self, owner: str, search: str = "", most: int = 100) -> list[ConversationSummary]:
        """Return the owner's conversations, newest first.

        With ``search``, those whose title, questions and answers hold each of its words, be it as a part of one.
        """
        terms = _folded(search).split()[:_MOST_TERMS]
        its_turns = "FROM turns WHERE conversation = c.id AND replaced_by IS NULL"
        found = f" AND (instr(found_by, ?) OR EXISTS (SELECT 1 {its_turns} AND instr(turns.found_by, ?)))"
        query = (
            f"SELECT id, title, created, updated, (SELECT count(*) {its_turns})"
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
            return Conversation(
                id=conversation,
                title=title,
                created=_time(created),
                updated=_time(updated),
                turns=tuple(_turns(connection, conversation)),
                pending=tuple(_pending(connection, conversation)),
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
        with self._lock, told(self._path):
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
            Message(role="user", content=turn.answer.question),
            Message(role="assistant", content=turn.answer.text),
        )
    )


def _is_of(connection: sqlite3.Connection, owner: str, conversation: str) -> bool:
    query = "SELECT 1 FROM conversations WHERE id = ? AND owner = ? AND deleted IS NULL"
    return connection.execute(query, [_clean(conversation), _clean(owner)]).fetchone() is not None


def _check_is_of(connection: sqlite3.Connection, owner: str, conversation: str) -> None:
    if not _is_of(connection, owner, conversation):
        raise UsageError(_NO_SUCH)


def _place_of(connection: sqlite3.Connection, owner: str, conversation: str, turn: str) -> int:
    """Return where a turn stands."""
    _check_is_of(connection, owner, conversation)
    query = f"SELECT position FROM turns WHERE id = ? AND conversation = ? AND {_LIVE}"
    found = connection.execute(query, [_clean(turn), conversation]).fetchone()
    if found is None:
        raise UsageError("there is no such answer in the conversation: it may have been asked anew; reload it")
    return int(found[0])


def _start(connection: sqlite3.Connection, owner: str, question: str, now: float) -> str:
    name, title = secrets.token_urlsafe(16), _title(question)
    row = [name, _clean(owner), title, _folded(title), now, now]
    connection.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
    return name


def _add(connection: sqlite3.Connection, conversation: str, question: Question, now: float) -> str:
    name, how = secrets.token_urlsafe(16), _clean(json.dumps(question.model_dump(), ensure_ascii=False))
    row = [name, conversation, _clean(question.text), _folded(question.text), now, how]
    columns = "id, conversation, question, said, found_by, answer, asked, pending"
    connection.execute(f"INSERT INTO turns ({columns}) VALUES (?, ?, ?, '', ?, '', ?, ?)", row)
    connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", [now, conversation])
    return name


def _fill(connection: sqlite3.Connection, turn: str, answer: Answer) -> None:
    """Put an answer to its question."""
    question, said = _clean(answer.question), _clean(" ".join(sentence.text for sentence in answer.sentences))
    kept = _clean(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False))
    row = [question, said, _folded(f"{question}\n{said}"), kept, turn]
    values = "question = ?, said = ?, found_by = ?, answer = ?, pending = NULL"
    connection.execute(f"UPDATE turns SET {values} WHERE id = ?", row)


def _turns(connection: sqlite3.Connection, conversation: str) -> list[Turn]:
    replaced = "SELECT count(*) FROM turns r WHERE r.conversation = turns.conversation AND r.replaced_by = turns.id"
    columns = f"id, question, said, answer, rating, note, asked, ({replaced})"
    query = f"SELECT {columns} FROM turns WHERE conversation = ? AND {_LIVE} ORDER BY position"
    return [
        Turn(
            id=name,
            answer=read_answer(kept, question, said),
            rating=rating,
            note=note,
            asked=_time(asked),
            replaced=replaced,
        )
        for name, question, said, kept, rating, note, asked, replaced in connection.execute(query, [conversation])
    ]


def _pending(connection: sqlite3.Connection, conversation: str) -> list[PendingQuestion]:
    query = "SELECT id, pending FROM turns WHERE conversation = ? AND pending IS NOT NULL ORDER BY position"
    found = connection.execute(query, [conversation])
    return [PendingQuestion.model_validate({"id": name, **json.loads(kept)}) for name, kept in found]


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
