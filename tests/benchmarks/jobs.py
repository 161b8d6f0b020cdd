"""What people do on the page, in clicks and seconds: ``python -m tests.benchmarks.jobs``.

Each job is done once, in a real browser, on a page of its own over a few documents that are made here. A click, a key,
a text that is typed and files that are chosen count as one action each; the seconds are those from the first of them
until what was wanted is to be seen. Prints a line a job; of one that cannot be done, why.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, expect, sync_playwright
from reportlab.pdfgen.canvas import Canvas

from rag.embed.packaged import PackagedEmbedder
from tests.browser import Site, opened, question_box, served, start
from tests.folders import write
from tests.llm.scripted import answer, scripted

HANDBOOK = """# Staff handbook

## Is there a pension?

Yes: the company pays six per cent of your salary into a pension fund from your first day of work.

## Dealing with complaints

Write the complaint down, thank the customer, and hand the form to the manager on duty before you leave.

## Room hire

The hall costs forty pounds an hour, and the small room fifteen; the key is at the front desk.
"""
WHO, PENSION = "Who built the mill on the Ouse?", "How much does the company pay into the pension?"
_WAITED = 20_000  # milliseconds for what is to be seen


def report() -> bytes:
    """Return a PDF of forty pages, each with one line of its own."""
    file = io.BytesIO()
    canvas = Canvas(file, invariant=1)
    for number in range(1, 41):
        canvas.drawString(72, 700, f"Page number {number} of the report on the river speaks of lock {number}.")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def fill(corpus: Path) -> None:
    """Write the documents."""
    documents: dict[str, Any] = {
        "handbook.md": HANDBOOK,
        "mill.txt": "The mill on the Ouse was built by Ada Brown in 1834. It ground oats for eleven villages.",
        "bridge.txt": "The bridge over the Ouse was built by Carl Dorn in 1871. It carries one lane.",
        "report.pdf": report(),
        "broken.pdf": b"%PDF-1.4 this is none",
    }
    write(corpus, documents)


class Hand:
    """A person at the page, whose actions are counted."""

    def __init__(self, page: Page, site: Site, folder: Path) -> None:
        self.page = page
        self.site = site
        self.folder = folder
        self.begin()

    def begin(self) -> None:
        """Begin to count: what the job starts from is there."""
        self.actions, self.began = 0, time.monotonic()

    def click(self, what: Locator) -> None:
        """Press what can be pressed."""
        self.actions += 1
        what.click()

    def named(self, name: str, at: int = 0) -> None:
        """Press the button, link or tab of a name."""
        kinds = self.page.get_by_role("button", name=name), self.page.get_by_role("link", name=name)
        tab = self.page.get_by_role("tab", name=name)
        self.click(kinds[0].or_(kinds[1]).or_(tab).nth(at))

    def press(self, keys: str) -> None:
        """Press a key, or several together."""
        self.actions += 1
        self.page.keyboard.press(keys)

    def type(self, text: str, into: Locator) -> None:
        """Type a text into a field."""
        self.actions += 1
        into.fill(text)

    def choose(self, what: Locator, *files: Path) -> None:
        """Choose files in the dialog that something opens."""
        self.actions += 1
        with self.page.expect_file_chooser() as chooser:
            what.click()
        chooser.value.set_files(list(files))

    def ask(self, question: str) -> None:
        """Ask a question, and wait for its answer and its source."""
        turns = self.page.locator(".turn").count()
        self.type(question, question_box(self.page))
        self.press("Enter")
        expect(self.page.locator(".turn")).to_have_count(turns + 1)
        expect(self.page.locator(".turn:last-child .meta")).to_be_visible()

    def ask_in_place(self, question: str) -> None:
        """Ask a question in the place of the one that is edited."""
        self.type(question, question_box(self.page))
        self.press("Enter")
        expect(self.page.locator(".turn")).to_have_count(1)
        expect(self.page.locator(".turn:last-child .meta")).to_be_visible()

    def sees(self, where: str, text: str = "") -> None:
        """Wait until something is to be seen."""
        expect(self.page.locator(where, has_text=text).first).to_be_in_viewport()

    def saves(self, name: str) -> None:
        """Press what saves a file, and wait for the file."""
        with self.page.expect_download() as download:
            self.named(name)
        assert download.value.path().stat().st_size


def read_around(hand: Hand) -> None:
    hand.ask(PENSION)
    hand.begin()
    hand.click(hand.page.locator(".marker").first)
    hand.sees("#reader mark")
    hand.sees("#reader", "Dealing with complaints")


def add_nine(hand: Hand) -> None:
    write(hand.folder / "nine", {f"note {n}.txt": f"Note {n} says that gate {n} is shut." for n in range(9)})
    hand.choose(hand.page.get_by_text("choose", exact=True), *sorted((hand.folder / "nine").iterdir()))
    hand.sees("#documents .counts", "13 documents ready")


def paste(hand: Hand) -> None:
    hand.click(hand.page.get_by_text("Paste text"))
    hand.type("Gate code", hand.page.get_by_label("Title"))
    hand.type("The code of the north gate is 4411.", hand.page.get_by_label("Text", exact=True))
    hand.click(hand.page.get_by_role("button", name="Add", exact=True))
    hand.sees("#documents", "Gate code")


def ask_one(hand: Hand) -> None:
    hand.click(hand.page.get_by_label("Ask bridge.txt"))
    hand.ask("Who built it?")
    hand.sees(".turn .excerpt mark", "Carl Dorn")


def compare(hand: Hand) -> None:
    hand.click(hand.page.get_by_label("Ask bridge.txt"))
    hand.click(hand.page.get_by_label("Ask mill.txt"))
    hand.ask("When were the bridge and the mill on the Ouse built?")
    hand.sees(".excerpt .from", "bridge.txt")
    hand.sees(".excerpt .from", "mill.txt")


def follow_up(hand: Hand) -> None:
    hand.ask(WHO)
    hand.begin()
    hand.ask("And when?")
    hand.sees(".turn:last-child .excerpt mark", "1834")


def branch(hand: Hand) -> None:
    hand.ask(WHO)
    hand.ask(PENSION)
    hand.begin()
    hand.page.locator(".asked").first.hover()
    hand.named("Edit this question")
    hand.ask_in_place("Who built the bridge over the Ouse?")
    hand.named("Previous version")
    hand.sees(".turn .excerpt mark", "Ada Brown")


def copy(hand: Hand) -> None:
    hand.ask(WHO)
    hand.begin()
    hand.named("Copy with sources")
    hand.sees(".copy", "Copied")


def export(hand: Hand) -> None:
    hand.ask(WHO)
    hand.begin()
    hand.named("Chats")
    hand.click(hand.page.get_by_label(f"More about {WHO}"))
    hand.saves("Markdown")


def notes(hand: Hand) -> None:
    hand.ask(WHO)
    hand.ask(PENSION)
    hand.ask("Who built the bridge over the Ouse?")
    hand.begin()
    for turn in range(3):
        hand.click(hand.page.locator(".turn").nth(turn).locator(".pin").first)
    hand.named("Notes")
    hand.saves("Markdown")


def find(hand: Hand) -> None:
    hand.click(hand.page.locator("#documents button.open", has_text="report.pdf"))
    hand.named("Find")
    hand.type("lock 31.", hand.page.get_by_label("Find in this document"))
    expect(hand.page.get_by_label("Page", exact=True)).to_have_value("31")


def citations(hand: Hand) -> None:
    hand.ask("What costs forty pounds, and who built the mill on the Ouse? When was the bridge over the Ouse built?")
    hand.begin()
    hand.named("Next citation")
    hand.sees("#reader nav", "2 of")
    hand.named("Previous citation")
    hand.sees("#reader nav", "1 of")


def remove(hand: Hand) -> None:
    row = hand.page.locator("#documents li", has_text="bridge.txt")
    row.hover()
    hand.click(hand.page.get_by_label("Remove bridge.txt"))
    hand.named("Undo")
    expect(hand.page.get_by_label("Ask bridge.txt")).to_be_visible()


def why_not(hand: Hand) -> None:
    hand.sees("#documents li", "broken")


def model(hand: Hand) -> None:
    with scripted(answer("Ada Brown built it [1].")) as server:
        hand.named("Language model")
        hand.type(server.url, hand.page.get_by_label("URL"))
        hand.type("small", hand.page.get_by_label("Model", exact=True))
        hand.named("Use it")
        expect(hand.page.get_by_text("writes the answers.")).to_be_visible()
        hand.ask(WHO)
        hand.sees(".turn .sentences", "Ada Brown built it")
        hand.named("Turn off")
        expect(hand.page.get_by_text("writes the answers.")).to_have_count(0)


def on_a_phone(hand: Hand) -> None:
    hand.ask(WHO)
    hand.click(hand.page.locator(".marker").first)
    hand.sees("#reader mark")
    hand.named("Close the source")
    expect(hand.page.locator("#reader mark")).not_to_be_in_viewport()


def by_keys(hand: Hand) -> None:
    hand.ask(WHO)
    question_box(hand.page).blur()
    hand.press("ArrowRight")
    hand.sees("#reader mark")
    hand.page.get_by_role("button", name="Copy with sources").focus()
    hand.press("Enter")
    hand.sees(".copy", "Copied")


JOBS: Mapping[str, Callable[[Hand], None]] = {
    "first question on a first visit": lambda hand: hand.ask(WHO),
    "read around a citation": read_around,
    "add nine files": add_nine,
    "paste a text": paste,
    "ask one document only": ask_one,
    "compare two documents": compare,
    "summary of one": lambda hand: hand.ask("Summarise the Staff handbook"),
    "follow-up": follow_up,
    "edit an earlier question, and return to the old branch": branch,
    "copy an answer with its sources": copy,
    "export a conversation": export,
    "pin three excerpts, and export them as notes": notes,
    "find a word in a long PDF": find,
    "next and previous citation": citations,
    "remove a document, and undo": remove,
    "see why a file was not read": why_not,
    "connect a local model, ask, turn it off": model,
    "on a phone: ask, open the source, go back": on_a_phone,
    "with the keyboard alone: ask, open the source, copy": by_keys,
}


def main() -> None:
    """Do each job that is named, or all, and print what it took."""
    named = sys.argv[1:] or list(JOBS)
    embedder = PackagedEmbedder()
    expect.set_options(timeout=_WAITED)
    with sync_playwright() as playwright:
        browser = start(playwright)
        for name in named:
            print(f"| {name} | {_done(name, browser, embedder)} |", flush=True)
        browser.close()
    if not sys.argv[1:]:
        print("| switch collection | not on the page: a server knows one collection and its folder |")


def _done(name: str, browser: Browser, embedder: PackagedEmbedder) -> str:
    size = {"width": 390, "height": 844} if "phone" in name else {"width": 1440, "height": 900}
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), embedder, fill) as site:
        site.assistant.warm_up()
        with opened(browser, site.address, viewport=size) as page:
            expect(page.locator("#documents li").first).to_be_attached()
            hand = Hand(page, site, Path(folder))
            try:
                JOBS[name](hand)
            except (AssertionError, Error) as error:
                return f"cannot be done: {str(error).splitlines()[0]}"
            return f"{hand.actions} | {time.monotonic() - hand.began:.1f} s"


if __name__ == "__main__":
    main()
