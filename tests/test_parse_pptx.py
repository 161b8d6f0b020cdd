from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Cm

from rag.errors import ParseError
from rag.parse.parsed import Parsed
from rag.parse.pptx import parse_pptx
from tests.damage import BOMB, assert_read_or_refused, damaged, damaged_inside, part, rezip

TITLE_ONLY, TITLE_AND_TEXT, TWO_CONTENTS, BLANK = 5, 1, 3, 6
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


class Deck:
    """A presentation that is being written."""

    def __init__(self) -> None:
        self.file = Presentation()

    def slide(self, title: str = "", layout: int = TITLE_ONLY) -> Any:
        slide = self.file.slides.add_slide(self.file.slide_layouts[layout])
        if title:
            slide.shapes.title.text = title
        return slide

    def saved(self) -> bytes:
        out = BytesIO()
        self.file.save(out)
        return out.getvalue()

    def read(self) -> Parsed:
        return parse_pptx(self.saved(), "name")


def write(shapes: Any, text: str, left: float, top: float) -> None:
    shapes.add_textbox(Cm(left), Cm(top), Cm(4), Cm(1)).text_frame.text = text


def blocks(parsed: Parsed) -> list[tuple[str, int, str]]:
    return [(one.kind, one.level, parsed.text[one.start : one.end]) for one in parsed.blocks]


def sample() -> bytes:
    deck = Deck()
    deck.slide("Rivers", TITLE_AND_TEXT).placeholders[1].text = "The Danube\nThe Inn"
    deck.slide("Lakes", TITLE_AND_TEXT).placeholders[1].text = "Lake Constance"
    return deck.saved()


def test_a_slide_is_a_page_and_its_title_a_heading() -> None:
    parsed = parse_pptx(sample(), "name")
    assert parsed.text == "Rivers\n\nThe Danube\nThe Inn\n\nLakes\n\nLake Constance"
    assert [(one.level, parsed.text[one.start : one.end]) for one in parsed.headings] == [(1, "Rivers"), (1, "Lakes")]
    assert parsed.page_kind == "slide"
    assert [(page.number, parsed.text[page.start : page.end].strip()) for page in parsed.pages] == [
        (1, "Rivers\n\nThe Danube\nThe Inn"),
        (2, "Lakes\n\nLake Constance"),
    ]


def test_the_title_is_the_presentations_own_where_it_has_one() -> None:
    deck = Deck()
    deck.slide("First")
    assert deck.read().title == "First"
    deck.file.core_properties.title = "All rivers"
    assert deck.read().title == "All rivers"


def test_shapes_are_read_from_top_to_bottom_and_from_left_to_right() -> None:
    deck = Deck()
    shapes = deck.slide("Title").shapes
    write(shapes, "below", 1, 9)
    write(shapes, "right", 9, 5)
    write(shapes, "left", 1, 5.2)
    group = shapes.add_group_shape()
    write(group.shapes, "second in the group", 1, 14)
    write(group.shapes, "first in the group", 1, 12)
    assert deck.read().text.split("\n\n") == [
        "Title", "left", "right", "below", "first in the group", "second in the group",
    ]  # fmt: skip


def test_a_table_is_read_row_by_row_with_the_names_of_its_columns() -> None:
    deck = Deck()
    table = deck.slide("Lengths").shapes.add_table(3, 2, Cm(1), Cm(5), Cm(9), Cm(3)).table
    texts = ["River", "Length", "Inn", "518 km", "all others"]
    for cell, text in zip([cell for row in table.rows for cell in row.cells], texts, strict=False):
        cell.text = text
    table.cell(2, 0).merge(table.cell(2, 1))
    assert deck.read().text == "Lengths\n\nRiver: Inn; Length: 518 km\nall others"


def test_a_chart_is_read_as_its_values() -> None:
    deck = Deck()
    data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["2019", "2020"]
    data.add_series("Inn", (1.5, 2))
    data.add_series("Drava", (3, None))
    frame = deck.slide("Flow").shapes.add_chart(XL_CHART_TYPE.LINE, Cm(1), Cm(5), Cm(9), Cm(9), data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Water by year"
    parsed = deck.read()
    assert blocks(parsed)[1:] == [
        ("caption", 0, "Water by year"),
        ("row", 0, "2019; Inn: 1.5; Drava: 3"),
        ("row", 0, "2020; Inn: 2"),
    ]
    (table,) = parsed.groups
    assert table.columns == ("", "Inn", "Drava")
    assert table.caption == (parsed.blocks[1].start, parsed.blocks[1].end)


def test_a_merged_cell_of_a_table_is_read_in_every_row_that_it_covers() -> None:
    deck = Deck()
    table = deck.slide("Rota").shapes.add_table(3, 3, Cm(1), Cm(5), Cm(9), Cm(3)).table
    texts = ["Ward", "Day", "Nurse", "Maple", "Mon", "Ann", "", "Tue", "Bob"]
    for cell, text in zip([cell for row in table.rows for cell in row.cells], texts, strict=True):
        cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    parsed = deck.read()
    assert [text for kind, _, text in blocks(parsed) if kind == "row"] == [
        "Ward: Maple; Day: Mon; Nurse: Ann",
        "Ward: Maple; Day: Tue; Nurse: Bob",
    ]
    assert parsed.groups[0].columns == ("Ward", "Day", "Nurse")


def test_bullets_are_items_and_the_paragraph_before_them_leads_in() -> None:
    deck = Deck()
    frame = deck.slide("Steps", TITLE_AND_TEXT).placeholders[1].text_frame
    for text, level, bullet in (
        ("To open the lock:", 0, "buNone"),
        ("Turn the wheel", 0, "buAutoNum"),
        ("slowly", 1, ""),
        ("Lift the bar", 0, "buAutoNum"),
    ):
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
        if bullet:
            style = etree.SubElement(paragraph._p.get_or_add_pPr(), f"{DRAWING}{bullet}")
            style.attrib.update({"type": "arabicPeriod"} if bullet == "buAutoNum" else {})
    write(frame.part.slide.shapes, "a box of its own", 1, 16)
    parsed = deck.read()
    assert blocks(parsed)[1:] == [
        ("paragraph", 0, "To open the lock:"),
        ("item", 1, "1. Turn the wheel"),
        ("item", 2, "slowly"),
        ("item", 1, "2. Lift the bar"),
        ("paragraph", 0, "a box of its own"),
    ]
    (steps,) = parsed.groups
    assert steps.kind == "list"
    assert steps.lead_in == (parsed.blocks[1].start, parsed.blocks[1].end)


def test_lists_beside_each_other_are_two() -> None:
    deck = Deck()
    slide = deck.slide("For and against", TWO_CONTENTS)
    slide.placeholders[1].text, slide.placeholders[2].text = "cheap\nquick", "loud"
    assert [(block.kind, block.group) for block in deck.read().blocks[1:]] == [("item", 0), ("item", 0), ("item", 1)]


def test_notes_stand_after_the_slides_text_and_hidden_slides_are_left_out_and_counted() -> None:
    deck = Deck()
    deck.slide("Title").notes_slide.notes_text_frame.text = "Say hello.\nThen wait."
    deck.slide("Backup").element.set("show", "0")
    deck.slide("End")
    parsed = deck.read()
    assert blocks(parsed) == [
        ("heading", 1, "Title"),
        ("note", 0, "Notes: Say hello.\nThen wait."),
        ("heading", 1, "End"),
    ]
    assert [page.number for page in parsed.pages] == [1, 3]
    assert parsed.warning == "left out: 1 hidden slide"


def test_a_line_break_is_one_and_numbers_of_slides_and_empty_boxes_are_not_read() -> None:
    deck = Deck()
    slide = deck.slide("Two\vlines", TITLE_AND_TEXT)
    slide.placeholders[1].text_frame.text = "first\vsecond \u00ad"
    layout: Any = deck.file.slide_layouts[TITLE_AND_TEXT]
    number = next(shape for shape in layout.placeholders if "Number" in shape.name)
    slide.shapes._spTree.append(number._element)
    assert "#" in part(deck.saved(), "ppt/slides/slide1.xml").decode()
    assert deck.read().text == "Two lines\n\nfirst\nsecond"


def test_a_title_as_long_as_a_text_is_a_text() -> None:
    deck = Deck()
    deck.slide("\n".join(f"Line {number} of many words." for number in range(30)))
    assert deck.read().headings == ()
    assert deck.read().text.startswith("Line 0 of many words.\n\nLine 1")


def test_a_broken_slide_is_named_and_the_others_are_read() -> None:
    slide = part(sample(), "ppt/slides/slide1.xml")
    broken = rezip(sample(), {"ppt/slides/slide1.xml": slide.replace(b"p:cSld", b"p:none")})
    parsed = parse_pptx(broken, "name")
    assert parsed.text == "Lakes\n\nLake Constance"
    assert parsed.warning == "damaged, and not read to the end: slide 1"
    assert [page.number for page in parsed.pages] == [2]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"text", "not a PPTX file, though it is named so"),
        (sample()[:-100], "the file is cut short"),
        (rezip(sample(), {"ppt/presentation.xml": b"<broken"}), "the file is damaged: not readable as PPTX"),
        (rezip(sample(), {"ppt/presentation.xml": f"{BOMB}<x>&a9;</x>".encode()}), "the file is damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_pptx(data, "name")


def test_a_damaged_presentation_is_read_or_refused() -> None:
    assert_read_or_refused(parse_pptx, damaged(sample(), 15))
    paths = ["ppt/slides/slide1.xml", "ppt/presentation.xml", "[Content_Types].xml"]
    assert_read_or_refused(parse_pptx, damaged_inside(sample(), paths, 5))
