"""HTML as lines: all that a page shows, a line a heading, paragraph, list item or table row.

It reads tag after tag and builds no tree, so that no depth of nesting and no broken markup stops it.
It tells no article from what surrounds it, and knows no style sheets.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from rag.errors import ParseError
from rag.parse.text import alike_newlines, decode, is_in

# A line of text and, where it is a heading, its level; 0 where it is not.
Line = tuple[str, int]
Attributes = list[tuple[str, str | None]]

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hr li main nav ol option p section summary ul".split()
)
_UNSEEN = frozenset("script style noscript template title svg math select".split())
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
# Control characters and soft hyphens; the spaces without width that pages put at the ends of headings.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\ufeff]|\u200b+(?=\s|$)")
# A table whose row is longer than this, or holds a heading, only lays out the page.
LONGEST_ROW = 1000
_LONGEST_HEADING = 300  # what is longer was made large, and is no heading
# What is declared, and what browsers take it for: people write the first and mean the second.
_WESTERN = ("iso-8859-1", "iso8859-1", "latin-1", "latin1", "windows-1252", "cp1252")
_MEANT = dict.fromkeys(_WESTERN, "cp1252") | dict.fromkeys(("gb2312", "gbk"), "gb18030")
# Where one of these is declared in plain letters, it says nothing of the others or cannot be true.
_UNDECLARED = ("us-ascii", "ascii", "utf-16", "utf-32", "utf-7", "unicode")


def decode_declared(data: bytes, charset: str | None) -> str:
    """Decode as the charset that is declared for ``data``, where that holds, else as any text.

    Raises:
        ParseError: The bytes are not text.
    """
    charset = (charset or "").lower()
    if charset in _WESTERN and is_in(data, "utf-8"):
        charset = "utf-8"  # western text is never so by chance
    if charset and not charset.startswith(_UNDECLARED):
        try:
            return alike_newlines(data.decode(_MEANT.get(charset, charset)))
        except (LookupError, UnicodeError):
            pass
    return decode(data)


def decode_loosely(data: bytes, charset: str | None) -> str:
    """Decode as ``decode_declared`` does, and keep of what is no text the letters in it."""
    try:
        return clean(decode_declared(data, charset))
    except ParseError:
        return clean(data.decode("utf-8" if is_in(data, "utf-8") else "cp1252", "replace"))


def squeeze(text: str) -> str:
    """Return the text in one line, one space between words, without control characters."""
    return " ".join(clean(text).split())


def squeeze_lines(text: str) -> str:
    """Return the text with each of its lines squeezed, without empty ones."""
    return "\n".join(filter(None, map(squeeze, text.split("\n"))))


def styled_line(text: str, level: int) -> Line:
    """Return a paragraph that is set as a heading of a level, or of none; one too long to be a heading is none."""
    text = squeeze_lines(text)
    return (squeeze(text), level) if level and len(text) <= _LONGEST_HEADING else (text, 0)


def clean(text: str) -> str:
    """Return the text without control characters and soft hyphens."""
    return _CONTROL.sub("", text)


def page_lines(html: str) -> list[Line]:
    """Return the lines of all that a page shows."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.finished()


def row_line(cells: list[str], header: list[str] | None) -> str:
    """Return a table row that can be read alone: each cell with its column's name where there is one."""
    if header and len(header) == len(cells):
        return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(header, cells, strict=True) if cell)
    filled = [cell for cell in cells if cell]
    if len(filled) == 2 and filled[0].endswith(":"):
        return f"{filled[0].rstrip(': ')}: {filled[1]}"
    return " | ".join(filled)


class _Table:
    """The row of a table that is being read, and the names of its columns."""

    def __init__(self) -> None:
        self._header: list[str] | None = None
        self._has_rows = False
        self._cells: list[list[Line]] = []
        self._heads: list[bool] = []

    def open_cell(self, is_head: bool) -> list[Line]:
        """Return the list that takes the lines of the row's next cell."""
        self._cells.append([])
        self._heads.append(is_head)
        return self._cells[-1]

    def close_row(self) -> list[Line]:
        """Return the row's lines: one, or where the table only lays out the page, those of its cells."""
        cells, heads, self._cells, self._heads = self._cells, self._heads, [], []
        texts = [" ".join(text for text, _ in cell) for cell in cells]
        lays_out = any(level for cell in cells for _, level in cell) or sum(map(len, texts)) > LONGEST_ROW
        if lays_out or sum(map(bool, texts)) < 2:
            return [line for cell in cells for line in cell]
        if all(heads) and self._header is None and not self._has_rows:
            self._header = texts
            return []
        self._has_rows = True
        if self._header is None and heads == [True, False]:
            return [(row_line([texts[0] + ":", texts[1]], None), 0)]
        return [(row_line(texts, self._header), 0)]

    def close(self) -> list[Line]:
        """Return the lines of the last row, and of a header that stands over no rows."""
        lines = self.close_row()
        return lines if self._has_rows or not self._header else [(row_line(self._header, None), 0), *lines]


class _Reader(HTMLParser):
    """Collects lines while the parser calls it tag by tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[Line] = []
        self._into = self._lines  # where a line goes: the page, or a cell of a table
        self._table: _Table | None = None
        self._run: list[str] = []
        self._level = 0
        self._verbatim = False
        self._skipped, self._skipped_depth = "", 0

    def finished(self) -> list[Line]:
        """Return the lines, after the last tag."""
        self._end_table()
        return self._lines

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if self._skipped:
            self._skipped_depth += tag == self._skipped
        elif tag in _UNSEEN or (tag in ("div", "span") and _is_hidden(attrs)):
            self._skipped, self._skipped_depth = tag, 1
        elif tag == "table":
            self._end_table()
            self._table = _Table()
        elif tag == "tr":
            self._end_row()
            self._table = self._table or _Table()
        elif tag in ("td", "th"):
            self._end_line()
            self._into = self._table.open_cell(tag == "th") if self._table else self._lines
        elif tag == "br" and (self._level or self._verbatim):
            self._run.append("\n")
        elif tag in _BLOCKS or tag == "pre":
            self._end_line()
            self._level = int(tag[1]) if tag in _HEADINGS else self._level
            self._verbatim = tag == "pre"

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)
        if tag in _UNSEEN or tag in ("div", "span", "pre", *_HEADINGS):
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._skipped_depth -= tag == self._skipped
            self._skipped = self._skipped if self._skipped_depth else ""
        elif tag == "table":
            self._end_table()
        elif tag == "tr":
            self._end_row()
        elif tag in _BLOCKS or tag in ("pre", "td", "th"):
            self._end_line()
            if tag in _HEADINGS:
                self._level = 0
            if tag == "pre":
                self._verbatim = False

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._run.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Pass over ``<![if …]>``, which the standard library takes for an error, and keep CDATA's text."""
        is_data = self.rawdata.startswith("<![CDATA[", i)
        mark = "]]>" if is_data else ">"
        end = self.rawdata.find(mark, i)
        if end < 0:
            return -1
        if is_data:
            self.handle_data(self.rawdata[i + len("<![CDATA[") : end])
        return end + len(mark)

    def _end_line(self) -> None:
        text, self._run = "".join(self._run), []
        line = clean(text).strip("\n").rstrip() if self._verbatim else squeeze(text)
        if line.strip():
            self._into.append((squeeze(line) if self._level else line, self._level))
            self._level = 0

    def _end_row(self) -> None:
        self._end_line()
        self._lines.extend(self._table.close_row() if self._table else [])
        self._into = self._lines

    def _end_table(self) -> None:
        self._end_line()
        self._lines.extend(self._table.close() if self._table else [])
        self._into, self._table = self._lines, None


def _is_hidden(attributes: Attributes) -> bool:
    return any(name == "hidden" or (name == "style" and _HIDDEN.search(value or "")) for name, value in attributes)
