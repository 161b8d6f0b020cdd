"""Conversations are kept: by owner, from many threads, through kill -9, and searched whatever is typed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import rag
from rag.conversations import Conversations, Question, Saved
from rag.errors import ConversationsFailure, UsageError
from rag.export import conversation_html, conversation_json, conversation_markdown
from rag.types import Message
from tests.answers import answer, save

PROJECT = Path(str(rag.__file__)).parent.parent
MILL = "Ada Brown built the mill in 1851."
FIRE = "It burned down in 1904 and was never rebuilt."


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> Iterator[Conversations]:
    opened = Conversations(tmp_path / "data", clock)
    yield opened
    opened.close()


def titles(kept: Conversations, search: str = "", owner: str = "ada") -> list[str]:
    return [summary.title for summary in kept.listed(owner, search)]


def test_a_conversation_comes_back_as_it_was_said(kept: Conversations, tmp_path: Path) -> None:
    first = answer("Who built the mill?", MILL)
    second = answer("When did it burn down?", FIRE, query="When did the mill burn down?")
    saved = save(kept, "ada", None, first)
    again = save(kept, "ada", saved.conversation, second)
    assert again.conversation == saved.conversation
    kept.close()
    reopened = Conversations(tmp_path / "data")
    found = reopened.get("ada", saved.conversation)
    assert found.title == "Who built the mill?"
    assert [turn.answer for turn in found.turns] == [first, second]
    assert [turn.id for turn in found.turns] == [saved.turn, again.turn]
    assert found.created == found.turns[0].asked < found.updated == found.turns[1].asked
    assert found.created.tzinfo is UTC
    (summary,) = reopened.listed("ada")
    assert (summary.id, summary.turns, summary.updated) == (found.id, 2, found.updated)
    reopened.close()


def test_the_list_is_newest_first_and_what_is_not_there_starts_anew(kept: Conversations) -> None:
    one = save(kept, "ada", None, answer("One?"))
    two = save(kept, "ada", "unknown", answer("Two?"))
    assert two.conversation not in ("unknown", one.conversation)
    assert titles(kept) == ["Two?", "One?"]
    save(kept, "ada", one.conversation, answer("More?"))
    assert titles(kept) == ["One?", "Two?"]
    assert [summary.id for summary in kept.listed("ada", most=1)] == [one.conversation]


def test_a_question_asked_anew_takes_the_place_of_what_followed(kept: Conversations) -> None:
    saved = [save(kept, "ada", None, answer("One?"))]
    for question in ("Two?", "Three?"):
        saved.append(save(kept, "ada", saved[0].conversation, answer(question)))
    new = save(kept, "ada", saved[0].conversation, answer("Two, really?", MILL), replaces=saved[1].turn)
    turns = kept.get("ada", saved[0].conversation).turns
    assert [turn.answer.question for turn in turns] == ["One?", "Two, really?"]
    assert turns[1].id == new.turn
    with pytest.raises(UsageError, match="no such answer"):
        save(kept, "ada", saved[0].conversation, answer("Four?"), replaces=saved[2].turn)
    assert len(kept.get("ada", saved[0].conversation).turns) == 2


def test_a_question_is_kept_before_it_is_answered(kept: Conversations, tmp_path: Path) -> None:
    saved = kept.ask("ada", None, Question(text="Who built the mill?", sources=("mill.txt",), carry=("mill",)))
    kept.close()
    kept = Conversations(tmp_path / "data")
    found = kept.get("ada", saved.conversation)
    (pending,) = found.pending
    assert (pending.id, pending.text, pending.sources) == (saved.turn, "Who built the mill?", ("mill.txt",))
    assert (pending.carry, pending.replaces, found.turns) == (("mill",), None, ())
    assert kept.listed("ada", "mill")[0].turns == 1
    assert json.loads(conversation_json(found))["answers"] == []
    assert kept.answer("ada", saved.conversation, saved.turn, answer("Who built the mill?", MILL))
    assert not kept.answer("ada", saved.conversation, saved.turn, answer("Who built the mill?", FIRE))
    found = kept.get("ada", saved.conversation)
    assert (found.pending, found.turns[0].id, found.turns[0].answer.text) == ((), saved.turn, f"{MILL} [1]")
    kept.close()


def test_a_question_that_is_withdrawn_is_gone_and_takes_no_answer(kept: Conversations) -> None:
    first = kept.ask("ada", None, Question(text="Who built the mill?"))
    assert kept.withdraw("ada", first.conversation, first.turn)
    assert kept.listed("ada") == []
    saved = save(kept, "ada", None, answer("One?"))
    second = kept.ask("ada", saved.conversation, Question(text="One, really?", replaces=saved.turn))
    assert kept.withdraw("ada", saved.conversation, second.turn)
    assert not kept.withdraw("ada", saved.conversation, second.turn)
    assert not kept.withdraw("ada", saved.conversation, saved.turn)
    assert not kept.answer("ada", saved.conversation, second.turn, answer("One, really?"))
    assert [turn.id for turn in kept.get("ada", saved.conversation).turns] == [saved.turn]
    with pytest.raises(UsageError):
        kept.ask("ada", saved.conversation, Question(text="One?", replaces=second.turn))


def test_a_title_is_one_short_line(kept: Conversations) -> None:
    long = "What did the \u202e miller\n of the village\x1b[31m say " + "about the river " * 20 + "?"
    save(kept, "ada", None, answer(long))
    save(kept, "ada", None, answer("河" * 200))
    chinese, english = titles(kept)
    assert english.startswith("What did the miller of the village[31m say about the river")
    assert english.removesuffix("…").endswith(("the", "about", "river"))
    assert len(english) <= 80
    assert english.isprintable()
    assert chinese == "河" * 79 + "…"


def test_search_finds_titles_questions_and_answers(kept: Conversations) -> None:
    mill = save(kept, "ada", None, answer("Who built the mill?", MILL))
    save(kept, "ada", mill.conversation, answer("And the Straße in it?", "Die Straße heißt Mühlweg."))
    save(kept, "ada", None, answer("長江はどこですか", "长江是中国最长的河流。"))
    save(kept, "bob", None, answer("Who built the mill of Bob?", "Bob Brown built it."))
    mill_alone = ["Who built the mill?"]
    for search in ("mil", "MILL", "brown 1851", "strasse", "MÜHL", "  mill   brown ", "ｍｉｌｌ", "built mühlweg"):
        assert titles(kept, search) == mill_alone, search
    for search in ("中国", "长江", "最长的", "長江"):
        assert titles(kept, search) == ["長江はどこですか"], search
    assert titles(kept, "mill zebra") == titles(kept, "Bob") == []
    kept.rename("ada", mill.conversation, "About flour")
    assert titles(kept, "FLOUR mill") == ["About flour"]


@pytest.mark.parametrize(
    "search",
    ["%", "_", "*", '"', "'", "\\", "mill%", "m_ll", '"mill"', "mill*", "mill OR 1", "NEAR(mill", "(", "-mill", "a:b",
     "'; DROP TABLE turns; --", "\x00", "\ud800", "mill\x00", "[a-z]*", "{found_by}", "x " * 5000, "m" * 100_000],
)  # fmt: skip
def test_search_takes_every_sign_as_itself(kept: Conversations, search: str) -> None:
    save(kept, "ada", None, answer("Who built the mill", MILL))
    assert titles(kept, search) == []
    save(kept, "ada", None, answer(f"What is {search} ?"))
    assert len(titles(kept, search)) == 1
    assert len(titles(kept)) == 2


def test_an_owner_sees_and_changes_only_what_is_theirs(kept: Conversations) -> None:
    saved = save(kept, "ada", None, answer("Who built the mill?", MILL))
    forbidden: list[Callable[[], object]] = [
        lambda: kept.get("bob", saved.conversation),
        lambda: kept.rename("bob", saved.conversation, "Mine"),
        lambda: kept.delete("bob", saved.conversation),
        lambda: kept.rate("bob", saved.conversation, saved.turn, "down"),
        lambda: save(kept, "bob", saved.conversation, answer("Mine?"), replaces=saved.turn),
        lambda: kept.get("bob", "no such"),
    ]
    told = set()
    for call in forbidden:
        with pytest.raises(UsageError) as error:
            call()
        told.add(str(error.value))
    assert len(told) == 1, "what is another's cannot be told from what is not there"
    assert kept.listed("bob") == kept.listed("bob", "mill") == []
    other = save(kept, "bob", saved.conversation, answer("And I?"))
    assert other.conversation != saved.conversation
    with pytest.raises(UsageError):  # nor by way of a conversation of one's own
        kept.rate("bob", other.conversation, saved.turn, "down")
    with pytest.raises(UsageError):
        save(kept, "bob", other.conversation, answer("Mine?"), replaces=saved.turn)
    kept.delete("ada", saved.conversation)
    with pytest.raises(UsageError):
        kept.restore("bob", saved.conversation)
    kept.restore("ada", saved.conversation)
    found = kept.get("ada", saved.conversation)
    assert (found.title, len(found.turns), found.turns[0].rating) == ("Who built the mill?", 1, None)


def test_what_is_deleted_can_be_had_back_for_thirty_days(kept: Conversations, tmp_path: Path, clock: Clock) -> None:
    gone = save(kept, "ada", None, answer("Who built the mill?", MILL))
    stays = save(kept, "ada", None, answer("When did it burn down?", FIRE))
    kept.rate("ada", gone.conversation, gone.turn, "up")
    kept.delete("ada", gone.conversation)
    assert titles(kept) == ["When did it burn down?"]
    assert titles(kept, "mill") == []
    assert kept.feedback() == []
    with pytest.raises(UsageError):
        kept.get("ada", gone.conversation)
    assert save(kept, "ada", gone.conversation, answer("New?")).conversation != gone.conversation
    clock.now += timedelta(days=29)
    Conversations(tmp_path / "data", clock).close()
    kept.restore("ada", gone.conversation)
    assert kept.get("ada", gone.conversation).turns[0].rating == "up"
    with pytest.raises(UsageError):
        kept.restore("ada", gone.conversation)
    kept.delete("ada", gone.conversation)
    clock.now += timedelta(days=31)
    Conversations(tmp_path / "data", clock).close()
    with pytest.raises(UsageError, match="gone for good"):
        kept.restore("ada", gone.conversation)
    assert kept.get("ada", stays.conversation).turns
    kept.close()
    assert not any(b"1851" in path.read_bytes() for path in (tmp_path / "data").iterdir())


def test_ratings_are_kept_changed_and_taken_back(kept: Conversations) -> None:
    first = save(kept, "ada", None, answer("Who built the mill?", MILL))
    second = save(kept, "ada", first.conversation, answer("Why?", query="Why was the mill built?"))
    other = save(kept, "bob", None, answer("What is the dose?"))
    kept.rate("ada", first.conversation, first.turn, "up")
    kept.rate("ada", second.conversation, second.turn, "down", "it says\nso in the last line \ud800")
    kept.rate("bob", other.conversation, other.turn, "up")
    told = [(rated.turn.id, rated.turn.rating, rated.turn.note) for rated in kept.feedback()]
    note = "it says\nso in the last line ?"
    assert told == [(first.turn, "up", ""), (second.turn, "down", note), (other.turn, "up", "")]
    assert kept.feedback()[1].history == (
        Message(role="user", content="Who built the mill?"),
        Message(role="assistant", content=f"{MILL} [1]"),
    )
    kept.rate("ada", second.conversation, second.turn, None)
    assert [rated.turn.id for rated in kept.feedback()] == [first.turn, other.turn]
    assert kept.get("ada", second.conversation).turns[1].note == ""
    with pytest.raises(UsageError, match="up, down or none"):
        kept.rate("ada", first.conversation, first.turn, "sideways")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at most"):
        kept.rate("ada", first.conversation, first.turn, "up", "x" * 5000)


def test_an_answer_in_an_older_form_keeps_its_words(kept: Conversations, tmp_path: Path) -> None:
    saved = save(kept, "ada", None, answer("Who built the mill?", MILL, FIRE))
    save(kept, "ada", saved.conversation, answer("Why?"))
    with sqlite3.connect(tmp_path / "data/conversations.sqlite") as connection:
        connection.execute(
            "UPDATE turns SET answer = json_set(answer, '$.former', 1), rating = 'up' WHERE position = 1"
        )
        connection.execute("UPDATE turns SET answer = '{' WHERE position = 2")
    connection.close()
    first, second = (turn.answer for turn in kept.get("ada", saved.conversation).turns)
    assert (first.question, first.text, first.abstained) == ("Who built the mill?", f"{MILL} {FIRE}", False)
    assert [sentence.support for sentence in first.sentences] == ["unsupported"]
    assert (second.question, second.text, second.abstained) == ("Why?", "", True)
    assert titles(kept, "1904") == ["Who built the mill?"]
    assert len(kept.feedback()) == 1


def test_what_version_0_1_saved_comes_back_and_is_exported(tmp_path: Path) -> None:
    saved = PROJECT / "tests/data/version_0_1"
    with closing(sqlite3.connect(tmp_path / "conversations.sqlite")) as connection:
        connection.executescript((saved / "conversations.sql").read_text(encoding="utf-8"))
    then = json.loads((saved / "conversation.json").read_text(encoding="utf-8"))
    with closing(Conversations(tmp_path)) as kept:
        talk, other = kept.get("ada", then["id"]), kept.get("bob", kept.listed("bob", "york king")[0].id)
    now = json.loads(conversation_json(talk))
    for name in ("question", "query", "answer", "abstained", "missing", "sentences", "rating", "asked"):
        assert [one[name] for one in now["answers"]] == [one[name] for one in then["answers"]]
    new: dict[str, object] = {"page_kind": "page"}
    found = [[{**one, **new} for one in told["results"]] for told in then["answers"]]
    assert [one["results"] for one in now["answers"]] == found
    new |= {"excerpt": None, "also_in": []}
    cited = [[{**one, **new} for one in told["citations"]] for told in then["answers"]]
    assert [one["citations"] for one in now["answers"]] == cited
    assert [turn.answer.verdict for turn in talk.turns] == ["likely", "likely", "none", "likely", "likely"]
    assert (talk.turns[3].note, len(talk.turns[2].answer.closest)) == ("the telephone\nis not asked for", 3)
    assert "(not supported: the number 1950 is not in its sources)" in conversation_markdown(other)
    page, markdown = re.sub("</?mark>", "", conversation_html(talk)), conversation_markdown(talk).replace("\\", "")
    for quote in [one.quote for turn in talk.turns for one in (*turn.answer.citations, *turn.answer.closest)]:
        assert (f"> {' '.join(quote.split())}\n" in markdown, f">{quote}</blockquote>" in page) == (True, True)


def test_text_that_no_encoding_holds_is_kept_all_the_same(kept: Conversations) -> None:
    saved = save(kept, "\ud800", None, answer("What is \ud800\x00?", "A\x00B \x1b[31m"))
    (turn,) = kept.get("\ud800", saved.conversation).turns
    assert turn.answer.question == "What is ?\x00?"
    assert turn.answer.sentences[0].text == "A\x00B \x1b[31m"


def test_only_the_owner_of_the_files_may_read_them(kept: Conversations, tmp_path: Path) -> None:
    save(kept, "ada", None, answer("Who built the mill?", MILL))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    assert "conversations.sqlite" in modes
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_thirty_two_people_at_once_lose_nothing(kept: Conversations) -> None:
    start = threading.Barrier(32)

    def person(number: int) -> list[Saved]:
        owner = f"person {number}"
        saved: list[Saved] = []
        start.wait()
        for turn in range(20):
            conversation = saved[-1].conversation if turn % 10 else None
            saved.append(save(kept, owner, conversation, answer(f"{number}-{turn}?", f"Said {number}-{turn}.")))
            kept.rate(owner, saved[-1].conversation, saved[-1].turn, "up", f"{number}")
            assert len(kept.listed(owner, f"{number}-{turn}?")) == 1
        return saved

    with ThreadPoolExecutor(32) as people:
        told = list(people.map(person, range(32)))
    for number, saved in enumerate(told):
        owner = f"person {number}"
        turns = [turn for one in reversed(kept.listed(owner)) for turn in kept.get(owner, one.id).turns]
        assert [turn.answer.question for turn in turns] == [f"{number}-{turn}?" for turn in range(20)]
        assert [turn.id for turn in turns] == [one.turn for one in saved]
    assert len(kept.feedback()) == 32 * 20


SAVES = """
import sys
from pathlib import Path
from rag.conversations import Conversations
from tests.answers import answer, save
kept, name, number = Conversations(Path(sys.argv[1])), None, 0
while True:
    name = save(kept, "ada", name, answer(f"{sys.argv[2]}-{number}?", "x" * 3000)).conversation
    print(f"{name} {sys.argv[2]}-{number}?", flush=True)
    number += 1
"""


def saver(folder: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SAVES, str(folder), name]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_every_turn_that_was_acknowledged_outlives_kill_9(tmp_path: Path) -> None:
    told: list[str] = []
    for round_ in range(4):
        # Two at once, from the very making of the file on, killed at one moment in the middle of their saving.
        processes = [saver(tmp_path / "data", f"{round_}{letter}") for letter in "ab"]
        for process in processes:
            assert process.stdout is not None
            told += [process.stdout.readline() for _ in range(15 + 7 * round_)]
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        for process in processes:
            assert process.stdout is not None
            told += process.stdout.readlines()
            assert process.communicate()[1] == ""
    acknowledged = {tuple(line.split()) for line in told if line.endswith("\n")}
    kept = Conversations(tmp_path / "data")
    held = [
        (summary.id, turn.answer.question)
        for summary in kept.listed("ada")
        for turn in kept.get("ada", summary.id).turns
    ]
    assert len(acknowledged) >= 2 * (15 + 22 + 29 + 36)
    assert acknowledged <= set(held)
    assert len(held) == len(set(held)) <= len(acknowledged) + 8, "at most the turn being saved at each kill is more"
    kept.close()


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "conversations.sqlite").write_bytes(b"not a database " * 1000)
    with pytest.raises(ConversationsFailure, match=r"damaged .*: put a copy of it back, or move it away"):
        Conversations(tmp_path)


def test_damage_met_later_says_so_too_and_the_rest_is_read(tmp_path: Path) -> None:
    kept = Conversations(tmp_path)
    names = [save(kept, "ada", None, answer(f"{n}?", "x" * 30_000)).conversation for n in range(40)]
    kept.close()
    path = tmp_path / "conversations.sqlite"
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40_960] = b"\xff" * 40_960
    path.write_bytes(data)
    again = Conversations(tmp_path)
    told = []
    for name in names:
        try:
            told.append(again.get("ada", name).turns[0].answer.text[:1])
        except ConversationsFailure as error:
            told.append(str(error))
    damaged = [said for said in told if "damaged" in said]
    assert damaged
    assert "move it away" in damaged[0]
    assert len(damaged) < 10
    assert told.count("x") >= 30
    again.close()


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    Conversations(tmp_path).close()
    with sqlite3.connect(tmp_path / "conversations.sqlite") as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(ConversationsFailure, match=r"newer version .*schema 7.*: update it"):
        Conversations(tmp_path)


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConversationsFailure, match="cannot be used now"):
        Conversations(tmp_path / "file/data")


def test_a_failed_save_changes_nothing(kept: Conversations, tmp_path: Path) -> None:
    saved = save(kept, "ada", None, answer("Who built the mill?", MILL))
    with sqlite3.connect(tmp_path / "data/conversations.sqlite") as connection:
        connection.execute("CREATE TRIGGER t BEFORE INSERT ON turns BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    connection.close()
    with pytest.raises(ConversationsFailure, match="the disk is full"):
        save(kept, "ada", saved.conversation, answer("Why?"), replaces=saved.turn)
    with pytest.raises(ConversationsFailure):
        save(kept, "ada", None, answer("Why?"))
    assert [turn.id for turn in kept.get("ada", saved.conversation).turns] == [saved.turn]
    assert len(kept.listed("ada")) == 1


def test_an_answer_that_cannot_be_saved_replaces_nothing(kept: Conversations, tmp_path: Path) -> None:
    saved = save(kept, "ada", None, answer("Who built the mill?", MILL))
    asked = kept.ask("ada", saved.conversation, Question(text="Why?", replaces=saved.turn))
    with sqlite3.connect(tmp_path / "data/conversations.sqlite") as connection:
        full = "SELECT RAISE(ABORT, 'the disk is full')"
        connection.execute(f"CREATE TRIGGER t BEFORE UPDATE OF answer ON turns BEGIN {full}; END")
    connection.close()
    with pytest.raises(ConversationsFailure, match="the disk is full"):
        kept.answer("ada", saved.conversation, asked.turn, answer("Why?"))
    found = kept.get("ada", saved.conversation)
    assert ([turn.id for turn in found.turns], found.pending[0].id) == ([saved.turn], asked.turn)
