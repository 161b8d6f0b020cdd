"""The text of a message: its own words, and apart from them what it quotes, who wrote that, and its signature.

What is quoted stands behind ">", or under a line that says who wrote it, or under the headers of the other message. It
is context, so that it never answers instead of the reply; what is forwarded is what the message is about, and is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import groupby
from textwrap import dedent
from typing import Literal

from rag.parse.builder import Builder
from rag.parse.html import add_html, html_lines
from rag.parse.markup import clean
from rag.parse.parsed import Parsed
from rag.types import BlockKind

Role = Literal["own", "signature", "field", "quote"]

_QUOTED = re.compile(r"((?:[ \t]?>)+)(?!From )[ \t]?")
_ITEM = re.compile(r"([ \t]*)(?:[-*•‣▪–]|\d{1,2}[.)])[ \t]+\S")
_SIGNATURE = re.compile(r"--\s*")
# Lines of letters and digits alone are what is left of an attachment.
_ENCODED = re.compile(r"(?:^[A-Za-z0-9+/=]{60,}[ \t]*$\n?){3,}", re.MULTILINE)
_LONGEST_LINE = 300  # of those that say who wrote what follows
_MOST_HEADERS = 20
# "-----Original Message-----", "---------- Forwarded message ---------", "________"
_RULE = re.compile(r"[-_]{3,}(?:[^-_\n]{3,60}[-_]{3,})?")
_SENDER = re.compile(
    r"[*\s]*(?:from|von|de|da|van|od|fra|från|lähettäjä|от|寄件者|发件人|差出人|보낸\s?사람)\s?:[*\s]", re.IGNORECASE
)
_HEADER = re.compile(r"[*\s]*[^\W\d_][\w .-]{0,25}\s?:(?:[*\s]|$)")
_WROTE = re.compile(
    r"\b(?:wrote|writes|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|napisał|napsal|kirjoitti|írta|yazdı"
    r"|написал)|님이|<[^<>\s]+@[^<>\s]+>[)\s]*:$",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\b(?:19|20)\d\d\b|\d{4}年|\b\d{1,2}:\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d\d\b")
_FORWARDED = re.compile(r"\s*(?:fwd?|wg|tr|rv|i|enc|doorst|vb|vs|pd)\s?:", re.IGNORECASE)


@dataclass(frozen=True)
class Body:
    """A text of a message, as it is written."""

    text: str
    is_html: bool = False


@dataclass(frozen=True)
class _Line:
    """A line of a body: of which block, and how many marks of quotation stand before it.

    A block other than a paragraph is a line; ``cells`` are those of a row, ``columns`` the names of its table's.
    """

    text: str
    block: int
    depth: int = 0
    kind: BlockKind = "paragraph"
    level: int = 0
    group: int | None = None
    cells: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def add_bodies(builder: Builder, bodies: Iterable[Body], subject: str = "") -> None:
    """Add the texts of a message to a document."""
    for body in bodies:
        lines = list(_html_lines(_read_html(body.text)) if body.is_html else _plain_lines(body.text))
        roles = _roles(lines)
        is_context = "own" in roles and not _FORWARDED.match(subject)
        _add(builder, lines, roles, is_context)


def html_text(html: str) -> str:
    """Return the words that HTML shows: all of them, since a message is no page with an article in it."""
    return "\n".join(html_lines(html))


def _read_html(html: str) -> Parsed:
    builder = Builder()
    add_html(builder, html)
    return builder.parsed("")


def _plain_lines(text: str) -> Iterator[_Line]:
    """Yield the lines of a plain text; a paragraph ends at an empty line, an item at the next one."""
    block, last = 0, _Line("", 0)
    indent: int | None = None  # of the first item of a list
    for line in _ENCODED.sub("", clean(text)).split("\n"):
        mark = _QUOTED.match(line)
        inside = (
            line[mark.end() :] if mark else line.removeprefix(">") if line.startswith(">From ") else line
        ).rstrip()
        depth = mark[1].count(">") if mark else 0
        item = _ITEM.match(inside)
        if not inside or item or depth != last.depth or _SIGNATURE.fullmatch(inside):
            block += 1
            last = _Line("", block, depth)
        if item:
            width = len(item[1].expandtabs())
            indent = width if indent is None else indent
            last = replace(last, kind="item", level=1 + (width > indent), group=0)
        elif inside and last.kind != "item":
            indent = None  # a list ended
        if inside:
            yield replace(last, text=inside)


def _html_lines(page: Parsed) -> Iterator[_Line]:
    for number, block in enumerate(page.blocks):
        text = page.text[block.start : block.end]
        if block.kind in ("paragraph", "quote"):
            depth = max(block.level, 1) if block.kind == "quote" else 0
            yield from (_Line(line, number, depth) for line in text.split("\n") if line.strip())
        else:
            cells = tuple(page.text[start:end] for start, end in block.cells)
            columns = page.groups[block.group].columns if block.group is not None else ()
            yield _Line(text, number, 0, block.kind, block.level, block.group, cells, columns)


def _roles(lines: Sequence[_Line]) -> list[Role]:
    """Return what each line is: a quotation without marks goes on to the end."""
    roles: list[Role] = []
    current: Role = "own"
    while len(roles) < len(lines):
        at = len(roles)
        end = _end_of_header(lines, at)
        if end is not None:
            roles += ["field"] * (end - at)
            is_marked = end < len(lines) and lines[end].depth > lines[at].depth
            current = "own" if is_marked and current != "quote" else "quote"
            continue
        if current == "own" and not lines[at].depth and _SIGNATURE.fullmatch(lines[at].text):
            current = "signature"
        roles.append("quote" if lines[at].depth else current)
    return roles


def _end_of_header(lines: Sequence[_Line], at: int) -> int | None:
    """Return where what is quoted begins, if a line begins to say who wrote that."""
    has_rule = bool(_RULE.fullmatch(lines[at].text.strip()))
    first = at + has_rule
    end = first
    while end < min(len(lines), first + _MOST_HEADERS) and _HEADER.match(lines[end].text[:_LONGEST_LINE]):
        end += 1
    if end - first >= 3 - has_rule and (has_rule or _SENDER.match(lines[first].text)):
        return end
    for end in range(at + 1, min(at + 3, len(lines)) + 1):
        said = " ".join(line.text.strip().replace("\xa0", " ") for line in lines[at:end])
        if len(said) > _LONGEST_LINE or any(one.depth != lines[at].depth for one in lines[at:end]):
            return None
        is_marked = end < len(lines) and lines[end].depth > lines[at].depth
        if said.endswith(":") and (_WHEN.search(said) or (is_marked and "@" in said)):
            return end if is_marked or _WROTE.search(said) else None
        if is_marked and said.endswith(":") and _WROTE.search(said):
            return end
        if not _WHEN.search(said):  # it goes on only behind a date
            return None
    return None


def _add(builder: Builder, lines: Sequence[_Line], roles: Sequence[Role], is_context: bool) -> None:
    pairs = zip(lines, roles, strict=True)
    for (role, group), some in groupby(pairs, key=lambda pair: (pair[1], pair[0].group if pair[1] == "own" else None)):
        found = [line for line, _ in some]
        with _grouped(builder, found[0] if group is not None else None):
            for _, block in groupby(found, key=lambda line: (line.block, line.depth)):
                _add_block(builder, list(block), role, is_context)


def _grouped(builder: Builder, first: _Line | None) -> AbstractContextManager[None]:
    if first is None:
        return nullcontext()
    return builder.table(first.columns) if first.kind == "row" else builder.list()


def _add_block(builder: Builder, lines: Sequence[_Line], role: Role, is_context: bool) -> None:
    first, text = lines[0], dedent("\n".join(line.text for line in lines))
    if role == "own" and first.kind == "row":
        builder.row(first.cells)
    elif role == "own":
        builder.add(text, first.kind, level=first.level)
    elif role == "signature":
        builder.add(text, is_context=True)
    elif role == "field":
        for said in text.split("\n") if _HEADER.match(lines[-1].text) else [text]:
            builder.add(said, "field")
    else:
        builder.add(text, "quote", level=max(first.depth, 1), is_context=is_context)
