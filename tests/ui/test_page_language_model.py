"""A language model chosen on the page: found, tried, used and turned off, by whom it may be, and by each question."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from rag import local_models
from rag.embed import Embedder
from rag.llm import LanguageModel
from rag.server.password import set_password
from tests.browser import PATIENCE, Site, ask, free_port, held, opened, question_box, send, served
from tests.folders import write
from tests.llm.faults import FAULTS
from tests.llm.scripted import MODEL, ScriptedServer, answer, scripted
from tests.ui.test_page_manners import serious

pytestmark = pytest.mark.browser

QUESTION = "Who built the mill on the Ouse?"
SAYS = "Ada Brown built the mill on the Ouse in 1834 [1]."
KEY = "sk-nobody-else-may-read-this"
PASSWORD = "a long enough password"


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": "The mill on the Ouse was built by Ada Brown in 1834.\n\nIt had nine wheels.\n"})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted(answer(SAYS)) as running:
        yield running


def port_of(server: ScriptedServer) -> int:
    return httpx.URL(server.url).port or 0


@pytest.fixture(autouse=True)
def _ports(monkeypatch: pytest.MonkeyPatch, site: Site, server: ScriptedServer) -> None:
    """Let the scripted server be where Ollama is, and nothing where the others are; begin without a model."""
    monkeypatch.setattr(local_models, "PORTS", {"Ollama": port_of(server), "LM Studio": free_port()})
    site.assistant.use_model(None)


@pytest.fixture
def section(page: Page) -> Page:
    """The page with the section unfolded."""
    unfold(page)
    return page


def unfold(page: Page) -> None:
    page.get_by_role("button", name="Language model").click()
    expect(page.locator("#model-state")).to_be_visible()


def fill_in(page: Page, url: str, model: str = MODEL, key: str = "") -> None:
    for label, value in {"URL of the server": url, "Model": model, "Key, if the server asks for one": key}.items():
        page.get_by_label(label, exact=True).fill(value)


def press(page: Page, name: str) -> None:
    page.locator("#model").get_by_role("button", name=name, exact=True).click()


def told(page: Page) -> Any:
    return expect(page.locator("#model-told"))


def switch(page: Page) -> Any:
    return page.get_by_role("checkbox", name="Write the answer with")


def test_it_is_off_says_what_a_model_changes_and_asks_nobody(section: Page, server: ScriptedServer) -> None:
    state = section.locator("#model-state")
    expect(state).to_contain_text("Off. Answers are excerpts from your documents.")
    expect(state).to_contain_text("each sentence is checked against its source")
    expect(state).to_contain_text("Your question and the excerpts that fit it are sent to the model’s server")
    expect(switch(section)).to_have_count(0)
    ask(section, QUESTION)
    expect(section.locator(".excerpt mark")).to_have_count(1)
    assert server.requests == []


def test_one_on_this_machine_is_found_tried_used_and_turned_off_by_keys_alone(
    page: Page, server: ScriptedServer
) -> None:
    def enter(name: str) -> None:
        button = page.locator("#panel").get_by_role("button", name=name)
        button.focus()
        button.press("Enter")

    enter("Language model")
    enter("Look for one on this machine")
    expect(page.locator("#model-found")).to_contain_text("Choose one:")
    enter(f"{MODEL} Ollama")
    expect(page.get_by_label("URL of the server")).to_have_value(server.url)
    expect(page.get_by_label("Model", exact=True)).to_have_value(MODEL)
    assert [request.path for request in server.requests] == ["/v1/models"]
    enter("Test")
    told(page).to_contain_text(f"{MODEL} answered in 0.")
    expect(switch(page)).to_have_count(0)
    enter("Use it")
    told(page).to_contain_text(f"{MODEL} writes the answers from now on.")
    expect(page.locator("#model-state")).to_contain_text(f"On. {MODEL}, on this machine, writes the answers.")
    expect(page.get_by_role("checkbox", name=f"Write the answer with {MODEL}")).to_be_checked()
    ask(page, QUESTION)
    expect(page.locator(".sentence.supported")).to_have_text("Ada Brown built the mill on the Ouse in 1834.")
    enter("Turn off")
    told(page).to_contain_text("Answers are excerpts again.")
    expect(page.get_by_role("button", name="Use it")).to_be_focused()
    expect(switch(page)).to_have_count(0)
    ask(page, QUESTION)
    expect(page.locator(".turn:last-child .excerpt mark")).to_have_count(1)
    assert len(server.asked) == 2


def test_where_there_is_none_or_none_has_a_model_that_is_told(section: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_models, "PORTS", {"Ollama": free_port()})
    press(section, "Look for one on this machine")
    expect(section.locator("#model-found")).to_contain_text("No model found. Ollama, LM Studio")


@pytest.mark.parametrize(
    ("fault", "said"),
    [("401", "refuses the key"), ("404-model", "knows no model"), ("refused", "cannot be reached"), ("500", "failed")],
)
def test_a_test_says_in_one_line_why_there_is_no_answer(section: Page, fault: str, said: str) -> None:
    with scripted(FAULTS[fault].play) as server:
        fill_in(section, server.url)
        press(section, "Test")
        told(section).to_contain_text(said)
        expect(section.locator("#model-told .bad")).to_have_count(1)


def test_what_is_filled_in_is_checked_before_anyone_is_asked(section: Page, site: Site, server: ScriptedServer) -> None:
    for url, model, key, said in [
        ("localhost", MODEL, "", "This is no URL of a server"),
        (server.url.replace("//", "//me:secret@"), MODEL, "", "Leave names and passwords out"),
        (server.url, "", "", "Give the name of the model"),
        (server.url, MODEL, "schlüssel", "This is no key"),
    ]:
        fill_in(section, url, model, key)
        press(section, "Use it")
        told(section).to_contain_text(said)
    assert (site.assistant.model, server.requests) == (None, [])


def test_each_page_says_for_itself_whether_the_model_writes_and_remembers_it(
    page: Page, browser: Browser, site: Site, server: ScriptedServer
) -> None:
    with opened(browser, site.address) as other:
        site.assistant.use_model(LanguageModel(server.url, MODEL, "", PATIENCE))
        expect(switch(page)).to_be_checked()  # it comes by itself, though it was set elsewhere
        switch(page).uncheck()
        ask(page, QUESTION)
        expect(page.locator(".excerpt mark")).to_have_count(1)
        page.reload()
        expect(switch(page)).not_to_be_checked()
        ask(page, QUESTION)
        expect(page.locator(".turn:last-child .excerpt mark")).to_have_count(1)
        assert server.asked == []
        switch(page).check()
        page.locator(".turn:last-child").get_by_role("button", name="Try again").click()
        expect(page.locator(".turn:last-child .sentence")).to_have_count(1)
        expect(switch(other)).to_be_checked()
        ask(other, QUESTION)
        expect(other.locator(".sentence")).to_have_count(1)


def test_a_question_that_a_reload_cut_off_is_asked_again_as_it_was(
    page: Page, site: Site, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.assistant.use_model(LanguageModel(server.url, MODEL, "", PATIENCE))
    switch(page).uncheck()
    go = held(monkeypatch, site)
    question_box(page).fill(QUESTION)
    send(page)
    expect(page.locator(".waiting")).to_be_visible()
    page.reload()
    expect(page.locator(".waiting")).to_be_visible()
    go.set()
    expect(page.locator(".excerpt mark")).to_have_count(1)
    assert server.asked == []


def test_the_key_goes_to_its_server_and_nowhere_else(
    section: Page, site: Site, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fill_in(section, server.url, key=KEY)
    expect(section.get_by_label("Key, if the server asks for one")).to_have_attribute("type", "password")
    press(section, "Use it")
    told(section).to_contain_text("from now on")
    expect(section.get_by_label("Key, if the server asks for one")).to_have_value("")
    ask(section, QUESTION)
    press(section, "Test")  # with the key that is known
    told(section).to_contain_text("answered in")
    with scripted(answer(SAYS)) as another:
        fill_in(section, another.url, "another")
        press(section, "Test")
        told(section).to_contain_text("another answered in")
        assert [request.key for request in another.requests] == ["none"]
    assert [request.key for request in server.asked] == [KEY, KEY]
    section.reload()
    expect(section.locator(".turn .meta")).to_have_count(1)
    written = [path.read_bytes() for path in site.corpus.parent.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in data for data in written)
    assert KEY not in section.content() + httpx.get(f"{site.address}/config").text + caplog.text
    assert KEY not in json.dumps(section.evaluate("[{...localStorage}, {...sessionStorage}]"))


def test_what_a_server_calls_its_models_does_nothing(
    section: Page, site: Site, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = '<img src=x onerror="window.owned=1">{{7*7}}${window.owned=1}'
    monkeypatch.setattr("tests.llm.scripted.MODEL", name)
    press(section, "Look for one on this machine")
    section.locator("#model-found li button").click()
    press(section, "Use it")
    told(section).to_contain_text(f"{name} writes the answers from now on.")
    expect(section.get_by_role("checkbox", name=f"Write the answer with {name}")).to_be_checked()
    expect(section.locator("#model-state")).to_contain_text(f"On. {name}")
    expect(section.locator("#panel img, #asking img, #following img")).to_have_count(0)
    assert section.evaluate("window.owned") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_axe_finds_nothing_serious_in_it(
    site: Site, browser: Browser, server: ScriptedServer, scheme: Any, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    with opened(browser, site.address, viewport=viewport, color_scheme=scheme) as page:
        if size[0] < 900:
            page.get_by_role("button", name="Documents and conversations").click()
        unfold(page)
        press(page, "Look for one on this machine")
        page.locator("#model-found li button").click()
        press(page, "Use it")
        told(page).to_contain_text("from now on")
        assert serious(page) == []
        page.keyboard.press("Escape")
        expect(switch(page)).to_be_in_viewport()
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_model_of_the_settings_is_on_and_its_key_is_kept_from_other_servers(
    tmp_path: Path, embedder: Embedder, browser: Browser, server: ScriptedServer
) -> None:
    model = {"llm_url": server.url, "llm_model": MODEL, "llm_key": KEY, "llm_seconds": PATIENCE}
    with served(tmp_path, embedder, fill, **model) as site, opened(browser, site.address) as page:
        unfold(page)
        expect(page.locator("#model-state")).to_contain_text(f"On. {MODEL}, on this machine, writes the answers.")
        expect(page.locator("#model-state")).to_contain_text("by its settings")
        expect(page.get_by_label("URL of the server")).to_have_value(server.url)
        press(page, "Turn off")
        told(page).to_contain_text("excerpts again")
        press(page, "Test")
        told(page).to_contain_text("answered in")
        assert [request.key for request in server.asked] == [KEY]
        with scripted(answer(SAYS)) as another:
            fill_in(page, another.url, "another")
            press(page, "Test")
            told(page).to_contain_text("another answered in")
            assert [request.key for request in another.asked] == ["none"]


def call(site: Site, handler: str, data: list[str], headers: dict[str, str]) -> str:
    """Call a handler of the page as a program would, past the page; return all that comes back."""
    with httpx.Client(base_url=site.address, headers=headers, timeout=PATIENCE) as client:
        found = client.get("/config").json()["dependencies"]
        (number,) = (one["id"] for one in found if one["api_name"] == handler)
        body = {"data": data, "fn_index": number, "session_hash": f"s{number}"}
        client.post("/gradio_api/queue/join", json=body).raise_for_status()
        return client.get("/gradio_api/queue/data", params={"session_hash": f"s{number}"}).text


CALLS = {"find": 0, "test": 3, "use": 3, "turn_off": 0}  # how many fields each is given


@pytest.fixture
def shared(tmp_path: Path, embedder: Embedder) -> Iterator[Site]:
    """A server that others reach, with a model of its settings."""

    def fill_locked(corpus: Path) -> None:
        fill(corpus)
        set_password(corpus.parent / "data", PASSWORD)

    model = {"llm_url": "http://127.0.0.1:9/v1", "llm_model": "of-settings"}
    with served(tmp_path, embedder, fill_locked, host="0.0.0.0", **model) as site:
        yield site


def test_on_a_server_that_others_reach_nobody_lets_it_ask_another(shared: Site, server: ScriptedServer) -> None:
    before = shared.assistant.model
    for handler, count in CALLS.items():
        said = call(shared, handler, [server.url, MODEL, ""][:count], {"authorization": f"Bearer {PASSWORD}"})
        assert "Only whoever runs this server can change its language model" in said, handler
    assert (server.requests, shared.assistant.model) == ([], before)


def test_nor_does_one_who_comes_through_a_proxy(site: Site, server: ScriptedServer) -> None:
    for handler, count in CALLS.items():
        said = call(site, handler, [server.url, MODEL, ""][:count], {"x-forwarded-for": "192.168.1.7"})
        assert "Only whoever runs this server can change its language model" in said, handler
    assert (server.requests, site.assistant.model) == ([], None)
    assert "from now on" in call(site, "use", [server.url, MODEL, ""], {})


def test_there_the_panel_says_that_it_is_for_all_and_each_may_do_without(shared: Site, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(shared.address)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    unfold(page)
    expect(page.locator("#model-state")).to_contain_text("On. of-settings, on this machine, writes the answers.")
    expect(page.locator("#model-state")).to_contain_text("It is the same for everyone who uses this server.")
    for hidden in ("Look for one on this machine", "Test", "Use it", "Turn off"):
        expect(page.get_by_role("button", name=hidden)).to_have_count(0)
    expect(page.get_by_label("URL of the server")).to_have_count(0)
    switch(page).uncheck()
    ask(page, QUESTION)
    expect(page.locator(".excerpt mark")).to_have_count(1)
    context.close()
