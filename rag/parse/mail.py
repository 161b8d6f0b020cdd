"""Mail as it is saved from a mail program (EML): who wrote to whom, when, what, and what was attached.

The body is the plain text of a message, else its HTML. Attachments are handed over as they are. It checks no
signatures and opens no encrypted messages.
"""

from __future__ import annotations

import re
from base64 import b64decode
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import CloseBoundaryNotFoundDefect, InvalidBase64LengthDefect
from email.message import Message

from rag.errors import ParseError
from rag.parse.builder import Builder
from rag.parse.html import declared_charset
from rag.parse.mail_body import Body, add_bodies, html_text
from rag.parse.markup import decode_loosely, squeeze
from rag.parse.parsed import Attachment, Parsed
from rag.parse.text import decode

# The headers that people read, in the order mail programs show them.
SHOWN = ("From", "To", "Cc", "Bcc", "Date", "Subject")
# A file with none of these is no mail.
_HEADERS = (*SHOWN, "Received", "Message-ID", "Return-Path", "Reply-To", "Delivered-To")
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
# Parts made for programs: seals, and why a message was not delivered, which its text says too.
_FOR_PROGRAMS = re.compile(
    r"application/(pgp-|(x-)?pkcs7-signature)|(message/(delivery|disposition|feedback)|text/rfc822)-"
)
# What a part without a name is called after.
_SUFFIXES = {"text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "application/pdf": ".pdf"}
_DEEPEST = 50
_TOO_DEEP = "its parts are nested too deep for a message that a person wrote"
# A plain text so much shorter than the HTML beside it only says that there is HTML.
_STUB = 5


@dataclass(frozen=True)
class Letter:
    """A message of any format: its headers as a reader sees them, its texts, and what is attached."""

    headers: tuple[tuple[str, str], ...]
    bodies: tuple[Body, ...]
    attachments: tuple[Attachment, ...] = ()
    warning: str | None = None

    def parsed(self, name: str) -> Parsed:
        """Return the message as text: a header a block, then the paragraphs; the title is its subject."""
        builder = Builder()
        for label, value in self.headers:
            builder.add(f"{label}: {value}" if value else "", "field")
        subject = dict(self.headers).get("Subject", "")
        add_bodies(builder, self.bodies, subject)
        return builder.parsed(subject or name, attachments=self.attachments, warning=self.warning)


def parse_mail(data: bytes, name: str) -> Parsed:
    """Read a message in the format of the Internet; the title is its subject, else the file's name."""
    try:
        message = message_from_bytes(_as_ascii(data), policy=policy.default)
        letter = _letter(message)
    except ParseError:
        raise
    except RecursionError as error:
        raise ParseError(_TOO_DEEP) from error
    except Exception as error:  # the email package raises many kinds on broken headers
        raise ParseError(f"not readable as mail ({type(error).__name__})") from error
    return letter.parsed(name)


def html_body(data: bytes, charset: str | None) -> Body:
    """Return a body in HTML."""
    return Body(decode_loosely(data, charset or declared_charset(data)), is_html=True)


def safe_names(files: Iterator[Attachment]) -> Iterator[Attachment]:
    """Yield the attachments with names fit for a path: no folders in them, none empty, none twice."""
    used: set[str] = set()
    for file in files:
        name = squeeze(file.name.replace("\\", "/").split("/")[-1]).strip(" .")[-150:] or "attachment"
        stem, dot, suffix = name.rpartition(".")
        number = 1
        while name.lower() in used:
            number += 1
            name = f"{stem}-{number}{dot}{suffix}" if stem else f"{suffix}-{number}"
        used.add(name.lower())
        yield Attachment(name, file.data)


def _as_ascii(data: bytes) -> bytes:
    """Return the message as bytes of one byte a letter, as the format wants them; some programs save UTF-16."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return decode(data).encode("utf-8", "replace")
    for encoding, zero in (("utf-16-le", 1), ("utf-16-be", 0)):
        if len(data) > 1 and data[zero] == 0 and data[1 - zero]:
            return data.decode(encoding, "replace").encode("utf-8", "replace")
    return data.removeprefix(BOM_UTF8).lstrip()


def _letter(message: Message) -> Letter:
    headers = tuple((label, header(message, label)) for label in SHOWN)
    if not any(header(message, label) for label in _HEADERS):
        raise ParseError("not a mail message, though it is named so: it does not say from whom or to whom it is")
    if message.get_content_type() in _ENCRYPTED and "signed-data" not in str(message.get("Content-Type")):
        raise ParseError("an encrypted message: save it from your mail program without encryption")
    bodies = list(_bodies(message))
    attachments = (_attachment(part) for part in _leaves(message) if not any(part is body for body in bodies))
    return Letter(
        headers=headers,
        bodies=tuple(map(_body, bodies)),
        attachments=tuple(safe_names(file for file in attachments if file)),
        warning="cut short: what stood at its end is missing" if _is_cut(message) else None,
    )


def header(message: Message, label: str) -> str:
    """Return a header in one line, decoded; empty where there is none."""
    try:
        values = message.get_all(label, [])
        return squeeze(", ".join(str(value) for value in values))
    except Exception:  # a header that the email package's grammar cannot take: the message has others
        raw = next((value for key, value in message.raw_items() if key.lower() == label.lower()), "")
        return squeeze(str(raw).encode("utf-8", "replace").decode("utf-8", "replace"))


def _bodies(part: Message, depth: int = 0) -> Iterator[Message]:
    """Yield the parts that are the message's text: of alternatives the plainest that says something."""
    kind = part.get_content_type()
    if kind == "multipart/alternative":
        choices = [list(_bodies(child, depth + 1)) for child in _children(part, depth)]
        yield from _plainest([choice for choice in choices if choice])
    elif part.is_multipart() and part.get_content_maintype() == "multipart":
        for child in _children(part, depth):
            yield from _bodies(child, depth + 1)
    elif kind in ("text/plain", "text/html") and not _is_file(part):
        yield part


def _plainest(choices: list[list[Message]]) -> list[Message]:
    lengths = [sum(map(_length, choice)) for choice in choices]
    plain = (all(part.get_content_type() == "text/plain" for part in choice) for choice in choices)
    for choice, length, is_plain in zip(choices, lengths, plain, strict=True):
        if is_plain and length * _STUB >= max(lengths) and length:
            return choice
    return choices[lengths.index(max(lengths))] if choices else []


def _children(part: Message, depth: int) -> list[Message]:
    if depth > _DEEPEST:
        raise ParseError(_TOO_DEEP)
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _leaves(part: Message, depth: int = 0, again: frozenset[str] = frozenset()) -> Iterator[Message]:
    """Yield the parts that hold no further ones; a message within the message counts as one.

    Left out are those ``again`` tells: texts that say the same again, and pictures that such a text shows.
    """
    kind, of = part.get_content_type(), part.get_content_maintype()
    if of == "multipart":
        again |= {"multipart/alternative": {"text"}, "multipart/related": {"image"}}.get(kind, set())
        for child in _children(part, depth):
            yield from _leaves(child, depth + 1, again)
    elif of not in again or (of == "text" and _is_file(part)):
        yield part


def _body(part: Message) -> Body:
    charset = str(part.get_content_charset() or "") or None
    data = _bytes(part)
    return html_body(data, charset) if part.get_content_type() == "text/html" else Body(decode_loosely(data, charset))


def _length(part: Message) -> int:
    body = _body(part)
    return len((html_text(body.text) if body.is_html else body.text).strip())


def _bytes(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return b""
    if any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects):  # it is as it was
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        return b64decode(letters[: len(letters) // 4 * 4])
    return data


def _is_cut(message: Message) -> bool:
    """Whether the end of a message is missing, as its parts tell, which were decoded before."""
    cut = (CloseBoundaryNotFoundDefect, InvalidBase64LengthDefect)
    return any(isinstance(defect, cut) for part in message.walk() for defect in part.defects)


def _attachment(part: Message) -> Attachment | None:
    """Return the part as a file; None where it is made for programs, or has neither name nor text."""
    kind, name = part.get_content_type(), str(part.get_filename() or "")
    if _FOR_PROGRAMS.match(kind):
        return None
    if kind == "message/rfc822":
        return _inner_message(part, name)
    data = _bytes(part)
    if not data.strip() or not (_is_file(part) or kind.startswith("text/")):
        return None
    return Attachment(name or "attachment" + _SUFFIXES.get(kind, ".bin"), data)


def _inner_message(part: Message, name: str) -> Attachment | None:
    for message in _children(part, 0):
        name = name or header(message, "Subject").replace("/", "-") or "message"
        # The older policy writes headers as they came; the newer one parses them anew, and can fail.
        return Attachment(name.removesuffix(".eml") + ".eml", message.as_bytes(policy=policy.compat32))
    return None
