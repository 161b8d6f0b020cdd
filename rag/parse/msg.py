"""Mail as Outlook saves it (MSG): read into the same text as any other mail.

Such a file is a small file system (OLE): a folder each for the message, its recipients and its
attachments, a stream each for their properties, named by number. Messages within the message are
handed over as mail files. A text that is there in rich text only is not read, and this is told.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from rag.errors import ParseError
from rag.parse.archive import OLE
from rag.parse.mail import Letter, html_body, safe_names
from rag.parse.mail_body import Body
from rag.parse.markup import clean, decode_loosely, squeeze
from rag.parse.parsed import Attachment, Parsed

# The numbers of properties, from the specification of their names, [MS-OXPROPS].
_KIND, _SUBJECT, _BODY, _HTML, _RICH_TEXT = 0x001A, 0x0037, 0x1000, 0x1013, 0x1009
_SENT, _TEXT_CODE_PAGE, _BODY_CODE_PAGE = 0x0039, 0x3FFD, 0x3FDE
_SENDER, _SENDER_SMTP, _SENDER_ADDRESS, _ON_BEHALF_OF = 0x0C1A, 0x5D01, 0x0C1F, 0x0042
_NAME, _SMTP, _ADDRESS, _ROLE = 0x3001, 0x39FE, 0x3003, 0x0C15
_FILE, _LONG_NAME, _SHORT_NAME, _MEDIA_TYPE, _HIDDEN = 0x3701, 0x3707, 0x3704, 0x370E, 0x7FFE
_PROPERTIES = "__properties_version1.0"
_INNER_MESSAGE = "__substg1.0_3701000D"
# How a recipient is addressed: the label, the role's number, the property that lists all of them.
_ROLES = (("To", 1, 0x0E04), ("Cc", 2, 0x0E03), ("Bcc", 3, 0x0E02))
_ENCRYPTED = ("application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_CODE_PAGES = {20127: "ascii", 20866: "koi8-r", 50220: "iso-2022-jp", 51932: "euc-jp", 51949: "euc-kr", 65001: "utf-8"}
_CODE_PAGES |= {28590 + part: f"iso-8859-{part}" for part in range(1, 17)} | {54936: "gb18030"}
_DEEPEST = 5


def parse_msg(data: bytes, name: str) -> Parsed:
    """Read a message saved by Outlook; the title is its subject, else the file's name."""
    if not data.startswith(OLE):
        raise ParseError("not an Outlook message, though it is named so")
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            root = _Folder(ole, ())
            if not ole.exists(_PROPERTIES):
                raise ParseError("not an Outlook message, though it is named so")
            letter = _letter(root, header=32)
    except ParseError:
        raise
    except Exception as error:  # olefile raises many kinds on a broken file
        raise ParseError(f"the Outlook message is broken or cut short ({type(error).__name__})") from error
    return letter.parsed(name)


@dataclass(frozen=True)
class _Folder:
    """A folder of the file, with the properties of one thing in it."""

    ole: Any
    path: tuple[str, ...]

    def folders(self, start: str) -> list[_Folder]:
        """Return the folders in this one whose names start so, in order."""
        depth = len(self.path)
        paths = (tuple(path[: depth + 1]) for path in self.ole.listdir(streams=False, storages=True))
        found = {path for path in paths if path[:depth] == self.path and path[depth:] and path[-1].startswith(start)}
        return [_Folder(self.ole, path) for path in sorted(found)]

    def stream(self, name: str) -> bytes | None:
        path = [*self.path, name]
        return bytes(self.ole.openstream(path).read()) if self.ole.exists(path) else None

    def data(self, number: int) -> bytes | None:
        return self.stream(f"__substg1.0_{number:04X}0102")

    def text(self, number: int, code_page: int = 0) -> str:
        wide = self.stream(f"__substg1.0_{number:04X}001F")
        if wide is not None:
            return clean(wide.decode("utf-16-le", "replace"))
        narrow = self.stream(f"__substg1.0_{number:04X}001E") or b""
        return decode_loosely(narrow, _codec(code_page))

    def fixed(self, header: int) -> dict[int, bytes]:
        """Return the properties of fixed size by number: eight bytes each."""
        data = (self.stream(_PROPERTIES) or b"")[header:]
        return {struct.unpack_from("<2xH", data, at)[0]: data[at + 8 : at + 16] for at in range(0, len(data) - 15, 16)}


def _letter(folder: _Folder, header: int, depth: int = 0) -> Letter:
    fixed = folder.fixed(header)
    code_page, body_code_page = _number(fixed, _TEXT_CODE_PAGE), _number(fixed, _BODY_CODE_PAGE)
    body = _body(folder, body_code_page or code_page)
    attached = folder.folders("__attach_version1.0_#")
    kinds = {file.text(_MEDIA_TYPE).lower() for file in attached}
    if not depth and not body.text and (kinds.intersection(_ENCRYPTED) or folder.text(_KIND).endswith(".SMIME")):
        raise ParseError("an encrypted message: save it from your mail program without encryption")
    files = [(file, _attachment(file, code_page, depth)) for file in attached if not _is_hidden(file)]
    unread = ["its text, which is there as rich text only"] * (
        not body.text and bool(folder.data(_RICH_TEXT)) and depth == 0
    )
    unread += [f"the attachment {file.text(_NAME) or 'without a name'}" for file, read in files if read is None]
    return Letter(
        headers=tuple(_headers(folder, fixed, code_page)),
        bodies=(body,),
        attachments=tuple(safe_names(read for _, read in files if read and read.data.strip())),
        warning=f"not read: {', '.join(unread)}" if unread else None,
    )


def _headers(folder: _Folder, fixed: dict[int, bytes], code_page: int) -> Iterator[tuple[str, str]]:
    sender = folder.text(_SENDER_SMTP) or folder.text(_SENDER_ADDRESS)
    name = folder.text(_SENDER, code_page) or folder.text(_ON_BEHALF_OF, code_page)
    yield "From", _person(name, sender)
    recipients = [(one, _number(one.fixed(8), _ROLE)) for one in folder.folders("__recip_version1.0_#")]
    for label, role, everyone in _ROLES:
        people = [
            _person(one.text(_NAME, code_page), one.text(_SMTP) or one.text(_ADDRESS))
            for one, its_role in recipients
            if its_role == role
        ]
        yield label, ", ".join(filter(None, people)) or squeeze(folder.text(everyone, code_page).strip("\0"))
    yield "Date", _date(fixed.get(_SENT))
    yield "Subject", squeeze(folder.text(_SUBJECT, code_page))


def _body(folder: _Folder, code_page: int) -> Body:
    plain = folder.text(_BODY, code_page).replace("\r\n", "\n")
    if plain.strip():
        return Body(plain)
    html = folder.data(_HTML)
    if html:
        return html_body(html, _codec(code_page))
    return Body(folder.text(_HTML, code_page), is_html=True)


def _attachment(folder: _Folder, code_page: int, depth: int) -> Attachment | None:
    """Return what is attached as a file; None where it is an object of a program, or lies too deep."""
    name = next(filter(None, (folder.text(number, code_page) for number in (_LONG_NAME, _SHORT_NAME, _NAME))), "")
    data = folder.data(_FILE)
    if data is not None:
        return Attachment(name, data)
    inner = folder.folders(_INNER_MESSAGE)
    if not inner or depth >= _DEEPEST or inner[0].stream(_PROPERTIES) is None:
        return None
    letter = _letter(inner[0], 24, depth + 1)
    title = dict(letter.headers)["Subject"] or name or "message"
    return Attachment(title.replace("/", "-").removesuffix(".eml") + ".eml", _as_mail(letter))


def _as_mail(letter: Letter) -> bytes:
    """Return the message in the Internet's format, which is read like any other."""
    message = EmailMessage()
    for label, value in letter.headers:
        if value:
            message[label] = value
    for body in letter.bodies:
        message.set_content(body.text, subtype="html" if body.is_html else "plain")
    for file in letter.attachments:
        message.add_attachment(file.data, maintype="application", subtype="octet-stream", filename=file.name)
    return message.as_bytes()


def _is_hidden(file: _Folder) -> bool:
    """Whether it is a picture that the text in HTML shows, which Outlook lists with no attachments."""
    return any(file.fixed(8).get(_HIDDEN, b"")[:1])


def _person(name: str, address: str) -> str:
    name, address = squeeze(str(make_header(decode_header(squeeze(name))))), squeeze(address)
    if not address or "@" not in address:  # Exchange's own addresses tell a reader nothing
        return name
    return f"{name} <{address}>" if name and name != address else address


def _date(ticks: bytes | None) -> str:
    """Return the moment, which is counted in ten millionths of a second from 1601, as mail writes it."""
    count = int.from_bytes(ticks or b"", "little")
    years_9999 = 2650467744000000000
    if not 0 < count < years_9999:
        return ""
    return format_datetime(datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=count // 10))


def _number(fixed: dict[int, bytes], number: int) -> int:
    return int.from_bytes(fixed.get(number, b"")[:4], "little")


def _codec(code_page: int) -> str | None:
    return _CODE_PAGES.get(code_page, f"cp{code_page}") if code_page else None
