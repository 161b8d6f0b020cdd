"""The terminal: how well an answer fits, its excerpts with the key sentence standing out, and what cannot be said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from rag import show
from rag.sync import Progress
from rag.types import Answer, Citation, Document, Excerpt, ModelUse, Sentence, Unread
from rag.verify import Check, Place, Quotation, Verification
from tests.answers import answer, citation

KEY = "The mill  employed\n45 people.\x1b[31m"
TEXT = f"It was\u202e old.\n\n{KEY} It  burned."
START = TEXT.index(KEY)
Print = Callable[[Callable[[], None]], str]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Print:
    """What is printed, on both outputs, as a terminal gets it."""
    console = Console(width=200, force_terminal=True, highlight=False, soft_wrap=True)
    monkeypatch.setattr(show, "OUT", console)
    monkeypatch.setattr(show, "ERR", console)

    def run(prints: Callable[[], None]) -> str:
        with console.capture() as captured:
            prints()
        return captured.get()

    return run


def excerpt(n: int, **more: Any) -> Citation:
    return citation(n, KEY, start=START, excerpt=Excerpt(start=0, end=len(TEXT), text=TEXT), **more)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def shown(found: Answer, printed: Print) -> str:
    document = Document(source="mill.txt", sha256="0" * 64, title="a", text=TEXT)
    return printed(lambda: show.answer(found, lambda _: document))


def test_the_verdict_comes_first_and_the_key_sentence_is_bold(printed: Print) -> None:
    cited = (excerpt(1, headings=("History", "The mill"), also_in=("copy.txt", "b.md")), excerpt(2, page=3))
    found = answer("?", KEY, KEY, citations=cited, missing=("Who won?",), verdict="strong", note="2 mills")
    text = shown(found, printed)
    assert text.startswith("\x1b[1mStrong match\x1b[0m\n")
    assert "\x1b[1mThe mill employed\x1b[0m\n    \x1b[1m45 people.[31m\x1b[0m It burned.\n" in text
    assert not set("\u202e\x07") & set(text)
    assert plain(text).splitlines()[:9] == [
        "Strong match",
        "Not found in your documents: Who won?",
        "",
        "[1] mill.txt:3 › History › The mill",
        "    It was old.",
        "    The mill employed",
        "    45 people.[31m It burned.",
        "    also in copy.txt, b.md",
        "",
    ]
    assert plain(text).count("45 people.") == 2, "the excerpt is the answer"
    assert "[2] mill.txt, page 3\n" in plain(text)
    assert "2 mills\n" in plain(text)


def test_what_may_answer_is_told_from_what_does(printed: Print) -> None:
    text = shown(answer("?", KEY, citations=(excerpt(1),), verdict="likely"), printed)
    assert text.startswith("\x1b[1;33mLikely match\x1b[0m\n")


def test_where_there_is_no_answer_the_closest_excerpts_and_unread_files_are_shown(printed: Print) -> None:
    unread = tuple(Unread(source=f"{n}.pdf", reason="it has\nno text") for n in range(5))
    lines = plain(shown(answer("?", closest=(excerpt(1),), unread=unread), printed)).splitlines()
    assert lines[:10] == [
        "I couldn’t find this in your documents.",
        *[f"couldn’t be read: {n}.pdf: it has no text" for n in range(3)],
        "and 2 more: `rag status` lists them",
        "Closest excerpts:",
        "",
        "[1] mill.txt:3",
        "    It was old.",
        "    The mill employed",
    ]
    alone = plain(shown(answer("?"), printed)).splitlines()
    assert alone[0] == "I couldn’t find this in your documents."
    assert "Closest excerpts:" not in alone


def test_a_language_models_sentences_are_shown_with_their_sources(printed: Print) -> None:
    said = Sentence(text="The mill had 54.", citations=(1,), support="unsupported", reason="54 is not there")
    used = ModelUse(name="smollm2", prompt_tokens=None, reply_tokens=None, seconds=1)
    found = answer("?", citations=(citation(1, KEY),), sentences=(said,), model=used, verdict="likely")
    text = shown(found, printed)
    assert plain(text).startswith("The mill had 54. [1] (not supported: 54 is not there)\n\n[1] mill.txt:1\n")
    assert "\x1b[3mThe mill employed\x1b[0m\n" in text
    assert "smollm2, 1.0 s\n" in plain(text)


def test_a_check_tells_of_the_quotation_and_of_its_excerpt(printed: Print) -> None:
    one = Quotation(n=1, source="a.txt", start=31, end=50, quote="It ends\nin the sea.")
    other = one.model_copy(update={"n": 2, "excerpt": Excerpt(start=0, end=50, text="…")})
    place, same = Place(source="b.txt", start=37, end=56), Place(source="a.txt", start=31, end=50)
    checks = (
        Check(quotation=one, state="moved", now=place),
        Check(quotation=other, state="intact"),
        Check(quotation=other, state="moved", now=place),
        Check(quotation=other, state="changed", now=same),
        Check(quotation=other, state="gone"),
    )
    text = printed(lambda: show.verification(Verification(intact=1, moved=2, changed=1, gone=1, checks=checks)))
    assert [line for line in plain(text).splitlines() if not line.startswith(" ")] == [
        "moved   [1] a.txt 31–50 → b.txt 37–56",
        "intact  [2] a.txt 31–50, in the excerpt 0–50",
        "moved   [2] a.txt 31–50, in the excerpt 0–50 → b.txt 37–56",
        "changed [2] a.txt 31–50, in the excerpt 0–50 → without its excerpt a.txt 31–50",
        "gone    [2] a.txt 31–50, in the excerpt 0–50",
        "1 intact · 2 moved · 1 changed · 1 gone",
    ]
    assert plain(text).count("        “It ends in the sea.”\n") == 5


@pytest.mark.parametrize(
    ("share", "said"),
    [(1.0, ""), (0.9999, "99 %"), (0.623, "62 %"), (0.0, "0 %")],
    ids=["all", "nearly", "some", "none"],
)
def test_how_much_is_embedded_is_said_until_all_is(share: float, said: str, printed: Print) -> None:
    found = answer("?", KEY, KEY, citations=(excerpt(1),)).model_copy(update={"embedded": share})
    told = re.findall(r"Searching by words while (\d+ %) is embedded \(`rag index`", plain(shown(found, printed)))
    assert told == [said] * bool(said)


def test_both_phases_show_how_far_they_are(printed: Print, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def run() -> None:
        with show.progress() as on_progress:
            on_progress(Progress(done=500, total=2000, source="mill.txt"))
            on_progress(Progress(done=2000, total=2000))
            on_progress(Progress(phase="embedding", done=30, total=40))

    said = plain(printed(run))
    assert re.search(r"parsed .*100%", said)
    assert re.search(r"embedding .*75%", said)
