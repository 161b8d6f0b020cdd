"""A file's bytes → Documents: its kind (``kinds.py``) decides the parser, one module a format.

A parser is a function ``(data, name) -> Parsed``. It sees bytes and a file name, never the disk, and
raises ParseError, with a reason a person understands, for what it cannot read. The parsers are loaded
when the first file is read: asking needs none of them.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from pydantic import ConfigDict, Field

from rag.errors import ParseError
from rag.parse.ocr import can_read_images
from rag.parse.parsed import Parsed, Parser
from rag.types import Document, Value

LARGEST_FILE = 500 * 2**20  # bytes

# Raised with every change that makes a parser give another text, or a text other terms: files are then read again.
PARSER_VERSION = 5

_LONGEST_TEXT = 10_000_000  # characters: a dozen long novels in one file, some ten minutes to embed
_LONGEST_TEXTS = 5 * _LONGEST_TEXT  # of all documents in one file
_DEEPEST = 3  # a file attached to a message attached to a message
_MOST_TOLD = 5  # of what is missing
_SURROGATES = re.compile("[\ud800-\udfff]")


class ParsedFile(Value):
    """What a file with this hash holds: a document, and each readable attachment as one more; an archive only these.

    ``warning`` says what of it is missing or unsure. ``word_boxes`` are where the words of a document, by its source,
    stand on the pictures of its pages (see ``rag.parse.word_boxes``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    sha256: str
    documents: tuple[Document, ...]
    word_boxes: dict[str, bytes] = Field(default_factory=dict)
    warning: str | None = None


def parse(data: bytes, source: str) -> ParsedFile:
    """Read the bytes of the file at ``source`` (relative to the corpus) as the documents it holds.

    An attachment's source is that of its file, a slash, its name.

    Raises:
        ParseError: The kind is unknown, the file is empty, broken or binary, or no text is left of it.
    """
    found = _parse(data, source, _DEEPEST)
    if sum(len(document.text) for document in found.documents) > _LONGEST_TEXTS:
        raise ParseError(f"the texts in it are longer than {_LONGEST_TEXTS // 10**6} million characters: split it")
    return found


def misnamed(name: str, head: bytes) -> str | None:
    """Say why a file that begins with ``head`` cannot be read; None where it may be."""
    from rag.parse.formats import OLD_OFFICE
    from rag.parse.kinds import is_possible, kind_of

    if not head.strip():
        return "the file is empty"
    try:
        kind = kind_of(head, name)
        parser = _parser(kind, name)
        if kind in OLD_OFFICE:
            parser(head, name)
    except ParseError as error:
        return str(error)
    return None if is_possible(kind, head) else f"it is no {kind[1:].upper() or 'text'}, though it is named so"


def file_in(data: bytes, file: str, source: str) -> bytes:
    """Return the bytes of the document at ``source``, which is ``file``, with these bytes, or attached to it.

    Raises:
        ParseError: The file cannot be read, or there is no such attachment.
    """
    if source == file:
        return data
    path = PurePosixPath(file)
    for attachment in _parser_of(data, file)(data, path.stem).attachments:
        inner = f"{file}/{attachment.name}"
        if source == inner or source.startswith(f"{inner}/"):
            return file_in(attachment.data, inner, source)
    raise ParseError("it is no longer attached to its file")


def fingerprint() -> str:
    """Return what reading depends on beside a file's bytes: where it changes, files are read again."""
    return f"{PARSER_VERSION}{'+ocr' if can_read_images() else ''}"


def _parse(data: bytes, source: str, depth: int, *, packed: bool = False) -> ParsedFile:
    from rag.parse.formats import ARCHIVES, PLAIN
    from rag.parse.text import is_guessed

    if not data.strip():
        raise ParseError("the file is empty")
    parser = _parser_of(data, source)
    if packed and parser in ARCHIVES:
        raise ParseError("an archive within an archive: unpack it into the folder")
    parsed = parser(data, PurePosixPath(source).stem)
    if not parsed.text.strip() and not parsed.attachments:
        raise ParseError("no text in it")
    if len(parsed.text) > _LONGEST_TEXT:
        raise ParseError(f"its text is longer than {_LONGEST_TEXT // 10**6} million characters: split it")
    documents, missing = [_document(data, source, parsed)] if parsed.text.strip() else [], []
    if parsed.warning:
        missing.append(parsed.warning)
    word_boxes = {source: parsed.word_boxes} if parsed.word_boxes else {}
    if parser in PLAIN and is_guessed(data):
        missing.append("its encoding was guessed: save it as UTF-8 if letters look wrong")
    for attachment in parsed.attachments:
        try:
            if not depth:
                raise ParseError("it lies too deep in other files")
            inner = f"{source}/{attachment.name}"
            found = _parse(attachment.data, inner, depth - 1, packed=packed or parser in ARCHIVES)
        except ParseError as error:
            missing.append(f"{attachment.name}: {error}")
        else:
            documents.extend(found.documents)
            word_boxes |= found.word_boxes
            if found.warning:
                missing.append(f"{attachment.name}: {found.warning}")
    if not documents:
        raise ParseError(f"nothing in it can be read: {_told(missing)}")
    warning = _told(missing) or None
    return ParsedFile(sha256=_sha256(data), documents=tuple(documents), word_boxes=word_boxes, warning=warning)


def _told(missing: list[str]) -> str:
    """Return what is missing in one line, which is short however much that is."""
    more = len(missing) - _MOST_TOLD
    return "; ".join(missing[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _parser_of(data: bytes, source: str) -> Parser:
    from rag.parse.kinds import kind_of

    return _parser(kind_of(data, source), source)


def _parser(kind: str, source: str) -> Parser:
    from rag.parse.code import CODE_NAMES, parse_code
    from rag.parse.formats import PARSERS

    path = PurePosixPath(source)
    parser = parse_code if path.name.lower() in CODE_NAMES else PARSERS.get(kind)
    if parser is None:
        named = f"{path.suffix[1:].upper()} files" if path.suffix else "files without an extension"
        raise ParseError(f"{named} aren’t supported")
    return parser


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _document(data: bytes, source: str, parsed: Parsed) -> Document:
    return Document(
        source=source,
        sha256=_sha256(data),
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
