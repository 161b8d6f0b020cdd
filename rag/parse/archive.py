"""The guard before every format that is a ZIP file inside: DOCX, PPTX, XLSX, ODT, EPUB.

It looks at what an archive declares before anything is unpacked, and refuses one that is locked, cut
short or would unpack into more than a document can be. What a part declares is what is read of it at
most: zipfile stops there. It does not know what the parts mean.
"""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any, NoReturn

from rag.errors import ParseError
from rag.parse.markup import squeeze
from rag.parse.tree import xml_tree

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_PARTS = 20_000
_MOST_BYTES = 500_000_000
# Text packs to a tenth, tables of noughts to a hundredth; a small archive may do as it likes.
_HIGHEST_RATIO, _RATIO_MATTERS_FROM = 200, 50_000_000
# What can go wrong while a part is unpacked.
UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, OSError, ValueError)
# What programs call a document that nobody named.
_NO_TITLE = re.compile(
    r"(?:(?:Word|Microsoft Word) Document|PowerPoint[- ]Pr\w+|(?:Slide|Folie|Diapositive) ?\d*|PowerPoint"
    r"|(?:Document|Presentation|Untitled|Unbenannt|Title|Book|Workbook)[\s\d]*|Microsoft \w+ - .*|.*\.\w{3,4})",
    re.IGNORECASE,
)


def open_archive(data: bytes, kind: str = "ZIP") -> zipfile.ZipFile:
    """Open the bytes of a file of the ``kind`` that is a ZIP file inside; read its parts with ``read_part``.

    Raises:
        ParseError: It is no archive, cut short, locked, or would unpack into too much.
    """
    if data.startswith(OLE):
        refuse_ole(kind, data)
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except UNREADABLE as error:
        if data.startswith(ZIP):
            raise ParseError(f"the file is cut short or damaged: its end is no {kind} file's") from error
        article = "an" if kind[0] in "AEIOX" else "a"
        raise ParseError(f"not {article} {kind} file, though it is named so") from error
    _refuse_bombs(archive.infolist())
    if any(part.flag_bits & 1 for part in archive.infolist()):
        raise ParseError(f"needs a password: save it as {kind} without one")
    return archive


def read_part(archive: zipfile.ZipFile, path: str) -> bytes | None:
    """Return a part of the archive, unpacked; None where there is none of that name.

    Raises:
        ParseError: The part is damaged.
    """
    try:
        return archive.read(path)
    except KeyError:
        return None
    except UNREADABLE as error:
        raise ParseError(f"the file is damaged: its part {path} cannot be unpacked") from error


def read_xml(archive: zipfile.ZipFile, path: str, addresses: Mapping[bytes, bytes] | None = None) -> Any:
    """Return the outermost element of an XML part, entities as they stand; None where there is no such part.

    ``addresses`` are to be put in the place of others.

    Raises:
        ParseError: The part is damaged, or is no XML.
    """
    from lxml import etree

    data = read_part(archive, path)
    if data is None:
        return None
    for other, address in (addresses or {}).items():
        data = data.replace(other, address)
    try:
        return xml_tree(data)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError(f"the file is damaged: its part {path} is no whole XML") from error


def find_xml(archive: zipfile.ZipFile, path: str) -> Any:
    """Return the outermost element of an XML part that is no must; None where there is none, or a broken one."""
    try:
        return read_xml(archive, path)
    except ParseError:
        return None


def zipped(parts: dict[str, bytes]) -> bytes:
    """Return an archive of these parts, by their paths."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in parts.items():
            archive.writestr(path, data)
    return out.getvalue()


def office_title(archive: zipfile.ZipFile) -> str:
    """Return the title that Office keeps beside the text; empty where nobody gave one."""
    properties = find_xml(archive, "docProps/core.xml")
    return given_title(properties.findtext("{*}title") if properties is not None else "")


def given_title(title: str | None) -> str:
    """Return a title in one line; empty where a program made it up."""
    title = squeeze(title or "")
    return "" if _NO_TITLE.fullmatch(title) else title


def _refuse_bombs(parts: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    too_dense = unpacked > _RATIO_MATTERS_FROM and unpacked > _HIGHEST_RATIO * packed
    if len(parts) > _MOST_PARTS or unpacked > _MOST_BYTES or too_dense:
        raise ParseError(f"not unpacked: {len(parts):,} parts of {unpacked // 10**6:,} MB in all are no document")


def refuse_ole(kind: str, data: bytes, name: str = "") -> NoReturn:
    """Say why a file in the older container of Office is not read: it is locked, or of before 2007.

    Raises:
        ParseError: Always; it says as which ``kind`` to save the file.
    """
    import olefile

    if not data.startswith(OLE):
        raise ParseError(f"not an Office file, though it is named so: if it is one, save it as {kind}")
    try:
        with olefile.OleFileIO(data) as ole:
            is_locked = ole.exists("EncryptionInfo") or ole.exists("EncryptedPackage")
    except Exception as error:  # olefile raises many kinds on broken files
        raise ParseError(f"in Office's old binary format, or damaged, or locked: save it as {kind}") from error
    if is_locked:
        raise ParseError(f"needs a password: save it as {kind} without one")
    raise ParseError(f"in Office's old binary format: open it and save it as {kind}")
