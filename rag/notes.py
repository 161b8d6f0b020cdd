"""Notes: excerpts that a person pinned, kept in the file of the conversations, each with its source and question.

Each has an owner, as a conversation has. A note outlives the conversation that it is from.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rag.conversation_file import ConversationFile, clean, time_of
from rag.errors import UsageError
from rag.saved_answer import read_answer
from rag.types import Answer, Citation, Sentence, Value

_KEPT_REMOVED = timedelta(days=30)
LONGEST_REMARK = 4000
_NO_SUCH = "there is no such note: it may have been removed; reload the page"


class Note(Value):
    """An excerpt that was pinned: the answer it is from, with this excerpt alone, and a person's remark."""

    id: str
    answer: Answer
    remark: str
    pinned: datetime

    @property
    def citation(self) -> Citation:
        """The excerpt."""
        return (*self.answer.citations, *self.answer.closest)[0]


class Notes:
    """The notes kept in ``folder``. Safe to use from many threads and processes.

    Every method raises ConversationsFailure where the file cannot be used, and UsageError where a note is not there or
    is another owner's.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._file = ConversationFile(folder)
        with self._file.transaction() as connection:
            long_ago = clock().timestamp() - _KEPT_REMOVED.total_seconds()
            connection.execute("DELETE FROM notes WHERE removed < ?", [long_ago])

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def pin(self, owner: str, turn: str, answer: Answer, n: int) -> None:
        """Keep excerpt number ``n`` of a turn's answer; one that was removed comes back with its remark."""
        alone = _alone(answer, n)
        kept = clean(json.dumps(alone.model_dump(mode="json"), ensure_ascii=False))
        row = [secrets.token_urlsafe(16), clean(owner), turn, n, clean(answer.question), kept, self._now()]
        columns = "id, owner, turn, n, question, answer, pinned"
        again = "ON CONFLICT (turn, n) DO UPDATE SET removed = NULL"
        with self._file.transaction() as connection:
            connection.execute(f"INSERT INTO notes ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?) {again}", row)

    def unpin(self, owner: str, turn: str, n: int) -> str:
        """Remove the note of an excerpt, and return its id."""
        query = "SELECT id FROM notes WHERE owner = ? AND turn = ? AND n = ? AND removed IS NULL"
        with self._file.transaction("DEFERRED") as connection:
            found = connection.execute(query, [clean(owner), turn, n]).fetchone()
        if found is None:
            raise UsageError(_NO_SUCH)
        self.remove(owner, found[0])
        return str(found[0])

    def remove(self, owner: str, note: str) -> None:
        """Remove a note; for 30 days it can be restored."""
        self._change(owner, note, "removed = ?", self._now(), "removed IS NULL")

    def restore(self, owner: str, note: str) -> None:
        """Take back that a note was removed."""
        self._change(owner, note, "removed = ?", None, "removed IS NOT NULL")

    def write(self, owner: str, note: str, remark: str) -> None:
        """Keep a person's remark on a note, also on one that was removed while it was sent."""
        if len(remark) > LONGEST_REMARK:
            raise UsageError(f"the remark has {len(remark)} characters: write at most {LONGEST_REMARK}")
        self._change(owner, note, "remark = ?", clean(remark).strip(), "TRUE")

    def listed(self, owner: str) -> list[Note]:
        """Return the owner's notes, newest first."""
        return self._found(owner, "removed IS NULL", [])

    def get(self, owner: str, note: str) -> Note:
        """Return a note."""
        found = self._found(owner, "removed IS NULL AND id = ?", [clean(note)])
        if not found:
            raise UsageError(_NO_SUCH)
        return found[0]

    def _found(self, owner: str, condition: str, given: list[str]) -> list[Note]:
        query = f"SELECT id, question, answer, remark, pinned FROM notes WHERE owner = ? AND {condition}"
        with self._file.transaction("DEFERRED") as connection:
            rows = connection.execute(f"{query} ORDER BY position DESC", [clean(owner), *given]).fetchall()
        return [note for row in rows if (note := _note(row)) is not None]

    def _change(self, owner: str, note: str, change: str, value: object, condition: str) -> None:
        query = f"UPDATE notes SET {change} WHERE id = ? AND owner = ? AND {condition}"
        with self._file.transaction() as connection:
            if not connection.execute(query, [value, clean(note), clean(owner)]).rowcount:
                raise UsageError(_NO_SUCH)

    def _now(self) -> float:
        return self._clock().timestamp()


def _note(row: tuple[str, str, str, str, float]) -> Note | None:
    """Return a note as it was kept; None where its excerpt can be read no more."""
    name, question, kept, remark, pinned = row
    answer = read_answer(kept, question, "")
    is_whole = bool(answer.citations or answer.closest)
    return Note(id=name, answer=answer, remark=remark, pinned=time_of(pinned)) if is_whole else None


def _alone(answer: Answer, n: int) -> Answer:
    """Return what an answer says with one of its excerpts; raises UsageError where it has none of that number."""
    cited, closest = (_numbered_one(found, n) for found in (answer.citations, answer.closest))
    if not cited and not closest:
        raise UsageError("there is no such excerpt in the answer: reload the page")
    return Answer(
        question=answer.question,
        query=answer.query,
        sentences=tuple(_citing_one(one) for one in answer.sentences if n in one.citations) if cited else (),
        citations=cited,
        results=(),
        verdict=answer.verdict,
        confidence=answer.confidence,
        closest=closest,
        carried=answer.carried,
        within=answer.within,
    )


def _numbered_one(citations: tuple[Citation, ...], n: int) -> tuple[Citation, ...]:
    return tuple(one.model_copy(update={"n": 1}) for one in citations if one.n == n)


def _citing_one(sentence: Sentence) -> Sentence:
    return sentence.model_copy(update={"citations": (1,)})
