"""RTF: Pandoc reads the text, after its letters were written in one encoding and what it does not know was told it.

Pandoc takes all bytes for western ones and knows neither styles nor merged cells, so the file is gone through first,
token after token. What Pandoc does know stays as it is; headers, footers, comments and hidden text it leaves out.
"""

from __future__ import annotations

import codecs
import json
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import takewhile
from operator import itemgetter
from typing import Any, NamedTuple

from rag.errors import ParseError
from rag.parse.archive import given_title
from rag.parse.builder import Builder
from rag.parse.markup import squeeze
from rag.parse.pandoc import read_tree
from rag.parse.pandoc_blocks import add_blocks, meta_text
from rag.parse.pandoc_text import CAPTION_MARK, Node
from rag.parse.parsed import Parsed, title_of

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,9})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n\0\x7f]+)|[\r\n\0\x7f\\]",
    re.DOTALL,
)
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_PAGES_OF_SYSTEMS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_OF_PICTURES = "pictures"  # in place of the encoding of a font such as Wingdings
# Groups that tell of the document, and those whose text is in it a second time: the numbers of items, old shapes.
_USES = {"fonttbl": "fonts", "stylesheet": "styles"} | dict.fromkeys(("listtext", "pntext", "shprslt"), "none")
_HEADING = re.compile(r"heading (\d)")
_CELL_MARK = re.compile(r"\x7f(\d+)([hlu]*)\x7f")
_DEEPEST = 100  # groups in one another that Pandoc is given; deeper ones are read as if they were one
_SAME_EDGE = 30  # twips, half a millimetre: cells of a column end at about the same place


def parse_rtf(data: bytes, name: str) -> Parsed:
    """Read rich text; the title is that among its properties, else its first heading, else the file's name."""
    text = data.decode("latin-1").lstrip("\ufeff\xef\xbb\xbf \r\n\t\0")
    if not text.startswith("{\\rtf"):
        raise ParseError("not an RTF file, though it is named so")
    writer = _Writer(text)
    tree = read_tree(writer.written().encode("utf-8", "replace"), "rtf")
    builder = Builder()
    add_blocks(builder, _joined(tree["blocks"]))
    title = given_title(meta_text(tree["meta"].get("title")))
    warning = None if writer.is_whole else "the file is cut short: its end is missing"
    return builder.parsed(title or title_of(builder.headings) or name, warning=warning)


def _joined(nodes: list[Node]) -> list[Node]:
    """Return the nodes with each list in one: Pandoc begins it anew, and counts again, after a list in an item."""
    joined: list[Node] = []
    for node in nodes:
        if node["t"] in ("OrderedList", "BulletList"):
            is_ordered = node["t"] == "OrderedList"
            items = [_joined(item) for item in (node["c"][1] if is_ordered else node["c"])]
            last = joined[-1] if joined else None
            if last and last["t"] == node["t"] and (not is_ordered or last["c"][0] == node["c"][0]):
                (last["c"][1] if is_ordered else last["c"]).extend(items)
                continue
            node = {"t": node["t"], "c": [node["c"][0], items] if is_ordered else items}
        joined.append(_with_spans(node) if node["t"] == "Table" else node)
    return joined


def _with_spans(table: Node) -> Node:
    """Return a table with its header and its merged cells as their marks tell."""
    _, caption, columns, head, bodies, foot = table["c"]
    rows: list[Any] = []
    marks: list[list[_Mark]] = []
    for attributes, cells in (row for part in (head[1], *(body[3] for body in bodies)) for row in part):
        for cell in filter(itemgetter(4), cells):  # the others fill up short rows
            mark = _take_mark(cell)
            if not rows or rows[-1][0] is not attributes or (mark.edge and mark.edge <= marks[-1][-1].edge):
                rows.append([attributes, []])  # Pandoc takes one that is as the row above for part of it
                marks.append([])
            rows[-1][1].append(cell)
            marks[-1].append(mark)
    edges: list[int] = []
    for edge in sorted(mark.edge for row in marks for mark in row):
        edges += [edge] * (not edges or edge - edges[-1] > _SAME_EDGE)
    if edges[:1] != [0]:  # all cells are marked
        _merge(rows, marks, edges)
        columns = columns[:1] * len(edges)
    names = sum(1 for _ in takewhile(lambda row: any("h" in mark.flags for mark in row), marks))
    body: tuple[Any, ...] = ["", [], []], 0, [], rows[names:]
    return {"t": "Table", "c": [head[0], caption, columns, [head[0], rows[:names]], [body], foot]}


class _Mark(NamedTuple):
    """Where a cell ends, in twips, and "h" for a header's, "l", "u" for one merged with the left or upper one."""

    edge: int = 0
    flags: str = ""


def _take_mark(cell: list[Any]) -> _Mark:
    dumped = json.dumps(cell, ensure_ascii=False)
    found = _CELL_MARK.search(dumped)
    if found is None:
        return _Mark()
    cell[:] = json.loads(_CELL_MARK.sub("", dumped))
    return _Mark(int(found[1]), found[2])


def _merge(rows: list[Any], marks: list[list[_Mark]], edges: list[int]) -> None:
    """Set how many rows and columns the cells span, and take out those that are merged with others."""
    above: dict[int, list[Any]] = {}  # the cell in each column
    for (_, cells), row in zip(rows, marks, strict=True):
        kept: list[list[Any]] = []
        column = 0
        for cell, mark in zip(cells, row, strict=True):
            width = max(bisect_right(edges, mark.edge) - column, 1)
            if "l" in mark.flags and kept:
                kept[-1][3] += width
            elif "u" in mark.flags and column in above:
                above[column][2] += 1
            else:
                cell[3] = width
                kept.append(cell)
                above[column] = cell
            column += width
        cells[:] = kept


@dataclass
class _Group:
    """What holds up to the brace that closes a group."""

    use: str = "text"  # or "none", "fonts", "styles"
    box: int | None = None  # where in what is written the text of a box began that ends with the group
    font: int | None = None
    fallback: int = 1  # characters after one in Unicode that stand for it in old programs


class _Writer:
    """Goes through the tokens of a file, and writes it anew for Pandoc."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._out: list[str] = []
        self._stack: list[_Group] = []
        self._group = _Group()
        self._boxes: list[str] = []  # that hang on the paragraph
        self._bytes = bytearray()
        self._skip = 0
        self._half = 0  # of a letter in UTF-16
        self._page = "cp1252"
        self._fonts: dict[int | None, str] = {}
        self._default_font: int | None = None
        self._style, self._style_level, self._style_name = 0, 0, ""
        self._levels: dict[int | None, int] = {}
        self._contents, self._captions = set[int | None](), set[int | None]()
        self._in_contents = False
        self._flags, self._is_head = "", False  # of the cell that is told of, of its row
        self._cells: list[str] = []
        self._cell = 0
        self.is_whole = False

    def written(self) -> str:
        """Return the file as Pandoc is to read it."""
        at = 0
        while at < len(self._source) and not self.is_whole:
            token = _TOKEN.match(self._source, at)
            if token is None:
                break
            at = token.end() + self._take(token)
        self._flush()
        return "".join([*self._out, "\\par ", *self._boxes]) + "}" * min(len(self._stack), _DEEPEST)

    def _take(self, token: re.Match[str]) -> int:
        """Act on a token, and return how many bytes after it are no text."""
        if token["text"] or token["hex"]:
            letters = token["text"].encode("latin-1") if token["text"] else bytes.fromhex(token["hex"])
            self._bytes += letters[self._skip :]
            self._skip = max(self._skip - len(letters), 0)
            return 0
        self._flush()
        word, number = token["word"] or token["sign"], int(token["number"]) if token["number"] else None
        self._skip = 0
        if token["brace"]:
            self._open() if token["brace"] == "{" else self._close()
        elif word == "bin":
            return max(number or 0, 0)
        elif word:
            self._control(word, number)
        return 0

    def _open(self) -> None:
        self._stack.append(self._group)
        self._group = replace(self._group, box=None)
        self._out.append("{" if len(self._stack) <= _DEEPEST else "")

    def _close(self) -> None:
        if self._group.use == "styles" and self._style_name:
            self._end_style()
        if self._group.box is not None:
            self._boxes.append(f"{{\\pard {''.join(self._out[self._group.box :])}\\par}}")
            del self._out[self._group.box :]
        self._out.append("}" if len(self._stack) <= _DEEPEST else "")
        self._group = self._stack.pop()
        self.is_whole = not self._stack

    def _control(self, word: str, number: int | None) -> None:
        group = self._group
        if group.use == "text":
            group.use = _USES.get(word, "text")
        if word == "deff":
            self._default_font = number
        elif word == "ansicpg" or word in _PAGES_OF_SYSTEMS:
            self._page = _known(_PAGES_OF_SYSTEMS.get(word, f"cp{number}"))
        elif word == "f":
            group.font = number
        elif group.use == "fonts" and word == "fcharset" and number != 1:
            self._fonts[group.font] = _OF_PICTURES if number == 2 else _CHARSETS.get(number or 0, "")
        elif group.use == "styles" and word in ("s", "outlinelevel"):
            self._style, self._style_level = (number or 0, 0) if word == "s" else (self._style, (number or 0) + 1)
        elif group.use == "text":
            self._text_word(word, number)

    def _text_word(self, word: str, number: int | None) -> None:
        group = self._group
        if word == "u":
            self._write_half((number or 0) % 0x10000)
            self._skip = group.fallback
        elif word == "uc":
            group.fallback = min(max(number or 0, 0), 9)
        elif word == "s":
            self._in_contents = number in self._contents
            self._out.append(CAPTION_MARK * (number in self._captions))
            if level := self._levels.get(number, 0):
                self._put("outlinelevel", level - 1)
        elif word == "footnote" and self._out[-1:] == ["\\*"]:  # as LibreOffice writes it; Pandoc passes over it
            self._out[-1] = "\\footnote "
        else:
            self._table_word(word, number)
            self._put(word, number)
            if word == "shptxt":
                group.box = len(self._out)
            elif word == "par" and all(outer.box is None for outer in (group, *self._stack)):
                self._out.extend(self._boxes)
                self._boxes = []
            elif word == "plain":
                group.font = None
            self._in_contents = self._in_contents and word != "pard"

    def _table_word(self, word: str, number: int | None) -> None:
        """Note what is told of the cells of a row, and mark where they end."""
        if word == "trowd":
            self._cells, self._flags, self._is_head = [], "", False
        elif word in ("clmrg", "clvmrg"):
            self._flags += "l" if word == "clmrg" else "u"
        elif word == "trhdr":
            self._is_head = True
        elif word == "cellx":
            self._cells.append(f"\x7f{max(number or 1, 1)}{'h' * self._is_head}{self._flags}\x7f")
            self._flags = ""
        elif word == "cell":
            self._out += self._cells[self._cell : self._cell + 1]
            self._cell += 1
        elif word == "row":
            self._cell = 0

    def _write_half(self, code: int) -> None:
        """Write a letter by its number in UTF-16, where some are in two halves."""
        if 0xD800 <= code < 0xDC00:
            self._half = code
        elif 0xDC00 <= code < 0xE000 and self._half:
            self._write(chr(0x10000 + (self._half - 0xD800) * 0x400 + code - 0xDC00))
        else:
            self._write(chr(code))

    def _put(self, word: str, number: int | None) -> None:
        """Write a control word, or a sign."""
        self._out.append(f"\\{word}{'' if number is None else number} " if word.isalpha() else f"\\{word}")

    def _end_style(self) -> None:
        name = squeeze(self._style_name.split(";")[0]).lower()
        heading = _HEADING.fullmatch(name)
        self._levels[self._style] = int(heading[1]) if heading else 1 if name == "title" else self._style_level
        if name.startswith("toc "):
            self._contents.add(self._style)
        if name.endswith("caption"):
            self._captions.add(self._style)
        self._style, self._style_level, self._style_name = 0, 0, ""

    def _flush(self) -> None:
        """Decode the bytes so far, as the font they are set in says."""
        if not self._bytes:
            return
        encoding = self._fonts.get(self._default_font if self._group.font is None else self._group.font, "")
        raw, self._bytes = bytes(self._bytes), bytearray()
        if encoding != _OF_PICTURES or self._group.use != "text":
            self._write(raw.decode(_known(encoding if encoding not in ("", _OF_PICTURES) else self._page), "ignore"))

    def _write(self, text: str) -> None:
        if self._group.use == "styles":
            self._style_name += text
        elif self._group.use == "text" and not self._in_contents:
            self._out.append(re.sub(r"[\\{}]", r"\\\g<0>", text.replace("\n", " ")))


def _known(encoding: str) -> str:
    """Return the encoding where Python knows it, else the western one."""
    encoding = {"cp65001": "utf-8", "cp10000": "mac_roman"}.get(encoding, encoding)
    try:
        codecs.lookup(encoding)
    except LookupError:
        return "cp1252"
    return encoding
