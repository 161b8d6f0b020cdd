"""Files of each format, made by the programs and libraries that people's files come from."""

from __future__ import annotations

import mailbox
import subprocess
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pypandoc
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from odfdo import Document, DrawPage, Element, Frame
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Cm

from tests.ole import Folder, ole


def converted(markdown: str, pandoc_format: str) -> bytes:
    """Return a text as Pandoc writes it in a format."""
    command = [pypandoc.get_pandoc_path(), "--standalone", "-f", "markdown", "-t", pandoc_format, "-o", "-"]
    return subprocess.run(command, input=markdown.encode(), stdout=subprocess.PIPE, check=True).stdout


def saved(document: Any) -> bytes:
    """Return what a library's document is saved as."""
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def word() -> bytes:
    """A document with hidden and deleted text, a comment, a text box, a merged cell and a caption under a picture."""
    document = docx.Document()
    document.add_heading("Quarry", 1)
    paragraph = document.add_paragraph("The gate opens at six. ")
    paragraph.add_run("The code is 4711.").font.hidden = True
    deleted = "<w:r><w:delText>It was five.</w:delText></w:r>"
    paragraph._p.append(parse_xml(f'<w:del {nsdecls("w")} w:id="1" w:author="A">{deleted}</w:del>'))
    box = "<w:txbxContent><w:p><w:r><w:t>Ring twice.</w:t></w:r></w:p></w:txbxContent>"
    paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}><w:pict>{box}</w:pict></w:r>"))
    document.add_comment(paragraph.runs[0], text="Is that so?", author="B")
    document.add_paragraph("Figure 1: The gate", style="Caption")
    document.add_paragraph("Table 1: Shifts", style="Caption")
    table = document.add_table(3, 3)
    rows = (("Hall", "Shift", "Foreman"), ("North", "early", "Wanda"), ("", "late", "Xaver"))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    return saved(document)


def workbook() -> bytes:
    """A workbook with a title over its header, a merged cell, what is hidden, and a formula without a value."""
    book = Workbook()
    sheet = book.active
    for row in (["Staff 2024"], ["Ward", "Nurse", "Pay", "Desk"], ["North", "Ann", 1, 5], ["", "Bea", 1, 6]):
        sheet.append(row)
    sheet.append(["South", "Cid", 1, 7])
    sheet.append(["East", "Dot", 1, "=D3+D4"])
    sheet.title = "Staff"
    sheet.merge_cells("A3:A4")
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["C"].hidden = True
    book.create_sheet("Salaries").append(["secret"])
    book["Salaries"].sheet_state = "hidden"
    return saved(book)


def _cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


def open_sheets() -> bytes:
    """The same in OpenDocument."""
    document = Document("spreadsheet")
    document.body.clear()
    rows = [
        _cell("Ward") + _cell("Nurse") + _cell("Pay") + _cell("Desk"),
        _cell("North", 'table:number-rows-spanned="2"') + _cell("Ann") + _cell("1") + _cell("5"),
        "<table:covered-table-cell/>" + _cell("Bea") + _cell("1") + _cell("6"),
        _cell("South") + _cell("Cid") + _cell("1") + _cell("7"),
        _cell("East") + _cell("Dot") + _cell("1") + "<table:table-cell table:formula='of:=[.D2]'/>",
    ]
    tags = ["<table:table-row>"] * 3 + ["<table:table-row table:visibility='filter'>", "<table:table-row>"]
    inside = "<table:table-column table:number-columns-repeated='2'/><table:table-column table:visibility='collapse'/>"
    inside += "".join(f"{tag}{row}</table:table-row>" for tag, row in zip(tags, rows, strict=True))
    hidden = "<style:style style:name='no' style:family='table'><style:table-properties table:display='false'/>"
    document.insert_style(f"{hidden}</style:style>", automatic=True)
    document.body.append(Element.from_tag(f"<table:table table:name='Staff'>{inside}</table:table>"))
    document.body.append(
        Element.from_tag(f"<table:table table:name='Secret' table:style-name='no'>{inside}</table:table>")
    )
    return saved(document)


def slides() -> bytes:
    """A presentation with a list, a table, a group of shapes, notes, and a slide that is not shown."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Harbour"
    slide.placeholders[1].text = "Dredge the basin\nMend the pier: 10"
    for text, attribute, value in (("6", "baseline", "30000"), (" old", "strike", "sngStrike"), (" crowns", "b", "1")):
        run = slide.placeholders[1].text_frame.paragraphs[1].add_run()
        run.text = text
        run.font._element.set(attribute, value)
    table = slide.shapes.add_table(2, 2, Cm(1), Cm(15), Cm(9), Cm(3)).table
    for row, texts in zip(table.rows, (("Ship", "Tons"), ("Ada", "900")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Cm(1), Cm(20), Cm(4), Cm(1)).text_frame.text = "In a group"
    slide.notes_slide.notes_text_frame.text = "Speak slowly."
    hidden = deck.slides.add_slide(deck.slide_layouts[5])
    hidden.shapes.title.text = "Not for the board"
    hidden.element.set("show", "0")
    return saved(deck)


def open_slides() -> bytes:
    """Slides in OpenDocument, one of them not shown."""
    document = Document("presentation")
    document.body.clear()
    style = "<style:style style:name='no' style:family='drawing-page'>"
    style += "<style:drawing-page-properties presentation:visibility='hidden'/></style:style>"
    document.insert_style(style, automatic=True)
    for name, title in (("one", "Harbour"), ("two", "Not for the board"), ("three", "Piers")):
        page = DrawPage(name)
        page.append(Frame.text_frame(title, presentation_class="title"))
        if name == "two":
            page.set_attribute("draw:style-name", "no")
        document.body.append(page)
    return saved(document)


def mail(attaches: bool = True) -> EmailMessage:
    """A reply above what it quotes, signed, with a file attached."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@x.example>", "bob@x.example", "Keys"
    message["Date"] = "Mon, 01 Jan 2024 10:00:00 +0000"
    message.set_content(
        "The keys are with Otto.\n\nOn Sun, 31 Dec 2023, Bob wrote:\n> Are the keys with Ida?\n\n-- \nAda, room 7\n"
    )
    if attaches:
        message.add_attachment("Paint the door green. " * 40, filename="plan.txt", cte="base64")
    return message


def mail_folder(folder: Path) -> bytes:
    """Two messages in a file, as mail programs keep them."""
    path = folder / "inbox.mbox"
    box = mailbox.mbox(path)
    other = mail(attaches=False)
    other.replace_header("Subject", "Locks")
    other.set_content("From here on, lock the gate.\n")
    for message in (mail(), other):
        box.add(message)
    box.flush()
    return path.read_bytes()


def outlook() -> bytes:
    """A message of Outlook."""
    texts = {0x0037: "Keys", 0x0C1A: "Ada", 0x1000: "The keys are with Otto.\r\n"}
    streams: dict[str, Folder | bytes] = {
        f"__substg1.0_{number:04X}001F": text.encode("utf-16-le") for number, text in texts.items()
    }
    return ole(Folder({"__properties_version1.0": bytes(32), **streams}))


def saved_page() -> bytes:
    """A page as a browser saves it with its pictures."""
    message = EmailMessage()
    message["Subject"] = "Frost"
    message.set_content("<h1>Frost</h1><p>It came in May.</p>", subtype="html")
    message.add_related(b"PNG", "image", "png", cid="<one>")
    return message.as_bytes()
