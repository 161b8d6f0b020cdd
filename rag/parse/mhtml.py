"""A web page that was saved whole (MHTML): in the form of a mail, the page first, then its pictures and styles."""

from __future__ import annotations

from email import message_from_bytes, policy

from rag.errors import ParseError
from rag.parse.html import declared_charset, page_document
from rag.parse.markup import decode_declared, squeeze
from rag.parse.parsed import Parsed


def parse_mhtml(data: bytes, name: str) -> Parsed:
    """Read the page; the title is its own, else the subject that the browser noted, else the file's name."""
    message = message_from_bytes(data.lstrip(), policy=policy.compat32)
    pages = (part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml"))
    page = next(pages, None)
    if page is None:
        raise ParseError("there is no web page in it")
    payload = page.get_payload(decode=True)
    html = payload if isinstance(payload, bytes) else b""
    subject = squeeze(str(message["subject"] or ""))
    return page_document(decode_declared(html, page.get_content_charset() or declared_charset(html)), subject or name)
