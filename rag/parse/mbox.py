"""A folder of mail in one file (MBOX): each message is a document of its own, as an attachment is."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

from rag.errors import ParseError
from rag.parse.builder import Builder
from rag.parse.mail import header, safe_names
from rag.parse.parsed import Attachment, Parsed

_BEGIN = re.compile(rb"^From [^\n]*\n(?=[\w-]+:)", re.MULTILINE)  # and no line of a text: a header follows
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MOST = 20_000  # messages


def parse_mbox(data: bytes, name: str) -> Parsed:
    """Read a folder of mail as a list of its messages, a row each, and hand the messages over."""
    starts = [found.end() for found in _BEGIN.finditer(data)]
    if not starts:
        raise ParseError("not a folder of mail, though it is named so")
    if len(starts) > _MOST:
        raise ParseError(f"it holds more than {_MOST:,} messages: split it")
    builder, files = Builder(), list[Attachment]()
    ends = [*(found.start() for found in _BEGIN.finditer(data)), len(data)][1:]
    with builder.table(("From", "Date", "Subject")):
        for start, end in zip(starts, ends, strict=True):
            message = _QUOTED.sub(rb"\1", data[start:end])
            cells = _cells(message)
            builder.row(cells, is_context=True)  # the message is what answers
            files.append(Attachment(f"{' '.join(filter(None, cells[1:]))[:120] or 'message'}.eml", message))
    return builder.parsed(name, attachments=tuple(safe_names(iter(files))))


def _cells(data: bytes) -> list[str]:
    """Return sender, day and subject of a message."""
    head = message_from_bytes(data[: data.find(b"\n\n") + 1] or data, policy=policy.default)
    try:
        day = parsedate_to_datetime(header(head, "Date")).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):  # dates as nobody should write them
        day = ""
    return [header(head, "From"), day, header(head, "Subject").replace("/", "-")]
