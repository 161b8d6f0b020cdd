"""The page's manners: quick, readable for everyone and in every script, at every width, and without the internet."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import Site, ask, opened, question_box, send
from tests.folders import write

pytestmark = pytest.mark.browser

HEBREW = "גשר העיר נבנה על ידי דוד לוי בשנת 1871. הגשר הישן נהרס."
CHINESE = "水车由王明于一八三四年建造。它有四层。"
WHEELS = " ".join(f"Wheel {n} of the mill ground rye for the towns by the river." for n in range(12)) + "\n"
LONG = "The {}th line of the log says that nothing happened in the valley.\n"


def fill(corpus: Path) -> None:
    mill = "# The mill\n\nThe mill on the Ouse was built by **Ada Brown** in 1834. " + WHEELS
    write(corpus, {"mill.md": mill, "copy/mill.md": mill, "broken.pdf": b"%PDF-1.4 this is none"})
    write(corpus, {"bridge.txt": HEBREW, "水车.txt": CHINESE, "table.csv": "name,year\nmill,1834\nbridge,1871\n"})
    write(corpus, {"long.txt": "".join(LONG.format(at) for at in range(2_500)) + "The comet came in 1910.\n"})


@pytest.mark.alone
def test_it_is_there_within_two_seconds(site: Site, browser: Browser) -> None:
    with opened(browser, site.address):
        pass  # once, as on any second visit, the browser has the scripts
    context = browser.new_context()
    page = context.new_page()
    started = time.perf_counter()
    page.goto(site.address)
    expect(question_box(page)).to_be_visible()
    taken = time.perf_counter() - started
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    assert paint < 2000
    assert taken < 4


def serious(page: Page) -> list[str]:
    """Return what axe-core finds that keeps people from using the page."""
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_axe_finds_nothing_serious(site: Site, browser: Browser, scheme: Any, size: tuple[int, int]) -> None:
    viewport = {"width": size[0], "height": size[1]}
    with opened(browser, site.address, viewport=viewport, color_scheme=scheme) as page:
        assert serious(page) == []
        ask(page, "Who built the mill on the Ouse?")
        page.get_by_role("button", name="This answer is not good").click()
        expect(page.get_by_label("What was wrong?")).to_be_visible()
        expect(page.locator(".excerpt .also").first).to_be_visible()
        page.get_by_role("button", name="Show more").first.click()
        page.get_by_text("How this was found").click()
        ask(page, "How long should a soft-boiled egg be cooked?")
        expect(page.locator(".unread")).to_be_visible()
        assert serious(page) == []
        page.get_by_role("button", name="Edit this question").first.click()
        expect(page.locator(".after-edited")).to_have_count(1)
        assert serious(page) == []
        question_box(page).fill("Who built the mill?")
        send(page)
        expect(page.locator(".branches")).to_be_visible()
        assert serious(page) == []
        page.locator(".marker").first.click()
        expect(page.locator("#reader mark")).to_be_visible()
        assert serious(page) == []
        if size[0] < 900:
            page.keyboard.press("Escape")
            page.get_by_role("button", name="Documents and conversations").click()
        assert serious(page) == []
        page.get_by_role("tab", name="Chats").click()
        page.locator("#talks summary").first.click()
        assert serious(page) == []


def test_the_page_has_one_title(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(["Ask your documents"])
    ask(page, "Who built the mill on the Ouse?")
    expect(page.get_by_role("heading", level=1)).to_have_text(["Ask your documents"])


def test_the_thumbs_stay_on_the_line_of_the_actions_however_long_the_line_is(page: Page) -> None:
    ask(page, "Who built the mill on the Ouse?")
    for width in range(200, 500, 20):
        page.locator(".meta > span").first.evaluate("(one, width) => (one.style.minWidth = `${width}px`)", width)
        again, thumb = (
            page.get_by_role("button", name=name).bounding_box() for name in ("Try again", "This answer is not good")
        )
        assert again is not None
        assert thumb is not None
        assert thumb["y"] < again["y"] + again["height"] / 2 < thumb["y"] + thumb["height"], width


def test_a_box_that_is_not_ticked_is_dark_where_the_page_is(site: Site, browser: Browser) -> None:
    with opened(browser, site.address, color_scheme="dark") as page:
        box = page.get_by_label("Ask mill.md")
        expect(box).to_have_css("color-scheme", "dark")
        empty = brightness(box)
        box.click()
        expect(page.locator("#only")).to_contain_text("Asking only mill.md")
        page.mouse.move(700, 300)
        assert empty < 80 < brightness(box)


def brightness(box: Locator) -> float:
    """Return how bright the picture of a box is, from 0 to 255."""
    with Image.open(io.BytesIO(box.screenshot())) as picture:
        return ImageStat.Stat(picture.convert("L")).mean[0]


def test_the_focus_goes_through_the_page_in_the_order_it_is_read(page: Page) -> None:
    ask(page, "Who built the mill on the Ouse?")
    page.get_by_role("tab", name="Documents").focus()
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "['panel', 'talk', 'asking', 'following', 'reader'].find((id) => document.activeElement.closest('#' + id))"
        )
        if where and (not seen or seen[-1] != where):
            seen.append(where)
        if where == "reader":
            break
    assert seen == ["panel", "talk", "asking", "following", "reader"]


def test_text_from_right_to_left_is_set_so_in_talk_and_reader(page: Page) -> None:
    ask(page, "מי בנה את גשר העיר?")
    expect(page.locator(".question")).to_have_css("direction", "rtl")
    page.locator("#documents button.open[data-source='bridge.txt']").click()
    expect(page.locator("#reader .doc")).to_contain_text("גשר העיר")
    directions = page.locator("#reader .doc *", has_text="גשר העיר נבנה").evaluate_all(
        "(all) => all.map((one) => getComputedStyle(one).direction)"
    )
    assert directions[-1] == "rtl"


def test_chinese_is_asked_answered_and_marked(page: Page) -> None:
    ask(page, "水车由谁建造？")
    page.locator(".marker").first.click()
    expect(page.locator("#reader .doc")).to_contain_text("王明")


@pytest.mark.alone
def test_a_long_document_does_not_freeze_the_page(page: Page) -> None:
    ask(page, "When did the comet come?")
    started = time.perf_counter()
    page.locator(".marker").first.click()
    expect(page.locator("#reader mark")).to_contain_text("The comet came in 1910.")
    expect(page.locator("#reader mark")).to_be_in_viewport()
    assert time.perf_counter() - started < 3
    assert page.locator("#reader .doc *").count() < 3000
    page.locator("#documents button.open[data-source='long.txt']").click()
    expect(page.locator("#reader .doc")).to_contain_text("The 0th line")
    page.get_by_role("button", name="Later").first.click()
    expect(page.locator("#reader .doc")).not_to_contain_text("The 0th line")


@pytest.mark.parametrize("page", [(1440, 900), (1024, 768), (390, 844), (320, 640)], indirect=True)
def test_nothing_is_cut_off_at_any_width(page: Page) -> None:
    ask(page, "Who built the mill on the Ouse, and when, and " + "x" * 300 + "?")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = question_box(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["width"] > 150
