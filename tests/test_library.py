"""Documents put into the folder, taken out and put back; the list of them; questions to some of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.corpus import CorpusFile
from rag.embed import Embedder
from rag.errors import DocumentExists, DocumentRefused, DocumentTooLarge, SyncStopped, UsageError
from rag.listing import listing, natural_order
from rag.parse.archive import zipped
from rag.sync import Progress
from tests.folders import assistant_over, write
from tests.waiting import TIMEOUT

MILL = "The mill on the Ouse was built by Ada Brown in 1834.\n"
BRIDGE = "The bridge over the Ouse was built by Carl Dorn in 1871.\n"

UNUSABLE = (
    *("../evil.txt", "a/b.txt", "a\\b.txt", "/etc/passwd", "..", "", " ", ".hidden.txt", ".ragignore", "~$lock.docx"),
    *("x\0.txt", "a\nb.txt", "\u202egpj.txt", "x" * 300 + ".txt"),
)


@pytest.fixture
def assistant(tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> Assistant:
    monkeypatch.chdir(tmp_path)
    return assistant_over(tmp_path, {"mill.txt": MILL, "bridge.txt": BRIDGE}, embedder)


def states(assistant: Assistant) -> dict[str, tuple[str, str]]:
    return {one.source: (one.state, one.note) for one in assistant.listed()}


def test_a_document_is_listed_with_its_pages_and_when_it_was_changed(assistant: Assistant) -> None:
    write(assistant.settings.corpus, {"depots.csv": "Town,Depot\nLeith,North\n"})
    os.utime(assistant.settings.corpus / "depots.csv", (1_577_934_245, 1_577_934_245))
    assistant.sync()
    (depots,) = [one for one in assistant.listed() if one.source == "depots.csv"]
    assert (depots.pages, depots.page_kind, depots.extent) == (2, "row", "2 rows")
    assert depots.modified == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_archive_is_listed_with_what_is_in_it_and_what_is_not_read(assistant: Assistant) -> None:
    write(assistant.settings.corpus, {"old.zip": zipped({"a/ferry.txt": b"It sails.", "b.png": b"\x89PNG\0"})})
    listed = {one.source: (one.state, one.extent, one.note) for one in assistant.listed()}
    assert listed["old.zip"] == ("waiting", "", "new")
    assistant.sync()
    listed = {one.source: (one.state, one.extent, one.note) for one in assistant.listed()}
    assert listed["old.zip"] == ("indexed", "1 document", "b.png: PNG files aren’t supported")
    assert listed["old.zip/a/ferry.txt"] == ("indexed", "1 passage", "")
    assistant.remove_document("old.zip")
    assistant.sync()
    assert [one.source for one in assistant.listed()] == ["bridge.txt", "mill.txt"]


def test_a_time_past_all_calendars_is_not_told() -> None:
    (listed,) = listing([], {}, [CorpusFile("a.txt", Path("a.txt"), 1, mtime_ns=10**21)])
    assert listed.modified is None


def test_what_is_added_is_asked_after_the_next_run(assistant: Assistant) -> None:
    assert assistant.add_document("new house.md", [b"# Houses\n\nThe house was ", b"built by Eve Falk in 1902."]) == (
        "new house.md"
    )
    assert states(assistant)["new house.md"] == ("waiting", "new")
    assistant.sync()
    answer = assistant.ask("Who built the house?")
    assert [citation.source for citation in answer.citations] == ["new house.md"]
    assert states(assistant)["new house.md"] == ("indexed", "")


def test_names_are_ordered_without_case_and_accents_and_numbers_by_value() -> None:
    ordered = ["1.txt", "9.txt", "010.txt", "a2b", "A10b", "apfel", "Äpfel", "Apfelmus", "b" + "9" * 5000, "éclair"]
    assert sorted(set(ordered), key=natural_order) == ordered
    assert natural_order("A")[0] == natural_order("ä")[0]
    assert natural_order("A") != natural_order("ä")


def test_nothing_is_overwritten_unasked_and_what_is_replaced_is_kept(assistant: Assistant) -> None:
    corpus = assistant.settings.corpus
    with pytest.raises(DocumentExists, match="replace it"):
        assistant.add_document("mill.txt", [b"other"])
    assert (corpus / "mill.txt").read_text() == MILL
    assistant.add_document("mill.txt", [b"other"], replace=True)
    assert (corpus / "mill.txt").read_text() == "other"
    kept = list((assistant.settings.data / "removed").glob("*/file"))
    assert [path.read_text() for path in kept] == [MILL]
    assert sorted(path.name for path in corpus.iterdir()) == ["bridge.txt", "mill.txt"]


def test_of_two_at_once_one_is_told_of_the_other(assistant: Assistant) -> None:
    ready = threading.Barrier(2)

    def slowly(text: bytes) -> Iterator[bytes]:
        yield text
        ready.wait(TIMEOUT)

    outcomes: list[str] = []

    def add(text: bytes) -> None:
        try:
            outcomes.append(assistant.add_document("same.txt", slowly(text)))
        except DocumentExists:
            outcomes.append("told")

    threads = [threading.Thread(target=add, args=[text]) for text in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["same.txt", "told"]


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_name_that_will_not_do_is_refused(assistant: Assistant, name: str) -> None:
    with pytest.raises(DocumentRefused):
        assistant.add_document(name, [b"text"])
    assert sorted(path.name for path in assistant.settings.corpus.iterdir()) == ["bridge.txt", "mill.txt"]
    assert not (assistant.settings.corpus.parent / "evil.txt").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fake.pdf", b"\x89PNG\r\n\x1a\n\0\0"),
        ("fake.docx", b"MZ\x90\0\3\0"),
        ("fake.rtf", b"MZ\x90\0\3\0"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
        ("program.exe", b"MZ\x90\0\3\0"),
        ("noSuffix", b"MZ\x90\0\3\0"),
        ("secrets.env", b"TOKEN=1"),
        ("fake.txt", bytes(range(256)) * 20),
        ("fake.md", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" * 300),
        ("empty.txt", b"  \n"),
        ("empty.pdf", b""),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(assistant: Assistant, name: str, content: bytes) -> None:
    with pytest.raises(DocumentRefused):
        assistant.add_document(name, [content])
    assert not (assistant.settings.corpus / name).exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("utf16.txt", "Grüße aus Köln".encode("utf-16")),
        ("latin.txt", "Die Mühle in Köln gehört der Müllerin.".encode("latin-1")),
        ("cjk.txt", ("水车建于一八三四年。" * 300).encode()),
        ("late.pdf", b"\n" * 100 + b"%PDF-1.7 and so on"),
    ],
)
def test_what_may_be_text_is_let_in(assistant: Assistant, name: str, content: bytes) -> None:
    assert assistant.add_document(name, [content]) == name
    assert (assistant.settings.corpus / name).read_bytes() == content


def test_what_is_too_large_stops_at_once_and_leaves_nothing(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.library.LARGEST_FILE", 1000)
    given: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            given.append(1)
            yield b"x" * 100

    with pytest.raises(DocumentTooLarge, match="split it"):
        assistant.add_document("endless.txt", endless())
    assert len(given) == 11
    assert sorted(path.name for path in assistant.settings.corpus.iterdir()) == ["bridge.txt", "mill.txt"]


def test_what_is_removed_can_be_put_back(assistant: Assistant) -> None:
    token = assistant.remove_document("mill.txt")
    assert states(assistant)["mill.txt"] == ("waiting", "taken away")
    assistant.sync()
    answer = assistant.ask("Who built the mill?")
    assert "mill.txt" not in {citation.source for citation in (*answer.citations, *answer.closest)}
    assert "mill.txt" not in states(assistant)
    assert assistant.restore_document(token) == "mill.txt"
    assistant.sync()
    assert assistant.ask("Who built the mill?").citations[0].source == "mill.txt"
    with pytest.raises(UsageError, match="nothing to put back"):
        assistant.restore_document(token)


def test_what_is_put_back_takes_no_other_files_place(assistant: Assistant) -> None:
    token = assistant.remove_document("mill.txt")
    assistant.add_document("mill.txt", [b"another"])
    with pytest.raises(DocumentExists):
        assistant.restore_document(token)
    assert (assistant.settings.corpus / "mill.txt").read_bytes() == b"another"


@pytest.mark.parametrize("source", ["../secret.txt", "/etc/passwd", "link.txt", "link/hosts", "", "nothing.txt", "\0"])
def test_only_files_of_the_corpus_are_touched(assistant: Assistant, source: str) -> None:
    corpus = assistant.settings.corpus
    (corpus.parent / "secret.txt").write_text("secret")
    os.symlink("/etc/hosts", corpus / "link.txt")
    os.symlink("/etc", corpus / "link")
    for act in (assistant.remove_document, assistant.original):
        with pytest.raises(UsageError):
            act(source)
    assert (corpus.parent / "secret.txt").exists()


@pytest.mark.parametrize("name", [".env", ".git/config", ".ragignore", "notes.bak", "private/a.txt"])
def test_only_what_could_be_a_document_is_removed(assistant: Assistant, name: str) -> None:
    write(assistant.settings.corpus, {name: "kept", ".ragignore": "*.bak\nprivate/\n"})
    with pytest.raises(UsageError, match="no document of the folder"):
        assistant.remove_document(name)
    assert (assistant.settings.corpus / name).exists()


@pytest.mark.parametrize("token", ["", "../..", "nothing", "/", "a" * 5000])
def test_a_made_up_token_puts_nothing_back(assistant: Assistant, token: str) -> None:
    with pytest.raises(UsageError):
        assistant.restore_document(token)


def test_a_citation_stands_until_its_file_is_another(assistant: Assistant) -> None:
    citations = assistant.ask("Who built the mill?").citations
    mill = assistant.settings.corpus / "mill.txt"
    assert assistant.standing(citations) == ["intact"]
    mill.write_text("Of mills.\n" + MILL)
    assert assistant.standing(citations) == [None]  # until the index has read it
    assistant.sync()
    assert assistant.standing(citations) == ["moved"]
    mill.write_text("No mill any more.")
    assistant.sync()
    assert assistant.standing(citations) == ["changed"]
    mill.unlink()
    assert assistant.standing(citations) == ["gone"]


def test_a_file_that_cannot_be_read_is_listed_with_why(assistant: Assistant) -> None:
    (assistant.settings.corpus / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    assert states(assistant)["broken.pdf"] == ("waiting", "new")
    assistant.sync()
    state, note = states(assistant)["broken.pdf"]
    assert state == "failed"
    assert note
    (assistant.settings.corpus / "mill.txt").write_text(MILL + "More.")
    assert states(assistant)["mill.txt"] == ("waiting", "changed")


def test_only_the_chosen_documents_are_asked(assistant: Assistant) -> None:
    question = "Who built what over the Ouse?"
    for source in ("mill.txt", "bridge.txt"):
        found = assistant.search(question, sources=[source])
        assert {result.source for result in found} == {source}
        answer = assistant.ask(question, sources=[source], even_if_unsure=True)
        assert {citation.source for citation in answer.citations} == {source}
        assert answer.within == (source,)
    with pytest.raises(UsageError, match=r"nothing\.txt"):
        assistant.ask(question, sources=["mill.txt", "nothing.txt"])


def test_the_chosen_ones_best_passages_are_found_however_many_others_match(tmp_path: Path, embedder: Embedder) -> None:
    many = {f"{at}.txt": f"The mill was built by Ada Brown, says source {at}." for at in range(300)}
    assistant = assistant_over(tmp_path, many | {"odd.txt": "Mills are mentioned."}, embedder)
    assert [result.source for result in assistant.search("Who built the mill?", sources=["odd.txt"])] == ["odd.txt"]
    among = ["odd.txt", "7.txt"]
    assert {result.source for result in assistant.search("Who built the mill?", sources=among)} == set(among)


def test_a_stopped_rebuild_leaves_the_index_as_it_was(assistant: Assistant) -> None:
    stop = threading.Event()
    seen: list[Progress | None] = []

    def on_progress(state: Progress) -> None:
        seen.append(assistant.activity)
        stop.set()

    with pytest.raises(SyncStopped):
        assistant.sync(on_progress, rebuild=True, stop=stop)
    assert seen[0] is not None
    assert assistant.activity is None
    assert assistant.ask("Who built the mill?").citations[0].source == "mill.txt"
    assert assistant.sync().unchanged == 2
