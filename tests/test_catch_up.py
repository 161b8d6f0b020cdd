"""What a question is asked of where the folder has changed since the last sync."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.errors import RemovalGuardError
from rag.types import Stale
from tests.folders import assistant_over, read_only, write

SHED = {"shed.txt": "The alarm code of the shed is 4455."}
HOUSE = SHED | {"roof.txt": "Bela Sand tiled the roof of the annex.", "coal.txt": "A sack of coal costs 18 francs."}
LONG = "".join(f"Line {number} is about nothing at all.\n" for number in range(100_000))


@pytest.fixture
def house(tmp_path: Path, embedder: Embedder) -> Assistant:
    return assistant_over(tmp_path, HOUSE, embedder)


def quotes(assistant: Assistant, question: str) -> list[tuple[str, str]]:
    """Return what is quoted in answer to a question: source and words."""
    return [(citation.source, citation.quote) for citation in assistant.ask(question).citations]


def change(corpus: Path) -> None:
    write(corpus, {"shed.txt": "The alarm code of the shed is 7731."})
    (corpus / "roof.txt").rename(corpus / "tiles.txt")
    (corpus / "coal.txt").unlink()


def test_what_takes_a_moment_is_brought_level_first(house: Assistant) -> None:
    change(house.settings.corpus)
    house.catch_up()
    assert quotes(house, "What is the alarm code of the shed?") == [("shed.txt", "The alarm code of the shed is 7731.")]
    assert quotes(house, "Who tiled the roof?") == [("tiles.txt", "Bela Sand tiled the roof of the annex.")]
    assert quotes(house, "What does a sack of coal cost?") == []


def test_what_takes_longer_is_left_and_told(house: Assistant) -> None:
    change(house.settings.corpus)
    write(house.settings.corpus, {"long.txt": LONG})
    house.catch_up()
    answer = house.ask("What is the alarm code of the shed?")
    assert [citation.quote for citation in answer.citations] == ["The alarm code of the shed is 4455."]
    assert answer.stale == (Stale(source="shed.txt", reason="changed"),)
    found = house.search("the alarm code of the shed")
    assert house.stale(found) == answer.stale
    assert {result.source for result in found} == {"shed.txt"}, "what is gone is not found"
    assert house.ask("What does a sack of coal cost?").citations == ()


def test_a_sync_that_takes_too_long_is_broken_off(house: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.assistant._CATCH_UP_SECONDS", 0.0)
    change(house.settings.corpus)
    house.catch_up()
    assert quotes(house, "What is the alarm code of the shed?") == [("shed.txt", "The alarm code of the shed is 4455.")]
    assert house.sync_problem is None


def test_a_file_that_was_only_touched_is_not_told_as_changed(house: Assistant) -> None:
    (house.settings.corpus / "shed.txt").touch()
    assert house.ask("What is the alarm code of the shed?").stale == ()


def test_an_index_that_cannot_be_written_is_asked_as_it_is(house: Assistant, embedder: Embedder) -> None:
    folder = house.settings.index
    assert isinstance(folder, Path)
    with read_only(folder):
        asked = Assistant(house.settings, embedder)
        assert quotes(asked, "Who tiled the roof?") == [("roof.txt", "Bela Sand tiled the roof of the annex.")]
        assert asked.status().problem is None


def test_what_keeps_a_sync_from_being_done_is_known_to_every_process(tmp_path: Path, embedder: Embedder) -> None:
    files = {f"{number:02}.txt": f"Lake number {number} is deep." for number in range(12)}
    assistant = assistant_over(tmp_path, files, embedder)
    for name in files:
        (tmp_path / "corpus" / name).unlink()
    with pytest.raises(RemovalGuardError):
        assistant.catch_up()
    problem = Assistant(assistant.settings, embedder).status().problem
    assert problem is not None
    assert problem.removals == 12
    assert problem.message.startswith("12 of 12 documents are not in")
    answer = assistant.ask("Which lake number is 7?", even_if_unsure=True)
    assert "07.txt" in {citation.source for citation in answer.citations}, "it is asked as it is"
    assert {stale.reason for stale in answer.stale} == {"gone"}
    assistant.sync(allow_removals=True)
    assert Assistant(assistant.settings, embedder).status().problem is None
    assert assistant.documents() == []
