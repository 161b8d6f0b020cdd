"""Notes are kept: by owner, with what an answer said of one excerpt, in files of earlier versions too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag.conversations import Conversations
from rag.errors import UsageError
from rag.export import notes_json, notes_markdown
from rag.notes import LONGEST_REMARK, Notes
from tests.answers import answer, save

MILL, FIRE = "Ada Brown built the mill in 1851.", "It burned down in 1904 and was never rebuilt."


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Notes]:
    with closing(Notes(tmp_path)) as opened:
        yield opened


def test_a_note_holds_one_excerpt_and_the_turn_knows_of_it(notes: Notes, tmp_path: Path) -> None:
    said = answer("What of the mill?", MILL, FIRE)
    with closing(Conversations(tmp_path)) as talks:
        saved = save(talks, "ada", None, said)
        notes.pin("ada", saved.turn, said, 2)
        assert talks.get("ada", saved.conversation).turns[0].pinned == (2,)
    (note,) = notes.listed("ada")
    assert (note.answer.question, note.citation.quote, note.citation.n) == ("What of the mill?", FIRE, 1)
    assert [one.citations for one in note.answer.sentences] == [(1,)]
    assert MILL not in notes_markdown([note]) + notes_json([note])
    with pytest.raises(UsageError, match="no such excerpt"):
        notes.pin("ada", saved.turn, said, 3)


def test_a_removed_note_comes_back_with_its_remark_for_thirty_days(notes: Notes, tmp_path: Path) -> None:
    notes.pin("ada", "turn", answer("Who?", MILL), 1)
    (note,) = notes.listed("ada")
    notes.write("ada", note.id, " Mine \ud800\n")
    assert notes.unpin("ada", "turn", 1) == note.id
    assert notes.listed("ada") == []
    notes.pin("ada", "turn", answer("Who?", MILL), 1)
    assert [one.remark for one in notes.listed("ada")] == ["Mine ?"]
    notes.remove("ada", note.id)
    Notes(tmp_path, lambda: datetime.now(UTC) + timedelta(days=31)).close()
    with pytest.raises(UsageError, match="no such note"):
        notes.restore("ada", note.id)


def test_an_owner_sees_and_changes_only_what_is_theirs(notes: Notes) -> None:
    notes.pin("ada", "turn", answer("Who?", MILL), 1)
    (note,) = notes.listed("ada")
    assert notes.listed("bob") == []
    for change in (notes.get, notes.remove, notes.restore, lambda owner, name: notes.write(owner, name, "")):
        with pytest.raises(UsageError, match="no such note"):
            change("bob", note.id)
    with pytest.raises(UsageError, match="no such note"):
        notes.unpin("bob", "turn", 1)
    with pytest.raises(UsageError, match="at most"):
        notes.write("ada", note.id, "x" * (LONGEST_REMARK + 1))


def test_a_file_of_version_0_1_takes_notes(tmp_path: Path) -> None:
    saved = (Path(__file__).parent / "data/version_0_1/conversations.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "conversations.sqlite")) as connection:
        connection.executescript(saved)
    with closing(Notes(tmp_path)) as notes, closing(Conversations(tmp_path)) as talks:
        talk = talks.get("ada", talks.listed("ada")[0].id)
        for turn in talk.turns:
            notes.pin("ada", turn.id, turn.answer, 1)
        assert len(notes.listed("ada")) == len(talk.turns)
        assert all(turn.pinned == (1,) for turn in talks.get("ada", talk.id).turns)
