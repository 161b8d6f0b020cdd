"""RTF: the text that a word processor shows, each paragraph and table row a block.

It is read token after token, with a stack of groups, so that no depth of nesting stops it. A footnote
or a text box stands after the paragraph that it hangs on. Pictures, hidden and deleted text, headers,
footers, comments, the numbers of lists and tables of contents are left out.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from rag.errors import ParseError
from rag.parse.archive import given_title
from rag.parse.builder import Builder
from rag.parse.markup import Line, squeeze
from rag.parse.parsed import Parsed, title_of
from rag.parse.rtfflow import Flow, Styles

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,9})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n\0]+)|[\r\n\0\\]",
    re.DOTALL,
)
_SIGNS = {
    "tab": "\t", "line": "\n", "page": "\n", "column": "\n", "emdash": "—", "endash": "–", "emspace": " ",
    "enspace": " ", "qmspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
    "nestcell": " ", "nestrow": "\n", "~": " ", "_": "-", "{": "{", "}": "}", "\\": "\\", "\n": "\n", "\r": "\n",
}  # fmt: skip
# Groups whose text is no part of the document's.
_UNREAD = frozenset(
    "colortbl pict nonshppict header headerl headerr headerf footer footerl footerr footerf listtext pntext pntxta"
    " pntxtb xe tc txe rxe objdata listtable listoverridetable revtbl rsidtbl filetbl datafield fldinst annotation"
    " atnid atnauthor bkmkstart bkmkend themedata colorschememapping latentstyles shprslt upr".split()
)
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_PAGES_OF_SYSTEMS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_OF_PICTURES = "pictures"  # in place of the encoding of a font such as Wingdings
_HEADING = re.compile(r"heading (\d)")


@dataclass
class _Group:
    """What holds up to the brace that closes a group: what its text is for, and how it is written."""

    use: str = "text"  # or "none", "box" (a shape: only the text in it counts), "fonts", "styles", "title", "info"
    font: int | None = None
    hidden: bool = False
    fallback: int = 1  # characters after one in Unicode that stand for it in old programs
    inner: Flow | None = None  # a note's or a box's, which ends with the group


def parse_rtf(data: bytes, name: str) -> Parsed:
    """Read rich text; the title is that among its properties, else its first heading, else the file's name."""
    text = data.decode("latin-1").lstrip("\ufeff\xef\xbb\xbf \r\n\t\0")
    if not text.startswith("{\\rtf"):
        raise ParseError("not an RTF file, though it is named so")
    reader = _Reader(text)
    builder = Builder()
    for line, level in reader.read():
        builder.line(line, level)
    warning = None if reader.is_whole else "the file is cut short: its end is missing"
    return builder.parsed(given_title(reader.title) or title_of(builder.headings) or name, warning=warning)


class _Reader:
    """Reads the tokens of a file; what is read goes into the flow on top."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._stack: list[_Group] = []
        self._group = _Group()
        self._styles = Styles()
        self._flows = [Flow(self._styles)]
        self._bytes = bytearray()
        self._skip = 0
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._default_font: int | None = None
        self._style, self._style_level, self._style_name = 0, 0, ""
        self._starred = False
        self.title = ""
        self.is_whole = False

    def read(self) -> list[Line]:
        """Return the lines of the document."""
        at = 0
        while at < len(self._source) and not self.is_whole:
            token = _TOKEN.match(self._source, at)
            if token is None:
                break
            at = token.end() + self._take(token)
        self._flush()
        while len(self._flows) > 1:
            self._end_inner()
        return self._flow.finished()

    @property
    def _flow(self) -> Flow:
        return self._flows[-1]

    def _take(self, token: re.Match[str]) -> int:
        """Act on a token, and return how many bytes after it are no text."""
        if token["text"]:
            kept = token["text"][self._skip :]
            self._skip = max(self._skip - len(token["text"]), 0)
            self._bytes += kept.encode("latin-1")
        elif token["hex"]:
            self._bytes += bytes.fromhex(token["hex"]) if not self._skip else b""
            self._skip = max(self._skip - 1, 0)
        elif token["brace"]:
            self._flush()
            self._skip = 0
            self._open() if token["brace"] == "{" else self._close()
        elif token["word"] or token["sign"]:
            return self._control(token["word"] or token["sign"], token["number"])
        return 0

    def _control(self, word: str, digits: str | None) -> int:
        self._flush()
        self._skip = 0
        number = int(digits) if digits else None
        starred, self._starred = self._starred, word == "*"
        if word == "bin":
            return max(number or 0, 0)
        self._begin_use(word, starred)
        if self._group.use == "fonts":
            self._font_word(word, number)
        elif self._group.use == "styles":
            self._style_word(word, number)
        elif word in ("deff", "ansicpg", *_PAGES_OF_SYSTEMS):
            self._set_page(word, number)
        else:
            self._text_word(word, number)
        return 0

    def _begin_use(self, word: str, starred: bool) -> None:
        """Change what the group's text is for, where the word says so."""
        group = self._group
        if word == "footnote" and group.use == "text":
            self._begin_inner(is_note=True)
        elif word == "shptxt" and group.use == "box":
            group.use = "text"
            self._begin_inner(is_note=False)
        elif word in ("shp", "shpinst", "object") and group.use in ("text", "box"):
            group.use = "box"
        elif word == "result" and group.use == "box":
            group.use = "text"
        elif word in ("fonttbl", "stylesheet", "info"):
            group.use = {"fonttbl": "fonts", "stylesheet": "styles", "info": "info"}[word]
        elif word == "title" and group.use == "info":
            group.use = "title"
        elif word in _UNREAD or (starred and word != "shppict" and group.use != "styles"):
            group.use = "none"

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
        elif word == "outlinelevel":
            self._style_level = _level(number)

    def _text_word(self, word: str, number: int | None) -> None:
        group, flow = self._group, self._flow
        act: dict[str, Callable[[], None]] = {
            "par": flow.end_paragraph, "sect": flow.end_paragraph, "cell": flow.end_cell, "row": flow.end_row,
            "pard": flow.reset_paragraph, "trhdr": flow.mark_header,
        }  # fmt: skip
        if word == "u" and number is not None:
            self._write(chr(number % 0x10000))
            self._skip = group.fallback
        elif word == "uc":
            group.fallback = min(max(number or 0, 0), 9)
        elif word == "f":
            group.font = number
        elif word in ("v", "deleted"):
            group.hidden = number != 0
        elif word == "plain":
            group.hidden, group.font = False, None
        elif group.use != "text":
            return
        elif word in act:
            act[word]()
        elif word in _SIGNS:
            self._write(_SIGNS[word])
        elif word == "s":
            flow.style = number or 0
        elif word == "outlinelevel":
            flow.outline = _level(number)
        elif word == "intbl":
            flow.in_table = True

    def _open(self) -> None:
        self._stack.append(self._group)
        self._group = replace(self._group, inner=None)
        self._starred = False

    def _close(self) -> None:
        if self._group.use == "styles" and self._style_name:
            self._end_style()
        if self._group.inner is not None and self._group.inner is self._flow:
            self._end_inner()
        if self._stack:
            self._group = self._stack.pop()
        self.is_whole = not self._stack

    def _end_style(self) -> None:
        name = squeeze(self._style_name.split(";")[0]).lower()
        heading = _HEADING.fullmatch(name)
        self._styles.levels[self._style] = int(heading[1]) if heading else 1 if name == "title" else self._style_level
        if name.startswith("toc "):
            self._styles.contents.add(self._style)
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
        use = self._group.use
        if use == "title":
            self.title += text
        elif use == "styles":
            self._style_name += text
        elif use == "text" and not self._group.hidden:
            self._flow.write(text)

    def _begin_inner(self, is_note: bool) -> None:
        self._group.inner = Flow(self._styles, is_note)
        self._flows.append(self._group.inner)

    def _end_inner(self) -> None:
        lines = self._flows.pop().finished()
        self._flow.under.extend(lines)


def _level(number: int | None) -> int:
    return number + 1 if number is not None and 0 <= number < 9 else 0


def _known(encoding: str) -> str:
    """Return the encoding where Python knows it, else the western one."""
    encoding = {"cp65001": "utf-8", "cp10000": "mac_roman"}.get(encoding, encoding)
    try:
        codecs.lookup(encoding)
    except LookupError:
        return "cp1252"
    return encoding
