"""Quotations are checked against the documents as they are now: intact, moved, changed or gone."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.cli import app
from rag.errors import UsageError
from rag.settings import Settings
from rag.types import Excerpt
from rag.verify import Check, Place, Quotation, Verification
from tests.fakes import FakeEmbedder

RIVER = "The river rises in the forest.\nIt ends in the sea.\n"
LAKE = "The lake is deep.\n"
WHOLE = Quotation(source="river.txt", start=31, end=50, quote="It ends in the sea.")
SHOWN = WHOLE.model_copy(update={"excerpt": Excerpt(start=0, end=50, text=RIVER.strip())})
VERSION_0_1 = Path(__file__).parent / "data/version_0_1"


@pytest.fixture
def assistant(corpus: Path, tmp_path: Path) -> Assistant:
    (corpus / "river.txt").write_text(RIVER)
    (corpus / "lake.txt").write_text(LAKE)
    settings = Settings(corpus=corpus, index=tmp_path / "index", chunk_tokens=16)
    made = Assistant(settings, FakeEmbedder())
    made.sync()
    return made


def states(found: Verification) -> dict[str, int]:
    return {name: getattr(found, name) for name in ("intact", "moved", "changed", "gone") if getattr(found, name)}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def rewrite(corpus: Path, text: str) -> None:
    (corpus / "river.txt").write_text(text)


CHANGES: list[tuple[str, Callable[[Path], object], str, tuple[str, int] | None]] = [
    ("nothing", lambda corpus: None, "intact", None),
    ("text after it", lambda corpus: rewrite(corpus, RIVER + "More.\n"), "intact", None),
    ("text before it", lambda corpus: rewrite(corpus, "More.\n" + RIVER), "moved", ("river.txt", 37)),
    ("wrapped", lambda corpus: rewrite(corpus, RIVER.replace("ends in", "ends\n  in")), "moved", ("river.txt", 31)),
    ("repeated", lambda corpus: rewrite(corpus, "X" + 3 * RIVER), "moved", ("river.txt", 32)),
    ("other words", lambda corpus: rewrite(corpus, RIVER.replace("sea", "lake")), "changed", None),
    ("emptied", lambda corpus: rewrite(corpus, ""), "changed", None),
    ("deleted", lambda corpus: (corpus / "river.txt").unlink(), "gone", None),
    ("renamed", lambda corpus: (corpus / "river.txt").rename(corpus / "r.txt"), "moved", ("r.txt", 31)),
    ("moved to another", lambda corpus: (corpus / "river.txt").rename(corpus / "lake.txt"), "moved", ("lake.txt", 31)),
]


@pytest.mark.parametrize("synced", [False, True], ids=["not synced", "synced"])
@pytest.mark.parametrize(("name", "change", "state", "now"), CHANGES, ids=[change[0] for change in CHANGES])
def test_a_quotation_is_intact_moved_changed_or_gone(
    assistant: Assistant,
    corpus: Path,
    name: str,
    change: Callable[[Path], object],
    state: str,
    now: tuple[str, int] | None,
    synced: bool,
) -> None:
    change(corpus)
    if synced:
        assistant.sync()
    found = assistant.verify_quotations([WHOLE, SHOWN])
    for check in found.checks:
        assert check.state == state, name
        assert (check.now and (check.now.source, check.now.start)) == now
    assert states(found) == {state: 2}
    assert found.holds == (state == "intact")


@pytest.mark.parametrize(
    ("text", "now"),
    [
        (RIVER.replace("forest", "meadow"), 31),
        (RIVER.replace(".\n", ", they say.\n", 1), 41),
        ("It ends in the sea.\n", 0),
        ("It ends in the sea.\nThe river rises in the forest.\n", 0),
    ],
)
def test_an_excerpt_that_says_something_else_is_changed(
    assistant: Assistant, corpus: Path, text: str, now: int
) -> None:
    rewrite(corpus, text)
    (check,) = assistant.verify_quotations([SHOWN]).checks
    assert check == Check(
        quotation=SHOWN, state="changed", now=Place(source="river.txt", start=now, end=now + len(WHOLE.quote))
    )


@pytest.mark.parametrize(("start", "end"), [(0, 30), (50, 51), (-51, 51)])
def test_an_excerpt_that_does_not_hold_its_quotation_is_not_intact(assistant: Assistant, start: int, end: int) -> None:
    beside = WHOLE.model_copy(update={"excerpt": Excerpt(start=start, end=end, text=RIVER[start:end])})
    assert not assistant.verify_quotations([beside]).holds


def test_an_index_level_with_its_folder_is_whole(assistant: Assistant) -> None:
    assert assistant.verify() == Verification(intact=2, moved=0, changed=0, gone=0, checks=(), faults=())


def test_passages_that_the_folder_no_longer_says_are_told(assistant: Assistant, corpus: Path) -> None:
    (corpus / "lake.txt").rename(corpus / "tarn.txt")
    rewrite(corpus, RIVER.replace("sea", "lake"))
    found = assistant.verify()
    lake = Quotation(source="lake.txt", start=0, end=17, quote="The lake is deep.", sha256=sha256(LAKE))
    river = Quotation(source="river.txt", start=0, end=50, quote=RIVER.strip(), sha256=sha256(RIVER))
    assert states(found) == {"moved": 1, "changed": 1}
    assert found.checks == (
        Check(quotation=lake, state="moved", now=Place(source="tarn.txt", start=0, end=17)),
        Check(quotation=river, state="changed"),
    )
    assert not found.holds
    assistant.sync()
    assert assistant.verify().holds


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DELETE FROM vectors", "chunks with nothing to embed"),
        ("INSERT INTO unembedded SELECT 1, key, '', '[]', 1 FROM vectors LIMIT 1", "texts to embed that have a vector"),
        ("PRAGMA writable_schema = 1; DELETE FROM files", "documents without their file"),
        ("DELETE FROM chunks WHERE text LIKE '%lake%'", "the counts are not those of the passages"),
        ("UPDATE chunks SET terms = terms || ' lake'", "the counts are not those of the passages"),
        ("DELETE FROM counts WHERE name = 'tlake'", "the counts are not those of the passages"),
        ("UPDATE chunks SET row = -row", "the words searched are not those of the database"),
        ("UPDATE vectors SET passage = zeroblob(128)", "the vectors searched are not those of the database"),
    ],
)
def test_an_index_that_is_not_whole_is_told(assistant: Assistant, damage: str, said: str) -> None:
    database = next(Path(str(assistant.settings.index)).glob("*.sqlite"))
    with sqlite3.connect(database) as connection:
        connection.executescript(damage)
    connection.close()
    found = assistant.verify()
    assert any(said in fault for fault in found.faults), found.faults
    assert not found.holds


@pytest.mark.parametrize("lines", [False, True], ids=["one answer", "an answer a line"])
def test_the_command_checks_saved_answers(
    assistant: Assistant,
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    lines: bool,
) -> None:
    answer = {"answer": "It ends …", "citations": [{"n": 1, **WHOLE.model_dump(exclude={"n"})}]}
    saved = tmp_path / "answer.json"
    saved.write_text("\n".join([json.dumps(answer)] * 2) if lines else json.dumps(answer, indent=1))
    flags = ["--corpus", str(corpus), "--index", str(assistant.settings.index)]
    assert app(["verify", str(saved), "--json", *flags], standalone_mode=False) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["intact"], len(found["checks"])) == ((2, 2) if lines else (1, 1))
    rewrite(corpus, "More.\n" + RIVER)
    assert app(["verify", str(saved), *flags], standalone_mode=False) == 1
    said = capsys.readouterr().out
    assert "moved   [1] river.txt 31–50 → river.txt 37–56\n        “It ends in the sea.”\n" in said
    assert app(["verify", "--json", *flags], standalone_mode=False) == 1
    assert json.loads(capsys.readouterr().out)["moved"] == 1


def test_the_command_checks_what_was_shown_in_place_of_an_answer(
    assistant: Assistant, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "answer.json"
    saved.write_text(json.dumps({"citations": [], "closest": [SHOWN.model_dump() | {"n": 1}]}))
    flags = ["--corpus", str(corpus), "--index", str(assistant.settings.index)]
    assert app(["verify", str(saved), *flags], standalone_mode=False) == 0
    assert "intact  [1] river.txt 31–50, in the excerpt 0–50\n" in capsys.readouterr().out
    rewrite(corpus, RIVER.replace("forest", "meadow"))
    assert app(["verify", str(saved), *flags], standalone_mode=False) == 1


@pytest.mark.parametrize(("name", "count"), [("answer.json", 1), ("conversation.json", 6)])
def test_what_version_0_1_saved_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, count: int
) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(VERSION_0_1 / "corpus", corpus)
    settings = Settings(corpus=corpus, index=tmp_path / "index")
    Assistant(settings, FakeEmbedder()).sync()
    command = ["verify", str(VERSION_0_1 / name), "--json", "--corpus", str(corpus), "--index", str(settings.index)]
    assert app(command, standalone_mode=False) == 0
    assert json.loads(capsys.readouterr().out)["intact"] == count
    (corpus / "2021-03-01-mill.txt").write_text("It burned.\n")
    assert app(command, standalone_mode=False) == 1


def test_after_a_folder_is_renamed_each_file_is_read_at_most_twice(
    assistant: Assistant, corpus: Path, parsed_sources: list[str]
) -> None:
    (corpus / "sub").mkdir()
    for number in range(30):
        (corpus / f"sub/{number}.txt").write_text("\n\n".join(f"Sentence {number} {line}." for line in range(20)))
    assistant.sync()
    (corpus / "sub").rename(corpus / "renamed")
    parsed_sources.clear()
    found = assistant.verify()
    assert (found.intact, found.changed, found.gone) == (2, 0, 0)
    assert {(check.now and check.now.source) for check in found.checks} == {f"renamed/{n}.txt" for n in range(30)}
    assert max(Counter(parsed_sources).values()) <= 2


@pytest.mark.parametrize("wrong", [{"start": -5, "end": -1}, {"quote": ""}])
def test_a_citation_of_nothing_is_refused(
    assistant: Assistant, tmp_path: Path, wrong: dict[str, object], corpus: Path
) -> None:
    saved = tmp_path / "answer.json"
    saved.write_text(json.dumps({"citations": [WHOLE.model_dump() | wrong]}))
    flags = ["--corpus", str(corpus), "--index", str(assistant.settings.index)]
    with pytest.raises(UsageError, match="holds no answer"):
        app(["verify", str(saved), *flags], standalone_mode=False)
