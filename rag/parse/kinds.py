"""What kind of file some bytes are, whatever the file is called: a kind is the suffix that such files have.

The bytes count where they are certain: what a format must begin with, what is in an Office file's archive. Else the
name does. It reads no text; the start of a file is enough for it, where only that is there.
"""

from __future__ import annotations

import json
import re
from email.parser import HeaderParser
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import ZipFile

from rag.errors import ParseError
from rag.parse.archive import OLE, UNREADABLE, ZIP
from rag.parse.formats import PARSERS, UNSURE
from rag.parse.text import decode, is_guessed

HEAD = 4096  # bytes from which the kind of a text is told

_ZIPPED = frozenset(".docx .docm .pptx .pptm .xlsx .xlsm .odt .odp .ods .epub".split())
_SHEETS = frozenset((".xls", ".xlsx", ".xlsm", ".ods"))
# What files of a kind begin with. Office files with a password are wrapped in OLE: the list says what they need.
_BEGINNINGS: dict[str, re.Pattern[bytes]] = {
    **dict.fromkeys(_ZIPPED, re.compile(re.escape(ZIP) + b"|" + re.escape(OLE))),
    **dict.fromkeys((".doc", ".xls", ".ppt", ".msg"), re.compile(re.escape(OLE))),
    ".pdf": re.compile(rb"(?s).{0,1019}%PDF-"),  # something may stand before it
    ".rtf": re.compile(rb"\s*\{\\rtf"),
    ".zip": re.compile(rb"PK\x03\x04|PK\x05\x06"),
    ".tar": re.compile(rb"(?s).{257}ustar"),
    **dict.fromkeys((".gz", ".tgz"), re.compile(rb"\x1f\x8b")),
    ".bz2": re.compile(rb"BZh"),
    ".xz": re.compile(rb"\xfd7zXZ\0"),
}
# How a file of another name must begin to be of these kinds.
_CERTAIN = {".pdf": re.compile(rb"%PDF-\d\.\d\s*[\r\n]"), ".rtf": re.compile(rb"\s*\{\\rtf\d")}
_FOLDERS = {"word": ".docx", "ppt": ".pptx", "xl": ".xlsx"}
_MEDIA_TYPES = {
    b"application/epub+zip": ".epub",
    b"application/vnd.oasis.opendocument.text": ".odt",
    b"application/vnd.oasis.opendocument.presentation": ".odp",
    b"application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
_STREAMS = {
    "__properties_version1.0": ".msg",
    "WordDocument": ".doc",
    "Workbook": ".xls",
    "Book": ".xls",
    "PowerPoint Document": ".ppt",
}
_TEXTS = {
    ".html": re.compile(
        r"(?:<\?xml[^>]*>\s*(?=<!|<html))?(?:(?><!--.*?-->)\s*+)*+"
        r"<(?:!doctype html|html|head|body|meta|style|title|table|div|h[1-6]|p)\b",
        re.IGNORECASE | re.DOTALL,
    ),
    ".xml": re.compile(r"<\?xml\s|<[\w:.-]+\s[^<>]*\bxmlns[:=]"),
    ".ics": re.compile(r"BEGIN:VCALENDAR\b"),
    ".vcf": re.compile(r"BEGIN:VCARD\b"),
    ".vtt": re.compile(r"WEBVTT\b"),
    ".mbox": re.compile(r"From \S+ .*\d\d:\d\d.*\n[\w-]+:"),
    ".sh": re.compile(r"#!"),
}
# Texts that are no documents: pictures and shapes, secrets, what programs make for themselves, old copies.
_NO_DOCUMENTS = frozenset(
    ".svg .eps .ps .ai .xpm .dxf .stl .obj .step .gcode"
    " .env .pem .key .pub .ppk .crt .cer .csr .p7m .p7s .asc .sig .kdbx .htpasswd"
    " .lock .sum .map .hex .pid .cache .snap .tsbuildinfo .orig .rej .bak".split()
)
# Headers that only programs write, and those that people write over a text as well.
_OF_PROGRAMS = frozenset("mime-version message-id received return-path delivered-to".split())
_OF_PEOPLE = frozenset(("from", "to", "subject"))
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def kind_of(data: bytes, name: str) -> str:
    """Return the kind of a file of this name that is, or begins with, ``data``; the name's suffix where nothing tells.

    Raises:
        ParseError: It is a private key, which nobody wants to be quoted.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if data.startswith(ZIP):
        return _zip_kind(data, suffix)
    if data.startswith(OLE):
        return _ole_kind(data, suffix)
    for kind, beginning in _CERTAIN.items():
        if beginning.match(data):
            return kind
    is_binary = suffix in _BEGINNINGS
    if suffix in _NO_DOCUMENTS or (suffix in PARSERS and suffix not in UNSURE and not is_binary):
        return suffix
    if is_binary and is_possible(suffix, data):
        return suffix
    return _text_kind(data, suffix)


def is_possible(kind: str, head: bytes) -> bool:
    """Whether a file that begins with ``head`` can be of a kind."""
    beginning = _BEGINNINGS.get(kind)
    return _start(head) is not None if beginning is None else beginning.match(head) is not None


def _zip_kind(data: bytes, suffix: str) -> str:
    """Return the Office format that an archive is; ``.zip`` for others, but not for a program's own format."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
            media_type = archive.open("mimetype").read(100).strip() if "mimetype" in names else b""
    except UNREADABLE:
        names, media_type = [], b""
    found = {_FOLDERS[folder] for folder in {name.split("/")[0] for name in names} & _FOLDERS.keys()}
    if media_type in _MEDIA_TYPES:
        return _MEDIA_TYPES[media_type]
    if len(found) == 1:
        return found.pop()
    return ".zip" if not suffix or suffix in PARSERS.keys() - _ZIPPED else suffix


def _ole_kind(data: bytes, suffix: str) -> str:
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            return next((kind for stream, kind in _STREAMS.items() if ole.exists(stream)), suffix)
    except Exception:  # olefile raises many kinds on broken files, and on the start of one
        return suffix


def _text_kind(data: bytes, suffix: str) -> str:
    """Return the kind of a text by how it begins; the ``suffix`` of what is none, or begins like any other."""
    start = _start(data)
    if start is None or "\0" in start or (b"\0" in data[:HEAD] and is_guessed(data[:HEAD])):
        return suffix  # zeros are of UTF-16 and UTF-32 alone, and of what could be decoded but is no text
    if _PRIVATE_KEY.match(start):
        raise ParseError("a private key: not read")
    for kind, beginning in _TEXTS.items():
        if beginning.match(start):
            return kind
    if kind := _mail_kind(start, suffix):
        return kind
    if _is_json(data, start):
        return ".json"
    if suffix in UNSURE or not _is_clear(data):
        return suffix
    return ".csv" if suffix in _SHEETS else ".txt"


def _is_clear(data: bytes) -> bool:
    """Whether data that begins as a text goes on as one."""
    try:
        return len(data) <= HEAD or "\0" not in decode(data)
    except ParseError:
        return False


def _start(data: bytes) -> str | None:
    """Return the start of a text; None of what is none. It may end within a character."""
    head = data[:HEAD]
    for cut in range(4):
        try:
            return decode(head[: len(head) - cut]).lstrip()
        except ParseError:
            continue
    return None


def _mail_kind(start: str, suffix: str) -> str:
    """Return whether a text is a message or, in the same form, a web page saved whole; empty where it is neither."""
    headers = HeaderParser().parsestr(start)
    names = {name.lower() for name in headers}
    by_whom = str(headers["from"] or "")
    if len(names) < 3 or not (names & _OF_PROGRAMS or (names >= _OF_PEOPLE and suffix not in UNSURE)):
        return ""
    is_page = headers.get_content_type() == "multipart/related" and (not by_whom or by_whom.startswith("<Saved by "))
    return ".mhtml" if is_page else ".eml"


def _is_json(data: bytes, start: str) -> bool:
    """Whether a text is a JSON object or array, or several, a line each."""
    if not start.startswith(("{", "[")):
        return False
    try:
        text = decode(data).strip()
        value, end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ParseError, ValueError, RecursionError):
        return False
    return bool(value) and (end == len(text) or text[end:].startswith(("\n{", "\n[")))
