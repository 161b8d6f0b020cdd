"""Files whose names lie, or say nothing of their kind, are read as what they are."""

from __future__ import annotations

import json
import zipfile
from email.message import EmailMessage
from io import BytesIO

import docx
import pytest
from openpyxl import Workbook
from reportlab.pdfgen.canvas import Canvas

from rag.errors import ParseError
from rag.parse import misnamed, parse
from rag.parse.kinds import HEAD, kind_of
from tests.ole import Folder, ole
from tests.texts import parse_one

WORDS = "The ferry sails at nine."
BINARY = b"\x7fELF\2\1\1" + bytes(200)


def word() -> bytes:
    document, out = docx.Document(), BytesIO()
    document.add_paragraph(WORDS)
    document.save(out)
    return out.getvalue()


def excel() -> bytes:
    workbook, out = Workbook(), BytesIO()
    for row in (["Ferry", "Seats"], ["Gull", 40], ["Tern", 65]):
        workbook.active.append(row)
    workbook.save(out)
    return out.getvalue()


def pdf() -> bytes:
    out = BytesIO()
    canvas = Canvas(out)
    canvas.drawString(72, 720, WORDS)
    canvas.save()
    return out.getvalue()


def mail(**headers: str) -> bytes:
    message = EmailMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(WORDS, cte="base64")
    return message.as_bytes()


def web_archive() -> bytes:
    """Return a page as browsers save it, with its picture."""
    message = EmailMessage()
    message["From"], message["Subject"] = "<Saved by Blink>", "Times of the ferry"
    message.set_content(f"<p>Überfahrt: {WORDS}</p>", subtype="html", charset="windows-1252", cte="quoted-printable")
    message.add_related(b"\x89PNG\r\n", maintype="image", subtype="png", filename="gull.png")
    return message.as_bytes()


PAGE = f"<html><head><title>Times</title></head><body><p>{WORDS}</p></body></html>".encode()
RTF = rf"{{\rtf1\ansi {WORDS}\par}}".encode()


@pytest.mark.parametrize("name", ["a", "a.doc", "a.xls", "a.pdf", "a.docx", "a.txt", "a.eml", "a.PDF", "v1.2", "a.csv"])
@pytest.mark.parametrize("data", [word(), pdf(), RTF], ids=["docx", "pdf", "rtf"])
def test_a_file_of_office_or_a_pdf_is_read_as_such_whatever_its_name(data: bytes, name: str) -> None:
    assert parse_one(data, name).text.strip() == WORDS
    assert misnamed(name, data[:HEAD]) is None


@pytest.mark.parametrize("name", ["a", "a.doc", "a.xls", "a.pdf", "a.docx", "a.txt", "a.page", "v1.2", "a.csv"])
@pytest.mark.parametrize(
    "data",
    [
        PAGE,
        b"<!-- saved --><!-- twice -->\n" + PAGE,
        PAGE.decode().encode("utf-16"),
        b'<?xml version="1.0"?>\n' + PAGE,
        f"<h2>{WORDS}</h2>".encode(),
        f"<?xml version='1.0'?><FictionBook><body><p>{WORDS}</p></body></FictionBook>".encode(),
    ],
    ids=["page", "comments", "wide", "declared", "fragment", "book"],
)
def test_markup_is_read_as_such_whatever_its_name(data: bytes, name: str) -> None:
    assert parse_one(data, name).text == WORDS
    assert misnamed(name, data[:HEAD]) is None


@pytest.mark.parametrize("name", ["a", "a.xls", "a.docx", "a.txt", "a.json.txt", "a.dat"])
def test_json_is_read_by_its_keys_whatever_its_name(name: str) -> None:
    assert parse_one(json.dumps({"ferry": "Gull", "sails": 9}, indent=1).encode(), name).text == "ferry: Gull; sails: 9"
    lines = b'{"ferry": "Gull"}\n{"ferry": "Tern"}\n'
    assert parse_one(lines, name).text.split() == "ferry: Gull ferry: Tern".split()


@pytest.mark.parametrize("text", ["[1] Smith: Ferries.\n", "{sic} he said\n", "[ferry]\nGull\n", "{}\n", "[" * 9000])
def test_a_text_that_only_begins_like_json_stays_as_it_is(text: str) -> None:
    assert parse_one(text.encode(), "a.txt").text == text


@pytest.mark.parametrize("name", ["timetable.xls", "timetable.xlsx", "timetable.ods"])
def test_a_spreadsheet_is_read_by_its_rows_whatever_program_it_is_said_to_be_of(name: str) -> None:
    rows = "Ferry: Gull; Seats: 40\nFerry: Tern; Seats: 65"
    assert parse_one(excel(), name).text.endswith(rows)
    tabbed = "Ferry\tSeats\nGull\t40\nTern\t65\n"
    assert parse_one(tabbed.encode(), name).text == rows
    assert parse_one(tabbed.encode("utf-16"), name).text == rows
    table = tabbed.strip().replace("\t", "</td><td>").replace("\n", "</td></tr><tr><td>")
    html = f"<table><tr><td>{table}</td></tr></table>".replace("td>", "th>", 4)
    assert parse_one(html.encode(), name).text == rows


@pytest.mark.parametrize("name", ["a", "a.mail", "a.msg", "a.txt"])
def test_a_mail_is_read_as_such_whatever_its_name(name: str) -> None:
    data = mail(From="Ada <ada@river.example>", To="bo@river.example", Subject="Ferry", Message_ID="<1@river.example>")
    document = parse_one(data, name)
    assert document.title == "Ferry"
    assert document.text.endswith(WORDS)


def test_a_folder_of_mail_is_told_by_the_line_over_each_message() -> None:
    assert kind_of(b"From ada@river.example Mon Mar  3 10:00:00 2025\nFrom: Ada\n\nText.\n", "Inbox") == ".mbox"
    assert kind_of(b"From Ulm down to Passau, 2025\nNote: by boat\n", "tour.txt") == ".txt"


def test_headers_over_a_text_are_its_own() -> None:
    text = f"From: Ada\nTo: Bo\nSubject: Ferry\n\n{WORDS}\n"
    assert parse_one(text.encode(), "memo.txt").text == text


@pytest.mark.parametrize("name", ["a.mhtml", "a.mht", "a", "a.doc"])
def test_a_page_that_was_saved_whole_is_read_as_a_page(name: str) -> None:
    found = parse(web_archive(), name)
    assert [(one.source, one.title, one.text) for one in found.documents] == [
        (name, "Times of the ferry", f"Überfahrt: {WORDS}")
    ]
    assert found.warning is None


@pytest.mark.parametrize("name", ["notes", "README", "LICENSE", "a.TEXT", "a.nfo", "server.log.1", "a.doc", "a.pdf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_text_is_read_as_text_whatever_its_name(name: str, encoding: str) -> None:
    text = f"Die Fähre für Köln.\n\n{WORDS}\n" * 200
    assert parse_one(text.encode(encoding), name).text == text
    assert misnamed(name, text.encode(encoding)[:HEAD]) is None


def test_lines_that_go_on_are_joined_in_a_text_and_not_in_code() -> None:
    wrapped = b"The ferry sails at nine in the morning from the\nnorthern pier, except on the Sundays of the year.\n"
    assert len(parse_one(wrapped, "README").blocks) == 1
    assert {block.kind for block in parse_one(b"all:\n\tmake -C src\n", "Makefile").blocks} == {"code"}
    assert {block.kind for block in parse_one(b"#!/bin/sh\nrsync -a /srv vault:\n", "copy").blocks} == {"code"}


@pytest.mark.parametrize("name", ["a.bin", "a", "a.exe", "a.png", "a.jar"])
def test_a_binary_file_of_an_unknown_kind_is_refused_in_a_line(name: str) -> None:
    for data in (BINARY, b"Header: of a text\n" * 400 + BINARY):
        with pytest.raises(ParseError, match=r"^(\w+ files|files without an extension) aren’t supported$"):
            parse(data, name)
    assert misnamed(name, BINARY) is not None


@pytest.mark.parametrize("name", ["a.svg", "production.env", "server.pem", "poetry.lock", "app.js.map", "a.BAK"])
def test_texts_that_are_no_documents_are_not_read(name: str) -> None:
    with pytest.raises(ParseError, match="aren’t supported"):
        parse(b"<svg xmlns='http://www.w3.org/2000/svg'/>", name)


def test_a_private_key_is_not_read() -> None:
    for name in ("id_rsa", "key.txt", "key.doc"):
        with pytest.raises(ParseError, match="a private key: not read"):
            parse(b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n", name)


@pytest.mark.parametrize("name", ["a.doc", "a.docx", "a.pdf", "a.xls", "a"])
def test_an_old_file_of_office_says_what_to_do(name: str) -> None:
    for stream, kind in (("WordDocument", "DOCX"), ("Workbook", "XLSX"), ("PowerPoint Document", "PPTX")):
        with pytest.raises(ParseError, match=f"^in Office's old binary format: open it and save it as {kind}$"):
            parse(ole(Folder({stream: bytes(5000)})), name)


def test_a_locked_file_under_an_old_name_says_what_to_do() -> None:
    with pytest.raises(ParseError, match=r"^needs a password: save it as DOCX without one$"):
        parse(ole(Folder({"EncryptedPackage": bytes(5000)})), "a.doc")


@pytest.mark.parametrize(
    "data",
    [
        b"<!-->" * 2000 + b"<!--" * 2000,
        b"<" + b"a " * 4000,
        b"From " + b"a" * 8000,
        b"x: y\n" * 4000,
        b"<?xml " * 3000,
        b'{"a":' * 3000,
        b"PK\x03\x04" + bytes(5000),
        b"PK\x03\x04" + word()[4:-40],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 5000,
        b"%PDF-1.7\n" + bytes(5000),
        b"{\\rtf1" + b"{" * 9000,
    ],
    ids=lambda data: data[:6].hex(),
)
@pytest.mark.parametrize("name", ["a", "a.doc", "a.txt", "a.pdf"])
def test_a_name_and_a_content_that_lie_are_refused_or_read(data: bytes, name: str) -> None:
    misnamed(name, data[:HEAD])
    reason = ""
    try:
        parse(data, name)
    except ParseError as error:
        reason = str(error)
    assert "\n" not in reason


def test_other_archives_than_office_s_are_no_office_files() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", WORDS)
    with pytest.raises(ParseError, match="not a DOCX file, though it is named so"):
        parse(out.getvalue(), "a.docx")
    assert [one.source for one in parse(out.getvalue(), "a").documents] == ["a/a.txt"]
