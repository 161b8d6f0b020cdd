from __future__ import annotations

import struct
import zipfile
from io import BytesIO

import pytest

from rag.errors import ParseError
from rag.parse.archive import given_title, office_title, open_archive, read_part, read_xml
from tests.damage import BOMB, damaged
from tests.ole import Folder, ole


def zipped(parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in parts.items():
            archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)  # of the same time: it names a test
    return out.getvalue()


def declaring(data: bytes, size: int) -> bytes:
    """Return the archive of one part with another size declared for it, in both places."""
    at, central = data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02")
    patched = bytearray(data)
    patched[at + 22 : at + 26] = patched[central + 24 : central + 28] = struct.pack("<I", size)
    return bytes(patched)


def test_parts_are_read_by_their_path() -> None:
    archive = open_archive(zipped({"a/b.txt": b"text"}))
    assert read_part(archive, "a/b.txt") == b"text"
    assert read_part(archive, "a/c.txt") is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"plain text", "not a DOCX file, though it is named so"),
        (b"", "not a DOCX file, though it is named so"),
        (zipped({"a": b"text" * 99})[:-30], "the file is cut short or damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "in Office's old binary format, or damaged, or locked: save it as DOCX",
        ),
    ],
)
def test_what_is_no_whole_archive_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        open_archive(data, "DOCX")


def test_a_locked_archive_is_refused() -> None:
    data = bytearray(zipped({"a": b"text"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(ParseError, match="needs a password: save it as DOCX without one"):
        open_archive(bytes(data), "DOCX")


def test_an_archive_that_would_unpack_into_too_much_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(ParseError, match=r"not unpacked: 1 parts of 60 MB"):
        open_archive(zipped({"a": bytes(60_000_000)}))
    with pytest.raises(ParseError, match=r"not unpacked: 1 parts of 4,000 MB"):
        open_archive(declaring(zipped({"a": b"text"}), 4_000_000_000))
    with pytest.raises(ParseError, match=r"not unpacked: 20,001 parts"):
        open_archive(zipped({str(number): b"" for number in range(20_001)}))


def test_no_more_is_unpacked_than_was_declared() -> None:
    archive = open_archive(declaring(zipped({"a": bytes(1_000_000)}), 10))
    with pytest.raises(ParseError, match="its part a cannot be unpacked"):
        read_part(archive, "a")


def test_entities_are_not_resolved() -> None:
    text = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY f SYSTEM "file:///etc/passwd">]><x><y>one &a;&f;two</y></x>'
    element = read_xml(open_archive(zipped({"a.xml": text.encode()})), "a.xml")
    assert "ha" not in "".join(element.itertext("y"))
    assert "root" not in "".join(element.itertext())
    with pytest.raises(ParseError, match="no whole XML"):
        read_xml(open_archive(zipped({"a.xml": f"{BOMB}<x><y>&a9;</y></x>".encode()})), "a.xml")


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ("EncryptionInfo", "needs a password: save it as XLSX without one"),
        ("Workbook", "in Office's old binary format: open it and save it as XLSX"),
    ],
)
def test_an_old_file_and_a_locked_one_are_told_apart(stream: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        open_archive(ole(Folder({stream: bytes(5000)})), "XLSX")


def test_a_broken_part_is_named() -> None:
    archive = open_archive(zipped({"a.xml": b"<x><y>"}))
    with pytest.raises(ParseError, match=r"its part a\.xml is no whole XML"):
        read_xml(archive, "a.xml")
    assert read_xml(archive, "b.xml") is None


def test_damaged_archives_are_refused_or_read() -> None:
    refused = 0
    for data in damaged(zipped({"a.xml": b"<x>text</x>" * 30, "b": b"text"}), 100):
        try:
            archive = open_archive(data)
            for path in archive.namelist():
                read_part(archive, path)
        except ParseError:
            refused += 1
    assert refused, "no damage was noticed"


@pytest.mark.parametrize(
    "title", ["Word Document", "Document1", "PowerPoint Presentation", "report.docx", " ", "Slide 1"]
)
def test_a_title_that_a_program_made_up_is_none(title: str) -> None:
    assert given_title(title) == ""


def test_the_title_is_among_the_properties() -> None:
    core = '<p xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title> Rivers of\nEurope </dc:title></p>'
    assert office_title(open_archive(zipped({"docProps/core.xml": core.encode()}))) == "Rivers of Europe"
    assert office_title(open_archive(zipped({"docProps/core.xml": b"broken"}))) == ""
