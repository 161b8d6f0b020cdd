"""What the blocks of a PDF are: rows under their header, items, notes, captions; and what of its pages is no text."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Sequence

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from rag.parse.parsed import Parsed
from rag.parse.pdf import parse_pdf
from rag.types import Block, Group
from tests.test_parse_pdf import made, pages, read, without_ocr, write

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
STYLES = getSampleStyleSheet()
BODY = "The mill by the weir ground the corn of four villages until the railway came up the valley in the last year."
GRID = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("FONT", (0, 0), (-1, 0), "Helvetica-Bold")])


def built(*parts: object) -> Parsed:
    """Return what is read of a PDF that reportlab lays out."""
    file = io.BytesIO()
    SimpleDocTemplate(file, pagesize=A4).build(list(parts))
    return parse_pdf(file.getvalue(), "name")


def para(text: str, style: str = "BodyText") -> Paragraph:
    return Paragraph(text, STYLES[style])


def kinds(parsed: Parsed) -> list[tuple[str, str]]:
    return [(block.kind, said(parsed, block)) for block in parsed.blocks]


def said(parsed: Parsed, block: Block) -> str:
    return parsed.text[block.start : block.end]


def table_of(parsed: Parsed) -> Group:
    (table,) = [group for group in parsed.groups if group.kind == "table"]
    return table


def on_pages(draw: Callable[[Canvas, int], object], count: int) -> Callable[[Canvas], None]:
    def draw_all(canvas: Canvas) -> None:
        for number in range(1, count + 1):
            draw(canvas, number)
            if number < count:
                canvas.showPage()

    return draw_all


def test_invoices_one_after_another_keep_their_numbers_and_sums() -> None:
    def invoice(canvas: Canvas, number: int) -> None:
        write(canvas, (f"Invoice no. {1040 + number}",), y=760)
        write(canvas, ("Kite Works Ltd, 4 Mill Lane",), x=350, y=760)
        write(canvas, (f"For repairs to the kite of customer {number * 7} in spring.",), y=500)
        write(canvas, ("Total due: 1200 EUR" if number < 3 else f"Total due: {1200 + number} EUR",), y=300)
        write(canvas, (f"Page {number} of 4",), x=300, y=30)

    text = [said for _, said in pages(read(on_pages(invoice, 4)))]
    for number, page in enumerate(text, start=1):
        assert f"Invoice no. {1040 + number}" in page
        assert f"Total due: {1200 + number if number > 2 else 1200} EUR" in page
        assert "of 4" not in page


def test_a_head_with_the_number_of_its_page_goes_and_one_that_counts_otherwise_stays() -> None:
    def draw(canvas: Canvas, number: int) -> None:
        write(canvas, (f"Annals of the mill · {number + 11}",), y=760)
        write(canvas, (f"Lot {number * 3}",), y=745)
        write(canvas, (f"{BODY} It was {number * number}.",), y=600)

    text = read(on_pages(draw, 5)).text
    assert "Annals" not in text
    assert all(f"Lot {number * 3}" in text for number in range(1, 6))


def test_a_table_of_words_has_the_names_of_its_columns() -> None:
    rows = [["Weir", "Keeper", "Village"], ["Upper", "Ada Brown", "Ashby"], ["Lower", "Ben Stone", "Wick"]]
    parsed = built(
        para(BODY), para("Table 1: Keepers of the weirs"), Table(rows, style=GRID), Spacer(1, 30), para(BODY)
    )
    assert kinds(parsed)[1:4] == [
        ("caption", "Table 1: Keepers of the weirs"),
        ("row", "Weir: Upper; Keeper: Ada Brown; Village: Ashby"),
        ("row", "Weir: Lower; Keeper: Ben Stone; Village: Wick"),
    ]
    table = table_of(parsed)
    assert table.columns == ("Weir", "Keeper", "Village")
    assert table.caption is not None
    assert parsed.text[slice(*table.caption)] == "Table 1: Keepers of the weirs"
    cells = [block.cells for block in parsed.blocks if block.kind == "row"]
    assert [[parsed.text[slice(*cell)] for cell in row] for row in cells] == rows[1:]


def test_cells_of_several_lines_are_whole() -> None:
    long = "A wheel of oak, twelve feet high, that turned four pairs of stones"
    rows = [["Part", "What it was", "Year"], ["Wheel", para(long), "1741"], ["Sluice", para("A gate of iron"), "1802"]]
    parsed = built(para(BODY), Table(rows, style=GRID, colWidths=[70, 120, 60]))
    assert [text for kind, text in kinds(parsed) if kind == "row"] == [
        f"Part: Wheel; What it was: {long}; Year: 1741",
        "Part: Sluice; What it was: A gate of iron; Year: 1802",
    ]


@pytest.mark.parametrize("repeat", [0, 1])
def test_a_table_that_goes_on_on_the_next_page_is_one_with_its_header(repeat: int) -> None:
    rows = [["Year", "Sacks", "Price"], *([str(1800 + at), str(9000 + 31 * at), f"{at}.50"] for at in range(60))]
    parsed = built(Table(rows, style=GRID, repeatRows=repeat))
    table = table_of(parsed)
    assert table.columns == ("Year", "Sacks", "Price")
    assert len(parsed.pages) == 2
    assert [text for kind, text in kinds(parsed) if kind == "row"] == [
        f"Year: {year}; Sacks: {sacks}; Price: {price}" for year, sacks, price in rows[1:]
    ]


def test_another_table_on_the_next_page_is_another() -> None:
    one = Table([["Year", "Sacks"], ["1801", "9,120"], ["1802", "9,340"]], style=GRID)
    other = Table([["Month", "Wages"], ["May", "120"], ["June", "134"]], style=GRID)
    parsed = built(one, PageBreak(), other)
    assert [group.columns for group in parsed.groups] == [("Year", "Sacks"), ("Month", "Wages")]


def test_words_set_wide_apart_are_no_table() -> None:
    lines = [BODY[at : at + 40].strip() for at in range(0, 80, 40)] + ["which is why the stones were sold to a farm"]

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for at, line in enumerate(lines):
            x = 72.0
            for word in line.split():
                canvas.drawString(x, 700 - 12 * at, word)
                x += canvas.stringWidth(word, "Helvetica", 10) + 17 + 3 * (at % 3)

    assert kinds(read(draw)) == [("paragraph", " ".join(lines))]


def invisible(canvas: Canvas, words: Sequence[tuple[float, float, str]]) -> None:
    """Write words as OCR lays them over the picture of a page: nothing of them is drawn."""
    for x, y, word in words:
        text = canvas.beginText(x, y)
        text.setFont("Helvetica", 10)
        text.setTextRenderMode(3)
        text.textOut(word)
        canvas.drawText(text)


def columns_of_words() -> list[tuple[float, float, str]]:
    words = []
    for column, left in enumerate((60, 330)):
        for line in range(14):
            x = float(left)
            for word in f"c{column} l{line} {BODY[3 * line : 3 * line + 24]}".split():
                words.append((x, 700.0 - 14 * line, word))
                x += stringWidth(word, "Helvetica", 10) + 9
    return words


def test_a_scanned_paper_of_two_columns_is_read_down_its_columns() -> None:
    words = columns_of_words()
    image = Image.new("L", (612, 792), 255)
    drawing = ImageDraw.Draw(image)
    for x, y, word in words:
        drawing.text((x, 792 - y - 9), word, fill=0, font=ImageFont.load_default(size=10))

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(image), 0, 0, 612, 792)
        invisible(canvas, sorted(words, key=lambda word: (-word[1], word[0])))

    parsed = read(draw)
    assert {block.kind for block in parsed.blocks} == {"paragraph"}
    assert parsed.text.split() == [word for *_, word in words]


def test_text_that_nobody_sees_is_left_out() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, (BODY,))
        canvas.setFillColor(colors.white)
        write(canvas, ("white on white paper",), y=600)
        canvas.setFillColor(colors.black)
        canvas.rect(60, 480, 400, 40, fill=1)
        canvas.setFillColor(colors.white)
        write(canvas, ("White on a black bar",), y=495)
        canvas.setFillColor(colors.black)
        canvas.setFont("Helvetica", 0.4)
        canvas.drawString(72, 400, "too small for any eye")
        invisible(canvas, [(72, 300, "unprinted")])

    assert kinds(read(draw)) == [("paragraph", BODY), ("paragraph", "White on a black bar")]


def test_raised_and_lowered_figures_are_written_so() -> None:
    text = "Some 2 × 10<super>6</super> m<super>3</super> of H<sub>2</sub>O fell in 1934<super>7</super> over the mill."
    assert kinds(built(para(text))) == [("paragraph", "Some 2 × 10⁶ m³ of H₂O fell in 1934⁷ over the mill.")]


def test_lists_know_what_leads_to_them_and_how_deep_they_are() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, (BODY,), y=712)
        write(canvas, ("The mill had:",), y=690)
        for at, (x, item) in enumerate(((80, "• wheels"), (95, "• of oak"), (95, "• of elm"), (80, "• stones"))):
            write(canvas, (item,), x=x, y=678 - 12 * at)

    parsed = read(draw)
    items = [(block.level, said(parsed, block)) for block in parsed.blocks if block.kind == "item"]
    assert items == [(1, "• wheels"), (2, "• of oak"), (2, "• of elm"), (1, "• stones")]
    (group,) = parsed.groups
    assert group.lead_in is not None
    assert parsed.text[slice(*group.lead_in)] == "The mill had:"


def test_footnotes_are_notes_and_break_no_sentence() -> None:
    first, second = BODY.split(" until ")[0], "until " + BODY.split(" until ")[1]

    def draw(canvas: Canvas) -> None:
        write(canvas, (BODY, BODY, first), y=140)
        canvas.setFont("Helvetica", 7)
        canvas.drawString(72, 60, "1 The weir was built by monks.")
        canvas.drawString(72, 50, "2 It is in ruins.")
        canvas.showPage()
        write(canvas, (second, BODY))

    parsed = read(draw)
    notes = [text for kind, text in kinds(parsed) if kind == "note"]
    assert notes == ["1 The weir was built by monks.", "2 It is in ruins."]
    assert f"{first} {second}" in parsed.text
    assert [page.number for page in parsed.pages] == [1, 2]


def test_captions_and_contents_are_context() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, ("1 The weir " + "." * 60 + " 4", "2 The wheel " + "." * 59 + " 9"), y=740)
        write(canvas, (BODY, BODY), y=600)
        canvas.rect(100, 400, 200, 100)
        write(canvas, ("Figure 3. The wheel from the south.",), y=385)
        write(canvas, ("Figure 3 shows the wheel as it was before the fire of that year.", BODY), y=300)

    parsed = read(draw)
    context = [(block.kind, said(parsed, block)) for block in parsed.blocks if block.is_context]
    assert context == [
        ("item", "1 The weir … 4"),
        ("item", "2 The wheel … 9"),
        ("caption", "Figure 3. The wheel from the south."),
    ]


@pytest.mark.parametrize(
    "codes",
    [
        "(cid:63)(cid:80)(cid:29)(cid:104)(cid:125) (cid:42)(cid:26)(cid:20)(cid:8)",
        "/G21/G22/G23/G24 /G31/G45/G46 /G11/G21/G23",
        '!"# $%$"# &\'() *$\')+* &#"%)+ $"# (#,$-(./',
    ],
)
@pytest.mark.parametrize("has_ocr", [False, pytest.param(True, marks=needs_tesseract)])
def test_a_page_of_glyph_codes_is_named_and_no_text(codes: str, has_ocr: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_ocr:
        without_ocr(monkeypatch)

    def draw(canvas: Canvas, number: int) -> None:
        write(canvas, (codes,) * 12 if number == 2 else (BODY,))

    parsed = read(on_pages(draw, 3))
    assert pages(parsed) == [(1, BODY), (3, BODY)]
    assert parsed.warning is not None
    assert parsed.warning.startswith("page 2 cannot be read")


@needs_tesseract
def test_a_picture_of_a_page_under_a_stamp_is_read_by_ocr() -> None:
    image = Image.new("L", (1700, 2200), 255)
    ImageDraw.Draw(image).text((150, 300), "The mill burned down in 1871", fill=0, font=ImageFont.load_default(size=60))

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(image), 0, 0, 612, 792)
        write(canvas, ("Copy 12",), y=40)

    parsed = read(draw)
    assert "The mill burned down in 1871" in parsed.text
    assert "Copy 12" in parsed.text
    assert parsed.warning == "page 1 read by OCR: letters may be wrong"


def test_a_page_of_few_letters_over_a_picture_is_named_without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ocr(monkeypatch)

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(Image.new("L", (60, 80), 128)), 0, 0, 612, 792)
        write(canvas, ("Copy 12",), y=40)

    parsed = read(draw)
    assert parsed.text == "Copy 12"
    assert parsed.warning == "page 1 cannot be read: no text layer; text recognition (Tesseract) isn’t installed"


def test_blank_pages_are_not_named() -> None:
    def draw(canvas: Canvas, number: int) -> None:
        write(canvas, (BODY,) if number != 2 else (" ",))

    assert read(on_pages(draw, 3)).warning is None


def test_what_is_filled_into_a_form_is_read() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, ("Name of the keeper:",))
        canvas.acroForm.textfield(name="keeper", value="Ada Brown", x=180, y=690, width=150, height=20)

    assert "Ada Brown" in parse_pdf(made(draw), "name").text


def test_it_is_told_whether_a_text_is_one() -> None:
    from rag.parse.pdf_page import is_readable

    for text in (
        BODY,
        "12 345 678 90 12.5 % 33",
        "Иван Петрович",
        "東京は日本の首都",
        "1.2 Metadata ........ 19",
        "OK",
    ):
        assert is_readable(text)
    for text in ("", "   ", "(cid:63)(cid:80) (cid:29)", "\ue001\ue002\ue003 \ue004", '!"# $%$"# &\'() *$\')+* &#"%)+'):
        assert not is_readable(text)
