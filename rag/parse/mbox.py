"""A mailbox in one file (MBOX): it holds no text; each message is handed over."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

from rag.errors import ParseError
from rag.parse.mail import header, safe_names
from rag.parse.parsed import Attachment, Parsed

_BEGIN = re.compile(rb"^From [^\n]*\n(?=[\w-]+:)", re.MULTILINE)  # and no line of a text: a header follows
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MOST = 20_000  # messages
_LONGEST_NAME = 120


def parse_mbox(data: bytes, name: str) -> Parsed:
    """Return the messages of a mailbox, each called after its day and its subject."""
    found = list(_BEGIN.finditer(data))
    if not found:
        raise ParseError("not a mailbox, though it is named so")
    if len(found) > _MOST:
        raise ParseError(f"it holds more than {_MOST:,} messages: split it")
    ends = [*(one.start() for one in found), len(data)][1:]
    messages = [_QUOTED.sub(rb"\1", data[one.end() : end]) for one, end in zip(found, ends, strict=True)]
    return Parsed("", name, attachments=tuple(safe_names(Attachment(_name(one), one) for one in messages)))


def _name(message: bytes) -> str:
    head = message_from_bytes(message[: message.find(b"\n\n") + 1] or message, policy=policy.default)
    try:
        day = f"{parsedate_to_datetime(header(head, 'Date')).date().isoformat()} "
    except (ValueError, TypeError, IndexError, OverflowError):  # dates as nobody should write them
        day = ""
    return f"{day}{header(head, 'Subject').replace('/', '-') or 'message'}"[:_LONGEST_NAME] + ".eml"
