from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from rag.errors import ParseError
from rag.parse import parse, pdf
from rag.parse.parsed import Parsed
from rag.parse.pdf import parse_pdf
from rag.parse.pdf_layout import _first_end
from rag.parse.pdf_page import PlacedWord

WIDTH, HEIGHT = 612, 792
RIVER = (
    "The Danube rises in the Black Forest of Germany and flows through ten countries.",
    "No other river in the world passes through as many, and it drains into the sea",
    "by a delta that is the second largest in Europe.",
)
RIVER_TEXT = " ".join(RIVER)


def made(draw: Callable[[Canvas], object], **options: object) -> bytes:
    """Return a PDF; ``draw`` ends each of its pages but the last."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1, **options)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def write(canvas: Canvas, lines: tuple[str, ...], x: float = 72, y: float = 700, font: str = "Helvetica") -> float:
    """Write lines of 10 points one under another; return where the next would stand."""
    canvas.setFont(font, 10)
    for line in lines:
        canvas.drawString(x, y, line)
        y -= 12
    return y


def read(draw: Callable[[Canvas], object]) -> Parsed:
    return parse_pdf(made(draw), "name")


def blocks(parsed: Parsed) -> list[str]:
    return [parsed.text[block.start : block.end] for block in parsed.blocks]


def headings(parsed: Parsed) -> list[tuple[int, str]]:
    return [(heading.level, heading.text) for heading in parsed.headings]


def pages(parsed: Parsed) -> list[tuple[int, str]]:
    return [(page.number, parsed.text[page.start : page.end].strip()) for page in parsed.pages]


def outcome(data: bytes) -> str:
    """Return the text of a file, or why there is none."""
    try:
        return parse_pdf(data, "name").text
    except ParseError as error:
        return str(error)


def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "can_read_images", lambda: False)


def square(canvas: Canvas) -> None:
    canvas.rect(100, 100, 200, 200, fill=1)


def test_lines_of_a_paragraph_are_one_text_and_paragraphs_are_apart() -> None:
    def draw(canvas: Canvas) -> None:
        y = write(canvas, RIVER)
        write(canvas, RIVER, y=y - 10)

    assert blocks(read(draw)) == [RIVER_TEXT, RIVER_TEXT]


def test_an_indented_line_and_a_line_after_a_short_one_begin_paragraphs() -> None:
    def draw(canvas: Canvas) -> None:
        y = write(canvas, RIVER)
        y = write(canvas, ("It is known by many names, one for nearly each of the peoples on it.",), x=90, y=y)
        write(canvas, ("Its water is drunk by twenty million people from ten countries on its way.",), y=y)

    assert [block[:9] for block in blocks(read(draw))] == ["The Danub", "It is kno", "Its water"]


def test_items_of_a_list_are_apart_and_keep_their_marks() -> None:
    lines = ("• Germany, where the river rises", "• Austria, which it crosses", "2. Hungary", "3. Serbia")
    assert blocks(read(lambda canvas: write(canvas, lines))) == list(lines)


def test_words_torn_at_line_ends_are_whole_and_compounds_keep_their_hyphen() -> None:
    lines = (
        "A well-known river carries, on average, six thousand cubic metres each sec-",
        "ond to its mouth, and this is, as is well-",
        "known, more than the Rhine carries to its own mouth, on this long-",
        "lived course, which in spring is more by half again, as flood-",
        "Water from the Alps comes.",
    )
    text = read(lambda canvas: write(canvas, lines)).text
    for word in ("each second to", "is well-known, more", "this long-lived course", "flood-Water"):
        assert word in text


def test_columns_are_read_one_after_another_below_their_title() -> None:
    left = tuple(f"left column line {number} goes on and" for number in range(20))
    right = tuple(f"right column line {number} goes on and" for number in range(20))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawCentredString(WIDTH / 2, 740, "A title that stands across the two columns")
        for number in range(20):  # row by row: the file's order is of no help
            write(canvas, (left[number],), 60, 690 - 12 * number)
            write(canvas, (right[number],), 330, 690 - 12 * number)

    parsed = read(draw)
    assert blocks(parsed) == ["A title that stands across the two columns", " ".join(left + right)]
    assert parsed.title == "A title that stands across the two columns"


def test_three_columns_are_read_in_order() -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(12):
            for column, x in enumerate((40, 230, 420)):
                write(canvas, (f"column {column} line {number} of a story",), x, 690 - 12 * number)

    expected = [f"column {column} line {number} of a story" for column in range(3) for number in range(12)]
    assert " ".join(read(draw).text.split()) == " ".join(expected)


ROWS = (
    ("Products", "$", "63,355", "$", "63,948"),
    ("Services", "", "19,604", "", "17,486"),
    ("Loss on foreign exchange", "", "(10)", "", "—"),
)


def statement(canvas: Canvas, header: tuple[str, ...] = ("June 25,", "June 26,")) -> None:
    write(canvas, ("The following table shows net sales (in millions) of the quarter and the year before it:",))
    canvas.setFont("Helvetica-Bold", 10)
    if header:
        canvas.drawCentredString(405, 670, "Three Months Ended")
        for name, year, x in zip(header, ("2022", "2021"), (350, 460), strict=True):
            canvas.drawCentredString(x, 658, name)
            canvas.drawCentredString(x, 646, year)
    canvas.setFont("Helvetica", 10)
    for at, (label, sign, number, other_sign, other) in enumerate(ROWS):
        y = 630 - 12 * at
        canvas.drawString(72, y, label)
        canvas.drawString(325, y, sign)
        canvas.drawRightString(380, y, number)
        canvas.drawString(435, y, other_sign)
        canvas.drawRightString(490, y, other)


def test_numbers_of_a_table_stand_with_their_row_and_the_names_of_their_columns() -> None:
    assert blocks(read(statement))[1:] == [
        "Products; Three Months Ended June 25, 2022: $63,355; Three Months Ended June 26, 2021: $63,948",
        "Services; Three Months Ended June 25, 2022: 19,604; Three Months Ended June 26, 2021: 17,486",
        "Loss on foreign exchange; Three Months Ended June 25, 2022: (10); Three Months Ended June 26, 2021: —",
    ]


def test_a_table_without_a_header_keeps_its_rows() -> None:
    parsed = read(lambda canvas: statement(canvas, ()))
    assert blocks(parsed)[1:] == [
        "Products | $63,355 | $63,948",
        "Services | 19,604 | 17,486",
        "Loss on foreign exchange | (10) | —",
    ]


def test_a_caption_across_a_table_names_no_column() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, ("Net sales by quarter, in millions of dollars",), x=200, y=650)
        statement(canvas, ())

    assert "Services | 19,604 | 17,486" in blocks(read(draw))


def test_a_number_alone_takes_no_name_from_its_neighbours() -> None:
    def draw(canvas: Canvas) -> None:
        for at, (label, value) in enumerate((("Colour", "White"), ("Odometer", "9,800"), ("Order", "RO-1"))):
            write(canvas, (label,), y=600 - 12 * at)
            write(canvas, (value,), x=300, y=600 - 12 * at)

    assert blocks(read(draw)) == ["Colour | White", "Odometer | 9,800", "Order | RO-1"]


def test_a_label_of_two_lines_stands_in_its_row() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, ("Purchases of property, plant and", "equipment", "Taxes paid"), y=600)
        write(canvas, ("1,200", "300"), x=300, y=588)
        write(canvas, ("1,100", "200"), x=400, y=588)

    assert blocks(read(draw)) == [
        "Purchases of property, plant and equipment | 1,200 | 1,100",
        "Taxes paid | 300 | 200",
    ]


def test_entries_of_a_bibliography_are_apart() -> None:
    entries = (
        ("Aligon, J. (2010). A framework for the summary of logs of queries to a warehouse.", "In Data Warehousing."),
        ("Golfarelli, M. (2003). The handling of large workloads by means of clustering of", "Queries in DaWaK."),
    )

    def draw(canvas: Canvas) -> None:
        y = 600.0
        for first, second in entries:
            y = write(canvas, (first,), y=y)
            y = write(canvas, (second,), x=90, y=y)

    assert blocks(read(draw)) == [" ".join(entry) for entry in entries]


def test_the_dots_of_a_table_of_contents_are_few() -> None:
    parsed = read(lambda canvas: write(canvas, ("1.2 Metadata" + "." * 80 + " 19",)))
    assert parsed.text == "1.2 Metadata … 19"


def test_running_heads_and_page_numbers_go() -> None:
    rivers = ("Danube", "Rhine", "Loire", "Volga", "Ebro")

    def draw(canvas: Canvas) -> None:
        for number, river in enumerate(rivers, start=1):
            write(canvas, (f"Rivers of Europe | {number}",), y=760)
            write(canvas, (f"The {river} is a river.", f"Many towns lie on the {river}."), y=600 + number)
            write(canvas, (f"- {number} -",), x=300, y=30)
            if number < len(rivers):
                canvas.showPage()

    expected = [
        (at, f"The {river} is a river.\n\nMany towns lie on the {river}.") for at, river in enumerate(rivers, start=1)
    ]
    assert pages(read(draw)) == expected


@pytest.mark.parametrize("name", ["Section", "Page"])
def test_a_heading_that_differs_from_page_to_page_by_its_number_alone_is_kept(name: str) -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(1, 13):
            canvas.setFont("Helvetica", 14)
            canvas.drawString(72, 650 if number == 1 else 740, f"{name} {number}")
            write(canvas, (f"The river of chapter {number} is long.",), y=600 - 10 * number)
            canvas.drawString(300, 30, f"Page {number} of 12")
            if number < 12:
                canvas.showPage()

    (document,) = parse(made(draw), "rivers.pdf").documents
    said = [(number, f"{name} {number}\n\nThe river of chapter {number} is long.") for number in range(1, 13)]
    assert pages(read(draw)) == said
    assert document.headings_at(document.pages[11].end - 1) == (f"{name} 12",)


def test_pages_that_are_all_alike_keep_their_text() -> None:
    def draw(canvas: Canvas) -> None:
        for _ in range(4):
            write(canvas, RIVER)
            canvas.showPage()
        write(canvas, RIVER)

    assert pages(read(draw)) == [(number, RIVER_TEXT) for number in range(1, 6)]


def test_a_sentence_goes_on_over_the_page_break() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, RIVER[:2], y=80)
        canvas.showPage()
        write(canvas, RIVER[2:])

    parsed = read(draw)
    assert parsed.text == RIVER_TEXT
    assert pages(parsed) == [(1, " ".join(RIVER[:2])), (2, RIVER[2])]
    assert [(block.start, block.end) for block in parsed.blocks] == [(0, len(RIVER_TEXT))]


def test_a_first_word_in_several_parts_is_as_wide_as_all_of_them() -> None:
    parts = [("C", (72, 460, 80, 471), " "), ("ommerce,", (80, 460, 141, 469), ""), ("in", (145, 460, 154, 469), " ")]
    assert _first_end([PlacedWord(*part) for part in parts]) == 141


def test_a_word_torn_by_the_page_break_is_whole() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, ("The river carries six thousand cubic metres of wa-",), y=80)
        canvas.showPage()
        write(canvas, ("ter each second.",))

    assert read(draw).text == "The river carries six thousand cubic metres of water each second."


def titled(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 20)
    canvas.drawString(72, 730, "Rivers of Europe")
    y = write(canvas, RIVER)
    y = write(canvas, ("The upper course",), y=y - 12, font="Helvetica-Bold")
    y = write(canvas, RIVER, y=y - 6)
    write(canvas, RIVER, y=y - 12)


def test_headings_are_told_by_size_and_boldness() -> None:
    parsed = read(titled)
    assert headings(parsed) == [(1, "Rivers of Europe"), (2, "The upper course")]
    assert parsed.title == "Rivers of Europe"


def test_an_outline_tells_the_headings_where_its_titles_stand() -> None:
    def draw(canvas: Canvas) -> None:
        for level, title in enumerate(("1. Upper Course", "Of the source")):
            canvas.bookmarkPage(title)
            canvas.addOutlineEntry(title, title, level)
        y = write(canvas, ("Upper course",))
        y = write(canvas, RIVER, y=y - 12)
        y = write(canvas, ("Of the source",), y=y - 12)
        y = write(canvas, RIVER, y=y - 12)
        write(canvas, ("Bold but in no outline",), y=y - 12, font="Helvetica-Bold")

    assert headings(read(draw)) == [(1, "Upper course"), (2, "Of the source")]


@pytest.mark.parametrize(
    ("own", "title"),
    [
        ("On Rivers", "On Rivers"),
        ("Microsoft Word - rivers.doc", "Rivers of Europe"),
        ("rivers-final.pdf", "Rivers of Europe"),
        ("untitled", "Rivers of Europe"),
        ("0000320193-22-000070", "Rivers of Europe"),
    ],
)
def test_the_title_is_the_files_own_where_it_says_something(own: str, title: str) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setTitle(own)
        titled(canvas)

    assert read(draw).title == title


def test_the_title_is_the_files_name_where_nothing_says_it() -> None:
    assert read(lambda canvas: write(canvas, RIVER)).title == "name"


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_text_is_read_in_whatever_direction_its_page_has(turn: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(WIDTH / 2, HEIGHT / 2)
        canvas.rotate(turn)
        write(canvas, RIVER, x=-200, y=100)
        canvas.rotate(90)
        write(canvas, ("A stamp at the margin",), x=-50, y=-250)

    assert read(draw).text == RIVER_TEXT


def test_letters_set_as_one_are_plain_and_soft_hyphens_go() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))

    def draw(canvas: Canvas) -> None:
        write(canvas, ("An eﬃcient oﬃce ﬁnds Mo\xadzart",), font="HeiseiMin-W3")

    text = read(draw).text
    assert not set(text) & set("ﬃﬁ\xad\ufffe\x02")


def test_lines_of_japanese_are_joined_without_a_space() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    lines = ("東京は日本の首都であり、多くの人が住んでいます。人口はお", "よそ千四百万人です。")
    parsed = read(lambda canvas: write(canvas, lines, font="HeiseiMin-W3"))
    assert parsed.text == "".join(lines)


def test_what_is_off_the_page_is_not_read() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, RIVER)
        write(canvas, ("nobody sees this",), x=WIDTH + 50)

    assert read(draw).text == RIVER_TEXT


def test_a_file_that_needs_a_password_says_so() -> None:
    locked = made(lambda canvas: write(canvas, RIVER), encrypt=StandardEncryption("secret", "owner"))
    with pytest.raises(ParseError, match="needs a password"):
        parse_pdf(locked, "name")


def test_a_file_with_an_empty_password_opens() -> None:
    data = made(lambda canvas: write(canvas, RIVER), encrypt=StandardEncryption("", "owner", canCopy=0))
    assert parse_pdf(data, "name").text == RIVER_TEXT


@pytest.mark.parametrize("data", [b"PK\x03\x04 and so on", b"<html></html>", bytes(1000)])
def test_what_is_no_pdf_says_so(data: bytes) -> None:
    with pytest.raises(ParseError, match="not a PDF file"):
        parse_pdf(data, "name")


def test_blank_pages_have_no_text() -> None:
    with pytest.raises(ParseError, match=r"^no text in it$"):
        read(lambda canvas: canvas.showPage())


def test_without_ocr_a_file_of_pictures_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ocr(monkeypatch)

    def draw(canvas: Canvas) -> None:
        square(canvas)
        canvas.showPage()
        square(canvas)

    with pytest.raises(ParseError, match="no text layer on any of its 2 pages: text recognition"):
        read(draw)


def test_without_ocr_pages_that_are_pictures_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ocr(monkeypatch)

    def draw(canvas: Canvas) -> None:
        for number in range(1, 7):
            if number in (2, 4, 5):
                square(canvas)
            elif number != 3:
                write(canvas, RIVER)
            canvas.showPage()
        write(canvas, RIVER)

    parsed = read(draw)
    assert parsed.warning == "pages 2, 4–5 cannot be read: no text layer; text recognition (Tesseract) isn’t installed"
    assert [page.number for page in parsed.pages] == [1, 6, 7]


def test_broken_files_give_their_text_or_a_reason() -> None:
    whole = made(titled)
    chance = random.Random(0)
    broken = [whole[:length] for length in range(0, len(whole), 61)]
    for _ in range(150):
        bytes_of = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20])):
            bytes_of[chance.randrange(len(whole))] = chance.randrange(256)
        broken.append(bytes(bytes_of))
    broken += [b"%PDF-1.7\n" + chance.randbytes(size) for size in (0, 1, 100, 5000)]
    for data in broken:
        assert outcome(data)
        assert "\n\n\n" not in outcome(data)


def raw(pages: bytes, title: bytes = b"Odd", shown: bytes = b"(The Danube rises in the Black Forest.) Tj") -> bytes:
    """Return a file by hand: its catalogue holds a script and an outline that goes in a circle.

    The small letters of its font F2 are those of the Hebrew alphabet.
    """
    content = b"BT /F1 12 Tf 72 700 Td " + shown + b" ET"
    hebrew = b"1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfrange <61> <7a> <05d0> endbfrange"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
        b"<</Type/Pages" + pages + b">>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 5 0 R/Resources<</Font<</F1 4 0 R/F2 8 0 R>>>>>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Outlines/First 7 0 R/Last 7 0 R>>",
        b"<</Title" + title + b"/First 7 0 R/Next 7 0 R/Dest[3 0 R/Fit]>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Courier/ToUnicode 9 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(hebrew), hebrew),
    ]
    numbered = (b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + b"".join(numbered) + b"trailer<</Root 1 0 R/Info<</Title" + title + b">>>>\n%%EOF"


@pytest.mark.parametrize(
    ("pages", "warning"),
    [
        (b"/Kids[3 0 R]/Count 1", None),
        (b"/Kids[3 0 R]/Count -5", None),
        (b"/Kids[2 0 R 3 0 R]/Count 3", "pages 2–3 cannot be read: broken"),
        (b"/Kids[3 0 R]/Count 2", "page 2 cannot be read: broken"),
    ],
)
@pytest.mark.parametrize("title", [b"(Odd)", b"<FEFFD800>", b"<FEFFDC00D8000041>", b"()", b"42"])
def test_a_hostile_structure_does_no_harm(pages: bytes, warning: str | None, title: bytes) -> None:
    parsed = parse_pdf(raw(pages, title), "name")
    assert parsed.text == "The Danube rises in the Black Forest."
    assert parsed.warning == warning


@pytest.mark.parametrize(
    "shown",
    [
        b"/F2 12 Tf (fed cba) Tj",  # as it looks, from left to right
        b"/F2 12 Tf 40 0 Td (a) Tj -7.2 0 Td (b) Tj -7.2 0 Td (c) Tj"
        b" -14.4 0 Td (d) Tj -7.2 0 Td (e) Tj -7.2 0 Td (f) Tj",
    ],
)
def test_hebrew_is_read_from_right_to_left(shown: bytes) -> None:
    parsed = parse_pdf(raw(b"/Kids[3 0 R]/Count 1", shown=shown), "name")
    assert parsed.text == "אבג דהו"


def test_a_hundred_pages_are_read_with_their_numbers() -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(1, 101):
            write(canvas, (f"Page {number} of the book tells one thing.", *RIVER))
            if number < 100:
                canvas.showPage()

    parsed = read(draw)
    assert [page.number for page in parsed.pages] == list(range(1, 101))
    assert parsed.warning is None
