"""A file's bytes → Document: suffix decides the parser, one module a format.

A parser is a function ``(data, name) -> Parsed``. It sees bytes and a file name, never the disk, and
raises ParseError, with a reason a person understands, for what it cannot read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath

from rag.errors import ParseError
from rag.parse.html import parse_html
from rag.parse.markdown import parse_markdown
from rag.parse.parsed import Parsed
from rag.parse.text import parse_text
from rag.types import Document

Parser = Callable[[bytes, str], Parsed]

PARSERS: dict[str, Parser] = {
    ".txt": parse_text,
    ".text": parse_text,
    ".md": parse_markdown,
    ".markdown": parse_markdown,
    ".html": parse_html,
    ".htm": parse_html,
}


def parse(data: bytes, source: str) -> Document:
    """Read the bytes of the file at ``source`` (relative to the corpus) as a Document.

    Raises:
        ParseError: The suffix is unknown, the file is empty or binary, or no text is left of it.
    """
    path = PurePosixPath(source)
    parser = PARSERS.get(path.suffix.lower())
    if parser is None:
        raise ParseError(f"no parser for {path.suffix or 'files without a suffix'}; known: {', '.join(PARSERS)}")
    if not data.strip():
        raise ParseError("the file is empty")
    parsed = parser(data, path.stem)
    if not parsed.text.strip():
        raise ParseError("no text in it")
    return Document(
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        title=parsed.title,
        text=parsed.text,
        headings=parsed.headings,
        pages=parsed.pages,
    )
