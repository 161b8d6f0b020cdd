from __future__ import annotations

from io import BytesIO

import pytest
from docx import Document
from docx.document import Document as Docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.table import Table

from rag.errors import ParseError
from rag.parse.docx import parse_docx
from rag.parse.parsed import Parsed
from tests.damage import BOMB, assert_read_or_refused, damaged, damaged_inside, part, rezip
from tests.texts import block_texts, kinds_and_texts

W = nsdecls("w")
NOTES = {"footnotes": "footnote", "endnotes": "endnote"}


def saved(document: Docx) -> bytes:
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def read(document: Docx) -> Parsed:
    return parse_docx(saved(document), "name")


def of_xml(*paragraphs: str) -> Docx:
    """Return a document with these elements in its body."""
    document = Document()
    for xml in paragraphs:
        document.element.body.insert_element_before(parse_xml(xml.replace(">", f" {W}>", 1)), "w:sectPr")
    return document


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def sample() -> bytes:
    document = Document()
    document.add_heading("Rivers", 1)
    document.add_paragraph("The Danube flows through ten countries.")
    table = document.add_table(2, 3)
    for cell, text in zip(
        [*table.rows[0].cells, *table.rows[1].cells], "River Length End Inn 518 Passau".split(), strict=True
    ):
        cell.text = text
    return saved(document)


def test_paragraphs_headings_and_lists_are_blocks_in_their_order() -> None:
    document = Document()
    document.add_heading("Rivers of Europe", 0)
    document.add_heading("The Danube", 1)
    paragraph = document.add_paragraph("It flows ")
    paragraph.add_run("through").bold = True
    paragraph.add_run(" ten\tcountries.")
    document.add_heading("Tributaries", 2)
    document.add_paragraph("The Inn", style="List Bullet")
    document.add_paragraph("")
    document.add_paragraph("The Drava", style="List Number")
    parsed = read(document)
    assert parsed.text.split("\n\n") == [
        "Rivers of Europe",
        "The Danube",
        "It flows through ten countries.",
        "Tributaries",
        "The Inn",
        "1. The Drava",
    ]
    assert [(one.level, one.text) for one in parsed.headings] == [
        (1, "Rivers of Europe"),
        (1, "The Danube"),
        (2, "Tributaries"),
    ]
    assert parsed.title == "Rivers of Europe"


def test_the_title_is_the_documents_own_where_it_has_one() -> None:
    document = Document()
    document.add_heading("First", 1)
    document.core_properties.title = "The rivers"
    assert read(document).title == "The rivers"
    document.core_properties.title = "Word Document"
    assert read(document).title == "First"
    assert read(of_xml("<w:p></w:p>")).title == "name"


def test_a_style_is_a_headings_by_its_outline_or_the_style_it_is_made_from() -> None:
    document = Document()
    made = document.styles.add_style("Kapitel", 1)
    made.base_style = document.styles["Heading 2"]
    document.add_paragraph("From a style", style="Kapitel")
    outlined = document.add_paragraph("From its outline")
    outlined.paragraph_format.element.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {W} w:val="2"/>'))
    assert [(one.level, one.text) for one in read(document).headings] == [(2, "From a style"), (3, "From its outline")]


def test_a_row_can_be_read_alone() -> None:
    assert parse_docx(sample(), "name").text.split("\n\n")[-1] == "River: Inn; Length: 518; End: Passau"


def table_of(document: Docx, rows: list[list[str]]) -> Table:
    table = document.add_table(len(rows), len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return table


def mark_header(table: Table, rows: int = 1) -> None:
    for row in table.rows[:rows]:
        row._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {W}/>"))


def test_a_table_of_two_columns_has_names_where_figures_or_the_format_say_so() -> None:
    document = Document()
    for rows in (
        [["Name", "Ada"], ["Born in", "London"]],
        [["River", "Length"], ["Inn", "518"]],
        [["River", "Source"], ["Inn", "Maloja"]],
    ):
        table = table_of(document, rows)
        document.add_paragraph("--")
    mark_header(table)
    assert read(document).text.replace("\n\n--", "").split("\n\n") == [
        "Name | Ada\nBorn in | London",
        "River: Inn; Length: 518",
        "River: Inn; Source: Maloja",
    ]


def test_merged_cells_say_their_text_in_each_row_and_column_and_nested_tables_stand_in_theirs() -> None:
    document = Document()
    table = table_of(document, [[f"{column}{row}" for column in "abc"] for row in range(3)])
    table.cell(1, 0).merge(table.cell(2, 0)).text = "both"
    table.cell(1, 1).merge(table.cell(1, 2)).text = "wide"
    table.cell(2, 2).add_table(1, 2).rows[0].cells[1].text = "inner"
    parsed = read(document)
    assert block_texts(parsed) == ["a0: both; b0: wide; c0: wide", "a0: both; b0: b2; c0: c2 inner"]
    assert parsed.groups[0].columns == ("a0", "b0", "c0")
    assert [parsed.text[slice(*span)] for span in parsed.blocks[1].cells] == ["both", "b2", "c2 inner"]


def test_the_rows_of_a_header_are_one_name_a_column_and_a_title_over_all_is_the_caption() -> None:
    document = Document()
    rows = [["Tides", "", ""], ["Port", "Height", ""], ["", "high", "low"], ["Brest", "7.1", "1.2"]]
    table = table_of(document, rows)
    table.cell(0, 0).merge(table.cell(0, 2))
    table.cell(1, 1).merge(table.cell(1, 2))
    mark_header(table, 3)
    assert kinds_and_texts(read(document)) == [
        ("caption", "Tides"),
        ("row", "Port: Brest; Height high: 7.1; Height low: 1.2"),
    ]


def test_lists_keep_their_numbers_and_their_lead_in() -> None:
    document = Document()
    document.add_paragraph("To start the pump:")
    for text, style in (("Open the valve", "List Number"), ("Turn the key", "List Number")):
        document.add_paragraph(text, style=style)
    parsed = read(document)
    assert kinds_and_texts(parsed) == [
        ("paragraph", "To start the pump:"),
        ("item", "1. Open the valve"),
        ("item", "2. Turn the key"),
    ]
    assert [parsed.text[slice(*group.lead_in)] for group in parsed.groups if group.lead_in] == ["To start the pump:"]


def test_items_in_items_are_numbered_as_they_are_shown() -> None:
    lvl = '<w:lvl w:ilvl="{}"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="{}"/></w:lvl>'
    levels = lvl.format(0, "%1.") + lvl.format(1, "%1.%2.")
    number = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    numbering = f'<w:numbering {W}><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>{number}</w:numbering>'
    item = (
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="{}"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    )
    document = of_xml(*(item.format(*one) for one in ((0, "Term"), (0, "Fees"), (1, "Rent"), (1, "Heat"), (0, "End"))))
    data = rezip(saved(document), {"word/numbering.xml": numbering.encode()})
    assert block_texts(parse_docx(data, "name")) == ["1. Term", "2. Fees", "2.1. Rent", "2.2. Heat", "3. End"]


def test_raised_lowered_and_struck_text_is_read_as_it_is_meant() -> None:
    def styled(style: str, text: str) -> str:
        return f"<w:r><w:rPr>{style}</w:rPr><w:t>{text}</w:t></w:r>"

    up, down = '<w:vertAlign w:val="superscript"/>', '<w:vertAlign w:val="subscript"/>'
    inside = run("7 × 10") + styled(up, "−5") + run(" t of CO") + styled(down, "2") + run(", the 21") + styled(up, "st")
    inside += run(", x") + styled(up, "ab") + run(" costs ") + styled("<w:strike/>", "18") + run("22 euros")
    assert read(of_xml(f"<w:p>{inside}</w:p>")).text == "7 × 10⁻⁵ t of CO₂, the 21st, x^(ab) costs 22 euros"


def test_a_table_that_lays_out_the_page_is_read_cell_by_cell() -> None:
    document = Document()
    left, right = document.add_table(1, 2).rows[0].cells
    left.text = "Menu"
    right.paragraphs[0].text = "Rivers"
    right.paragraphs[0].style = "Heading 1"
    right.add_paragraph("The Inn is long.")
    parsed = read(document)
    assert parsed.text == "Menu\n\nRivers\n\nThe Inn is long."
    assert [one.text for one in parsed.headings] == ["Rivers"]


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (
            run("a ")
            + f'<w:ins w:id="1">{run("new")}</w:ins>'
            + '<w:del w:id="2"><w:r><w:delText>old</w:delText></w:r></w:del>',
            "a new",
        ),
        (f'<w:moveFrom w:id="1">{run("gone")}</w:moveFrom><w:moveTo w:id="2">{run("here")}</w:moveTo>', "here"),
        (run("see ") + f'<w:hyperlink w:anchor="x">{run("this page")}</w:hyperlink>' + run("."), "see this page."),
        (
            '<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>DATE</w:instrText></w:r>'
            + '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
            + run("Monday"),
            "Monday",
        ),
        (f'<w:fldSimple w:instr="PAGE">{run("7")}</w:fldSimple>', "7"),
        ("<w:r><w:t>Do</w:t><w:softHyphen/><w:t>nau</w:t><w:noBreakHyphen/><w:t>Brücke</w:t></w:r>", "Donau-Brücke"),
        ("<w:r><w:t>Do\u00adnau</w:t></w:r>", "Donau"),
        ("<w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t></w:r>", "one two\nthree"),
        (
            "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
            '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>open</w:t></w:r>',
            "open",
        ),
        (
            '<w:r><w:sym w:font="Symbol" w:char="F061"/><w:sym w:font="Wingdings" w:char="F0E0"/>'
            '<w:sym w:font="Webdings" w:char="F022"/></w:r>',
            "α🡪🕸",
        ),
        (f"<w:sdt><w:sdtPr><w:alias w:val='x'/></w:sdtPr><w:sdtContent>{run('form')}</w:sdtContent></w:sdt>", "form"),
        (f'<w:smartTag w:element="x">{run("Pass")}</w:smartTag>' + run("au"), "Passau"),
        (
            f"<w:commentRangeStart w:id='0'/>{run('said')}<w:commentRangeEnd w:id='0'/>"
            "<w:r><w:commentReference w:id='0'/></w:r>",
            "said",
        ),
        (f"<w:r><w:ruby><w:rt>{run('kan')}</w:rt><w:rubyBase>{run('漢')}</w:rubyBase></w:ruby></w:r>", "漢"),
    ],
)
def test_a_paragraph_is_what_a_reader_reads(inside: str, text: str) -> None:
    assert read(of_xml(f"<w:p>{inside}</w:p>")).text == text


def test_a_fraction_and_a_power_are_written_in_a_line() -> None:
    m = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    fraction = "<m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>c</m:t></m:r></m:den></m:f>"
    power = "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    assert read(of_xml(f"<w:p><m:oMath {m}>{fraction}{power}</m:oMath></w:p>")).text == "(a + b)/c x²"


def test_a_text_box_is_read_once_and_after_its_paragraph() -> None:
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = f"<w:txbxContent><w:p>{run('in the box')}</w:p></w:txbxContent>"
    choice = f"<mc:Choice Requires='wps'><w:drawing>{box}</w:drawing></mc:Choice>"
    both = f"<mc:AlternateContent {mc}>{choice}<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent>"
    assert (
        read(of_xml(f"<w:p>{run('before ')}<w:r>{both}</w:r>{run('after')}</w:p>")).text == "before after\n\nin the box"
    )


@pytest.mark.parametrize("kind", ["footnote", "endnote"])
def test_a_note_stands_after_the_paragraph_that_refers_to_it(kind: str) -> None:
    separator = f'<w:{kind} w:id="0" w:type="separator"><w:p>{run("line")}</w:p></w:{kind}>'
    note = f'<w:{kind} w:id="2"><w:p><w:r><w:{kind}Ref/></w:r>{run(" As of 2020.")}</w:p></w:{kind}>'
    notes = f"<w:{kind}s {W}>{separator}{note}</w:{kind}s>"
    paragraph = f'<w:p>{run("It is long")}<w:r><w:{kind}Reference w:id="2"/></w:r>{run(".")}</w:p>'
    data = rezip(saved(of_xml(paragraph, f"<w:p>{run('Next.')}</w:p>")), {f"word/{kind}s.xml": notes.encode()})
    parsed = parse_docx(data, "name")
    assert kinds_and_texts(parsed) == [("paragraph", "It is long."), ("note", "As of 2020."), ("paragraph", "Next.")]


def test_headers_footers_and_tables_of_contents_are_left_out() -> None:
    document = Document()
    document.sections[0].header.paragraphs[0].text = "Confidential"
    document.sections[0].footer.paragraphs[0].text = "Page 1"
    document.styles.add_style("toc 1", 1)
    document.styles.add_style("toc heading", 1)
    document.styles.add_style("table of rivers", 1)
    document.add_paragraph("Contents", style="toc heading")
    document.add_paragraph("Rivers\t7", style="toc 1")
    document.add_paragraph("Inn.", style="table of rivers")
    document.add_paragraph("Text.")
    assert read(document).text == "Inn.\n\nText."


def test_a_table_of_contents_of_any_make_is_left_out() -> None:
    gallery = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
    content = f"<w:p>{run('Rivers 7')}</w:p>"
    contents = f"<w:sdt><w:sdtPr>{gallery}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"
    assert read(of_xml(contents, f"<w:p>{run('Text.')}</w:p>")).text == "Text."


def test_text_of_a_hidden_style_is_left_out() -> None:
    document = Document()
    document.styles.add_style("Answer key", WD_STYLE_TYPE.CHARACTER).font.hidden = True
    paragraph = document.add_paragraph("Two and two? ")
    paragraph.add_run("Four. ", style="Answer key")
    paragraph.add_run("Think.")
    assert read(document).text == "Two and two? Think."


def test_a_text_box_in_the_margin_of_pages_is_read_once() -> None:
    document = of_xml(f"<w:p>{run('Text.')}</w:p>")
    box = f"<w:r {W}><w:pict><w:txbxContent><w:p>{run('Policy AH-77')}</w:p></w:txbxContent></w:pict></w:r>"
    for margin in (document.sections[0].header, document.sections[0].footer):
        margin.paragraphs[0].text = "Confidential"
        margin.paragraphs[0]._p.append(parse_xml(box))
    assert read(document).text == "Text.\n\nPolicy AH-77"


def test_what_is_in_a_file_and_not_read_is_named() -> None:
    data = rezip(sample(), {"word/charts/chart1.xml": b"<c/>", "word/embeddings/book.xlsx": b"PK"})
    assert parse_docx(data, "name").warning == "not read: its charts, the files in it"


def test_a_table_of_long_texts_keeps_the_names_of_its_columns_and_without_any_its_paragraphs() -> None:
    document = Document()
    long = "The river is long. " * 60
    for rows in (["Name", "Source", "Text", "Inn", "Maloja", long], ["Inn.", "", long, "Drava.", "", long]):
        table = document.add_table(2, 3)
        for cell, text in zip([*table.rows[0].cells, *table.rows[1].cells], rows, strict=True):
            cell.text = text
    long = long.strip()
    assert read(document).text.split("\n\n") == [
        f"Name: Inn; Source: Maloja; Text: {long}",
        *("Inn.", long, "Drava.", long),
    ]


def test_a_file_in_the_strict_form_of_the_format_is_read() -> None:
    addresses = (
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    paths = ["word/document.xml", "word/styles.xml"]
    strict = rezip(sample(), {path: part(sample(), path).decode().replace(*addresses).encode() for path in paths})
    assert parse_docx(strict, "name") == parse_docx(sample(), "name")


def test_broken_notes_are_told_and_the_text_is_read() -> None:
    parsed = parse_docx(rezip(sample(), {"word/footnotes.xml": b"<broken"}), "name")
    assert parsed.text.startswith("Rivers\n\nThe Danube")
    assert parsed.warning == "not read: its damaged footnotes"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"text", "not a DOCX file, though it is named so"),
        (sample()[:-100], "the file is cut short"),
        (rezip(sample(), {"word/document.xml": b"<w:document"}), "word/document.xml is no whole XML"),
        (rezip(sample(), {"word/document.xml": b"<x/>"}), "not a DOCX file, though it is named so: it holds no text"),
        (rezip(sample(), {"word/document.xml": f"{BOMB}<x>&a9;</x>".encode()}), "no whole XML"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_docx(data, "name")


def test_an_entity_reaches_no_file() -> None:
    entity = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    xml = part(sample(), "word/document.xml").decode().replace("<w:document", f"{entity}<w:document", 1)
    data = rezip(sample(), {"word/document.xml": xml.replace("through ten", "through &f;").encode()})
    assert "root:" not in parse_docx(data, "name").text


def test_elements_that_stand_in_one_another_without_end_are_refused() -> None:
    deep = f"<w:document {W}><w:body>{'<w:sdt>' * 5000}{'</w:sdt>' * 5000}</w:body></w:document>"
    with pytest.raises(ParseError):
        parse_docx(rezip(sample(), {"word/document.xml": deep.encode()}), "name")


def test_a_damaged_document_is_read_or_refused() -> None:
    assert_read_or_refused(parse_docx, damaged(sample(), 20))
    assert_read_or_refused(
        parse_docx, damaged_inside(sample(), ["word/document.xml", "word/styles.xml", "_rels/.rels"], 8)
    )
