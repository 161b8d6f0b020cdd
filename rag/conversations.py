"""Conversations, kept in one SQLite file (write-ahead log) in a folder of this machine.

Each has an owner, who alone can find, read and change it; who that is, is not known here: an owner is any
string. What was saved stays, whatever stops the process: a call that returns has been written to the disk.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from rag.conversation_file import ConversationFile, clean, time_of
from rag.errors import UsageError
from rag.saved_answer import read_answer
from rag.types import Answer, Message, Value

Rating = Literal["up", "down"]

_KEPT_DELETED = timedelta(days=30)
_LONGEST_TITLE = 80
_LONGEST_NOTE = 4000
_MOST_TERMS = 12  # of a search; each is a condition
_LIVE = "shown AND pending IS NULL"  # of a turn: it is part of the conversation as it is shown
_NO_SUCH = "there is no such conversation: it may have been deleted; start a new one"
_NO_ANSWER = "there is no such answer in the conversation: it may have been asked anew; reload it"


class Turn(Value):
    """A question with its answer, and what the person thought of it. ``asked`` is in UTC.

    ``branches`` are the turns at its place, itself among them, oldest first: each begins a branch of the conversation.
    ``pinned`` are the numbers of the excerpts that are kept as notes.
    """

    id: str
    answer: Answer
    rating: Rating | None
    note: str
    asked: datetime
    branches: tuple[str, ...] = ()
    pinned: tuple[int, ...] = ()


class Question(Value):
    """A question, and how it is asked.

    ``sources`` are the documents that alone are asked; of the terms that it takes over from the conversation, these
    ``carry`` alone are, where given. Its answer begins a branch beside the turn it ``replaces``, which is then shown.
    Unless ``with_model``, no language model writes it.
    """

    text: str
    sources: tuple[str, ...] = ()
    carry: tuple[str, ...] | None = None
    replaces: str | None = None
    with_model: bool = True


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


class Marks(NamedTuple):
    """What is another where an owner's list of conversations, one of them, or the notes have changed."""

    listed: str = ""
    talk: str = ""
    notes: str = ""


class Conversations:
    """The conversations kept in ``folder``. Safe to use from many threads and processes.

    Every method raises ConversationsFailure where the file cannot be used, and UsageError where a
    conversation or turn is not there or is another owner's: the two cannot be told apart.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._file = ConversationFile(folder)
        with self._transaction() as connection:
            long_ago = self._now() - _KEPT_DELETED.total_seconds()
            connection.execute("DELETE FROM conversations WHERE deleted < ?", [long_ago])

    def close(self) -> None:
        """Release the file."""
        self._file.close()

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

        It is shown in the place of the turn that its question replaces, and of all after that.
        """
        with self._transaction() as connection:
            _check_is_of(connection, owner, conversation)
            pending = next((one for one in _pending(connection, conversation) if one.id == turn), None)
            if pending is None:
                return False
            parent = _parent(connection, conversation, pending.replaces)
            _fill(connection, turn, answer, parent)
            _show(connection, conversation, turn)
            return True

    def show(self, owner: str, conversation: str, turn: str) -> None:
        """Show the branch of a conversation that a turn is in: its newest, where there are several after that turn."""
        with self._transaction() as connection:
            _check_is_of(connection, owner, conversation)
            if clean(turn) not in _tree(connection, conversation):
                raise UsageError(_NO_ANSWER)
            _show(connection, conversation, clean(turn))

    def withdraw(self, owner: str, conversation: str, turn: str) -> bool:
        """Take back a question that has no answer; False where it has one, or is gone.

        A conversation that holds nothing else goes with it.
        """
        with self._transaction() as connection:
            _check_is_of(connection, owner, conversation)
            query = "DELETE FROM turns WHERE id = ? AND conversation = ? AND pending IS NOT NULL"
            found = connection.execute(query, [clean(turn), conversation]).rowcount
            empty = "id = ? AND NOT EXISTS (SELECT 1 FROM turns WHERE conversation = conversations.id)"
            connection.execute(f"DELETE FROM conversations WHERE {empty}", [conversation])
            return bool(found)

    def listed(self, owner: str, search: str = "", most: int = 100) -> list[ConversationSummary]:
        """Return the owner's conversations, newest first.

        With ``search``, those whose title, questions and answers hold each of its words, be it as a part of one.
        """
        terms = _folded(search).split()[:_MOST_TERMS]
        its_turns = "FROM turns WHERE conversation = c.id AND shown"
        found = f" AND (instr(found_by, ?) OR EXISTS (SELECT 1 {its_turns} AND instr(turns.found_by, ?)))"
        query = (
            f"SELECT id, title, created, updated, (SELECT count(*) {its_turns})"
            f" FROM conversations c WHERE owner = ? AND deleted IS NULL{found * len(terms)}"
            " ORDER BY updated DESC, rowid DESC LIMIT ?"
        )
        twice = [term for term in terms for _ in range(2)]
        with self._transaction("DEFERRED") as connection:
            rows = connection.execute(query, [clean(owner), *twice, most]).fetchall()
        return [
            ConversationSummary(id=name, title=title, created=time_of(created), updated=time_of(updated), turns=turns)
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
                created=time_of(created),
                updated=time_of(updated),
                turns=tuple(_turns(connection, conversation)),
                pending=tuple(_pending(connection, conversation)),
            )

    @property
    def version(self) -> str:
        """What is another whenever anything that is kept has changed; asked for at no cost."""
        return self._file.version

    def marks(self, owner: str, conversation: str) -> Marks:
        """Return what tells whether anything has changed that a page shows of an owner's, without reading answers."""
        count = "SELECT count(*) FROM turns WHERE conversation = c.id AND shown"
        listed = f"SELECT id, title, updated, ({count}) FROM conversations c WHERE owner = :owner AND deleted IS NULL"
        talk = "SELECT id, shown, pending IS NULL, rating, note FROM turns WHERE conversation = :talk ORDER BY position"
        notes = "SELECT id FROM notes WHERE owner = :owner AND removed IS NULL ORDER BY position"
        given = {"owner": clean(owner), "talk": clean(conversation)}
        with self._transaction("DEFERRED") as connection:
            found = [connection.execute(query, given).fetchall() for query in (listed, talk, notes)]
        return Marks(*(sha256(str(rows).encode()).hexdigest()[:16] for rows in found))

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
            if not connection.execute(query, [clean(conversation), clean(owner)]).rowcount:
                raise UsageError("there is no such deleted conversation: it may be gone for good, or not deleted")

    def rate(self, owner: str, conversation: str, turn: str, rating: Rating | None, note: str = "") -> None:
        """Keep what the owner thinks of a turn; None takes a rating back."""
        if rating not in (None, *get_args(Rating)):
            raise UsageError(f"a rating is up, down or none, not {rating!r}: give one of them")
        if len(note) > _LONGEST_NOTE:
            raise UsageError(f"the note has {len(note)} characters: write at most {_LONGEST_NOTE}")
        with self._transaction() as connection:
            place = _place_of(connection, owner, conversation, turn)
            row = [rating, clean(note).strip(), place]
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

    def _transaction(
        self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE"
    ) -> AbstractContextManager[sqlite3.Connection]:
        return self._file.transaction(kind)


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
    return connection.execute(query, [clean(conversation), clean(owner)]).fetchone() is not None


def _check_is_of(connection: sqlite3.Connection, owner: str, conversation: str) -> None:
    if not _is_of(connection, owner, conversation):
        raise UsageError(_NO_SUCH)


def _place_of(connection: sqlite3.Connection, owner: str, conversation: str, turn: str) -> int:
    """Return where a turn stands."""
    _check_is_of(connection, owner, conversation)
    query = f"SELECT position FROM turns WHERE id = ? AND conversation = ? AND {_LIVE}"
    found = connection.execute(query, [clean(turn), conversation]).fetchone()
    if found is None:
        raise UsageError(_NO_ANSWER)
    return int(found[0])


def _start(connection: sqlite3.Connection, owner: str, question: str, now: float) -> str:
    name, title = secrets.token_urlsafe(16), _title(question)
    row = [name, clean(owner), title, _folded(title), now, now]
    connection.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
    return name


def _add(connection: sqlite3.Connection, conversation: str, question: Question, now: float) -> str:
    name, how = secrets.token_urlsafe(16), clean(json.dumps(question.model_dump(), ensure_ascii=False))
    row = [name, conversation, clean(question.text), _folded(question.text), now, how]
    columns = "id, conversation, question, said, found_by, answer, asked, pending"
    connection.execute(f"INSERT INTO turns ({columns}) VALUES (?, ?, ?, '', ?, '', ?, ?)", row)
    connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", [now, conversation])
    return name


def _fill(connection: sqlite3.Connection, turn: str, answer: Answer, parent: str | None) -> None:
    """Put an answer to its question, after the turn ``parent`` and all others that are answered."""
    question, said = clean(answer.question), clean(" ".join(sentence.text for sentence in answer.sentences))
    kept = clean(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False))
    row = [question, said, _folded(f"{question}\n{said}"), kept, parent, turn]
    values = "question = ?, said = ?, found_by = ?, answer = ?, parent = ?, pending = NULL"
    connection.execute(f"UPDATE turns SET {values} WHERE id = ?", row)
    later = "SELECT 1 FROM turns later WHERE later.id = ?2 AND later.position > turns.position"
    last = f"UPDATE turns SET position = (SELECT max(position) + 1 FROM turns) WHERE id = ?1 AND EXISTS ({later})"
    connection.execute(last, [turn, parent])


def _parent(connection: sqlite3.Connection, conversation: str, replaces: str | None) -> str | None:
    """Return the turn that an answer comes after: the last one, or the one before the turn that it replaces."""
    if replaces is not None:
        return _tree(connection, conversation).get(clean(replaces))
    query = f"SELECT id FROM turns WHERE conversation = ? AND {_LIVE} ORDER BY position DESC LIMIT 1"
    last = connection.execute(query, [conversation]).fetchone()
    return str(last[0]) if last is not None else None


def _tree(connection: sqlite3.Connection, conversation: str) -> dict[str, str | None]:
    """Return the turns of all branches, oldest first, each with the one before it."""
    query = "SELECT id, parent FROM turns WHERE conversation = ? AND pending IS NULL ORDER BY position"
    return dict(connection.execute(query, [conversation]).fetchall())


def _show(connection: sqlite3.Connection, conversation: str, turn: str) -> None:
    """Show the turns before a turn, itself, and after it those of the newest branch."""
    parents = _tree(connection, conversation)
    newest = {parent: name for name, parent in parents.items()}
    branch = [*_line(parents, turn), *_line(newest, newest.get(turn))]
    connection.execute("UPDATE turns SET shown = 0 WHERE conversation = ? AND pending IS NULL", [conversation])
    connection.executemany("UPDATE turns SET shown = 1 WHERE id = ?", [[name] for name in branch])


def _line(steps: Mapping[Any, str | None], at: str | None) -> Iterator[str]:
    """Yield a turn, and those that one comes to from there step by step."""
    while at is not None:
        yield at
        at = steps.get(at)


def _turns(connection: sqlite3.Connection, conversation: str) -> list[Turn]:
    """Return the turns of the branch that is shown."""
    pinned = "SELECT json_group_array(n) FROM notes WHERE turn = turns.id AND removed IS NULL"
    columns = f"id, question, said, answer, rating, note, asked, ({pinned})"
    query = f"SELECT {columns} FROM turns WHERE conversation = ? AND {_LIVE} ORDER BY position"
    parents = _tree(connection, conversation)
    return [
        Turn(
            id=name,
            answer=read_answer(kept, question, said),
            rating=rating,
            note=note,
            asked=time_of(asked),
            branches=tuple(other for other, parent in parents.items() if parent == parents[name]),
            pinned=tuple(json.loads(numbers)),
        )
        for name, question, said, kept, rating, note, asked, numbers in connection.execute(query, [conversation])
    ]


def _pending(connection: sqlite3.Connection, conversation: str) -> list[PendingQuestion]:
    query = "SELECT id, pending FROM turns WHERE conversation = ? AND pending IS NOT NULL ORDER BY position"
    found = connection.execute(query, [conversation])
    return [PendingQuestion.model_validate({"id": name, **json.loads(kept)}) for name, kept in found]


def _title(text: str) -> str:
    """Return a text in one short line without signs that are not seen."""
    line = " ".join("".join(c for c in clean(text) if c.isprintable() or c.isspace()).split())
    if len(line) <= _LONGEST_TITLE:
        return line
    cut = line[: _LONGEST_TITLE - 1]
    words = cut.rsplit(" ", 1)[0]
    return (words if len(words) > _LONGEST_TITLE // 2 else cut).rstrip(" ,;:–—-") + "…"


def _folded(text: str) -> str:
    """Return a text as it is searched: large and small letters, and forms of the same sign, are the same."""
    return unicodedata.normalize("NFKC", clean(text).casefold())
