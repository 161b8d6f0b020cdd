"""RTF: Pandoc reads the text, after its letters were written in one encoding and what is not shown was taken out.

Pandoc takes all bytes for western ones and knows no styles, so the file is gone through first, token after token, and
written anew: letters in the encodings of their fonts, headings by the level of their style, groups closed. Headers,
footers, comments, hidden and deleted text and tables of contents are left out.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, replace

from rag.errors import ParseError
from rag.parse.archive import given_title
from rag.parse.builder import Builder
from rag.parse.markup import squeeze
from rag.parse.pandoc import read_tree
from rag.parse.pandoc_blocks import add_blocks, meta_text
from rag.parse.pandoc_text import Node
from rag.parse.parsed import Parsed, title_of

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,9})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n\0]+)|[\r\n\0\\]",
    re.DOTALL,
)
# Groups whose text is no part of the document's, or in it a second time.
_UNREAD = frozenset(
    "colortbl pict nonshppict header headerl headerr headerf footer footerl footerr footerf listtext pntext pntxta"
    " pntxtb xe tc txe rxe objdata revtbl rsidtbl filetbl datafield annotation atnid atnauthor bkmkstart bkmkend"
    " themedata colorschememapping latentstyles shprslt sp upr".split()
)
# Groups that old programs pass over, and that are read.
_READ_THOUGH_STARRED = frozenset("footnote shpinst shppict listtable listoverridetable fldinst".split())
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_PAGES_OF_SYSTEMS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_OF_PICTURES = "pictures"  # in place of the encoding of a font such as Wingdings
_HEADING = re.compile(r"heading (\d)")
_HEAD_MARK = "\x7f"  # in the first cell of a row of names; control characters go as blocks are made
_DEEPEST = 100  # groups in one another that Pandoc is given; deeper ones are read as if they were one


@dataclass
class _Group:
    """What holds up to the brace that closes a group."""

    use: str = "text"  # or "none", "fonts", "styles"
    box: int | None = None  # where in what is written the text of a box began that ends with the group
    font: int | None = None
    fallback: int = 1  # characters after one in Unicode that stand for it in old programs


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
        joined.append(_with_head(node) if node["t"] == "Table" else node)
    return joined


def _with_head(table: Node) -> Node:
    """Return a table with the rows on top that are marked as names of columns in its head."""
    attributes, caption, columns, head, bodies, foot = table["c"]
    for body in bodies[:1]:
        while body[3] and json.dumps(_HEAD_MARK)[1:-1] in json.dumps(body[3][0]):
            head[1].append(body[3].pop(0))
    return {"t": "Table", "c": [attributes, caption, columns, head, bodies, foot]}


class _Writer:
    """Goes through the tokens of a file, and writes those that Pandoc is to read."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._out: list[str] = []
        self._stack: list[_Group] = []
        self._group = _Group()
        self._boxes: list[str] = []  # that hang on the paragraph
        self._bytes = bytearray()
        self._skip = 0
        self._half = 0  # of a letter in UTF-16
        self._starred = self._heads_columns = False
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._default_font: int | None = None
        self._levels: dict[int, int] = {}
        self._contents: set[int] = set()
        self._style, self._style_level, self._style_name = 0, 0, ""
        self._in_contents = False
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
        elif token["brace"]:
            self._flush()
            self._skip = 0
            self._open() if token["brace"] == "{" else self._close()
        elif token["word"] or token["sign"]:
            self._flush()
            self._skip = 0
            return self._control(token["word"] or token["sign"], int(token["number"]) if token["number"] else None)
        return 0

    def _open(self) -> None:
        self._stack.append(self._group)
        self._group = replace(self._group, box=None)
        self._starred = False
        self._out.append("{" if len(self._stack) <= _DEEPEST else "")

    def _close(self) -> None:
        if self._group.use == "styles" and self._style_name:
            self._end_style()
        if self._group.box is not None:
            self._boxes.append(f"{{\\pard {''.join(self._out[self._group.box :])}\\par}}")
            del self._out[self._group.box :]
        self._out.append("}" if 0 < len(self._stack) <= _DEEPEST else "")
        if self._stack:
            self._group = self._stack.pop()
        self.is_whole = not self._stack

    def _control(self, word: str, number: int | None) -> int:
        if word == "bin":
            return max(number or 0, 0)
        starred, self._starred = self._starred, word == "*"
        group = self._group
        if word in _UNREAD or (starred and group.use == "text" and word not in _READ_THOUGH_STARRED):
            group.use = "none"
        elif word in ("fonttbl", "stylesheet"):
            group.use = "fonts" if word == "fonttbl" else "styles"
        elif word in ("deff", "ansicpg", *_PAGES_OF_SYSTEMS):
            self._set_page(word, number)
        elif group.use == "fonts":
            self._font_word(word, number)
        elif group.use == "styles":
            self._style_word(word, number)
        elif group.use == "text":
            self._text_word(word, number, starred)
        return 0

    def _set_page(self, word: str, number: int | None) -> None:
        if word == "deff":
            self._default_font = number
        else:
            self._page = _known(f"cp{number}" if word == "ansicpg" else _PAGES_OF_SYSTEMS[word])

    def _font_word(self, word: str, number: int | None) -> None:
        if word == "f":
            self._group.font = number
        elif word == "fcharset" and self._group.font is not None and number != 1:
            self._fonts[self._group.font] = _OF_PICTURES if number == 2 else _CHARSETS.get(number or 0, "")

    def _style_word(self, word: str, number: int | None) -> None:
        if word == "s":
            self._style = number or 0
        elif word == "outlinelevel" and number is not None:
            self._style_level = number + 1

    def _text_word(self, word: str, number: int | None, starred: bool) -> None:
        group = self._group
        if word == "u" and number is not None:
            self._write_half(number % 0x10000)
            self._skip = group.fallback
        elif word == "uc":
            group.fallback = min(max(number or 0, 0), 9)
        elif word == "f":
            group.font = number
        elif word == "deleted":
            self._put("v", number)
        elif word == "s":
            self._in_contents = number in self._contents
            if level := self._levels.get(number or 0, 0):
                self._put("outlinelevel", level - 1)
        elif word != "*":
            self._put("*" if starred and word != "footnote" else "", None)
            self._heads_columns = self._heads_columns or word == "trhdr"
            if word == "cell" and self._heads_columns:
                self._out.append(_HEAD_MARK)
                self._heads_columns = False
            self._put(word, number)
            if word == "shptxt":
                group.box = len(self._out)
            elif word == "par" and all(outer.box is None for outer in (group, *self._stack)):
                self._out.extend(self._boxes)
                self._boxes = []
            if word == "plain":
                group.font = None
                self._put("v", 0)
            self._in_contents = self._in_contents and word != "pard"

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
        digits = "" if number is None else str(number)
        if word:
            self._out.append(f"\\{word}{digits} " if word.isalpha() else f"\\{word}")

    def _end_style(self) -> None:
        name = squeeze(self._style_name.split(";")[0]).lower()
        heading = _HEADING.fullmatch(name)
        self._levels[self._style] = int(heading[1]) if heading else 1 if name == "title" else self._style_level
        if name.startswith("toc "):
            self._contents.add(self._style)
        self._style, self._style_level, self._style_name = 0, 0, ""

    def _flush(self) -> None:
        """Decode the bytes so far, as the font they are set in says."""
        if not self._bytes:
            return
        font = self._default_font if self._group.font is None else self._group.font
        encoding = self._fonts.get(font, "") if font is not None else ""
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
