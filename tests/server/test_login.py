"""Logging in with a real browser and with Gradio's client: the page comes behind the password, and works there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Page, expect

from rag.embed import Embedder
from rag.server.password import set_password
from tests.browser import CHROMIUM, FLAGS, Site, ask, question_box, served
from tests.server.sites import MILL

WORD = "open, documents"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Site]:
    def fill(corpus: Path) -> None:
        (corpus / "mill.txt").write_text(MILL)
        set_password(corpus.parent / "data", WORD)

    with served(tmp_path_factory.mktemp("site"), embedder, fill) as made:
        yield made


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of a browser of its own, whose errors fail the test; no script runs on the log-in."""
    errors: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda one: errors.append(one.text) if "Content Security Policy" in one.text else None)
    page.goto(site.address)
    yield page
    context.close()
    assert errors == []


def enter(page: Page, word: str) -> None:
    page.get_by_label("Password").fill(word)
    page.keyboard.press("Enter")


def test_the_page_comes_after_the_password_and_works(page: Page, site: Site) -> None:
    expect(page).to_have_url(f"{site.address}/login")
    expect(page.get_by_label("Password")).to_be_focused()
    assert page.locator("script").count() == 0
    enter(page, "not the password")
    expect(page.get_by_role("alert")).to_have_text("This is not the password.")
    enter(page, WORD)
    expect(question_box(page)).to_be_visible()
    ask(page, "Who built the mill at Brook Lane?")
    expect(page.locator(".turn")).to_contain_text("Ada Stone")
    page.reload()
    expect(question_box(page)).to_be_visible()
    page.goto(f"{site.address}/login")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(site.address)
    expect(page).to_have_url(f"{site.address}/login")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_log_in_can_be_read_by_day_and_by_night(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    bright = page.evaluate("""() => {
        const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        const of = (color) => { context.fillStyle = color; context.fillRect(0, 0, 1, 1);
                                return context.getImageData(0, 0, 1, 1).data[0] };
        context.fillStyle = 'Canvas';
        return of(getComputedStyle(document.querySelector('label')).color);
    }""")
    assert (bright < 80) if scheme == "light" else (bright > 200)  # dark letters by day, light ones by night


def test_without_https_a_link_from_elsewhere_finds_the_same_session(
    browser: Browser, site: Site, elsewhere: tuple[str, Path]
) -> None:
    """By another name than localhost, a browser neither trusts the address nor says from where it comes."""
    named = site.address.replace("127.0.0.1", "documents.test")
    rules = [*FLAGS, "--host-resolver-rules=MAP documents.test 127.0.0.1"]
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=rules)
    page = other.new_page()
    page.goto(named)
    enter(page, WORD)
    expect(question_box(page)).to_be_visible()
    before = {one["name"]: one["value"] for one in page.context.cookies()}
    address, folder = elsewhere
    (folder / "index.html").write_text(f'<a href="{named}/#abc">to the documents</a>')
    page.goto(address)
    page.get_by_role("link").click()
    expect(question_box(page)).to_be_visible()
    assert {one["name"]: one["value"] for one in page.context.cookies() if one["domain"] == "documents.test"} == before
    assert before.keys() == {"rag_session", "rag_admission"}
    other.close()


@pytest.mark.usefixtures("offline_hub")
def test_gradios_client_tells_the_password_in_a_header(site: Site) -> None:
    with pytest.raises(Exception, match="login"):
        Client(site.address, verbose=False)
    client = Client(site.address, verbose=False, headers={"Authorization": f"Bearer {WORD}"})
    found = client.predict("Who built the mill at Brook Lane?", api_name="/ask")
    assert found["citations"][0]["quote"] == MILL.splitlines()[0]
