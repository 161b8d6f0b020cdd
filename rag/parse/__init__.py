"""A file's bytes → Document: suffix decides the parser, one module a format.

A parser is a function ``(data, name) -> Parsed``. It sees bytes and a file name, never the disk, and
raises ParseError, with a reason a person understands, for what it cannot read. The parsers are loaded
when the first file is read: asking needs none of them.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from rag.errors import ParseError
from rag.parse.ocr import can_read_images
from rag.parse.parsed import Parsed, Parser
from rag.types import Document, Value

LARGEST_FILE = 500 * 2**20  # bytes

# What files of a format begin with; a PDF may have something before it.
_ZIPPED = (".docx", ".docm", ".pptx", ".pptm", ".xlsx", ".xlsm", ".odt", ".odp", ".ods", ".epub")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Office files with a password are wrapped in OLE: they are let in, and the list says what they need.
_MAGIC: dict[str, tuple[bytes, ...]] = {
    **dict.fromkeys(_ZIPPED, (b"PK\x03\x04", _OLE)),
    ".rtf": (b"{\\rtf",),
    ".msg": (_OLE,),
}
# Raised with every change that makes a parser give another text: files are then read again.
PARSER_VERSION = 5

_LONGEST_TEXT = 10_000_000  # characters: a dozen long novels in one file, some ten minutes to embed
_DEEPEST = 3  # a file attached to a message attached to a message
_SURROGATES = re.compile("[\ud800-\udfff]")


class ParsedFile(Value):
    """What a file holds: a document, and each readable attachment as one more.

    ``warning`` says what of it is missing or unsure.
    """

    documents: tuple[Document, ...]
    warning: str | None = None


def parse(data: bytes, source: str) -> ParsedFile:
    """Read the bytes of the file at ``source`` (relative to the corpus) as the documents it holds.

    The first document is the file itself; an attachment's source is that of its file, a slash, its name.

    Raises:
        ParseError: The suffix is unknown, the file is empty, broken or binary, or no text is left of it.
    """
    return _parse(data, source, _DEEPEST)


def misnamed(name: str, head: bytes) -> str | None:
    """Say why a file that begins with ``head`` cannot be what its name says; None where it may be."""
    path = PurePosixPath(name)
    try:
        _parser(path)
    except ParseError as error:
        return str(error)
    suffix = path.suffix.lower()
    if not head.strip():
        return "the file is empty"
    if suffix == ".pdf":
        return None if b"%PDF-" in head[:1024] else "it is no PDF, though it is named so"
    if suffix in _MAGIC:
        return (
            None
            if head.lstrip().startswith(_MAGIC[suffix])
            else f"it is no {suffix[1:].upper()}, though it is named so"
        )
    # The head may end within a character.
    if not any(_is_text(head[: len(head) - cut]) for cut in range(4)):
        return "it is no text, though it is named so"
    return None


def _is_text(data: bytes) -> bool:
    from rag.parse.text import decode

    try:
        return bool(decode(data))
    except ParseError:
        return False


def file_in(data: bytes, file: str, source: str) -> bytes:
    """Return the bytes of the document at ``source``, which is ``file``, with these bytes, or attached to it.

    Raises:
        ParseError: The file cannot be read, or there is no such attachment.
    """
    if source == file:
        return data
    path = PurePosixPath(file)
    for attachment in _parser(path)(data, path.stem).attachments:
        inner = f"{file}/{attachment.name}"
        if source == inner or source.startswith(f"{inner}/"):
            return file_in(attachment.data, inner, source)
    raise ParseError("it is no longer attached to its file")


def fingerprint() -> str:
    """Return what reading depends on beside a file's bytes: where it changes, files are read again."""
    return f"{PARSER_VERSION}{'+ocr' if can_read_images() else ''}"


def _parse(data: bytes, source: str, depth: int) -> ParsedFile:
    from rag.parse.formats import PLAIN
    from rag.parse.text import is_guessed

    path = PurePosixPath(source)
    if not data.strip():
        raise ParseError("the file is empty")
    parser = _parser(path)
    parsed = parser(data, path.stem)
    if not parsed.text.strip():
        raise ParseError("no text in it")
    if len(parsed.text) > _LONGEST_TEXT:
        raise ParseError(f"its text is longer than {_LONGEST_TEXT // 10**6} million characters: split it")
    documents, missing = [_document(data, source, parsed)], [parsed.warning] if parsed.warning else []
    if parser in PLAIN and is_guessed(data):
        missing.append("its encoding was guessed: save it as UTF-8 if letters look wrong")
    for attachment in parsed.attachments:
        try:
            if not depth:
                raise ParseError("it lies too deep in other files")
            found = _parse(attachment.data, f"{source}/{attachment.name}", depth - 1)
        except ParseError as error:
            missing.append(f"{attachment.name}: {error}")
        else:
            documents.extend(found.documents)
            if found.warning:
                missing.append(f"{attachment.name}: {found.warning}")
    return ParsedFile(documents=tuple(documents), warning="; ".join(missing) or None)


def _parser(path: PurePosixPath) -> Parser:
    from rag.parse.code import TEXT_NAMES, parse_code
    from rag.parse.formats import PARSERS

    parser = PARSERS.get(path.suffix.lower()) or (parse_code if path.name.lower() in TEXT_NAMES else None)
    if parser is None:
        raise ParseError(f"no parser for {path.suffix or 'files without a suffix'}")
    return parser


def _document(data: bytes, source: str, parsed: Parsed) -> Document:
    return Document(
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        title=_clean(parsed.title) or PurePosixPath(source).name,
        text=_clean(parsed.text),
        blocks=parsed.blocks,
        groups=parsed.groups,
        pages=parsed.pages,
        page_kind=parsed.page_kind,
    )


def _clean(text: str) -> str:
    """Replace, one for one, what no encoding can write: halves of surrogate pairs, which some formats can hold."""
    return _SURROGATES.sub("\ufffd", text)
