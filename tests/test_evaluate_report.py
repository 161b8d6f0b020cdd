"""The report page: it stands by itself, nothing in it runs, and it looks right at both widths."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser

from rag.evaluate.measures import compare, measures, risk_coverage
from rag.evaluate.questions import Excerpt
from rag.evaluate.report import html_report, number, signed
from rag.evaluate.run import Run
from tests.outcomes import outcome

HOSTILE = (
    "</blockquote></style><script>document.title='owned'</script><img src=x onerror=alert(1)>\u202e\x00&amp;\ud800"
)


def run_of(hostile: str = "plain", **more: Any) -> Run:
    """Return a run of which every text is ``hostile``."""
    excerpt = Excerpt(source=f"{hostile}.txt", start=3, end=9, text=f"words {hostile}")
    known = {"question": hostile, "query": f"rewritten {hostile}", "answers": (hostile,), "sources": (hostile,)}
    outcomes = [
        outcome(f"{n} {hostile}", **known, cited=(excerpt,) * 7, expected=(excerpt,), answerable=n % 3 > 0,
                confidence=n / 40, first_excerpt_answers=n % 2 == 0 if n % 3 else None, seconds=0.01 * n,
                right=False, answered=n > 20, strong=n > 30, characters=50 * n, hit_at_5=True)
        for n in range(40)
    ]  # fmt: skip
    before = [one.model_copy(update={"right": True}) for one in outcomes]
    values: dict[str, Any] = {
        "asked": hostile,
        "documents": 1,
        "embedder": hostile,
        "passages": 5,
        "answer_above": 0.5,
        "warnings": (f"warning {hostile}",),
        "measures": measures(outcomes),
        "risk_coverage": risk_coverage(outcomes),
        "comparison": compare(before, outcomes),
        "questions": tuple(outcomes),
    }
    return Run.model_validate(values | more)


class Tags(HTMLParser):
    """The elements of a page, and whatever could load or run something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: dict[str, int] = {}
        self.suspect: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names[tag] = self.names.get(tag, 0) + 1
        loads = {"src", "href", "srcset", "action", "style", "data", "background"}
        self.suspect += [(tag, name) for name, _ in attributes if name.startswith("on") or name in loads]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_hostile_text_adds_no_element_and_nothing_is_loaded() -> None:
    plain, hostile = (Tags(html_report(run_of(text))) for text in ("plain", HOSTILE))
    assert hostile.names == plain.names
    assert not {"script", "img", "a", "iframe", "link", "object"} & hostile.names.keys()
    assert hostile.suspect == []
    assert hostile.open == []


def test_hostile_text_is_shown_as_it_is_without_what_is_not_seen() -> None:
    page = html_report(run_of(HOSTILE))
    assert "&lt;script&gt;document.title=&#x27;owned&#x27;&lt;/script&gt;" in page
    assert "&amp;amp;" in page
    assert not {"\u202e", "\x00", "\ud800"} & set(page)
    page.encode("utf-8")


def test_the_page_holds_measures_plots_the_worst_and_the_comparison() -> None:
    page = html_report(run_of())
    assert page.count('<svg class="plot"') == 3
    assert page.count("<article>") == 10
    assert "Wrong now, right before: 40" in page
    assert "and 2 more" in page  # of the seven excerpts shown
    assert "words plain" in page
    for label in ("AUROC of the confidence", "first excerpt holds the answer", "wrong, of answers called strong"):
        assert label in page
    assert '<td class="n">1,500</td>' in page, "characters shown an answer are a count"


def test_bars_of_counts_end_at_the_largest() -> None:
    page = html_report(run_of())
    row = page[page.index("characters shown an answer") :]
    at = float(row.split('class="value" x="')[1].split('"')[0])
    assert 80 < at < 99


def test_an_excerpt_is_printed_whole() -> None:
    excerpt = Excerpt(source="a.txt", start=0, end=703, text="x" * 700 + "end")
    outcomes = (outcome("a", answerable=False, right=False, cited=(excerpt,)),)
    assert "xend" in html_report(run_of(questions=outcomes))


def test_every_plot_is_well_formed_and_within_its_frame() -> None:
    page = html_report(run_of())
    for svg in page.split('<svg class="plot"')[1:]:
        drawn = ElementTree.fromstring('<svg class="plot"' + svg[: svg.index("</svg>") + 6])
        _, _, width, height = map(float, drawn.attrib["viewBox"].split())
        for rect in drawn.iter("rect"):
            x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            assert 0 <= x <= x + w <= width
            assert 0 <= y <= y + h <= height + 0.2
        for line in drawn.iter("polyline"):
            for point in line.attrib["points"].split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= width
                assert 0 <= y <= height


def test_a_run_that_tells_nothing_but_time_is_a_page() -> None:
    outcomes = (outcome("a", seconds=0.0),)
    run = run_of(measures=measures(outcomes), questions=outcomes, risk_coverage=(), comparison=None, warnings=())
    page = html_report(run)
    assert page.count('<svg class="plot"') == 1
    assert "<article>" not in page
    assert "nan" not in page


def test_numbers_are_written_for_people() -> None:
    assert number(0.8734, "share") == "87.3 %"
    assert number(0.8734, "score") == "0.873"
    assert number(0.1234, "seconds") == "123 ms"
    assert number(1234.4, "characters") == "1,234"
    assert signed(-0.0151, "share") == "−1.5"
    assert signed(0.00001, "share") == "0.0"
    assert signed(-0.004, "seconds") == "−4"
    assert signed(1234.4, "characters") == "+1,234"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_in_a_browser_nothing_runs_and_nothing_is_cut_off(
    tmp_path: Path, browser: Browser, width: int, scheme: Any
) -> None:
    path = tmp_path / "report.html"
    path.write_text(html_report(run_of(HOSTILE + "x" * 300)), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(path.as_uri())
    assert page.title() != "owned"
    assert requested == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    assert dark == (scheme == "dark")
    page.close()
