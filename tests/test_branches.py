"""A question asked anew begins a branch; the others stay, and can be shown again, in files of earlier versions too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag.conversations import Conversations, Question
from rag.errors import UsageError
from rag.export import conversation_json, conversation_markdown
from tests.answers import answer, save


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    with closing(Conversations(tmp_path)) as opened:
        yield opened


def talk(kept: Conversations, name: str) -> list[str]:
    """Return the questions that are shown; those with branches with their number."""
    return [
        turn.answer.question + (f" {turn.branches.index(turn.id) + 1}/{len(turn.branches)}" * (len(turn.branches) > 1))
        for turn in kept.get("ada", name).turns
    ]


def test_branches_are_kept_with_what_came_after_and_shown_again(kept: Conversations) -> None:
    first = save(kept, "ada", None, answer("One?"))
    name = first.conversation
    two, three = (save(kept, "ada", name, answer(question)) for question in ("Two?", "Three?"))
    kept.rate("ada", name, three.turn, "up")
    other = save(kept, "ada", name, answer("Other?"), replaces=two.turn)
    assert talk(kept, name) == ["One?", "Other? 2/2"]
    assert (kept.listed("ada")[0].turns, kept.listed("ada", "three"), kept.feedback()) == (2, [], [])
    assert "Three?" not in conversation_markdown(kept.get("ada", name)) + conversation_json(kept.get("ada", name))
    save(kept, "ada", name, answer("More?"))
    again = save(kept, "ada", name, answer("Again?"), replaces=other.turn)
    assert talk(kept, name) == ["One?", "Again? 3/3"]
    kept.show("ada", name, two.turn)
    assert talk(kept, name) == ["One?", "Two? 1/3", "Three?"]
    assert kept.get("ada", name).turns[2].rating == "up"
    save(kept, "ada", name, answer("Four?"))
    save(kept, "ada", name, answer("Three, really?"), replaces=three.turn)
    kept.show("ada", name, other.turn)
    assert talk(kept, name) == ["One?", "Other? 2/3", "More?"]
    kept.show("ada", name, two.turn)  # its newest branch
    assert talk(kept, name) == ["One?", "Two? 1/3", "Three, really? 2/2"]
    kept.show("ada", name, three.turn)
    assert talk(kept, name) == ["One?", "Two? 1/3", "Three? 1/2", "Four?"]
    with pytest.raises(UsageError, match="no such answer"):
        save(kept, "ada", name, answer("Five?"), replaces=again.turn)  # it is not shown
    save(kept, "ada", name, answer("Uno?"), replaces=first.turn)
    assert talk(kept, name) == ["Uno? 2/2"]
    kept.show("ada", name, first.turn)
    assert talk(kept, name) == ["One? 1/2", "Again? 3/3"]


def test_no_other_owner_and_no_unanswered_question_can_be_shown(kept: Conversations) -> None:
    saved = save(kept, "ada", None, answer("One?"))
    pending = kept.ask("ada", saved.conversation, Question(text="Two?", replaces=saved.turn))
    for owner, turn in (("bob", saved.turn), ("ada", pending.turn), ("ada", "")):
        with pytest.raises(UsageError, match="no such"):
            kept.show(owner, saved.conversation, turn)
    assert talk(kept, saved.conversation) == ["One?"]


def test_answers_stand_in_the_order_in_which_they_came(kept: Conversations) -> None:
    name = save(kept, "ada", None, answer("One?")).conversation
    slow, quick = (kept.ask("ada", name, Question(text=text)) for text in ("Slow?", "Quick?"))
    kept.answer("ada", name, quick.turn, answer("Quick?"))
    kept.answer("ada", name, slow.turn, answer("Slow?"))
    assert talk(kept, name) == ["One?", "Quick?", "Slow?"]
    edited = kept.ask("ada", name, Question(text="Quick, really?", replaces=quick.turn))
    kept.show("ada", name, slow.turn)
    kept.answer("ada", name, edited.turn, answer("Quick, really?"))
    assert talk(kept, name) == ["One?", "Quick, really? 2/2"]


# The turns of version 2: which were replaced by which. "b" was edited to "B", "B" and "c" to "x"; "a" of the other talk
# was tried again twice.
OLD = [("a", None), ("b", "B"), ("B", "x"), ("c", "x"), ("x", None), ("y", None)]
TRIED = [("p", "q"), ("q", "r"), ("r", None)]
VERSION_2 = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, found_by TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, deleted REAL);
CREATE TABLE turns (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, question TEXT NOT NULL,
    said TEXT NOT NULL, found_by TEXT NOT NULL, answer TEXT NOT NULL, asked REAL NOT NULL,
    rating TEXT CHECK (rating IN ('up', 'down')), note TEXT NOT NULL DEFAULT '', pending TEXT, replaced_by TEXT);
CREATE INDEX turns_of ON turns (conversation, position);
PRAGMA user_version = 2;
"""


def test_what_was_replaced_in_a_file_of_version_2_is_a_branch(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "conversations.sqlite")) as old:
        old.executescript(VERSION_2)
        for name, turns in (("talk", OLD), ("tried", TRIED)):
            old.execute("INSERT INTO conversations VALUES (?, 'ada', 'T', 't', 0, 0, NULL)", [name])
            for turn, replaced_by in turns:
                row = [turn, name, turn, answer(turn).model_dump_json(), replaced_by]
                columns = "id, conversation, question, said, found_by, answer, asked, replaced_by"
                old.execute(f"INSERT INTO turns ({columns}) VALUES (?, ?, ?, '', '', ?, 0, ?)", row)
        asked = "INSERT INTO turns (id, conversation, question, said, found_by, answer, asked, pending)"
        old.execute(f"{asked} VALUES ('z', 'talk', 'z', '', '', '', 0, ?)", [Question(text="z").model_dump_json()])
        old.commit()
    with closing(Conversations(tmp_path)) as kept:
        assert (talk(kept, "talk"), talk(kept, "tried")) == (["a", "x 3/3", "y"], ["r 3/3"])
        assert [one.text for one in kept.get("ada", "talk").pending] == ["z"]
        for turn, shown in (("b", ["a", "b 1/3"]), ("B", ["a", "B 2/3", "c"]), ("x", ["a", "x 3/3", "y"])):
            kept.show("ada", "talk", turn)
            assert talk(kept, "talk") == shown
        kept.answer("ada", "talk", "z", answer("z"))
        assert talk(kept, "talk") == ["a", "x 3/3", "y", "z"]
        kept.show("ada", "tried", "p")
        assert talk(kept, "tried") == ["p 1/3"]
