from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from odfdo import Document, DrawPage, Element, Frame, Header, List, Note, Paragraph, Row, Table

from rag.errors import ParseError
from rag.parse.odt import parse_odt
from rag.parse.parsed import Parsed
from tests.damage import BOMB, assert_read_or_refused, damaged, damaged_inside, part, rezip
from tests.texts import block_texts, kinds_and_texts


def saved(document: Document) -> bytes:
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def text(*elements: Any) -> Document:
    document = Document("text")
    document.body.clear()
    for element in elements:
        document.body.append(element if not isinstance(element, str) else Element.from_tag(element))
    return document


def read(*elements: Any) -> Parsed:
    return parse_odt(saved(text(*elements)), "name")


def sample() -> bytes:
    return saved(text(Header(1, "Rivers"), Paragraph("The Danube flows through ten countries.")))


def test_paragraphs_headings_and_lists_are_blocks_in_their_order() -> None:
    inner = List(["The Inn", "The Drava"])
    parsed = read(Header(1, "Rivers"), Paragraph("The Danube."), Header(2, "Tributaries"), inner, Paragraph(""))
    assert parsed.text == "Rivers\n\nThe Danube.\n\nTributaries\n\nThe Inn\nThe Drava"
    assert [(one.level, one.text) for one in parsed.headings] == [(1, "Rivers"), (2, "Tributaries")]
    assert parsed.title == "Rivers"


def test_the_title_is_the_documents_own_or_that_which_is_set_as_one() -> None:
    document = text(Paragraph("All rivers", style="Title"), Header(1, "First"))
    assert parse_odt(saved(document), "name").title == "All rivers"
    document.meta.title = "By the office"
    assert parse_odt(saved(document), "name").title == "By the office"
    assert read(Paragraph("text")).title == "name"


@pytest.mark.parametrize(
    ("xml", "block"),
    [
        ("<text:p>one<text:s text:c='3'/>two<text:tab/>three<text:line-break/>four</text:p>", "one two three\nfour"),
        ("<text:p>see <text:a>this <text:span>page</text:span></text:a>.</text:p>", "see this page."),
        ("<text:p>said<office:annotation><text:p>why?</text:p></office:annotation> she</text:p>", "said she"),
        ("<text:p>Do\u00adnau\n flows</text:p>", "Donau flows"),
        (
            "<text:p><text:ruby><text:ruby-base>漢</text:ruby-base><text:ruby-text>kan</text:ruby-text></text:ruby></text:p>",
            "漢",
        ),
        ("<text:p>a<text:change text:change-id='x'/>b<text:date>Monday</text:date></text:p>", "abMonday"),
        ("<text:section><text:p>within</text:p></text:section>", "within"),
        (
            "<text:p>by <draw:frame><svg:title>alt</svg:title>"
            "<draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>it</text:p>",
            "by it\n\nbox",
        ),
    ],
)
def test_a_paragraph_is_what_a_reader_reads(xml: str, block: str) -> None:
    assert read(xml).text == block


def test_deletions_contents_and_hidden_sections_are_left_out() -> None:
    deleted = "<text:deletion><text:p>old</text:p></text:deletion>"
    parsed = read(
        f"<text:tracked-changes><text:changed-region>{deleted}</text:changed-region></text:tracked-changes>",
        "<text:table-of-content><text:index-body><text:p>Rivers 7</text:p></text:index-body></text:table-of-content>",
        '<text:section text:display="none"><text:p>secret</text:p></text:section>',
        Paragraph("new"),
    )
    assert parsed.text == "new"


def test_a_note_stands_after_the_paragraph_that_refers_to_it() -> None:
    paragraph = Paragraph("It is long.")
    paragraph.insert_note(Note(note_id="n1", citation="1", body="As of 2020."), after="long")
    assert kinds_and_texts(read(paragraph, Paragraph("Next."))) == [
        ("paragraph", "It is long."),
        ("note", "As of 2020."),
        ("paragraph", "Next."),
    ]


def test_a_row_can_be_read_alone() -> None:
    table = Table("t")
    for values in (["River", "Length", "Source"], ["Inn", "518 km", "Maloja"], ["Drava", "", "Toblach"]):
        row = Row()
        row.set_values(values)
        table.append_row(row)
    assert read(table).text == "River: Inn; Length: 518 km; Source: Maloja\nRiver: Drava; Source: Toblach"


def test_cells_that_span_others_say_their_text_in_each() -> None:
    def cell(text: str, more: str = "") -> str:
        return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"

    covered = "<table:covered-table-cell/>"
    rows = [
        cell("Hall") + cell("Shift") + cell("Foreman"),
        cell("North", 'table:number-rows-spanned="2"') + cell("early") + cell("Wanda"),
        covered + cell("Xaver", 'table:number-columns-repeated="2"'),
    ]
    head, *others = (f"<table:table-row>{row}</table:table-row>" for row in rows)
    columns = "<table:table-column table:number-columns-repeated='3'/>"
    head = f"<table:table-header-rows>{head}</table:table-header-rows>"
    assert block_texts(read(f"<table:table>{columns}{head}{''.join(others)}</table:table>")) == [
        "Hall: North; Shift: early; Foreman: Wanda",
        "Hall: North; Shift: Xaver; Foreman: Xaver",
    ]


def test_raised_and_struck_text_and_hidden_styles_are_read_as_they_are_meant() -> None:
    document = text("<text:p>10<text:span text:style-name='Up'>8</text:span> t, <text:span text:style-name='Gone'>18</text:span>22 euros<text:span text:style-name='Dark'> secret</text:span></text:p>")  # fmt: skip  # noqa: E501
    styles = {"Up": "style:text-position='super 58%'", "Gone": "style:text-line-through-style='solid'"}
    styles["Dark"] = "text:display='none'"
    for name, properties in styles.items():
        inner = f"<style:text-properties {properties}/>"
        document.insert_style(
            f"<style:style style:name='{name}' style:family='text'>{inner}</style:style>", automatic=True
        )
    assert parse_odt(saved(document), "name").text == "10⁸ t, 22 euros"


def test_a_spreadsheet_is_read_row_by_row() -> None:
    document = Document("spreadsheet")
    document.body.clear()
    table = Table("Rivers")
    table.set_values([["River", "Length"], ["Inn", 518], [None, None], ["Drava", 710]])
    document.body.append(table)
    rows = "<table:table-row table:number-rows-repeated='1048000'><table:table-cell/></table:table-row>"
    table.append(Element.from_tag(rows))
    parsed = parse_odt(saved(document), "name")
    assert parsed.text == "Rivers\n\nRiver: Inn; Length: 518\n\nRiver: Drava; Length: 710"
    assert [page.number for page in parsed.pages] == [1, 2, 4]
    assert parsed.page_kind == "row"


def test_a_slide_is_a_page_and_its_title_a_heading() -> None:
    document = Document("presentation")
    document.body.clear()
    page = DrawPage("p1")
    items = "".join(f"<text:list-item><text:p>{river}</text:p></text:list-item>" for river in ("Inn", "Drava"))
    outline = f"<draw:text-box><text:p>The Inn is long.</text:p><text:list>{items}</text:list></draw:text-box>"
    page.append(Element.from_tag(f"<draw:frame presentation:class='outline'>{outline}</draw:frame>"))
    page.append(Frame.text_frame("Rivers", presentation_class="title"))
    page.append(Frame.text_frame("7", presentation_class="page-number"))
    page.append(Element.from_tag("<presentation:notes><draw:frame presentation:class='notes'><draw:text-box><text:p>Wait.</text:p></draw:text-box></draw:frame></presentation:notes>"))  # fmt: skip  # noqa: E501
    document.body.append(page)
    document.body.append(DrawPage("p2"))
    last = DrawPage("p3")
    last.append(Frame.text_frame("The end.", presentation_class="outline"))
    document.body.append(last)
    parsed = parse_odt(saved(document), "name")
    assert kinds_and_texts(parsed) == [
        ("heading", "Rivers"),
        ("paragraph", "The Inn is long."),
        ("item", "Inn"),
        ("item", "Drava"),
        ("note", "Wait."),
        ("paragraph", "The end."),
    ]
    assert (parsed.title, parsed.page_kind, [page.number for page in parsed.pages]) == ("Rivers", "slide", [1, 3])


def test_a_row_that_stands_for_billions_ends_with_the_sheet() -> None:
    cell = "<table:table-cell table:number-columns-repeated='999999999'/>"
    row = f"<table:table-row table:number-rows-repeated='999999999'>{cell}</table:table-row>"
    document = Document("spreadsheet")
    document.body.clear()
    document.body.append(Element.from_tag(f"<table:table table:name='t'>{row}</table:table>"))
    assert parse_odt(saved(document), "name").text == ""


LOCKED = b'<m:manifest xmlns:m="urn:x"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"text", "not an OpenDocument file, though it is named so"),
        (sample()[:-100], "the file is cut short"),
        (rezip(sample(), {"META-INF/manifest.xml": LOCKED}), "needs a password: save it without one"),
        (rezip(sample(), {"content.xml": b"<x/>"}), "not an OpenDocument file, though it is named so"),
        (rezip(sample(), {"content.xml": b"<x>"}), "content.xml is no whole XML"),
        (rezip(sample(), {"content.xml": f"{BOMB}<x>&a9;</x>".encode()}), "content.xml is no whole XML"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_odt(data, "name")


def test_an_entity_reaches_no_file() -> None:
    xml = part(sample(), "content.xml").decode().replace("through ten", "through &f;")
    declaration, _, root = xml.rpartition("?>")
    xml = declaration + "?>" * bool(declaration) + '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + root
    data = rezip(sample(), {"content.xml": xml.encode()})
    assert "&f;" in xml
    assert parse_odt(data, "name").text == "Rivers\n\nThe Danube flows through countries."


def test_a_damaged_text_is_read_or_refused() -> None:
    assert_read_or_refused(parse_odt, damaged(sample(), 20))
    assert_read_or_refused(
        parse_odt, damaged_inside(sample(), ["content.xml", "META-INF/manifest.xml", "meta.xml"], 10)
    )
