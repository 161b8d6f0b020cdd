"""The viewer draws what a document is made of, in every format; marked is what is cited, whatever it crosses."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pypandoc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import HtmlElement
from openpyxl import Workbook
from pptx import Presentation

from rag.parse.builder import Builder
from rag.types import Document
from tests.ui.shelf import Shelf, answer_of, citation_of, letters, marked, read, shown, tags, tree, view
from tests.ui.test_reader import ALLOWED, HOSTILE
from ui import reader

ARTICLE = """\
# The bridges of the Elz

The council looked at three bridges[^1]. The steps to be taken:

1. Close the road
    - put up signs
    - tell the bus company
2. Repair the deck
3. Open again

| Bridge      | Built |  Cost |
|-------------|-------|-------|
| Mill bridge | 1743  | 48213 |
| Foot bridge | 1988  |  1200 |

> It is in need of repair, said the mayor.

## What follows

    def cost(x):
        return x * 2

[^1]: In the town hall.
"""
FORMATS = {
    "docx": "docx",
    "odt": "odt",
    "epub": "epub",
    "html": "html",
    "mediawiki": "wiki",
    "typst": "typ",
    "docbook": "dbk",
    "latex": "tex",
    "org": "org",
    "rst": "rst",
    "gfm": "md",
}
# Formats in which the parser does not tell them.
WITHOUT_CODE, WITHOUT_NOTES = {"odt", "typst"}, {"html"}


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """Return the article in all formats, as Pandoc writes them."""
    folder = tmp_path_factory.mktemp("articles")
    return {name: _converted(folder / f"bridges.{suffix}", name) for name, suffix in FORMATS.items()}


def _converted(path: Path, name: str) -> Document:
    pypandoc.convert_text(ARTICLE, name, format="markdown", outputfile=str(path), extra_args=["-s"])
    return read(path.name, path.read_bytes())


def sheet() -> Document:
    """Return a workbook with a merged cell and a second sheet."""
    book = Workbook()
    costs = book.active
    assert costs is not None
    costs.title = "Costs"
    costs.append(["Bridge", "District", "Cost"])
    for number in range(6):
        costs.append([f"Bridge {number}", "North", 100 + number])
    costs.merge_cells("B2:B4")
    staff = book.create_sheet("Staff")
    staff.append(["Name", "Room"])
    staff.append(["Ada Brown", 22])
    staff.append(["Ben Grey", 14])
    staff.append(["Rooms change in May."])
    return read("costs.xlsx", _saved(book.save))


def slides() -> Document:
    """Return two slides: points and a note, and a table."""
    show = Presentation()
    first, second = (show.slides.add_slide(show.slide_layouts[layout]) for layout in (1, 5))
    first.shapes.title.text = "The mill"
    frame = first.placeholders[1].text_frame
    for level, point in enumerate(("Built in 1743", "by a miller")):
        paragraph = frame.paragraphs[0] if not level else frame.add_paragraph()
        paragraph.text, paragraph.level = point, level
    first.notes_slide.notes_text_frame.text = "Name the miller."
    second.shapes.title.text = "Sacks"
    table = second.shapes.add_table(2, 2, 0, 2_000_000, 5_000_000, 1_000_000).table
    for at, words in enumerate(("Year", "Sacks", "1890", "412")):
        table.cell(at // 2, at % 2).text = words
    return read("mill.pptx", _saved(show.save))


def _saved(save: Callable[[BytesIO], object]) -> bytes:
    file = BytesIO()
    save(file)
    return file.getvalue()


def mail() -> Document:
    """Return a reply to a message that quotes another."""
    message = EmailMessage()
    message["From"], message["Subject"] = "Ada <ada@example.org>", "Re: The bell"
    message.set_content(
        "It was cast in 1700. Needed are:\n\n- a rope\n- two hooks\n\nAda\n\n"
        "On Mon, 3 Feb 2025 at 09:12, Ben <ben@example.org> wrote:\n> Who cast it?\n>> It was asked before.\n"
    )
    return read("bell.eml", bytes(message))


SUBTITLES = "1\n00:00:01,000 --> 00:00:04,000\nThe mill is old.\n\n2\n01:00:05,000 --> 01:00:08,000\nIt still turns.\n"
OTHERS = {
    "xlsx": sheet(),
    "pptx": slides(),
    "eml": mail(),
    "srt": read("talk.srt", SUBTITLES),
    "txt": read("list.txt", "To buy:\n\n- bread\n- milk\n\nA poem\nof two lines\n\n1) one\n2) two\n"),
    "yaml": read("app.yaml", "# settings\nserver:\n  port: 8080\nusers:\n  - name: ada\n    room: 22\n"),
}


def drawn(document: Document) -> HtmlElement:
    """Return a document as it is seen: without what its style hides."""
    (doc,) = tree(reader.open_view(Shelf(document), [], {"source": document.source, "view": "text"})).find_class("doc")
    for sign in doc.find_class("sign"):
        sign.drop_tree()
    return doc


def texts(page: HtmlElement, path: str) -> list[str]:
    return [" ".join(str(one.text_content()).split()) for one in page.xpath(path)]


@pytest.mark.parametrize("name", FORMATS)
def test_an_article_is_drawn_as_what_it_is_made_of(articles: dict[str, Document], name: str) -> None:
    page = drawn(articles[name])
    assert texts(page, ".//h3 | .//h4")[-2:] == ["The bridges of the Elz", "What follows"]
    assert texts(page, "./ol/li/p") == ["1. Close the road", "2. Repair the deck", "3. Open again"]
    assert texts(page, "./ol/li[1]/ul/li") == ["put up signs", "tell the bus company"]
    assert texts(page, ".//thead//th[@scope='col']") == ["Bridge", "Built", "Cost"]
    rows = [texts(row, "./td") for row in page.xpath(".//tbody/tr")]
    assert rows == [["Mill bridge", "1743", "48213"], ["Foot bridge", "1988", "1200"]]
    assert texts(page, ".//blockquote/p") == ["It is in need of repair, said the mayor."]
    if name not in WITHOUT_CODE:
        assert "".join(page.xpath("string(.//pre)").split()) == "defcost(x):returnx*2"
    if name not in WITHOUT_NOTES:
        assert texts(page, ".//*[@role='note']")[0].endswith("In the town hall.")


def test_a_workbook_is_numbered_tables_under_their_sheets() -> None:
    page = drawn(OTHERS["xlsx"])
    assert texts(page, ".//h3") == ["Costs", "Staff"]
    costs, staff = page.xpath(".//table")
    assert texts(costs, "./thead//th") == ["Row", "Bridge", "District", "Cost"]
    assert texts(costs, "./tbody/tr[3]/*") == ["4", "Bridge 2", "North", "102"]
    assert texts(staff, "./tbody/tr/th") == ["2", "3", "4"]
    assert [one.get("colspan") for one in staff.xpath("./tbody/tr[3]/td")] == ["2"]


def test_slides_are_points_notes_and_tables() -> None:
    page = drawn(OTHERS["pptx"])
    assert texts(page, ".//*[@class='division']") == ["Slide 1", "Slide 2"]
    assert texts(page, "./ul/li/p") == ["Built in 1743"]
    assert texts(page, "./ul/li/ul/li") == ["by a miller"]
    assert texts(page, ".//*[@role='note']") == ["Notes: Name the miller."]
    assert texts(page, ".//th") == ["Year", "Sacks"]


def test_what_a_mail_quotes_is_set_in_it() -> None:
    page = drawn(OTHERS["eml"])
    assert texts(page, ".//*[@class='headers']//*[@class='label']") == ["From:", "Subject:"]
    assert texts(page, "./ul/li") == ["a rope", "two hooks"]
    assert texts(page, "./blockquote/p") == ["Who cast it?"]
    assert texts(page, "./blockquote/blockquote/p") == ["It was asked before."]


def test_plain_text_has_its_lists_and_keeps_its_lines() -> None:
    page = drawn(OTHERS["txt"])
    assert texts(page, "./ul/li") == ["bread", "milk"]
    assert texts(page, "./ol/li") == ["1) one", "2) two"]
    assert [p.text_content() for p in page.findall("p")] == ["To buy:", "A poem\nof two lines"]


def test_a_quotation_and_code_in_an_item_stay_in_it() -> None:
    page = drawn(read("a.md", "1. one\n\n   > said\n\n   ```\n   x = 1\n     y\n   ```\n2. two\n"))
    assert texts(page, "./ol/li[1]/blockquote/p") == ["said"]
    assert page.xpath("string(./ol/li[1]/pre)") == "x = 1\n  y"
    assert texts(page, "./ol/li[2]") == ["2. two"]


def test_what_is_read_line_by_line_is_numbered_as_in_the_file() -> None:
    found = [(line.get("value"), line.text_content()) for line in drawn(OTHERS["yaml"]).iter("li")]
    assert found == [("1", "# settings"), ("3", "server.port: 8080"), ("5", "users.name: ada; users.room: 22")]
    assert texts(drawn(OTHERS["srt"]), ".//*[@class='division']") == ["00:00:01", "01:00:05"]


@given(st.data())
def test_a_citation_may_cross_blocks_and_cells(articles: dict[str, Document], data: st.DataObject) -> None:
    document = data.draw(st.sampled_from([*articles.values(), *OTHERS.values()]))
    start = data.draw(st.integers(0, len(document.text) - 1))
    end = data.draw(st.integers(start + 1, len(document.text)))
    page = view(document, start, end)
    assert letters(marked(page)) == letters(document.text[start:end])
    assert letters(shown(page)) == letters(document.text)


@pytest.mark.parametrize("suffix", ["md", "docx"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_block_of_any_kind_does_nothing(text: str, suffix: str) -> None:
    builder = Builder()
    for kind in ("heading", "paragraph", "code", "quote", "note", "field"):
        builder.add(f"{text}: {text}", kind, level=1)
    with builder.list():
        builder.add(f"- {text}", "item", level=3)
    with builder.table([text, ""], builder.add(text, "caption")):
        builder.row([text, f"{text}|{text}"])
    document = document_of(builder, f"{text}.{suffix}")
    page = view(document, 2, len(document.text))
    assert {tag for tag, _ in tags(page)} <= ALLOWED
    names = {name for _, attributes in tags(page) for name in attributes}
    assert not {name for name in names if name.startswith("on")} | ({"src", "style", "srcdoc"} & names)
    for sign in "{}$`":
        assert sign not in page
    assert letters(shown(page)) == letters(document.text)


def document_of(builder: Builder, source: str) -> Document:
    parsed = builder.parsed("a")
    return Document(
        source=source, sha256="0" * 64, title="a", text=parsed.text, blocks=parsed.blocks, groups=parsed.groups
    )


def _items(builder: Builder) -> None:
    with builder.list():
        for number in range(100_000):
            builder.add(f"item {number}", "item", level=1 + number % 40)


def _rows(builder: Builder) -> None:
    with builder.table(["A", "B"]):
        for number in range(100_000):
            builder.row([f"a{number}", "b"])


def _quotes(builder: Builder) -> None:
    for number in range(50_000):
        builder.add(f"q{number}", "quote", level=1 + number % 90)


def _long_item(builder: Builder) -> None:
    with builder.list():
        builder.add("1. " + "word " * 1_000_000, "item", level=1)


@pytest.mark.parametrize("fill", [_items, _rows, _quotes, _long_item])
@pytest.mark.parametrize("place", [0.0, 0.5, 0.999])
def test_of_many_blocks_those_in_view_are_drawn(fill: Callable[[Builder], None], place: float) -> None:
    builder = Builder()
    fill(builder)
    document = document_of(builder, "a.docx")
    start = int(place * len(document.text))
    answer = answer_of([citation_of(document, start, start + 30)])
    seconds = []
    for _ in range(3):
        started = time.process_time()
        page = reader.open_view(Shelf(document), [answer], {"turn": "0", "n": "1"})
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.3
    assert letters(marked(page)) == letters(document.text[start : start + 30])
    assert len(page) < 1_000_000
