"""Files added on the page: one, a few, or hundreds; what a rate, a network or a folder does to that is told."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from rag.embed import Embedder
from rag.server import api
from rag.server.limits import Later, Rate
from tests.browser import Site, ask, served
from tests.folders import read_only, write

pytestmark = pytest.mark.browser

MILL = "The mill on the Ouse was built by Ada Brown in 1834.\n"


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": MILL})


@pytest.fixture
def site(tmp_path: Path, embedder: Embedder) -> Iterator[Site]:
    """A site of each test's own: these tests change its documents."""
    with served(tmp_path, embedder, fill) as made:
        yield made


def row(page: Page, name: str) -> Locator:
    return page.locator("#documents li", has_text=name)


def choose(page: Page, *names: str) -> None:
    """Choose small files of these names."""
    files = [{"name": name, "mimeType": "text/plain", "buffer": f"The file {name}.".encode()} for name in names]
    page.locator("#upload input[type=file]").set_input_files(files)  # type: ignore[arg-type]


def added(site: Site) -> set[str]:
    return {path.name for path in site.corpus.iterdir()} - {"mill.txt"}


def test_what_cannot_be_added_is_listed_with_its_reason_and_may_replace(page: Page, site: Site, tmp_path: Path) -> None:
    write(
        tmp_path / "new",
        {"house.md": "# Houses\n\nThe house was built by Eve Falk in 1902.\n", "fake.pdf": b"\x89PNG\r\n\x1a\n\0\0"},
    )
    write(tmp_path / "new", {"mill.txt": "The mill was torn down in 1950.\n", "run.exe": b"MZ\x90\0\3\0"})
    files = [tmp_path / "new" / name for name in ("house.md", "fake.pdf", "mill.txt", "run.exe")]
    page.locator("#upload input[type=file]").set_input_files(files)
    uploads = page.locator(".uploads")
    expect(uploads).to_contain_text("it is no PDF, though it is named so")
    expect(uploads).to_contain_text("EXE files aren’t supported")
    expect(uploads).to_contain_text("there is a document mill.txt already")
    expect(uploads).to_contain_text("1 file added, 3 not added")
    expect(row(page, "house.md")).to_contain_text("1 passage")
    assert (site.corpus / "house.md").read_bytes() == (tmp_path / "new/house.md").read_bytes()
    assert (site.corpus / "mill.txt").read_text() == MILL
    assert not (site.corpus / "run.exe").exists()
    ask(page, "Who built the house?")
    expect(page.locator(".excerpt mark").first).to_contain_text("Eve Falk")
    page.get_by_role("button", name="Replace").click()
    expect(uploads.locator("li", has_text="mill.txt")).to_have_count(0)
    expect(uploads).to_contain_text("1 file added, 2 not added")
    assert "torn down" in (site.corpus / "mill.txt").read_text()


def test_a_file_may_be_dropped_anywhere_on_the_page(page: Page, site: Site) -> None:
    page.evaluate(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["The well was dug in 1700."], "well.txt"));
        const dropped = new DragEvent("drop", { dataTransfer: data, bubbles: true });
        document.querySelector("#talk").dispatchEvent(dropped); }"""
    )
    expect(row(page, "well.txt")).to_contain_text("1 passage")
    assert (site.corpus / "well.txt").read_text() == "The well was dug in 1700."


def test_the_upload_of_a_large_file_shows_how_far_it_is(page: Page, site: Site) -> None:
    page.evaluate(
        """() => { window.seen = new Set(); new MutationObserver(() => document.querySelectorAll('.uploads progress')
        .forEach((bar) => seen.add(bar.value))).observe(document.querySelector('.uploads'),
        { childList: true, subtree: true, characterData: true }); }"""
    )
    line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4e6}  # bytes a second
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
    text = "A line of a long file, which says nothing.\n" * 100_000  # 4 MB
    page.evaluate(
        """(text) => { const data = new DataTransfer(); data.items.add(new File([text], "long.log"));
        document.dispatchEvent(new DragEvent("drop", { dataTransfer: data })); }""",
        text,
    )
    expect(page.locator(".uploads")).to_contain_text("1 file added", timeout=30_000)
    assert (site.corpus / "long.log").stat().st_size == len(text)
    (site.corpus / "long.log").unlink()
    assert len(page.evaluate("[...window.seen]")) > 2


class QuickRate(Rate):
    """A rate whose minute is over once it has refused a request."""

    def __init__(self, a_minute: int) -> None:
        self._now = 0.0
        super().__init__(a_minute, clock=lambda: self._now)

    def take(self, client: str) -> None:
        try:
            super().take(client)
        except Later:
            self._now += 60
            raise


def test_of_200_files_all_arrive_past_the_rate_of_the_server(
    tmp_path: Path, embedder: Embedder, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_UPLOADS_A_MINUTE", 120)
    monkeypatch.setattr(api, "Rate", QuickRate)
    names = [f"report {number}.txt" for number in range(200)]
    statuses: list[int] = []
    with served(tmp_path, embedder, fill) as site, unguarded(browser, site) as page:
        page.on("response", lambda answer: statuses.append(answer.status) if "documents?name" in answer.url else None)
        choose(page, *names)
        expect(page.locator(".uploads")).to_contain_text("of 200: report ")
        expect(page.locator(".uploads li")).to_contain_text(["200 files added"], timeout=60_000)
        expect(page.locator(".uploads li")).to_have_count(1)
        assert added(site) == set(names)
    assert Counter(statuses) == {201: 200, 429: 1}


def test_what_failed_by_network_is_sent_again(site: Site, browser: Browser) -> None:
    failures = {"a.txt": 2, "c.txt": 99}

    def broken(route: Route) -> None:
        name = route.request.url.partition("name=")[2].partition("&")[0]
        failures[name] = failures.get(name, 0) - 1
        route.abort() if failures[name] >= 0 else route.continue_()

    with unguarded(browser, site) as page:
        uploads = page.locator(".uploads")
        page.route("**/api/documents?name=*", broken)
        choose(page, "a.txt", "b.txt", "c.txt")
        expect(uploads).to_contain_text("2 files added, 1 not added", timeout=30_000)
        expect(uploads.locator("li", has_text="c.txt")).to_contain_text("the connection to the server broke off")
        assert added(site) == {"a.txt", "b.txt"}
        failures.clear()
        uploads.get_by_role("button", name="Try again").click()
        expect(uploads).to_contain_text("1 file added", timeout=30_000)
        expect(uploads.locator("li")).to_have_count(1)
    assert added(site) == {"a.txt", "b.txt", "c.txt"}


def test_while_the_server_cannot_be_reached_files_wait_and_can_be_stopped(site: Site, browser: Browser) -> None:
    with unguarded(browser, site) as page:
        uploads = page.locator(".uploads")
        # Gradio loads the page anew when the server is back; the browser asks first, if the page was used.
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("heading", level=1).click()
        page.context.set_offline(True)
        choose(page, "a.txt", "b.txt")
        expect(uploads).to_contain_text("Adding 1 of 2: a.txt")
        expect(uploads).to_contain_text("trying again in 2 s")
        page.context.set_offline(False)
        expect(uploads).to_contain_text("2 files added")
        page.context.set_offline(True)
        choose(page, "c.txt", "d.txt")
        uploads.get_by_role("button", name="Stop").click()
        expect(uploads).to_contain_text("Stopped: 0 of 2 files added")
        page.context.set_offline(False)
    assert added(site) == {"a.txt", "b.txt"}


@contextmanager
def unguarded(browser: Browser, site: Site) -> Iterator[Page]:
    """Open the page where the browser may log requests that failed."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.address)
    expect(page.locator("#upload input[type=file]")).to_be_attached()
    yield page
    context.close()


def test_a_folder_is_dropped_with_all_that_is_in_it(page: Page, site: Site, tmp_path: Path) -> None:
    names = [f"letters/{number}.txt" for number in range(120)]  # a browser lists a hundred at a time
    write(tmp_path / "new", {**{name: f"Dear Ada, {name}" for name in names}, "letters/of/1834/old.txt": "Dear Carl"})
    write(tmp_path / "new", {"letters/.hidden.txt": "none", "beside.txt": "This lies beside the letters."})
    drop(page, tmp_path / "new" / "letters", tmp_path / "new" / "beside.txt")
    expect(page.locator(".uploads")).to_contain_text("122 files added", timeout=60_000)
    assert added(site) == {*(f"{number}.txt" for number in range(120)), "old.txt", "beside.txt"}


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders of the disk on the page, as a file manager does."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})


@pytest.mark.parametrize("folder", ["mounted", "patched"])
def test_of_a_read_only_folder_it_is_said_that_files_cannot_be_added_here(
    folder: str, page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with read_only(site.corpus) if folder == "mounted" else refusing(monkeypatch):
        choose(page, "a.txt", "b.txt")
        expect(page.locator(".uploads")).to_contain_text("0 files added, 2 not added", timeout=30_000)
        reasons = page.locator(".uploads .bad").all_inner_texts()
        assert [reason.partition(",")[0] for reason in reasons] == ["this folder is read-only"] * 2
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".uploads")).to_contain_text("2 files added", timeout=30_000)
    assert added(site) == {"a.txt", "b.txt"}


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the system refuse to create and to delete what an upload writes, as it does on a read-only disk."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("rag.library._write", refuse)
        patch.setattr("pathlib.Path.unlink", refuse)
        yield


def test_both_files_of_a_name_are_kept_and_none_is_added_twice(page: Page, site: Site, tmp_path: Path) -> None:
    write(tmp_path / "new", {"mill.txt": "Another mill.", "copy.txt": MILL})
    uploads, chooser = page.locator(".uploads"), page.locator("#upload input[type=file]")
    chooser.set_input_files([tmp_path / "new" / name for name in ("copy.txt", "mill.txt")])
    expect(uploads).to_contain_text("Already there: mill.txt")
    expect(uploads).to_contain_text("0 files added, 1 already there, 1 not added")
    uploads.get_by_role("button", name="Keep both").click()
    expect(uploads).to_contain_text("1 file added")
    assert (site.corpus / "mill (2).txt").read_text() == "Another mill."
    assert added(site) == {"mill (2).txt"}
