"""XML as text: what stands in its elements, a block an element, short ones together as ``name: text``.

Attributes are fields, ``element.attribute: text``; those that only tell programs how to read it are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import groupby
from operator import itemgetter
from typing import Any

from rag.parse.builder import Builder
from rag.parse.html import decode_html, html_lines
from rag.parse.markup import clean, squeeze
from rag.parse.parsed import Parsed
from rag.parse.text import plain_text
from rag.parse.tree import local_name, xml_tree
from rag.types import BlockKind

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_HTML = re.compile(r"</?(?:p|div|br|li|td|h[1-6]|a|b|i|em|strong|span)\b[^>]*>", re.IGNORECASE)
_FOR_PROGRAMS = frozenset("class style type encoding version lang xmlns".split())
_WORD = re.compile(r"\w")
_DEEPEST = 200
_Block = tuple[BlockKind, str]
_LONGEST_FIELD = 300


def parse_xml(data: bytes, name: str) -> Parsed:
    """Read XML; the title is that of the document or the feed, else the file's name."""
    text = decode_html(data)
    root = xml_root(text)
    if root is None:
        return plain_text(clean(text), name, "not valid XML: read as plain text")
    builder = Builder()
    for kind, blocks in groupby(_blocks(root, 0), key=itemgetter(0)):
        with builder.table() if kind == "row" else nullcontext():
            for _, block in blocks:
                builder.add(block, kind)
    titles = (root.findtext(path) for path in ("{*}title", "{*}channel/{*}title", "{*}info/{*}title"))
    parsed = builder.parsed(squeeze(next(filter(None, titles), "")) or name)
    return parsed if parsed.text else plain_text(clean(text), name)


def xml_root(text: str) -> Any:
    """Return the outermost element, without comments and with entities as they stand; None where it is no XML."""
    from lxml import etree

    try:
        return xml_tree(_DECLARATION.sub("", text).encode("utf-8", "replace"))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _blocks(element: Any, depth: int) -> Iterator[_Block]:
    """Yield the blocks of an element: its text where words stand between its parts, else those of its parts."""
    fields = _attributes(element)
    if not len(element) or _is_mixed(element) or depth > _DEEPEST:
        yield from _record(fields)
        yield from (("paragraph", text) for text in _paragraphs("".join(element.itertext())))
        return
    for part in element.iterchildren("*"):  # and not entities, which are no elements
        text = squeeze("".join(part.itertext())) if not len(part) else ""
        if not len(part) and (not text or _is_field(text)):
            fields += [(local_name(part), text)] * bool(text) + _attributes(part)
            continue
        yield from _record(fields)
        fields = []
        yield from _blocks(part, depth + 1)
    yield from _record(fields)


def _attributes(element: Any) -> list[tuple[str, str]]:
    """Return the attributes of an element that say something: no addresses, and not what has one before its name."""
    own = local_name(element)
    pairs = ((name, squeeze(value)) for name, value in element.items() if name not in _FOR_PROGRAMS and "}" not in name)
    return [(f"{own}.{name}", value) for name, value in pairs if _WORD.search(value) and "://" not in value]


def _is_field(text: str) -> bool:
    """Whether a text is one value among others, and no sentence."""
    return len(text) <= _LONGEST_FIELD and not text.endswith((".", "!", "?", ":")) and not _HTML.search(text)


def _record(fields: list[tuple[str, str]]) -> Iterator[_Block]:
    if len(fields) == 1 and "." not in fields[0][0]:  # which has a name of its own
        yield "paragraph", fields[0][1]
    elif fields:
        yield "row", "; ".join(f"{name}: {text}" for name, text in fields)


def _is_mixed(element: Any) -> bool:
    texts = [element.text, *(part.tail for part in element)]
    return any(text and text.strip() for text in texts)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a text; feeds carry theirs as HTML."""
    if _HTML.search(text):
        yield from html_lines(text)  # not by Pandoc: a feed has hundreds of them
    else:
        yield from (squeeze(paragraph) for paragraph in re.split(r"\n\s*\n", text))
