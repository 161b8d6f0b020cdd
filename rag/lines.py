"""Which lines of a plain text belong together.

A line that was wrapped goes on in the next one; a line of a list, a poem, an address, a log or a table does not. What
tells them apart is how the next line begins, how this one ends, and whether the next word would have fitted on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from rag.types import Span

# Whether a line goes on in the next: surely, surely not, or where it is filled and its paragraph is running text.
_Break = Literal["wrap", "new", "either"]

ITEM = re.compile(r"[ \t]*(?:[-*+•–▪◦·][ \t]+|\(?\d{1,3}[.)][ \t]+|\(?[a-z]\)[ \t]+)(?=\S)")  # bullet, number, letter
# A day or an hour, as logs and chats begin their lines.
STAMP = re.compile(
    r"[ \t]*[\[(<]?(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d\d(?::\d\d)?\b"
    r"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} \d\d:\d\d)"
)
# "Owner: Theo", "timeout = 25": what stands before the sign is short, or one word.
KEY = re.compile(r"[ \t]*(?:[\w(][\w./()&'’-]*(?: [\w./()&'’-]+){0,3}:(?=[ \t]|$)|[\w.-]+[ \t]*=)")
RULE = re.compile(r"[ \t]*(?:([-=_*~#+.^])\1{2,}|--|\+?[-=+|: ]{3,})[ \t]*")
_MARKED = re.compile(r"[ \t]*(?:#|\||```|~~~|<[\w!/]|\$ |:)")  # heading, table, fence, tag, command, definition
_COLUMNS = re.compile(r"[^\s.!?:;,](?: {2,}|\t+)\S")  # a gap that is not one after a sentence
_COMMENT = re.compile(r"[ \t]*(?:#|//+|--|;+|%+|\*|>[> ]*)[ \t]+(?=\S)")
_OPENING = "\"'“‘„«»‹›([{*_¿¡…–—"
_CLOSING = "\"'”’“»›)]}*_ "
_PLAIN_ENDS = frozenset(".!?:;…。！？।؟" + _CLOSING)
_SENTENCE_ENDS = (".", "!", "?", ":", ";", "…", "。", "！", "？", "।", "؟")
# Words that no line of a list or a verse ends in.
_LEADS_ON = re.compile(
    r"(?:^|\s)(?:the|an?|of|and|or|from|with|into|than|its|their|his|our|M[rs]s?\.?|Dr\.?"
    r"|de[rsm]|und|von|eine[rnsm]?|les?|du|et|el|los|del)$"
)
_INNER_END = re.compile(r"\w\w[.!?] +[A-ZÀ-ÖØ-Þ]")
_PROGRAM = re.compile(r"[=<>{}|$\\;]|\w\(")  # signs that words have not

_FEWEST_WORDS, _SHORTEST = 4, 25  # of a line that goes on; a shorter one is an entry of a list
_PROSE_WORDS = 8  # a row of a table that is aligned by spaces has fewer
_PLAINLY_LONG = 40  # characters
_WIDEST_WRAP = 120  # characters; a longer line was not wrapped
_OVERLONG = 1.15  # times the usual length: a line that somebody wrote into wrapped text
_FEWEST_WRAPS = 3  # of a document, to tell how wide it is set


class _Line:
    """A line of text; the mark of a comment or a quotation before it is no part of its ``body``."""

    __slots__ = ("body", "end", "indent", "length", "mark", "start", "text")

    def __init__(self, text: str, start: int) -> None:
        self.start, self.end = start, start + len(text)
        self.text = self.body = text = text.rstrip()
        self.length = len(text)
        self.mark, self.indent = "", 0
        if not text[0].isalpha():  # nearly all lines begin with a letter
            found = _COMMENT.match(text)
            self.mark = found.group().strip() if found else ""
            self.body = text[found.end() :] if found else text.lstrip()
            self.indent = len(text) - len(text.lstrip())

    @property
    def is_item(self) -> bool:
        """Whether it begins as an item of a list does."""
        return ITEM.match(self.text) is not None

    @property
    def is_key(self) -> bool:
        """Whether it begins with a name and a sign, as fields do."""
        return KEY.match(self.text) is not None

    @property
    def ends_sentence(self) -> bool:
        """Whether it ends as a sentence does."""
        return self.body.rstrip(_CLOSING).endswith(_SENTENCE_ENDS)

    @property
    def first_letter(self) -> str:
        """The first sign that is more than a quote or a bracket."""
        return self.body.lstrip(_OPENING)[:1]

    @property
    def is_prose(self) -> bool:
        """Whether it is long enough to be a line of running text."""
        return self.length >= _SHORTEST and self.body.count(" ") + 1 >= _FEWEST_WORDS

    @property
    def has_columns(self) -> bool:
        """Whether gaps in it make columns."""
        return ("  " in self.body or "\t" in self.body) and _COLUMNS.search(self.body) is not None


def line_blocks(text: str) -> Iterator[Span]:
    """Yield the spans of lines that belong together, in order: no sentence crosses them."""
    paragraphs = [_Paragraph(lines) for lines in _paragraphs(text)]
    sure = sorted(length for paragraph in paragraphs for length in paragraph.wrapped)
    width = sure[len(sure) * 95 // 100] if len(sure) >= _FEWEST_WRAPS else 0  # but for overlong lines
    for paragraph in paragraphs:
        yield from paragraph.blocks(width)


def code_blocks(text: str) -> Iterator[Span]:
    """Yield the lines of a program, a log or a file of settings; those of a comment that goes on are one."""
    for lines in _paragraphs(text):
        first = lines[0]
        for line, following in pairwise(lines):
            if not _is_comment_going_on(line, following):
                yield first.start, line.end
                first = following
        yield first.start, lines[-1].end


def _paragraphs(text: str) -> Iterator[list[_Line]]:
    """Yield the lines between empty ones."""
    lines: list[_Line] = []
    start = 0
    for line in text.split("\n"):
        if line and not line.isspace():
            lines.append(_Line(line, start))
        elif lines:
            yield lines
            lines = []
        start += len(line) + 1
    if lines:
        yield lines


def _is_comment_going_on(line: _Line, following: _Line) -> bool:
    """Whether two lines of a program are words, and one sentence of a comment or of a text in it."""
    is_words = line.body.count(" ") >= _FEWEST_WORDS and " " in following.body and following.body[:1].islower()
    is_program = any(_PROGRAM.search(one.body) or one.is_key for one in (line, following))
    is_item = following.is_item and not following.mark
    return is_words and not (is_program or is_item or line.ends_sentence) and line.mark == following.mark


class _Paragraph:
    """Lines between empty ones, and whether each goes on in the next."""

    def __init__(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._is_record = _are_keyed(lines)
        self._is_log = len(lines) > 1 and STAMP.match(lines[0].text) is not None
        self._breaks: list[_Break] = []
        first = 0
        for at, (line, following) in enumerate(pairwise(lines)):
            kind: _Break = "wrap" if _is_plainly_wrapped(line.text, following.text) else self._break(first, at)
            self._breaks.append(kind)
            if kind == "new":
                first = at + 1
        self.wrapped = [line.length for line, kind in zip(lines, self._breaks, strict=False) if kind == "wrap"]

    def blocks(self, usual_width: int) -> Iterator[Span]:
        """Yield the spans of lines that belong together, in a document whose text is mostly set so wide."""
        filled = self._filled(usual_width) if "either" in self._breaks else []
        start = self._lines[0].start
        for at, kind in enumerate(self._breaks):
            if kind == "new" or (kind == "either" and at not in filled):
                yield start, self._lines[at].end
                start = self._lines[at + 1].start
        yield start, self._lines[-1].end

    def _break(self, first: int, at: int) -> _Break:
        """Return what the break after the line at ``at`` is, in a block that begins with the line at ``first``."""
        line, following = self._lines[at], self._lines[at + 1]
        letter = following.first_letter
        if self._starts_block(following) or self._stands_alone(line) or line.mark != following.mark:
            return "new"
        if (line.has_columns or following.has_columns) and not (letter.islower() and _is_set_wide(line)):
            return "new"
        in_item = self._lines[first].is_item
        is_deeper = following.indent > line.indent
        if (following.indent < line.indent and at > first) or (is_deeper and at > first):
            return "new"
        if line.ends_sentence:
            return "new" if line.body.endswith(":") and not letter.islower() else "either"
        if letter.islower():
            goes_on = line.is_prose or (in_item and is_deeper) or (at > first and following.is_prose)
            return "wrap" if goes_on else "new"
        return "wrap" if line.is_prose and _LEADS_ON.search(line.body) else "either"

    def _starts_block(self, line: _Line) -> bool:
        """Whether something new begins with a line, whatever was before it."""
        return (
            line.is_item
            or (self._is_record and line.is_key)
            or (self._is_log and STAMP.match(line.text) is not None)
            or (not line.body[:1].isalnum() and self._stands_alone(line))
        )

    @staticmethod
    def _stands_alone(line: _Line) -> bool:
        """Whether a line is a rule, a heading, a row of a table."""
        if line.body[:1].isalnum():
            return False
        return RULE.fullmatch(line.text) is not None or (not line.mark and _MARKED.match(line.text) is not None)

    def _filled(self, usual_width: int) -> set[int]:
        """Return which of the breaks that may be either are after a line that is filled, in running text."""
        widths = self._width(usual_width), max(line.length for line in self._lines)
        filled = [at for at, kind in enumerate(self._breaks) if kind == "either" and self._is_filled(at, *widths)]
        caseless = {at for at in filled if _is_caseless(self._lines[at + 1].first_letter)}
        # In running text some lines begin with a name, a number or a noun; in a list or a poem all do.
        names = sum(not self._lines[at].ends_sentence for at in filled) - len(caseless)
        is_running = (usual_width > 0 and names <= 1) or self._is_running(names)
        return set(filled) if is_running else caseless

    def _is_running(self, names: int) -> bool:
        """Whether enough lines surely go on, or sentences end within a line, beside lines that begin with a name."""
        if self.wrapped and len(self.wrapped) * 2 >= names:
            return True
        evidence = len(self.wrapped) + sum(_INNER_END.search(line.body) is not None for line in self._lines)
        return 0 < evidence * 2 >= names

    def _is_filled(self, at: int, width: int, widest: int) -> bool:
        """Whether the first word of the next line would not have fitted on a line."""
        line, following = self._lines[at], self._lines[at + 1]
        word, shortest = following.body.split(maxsplit=1)[0], _SHORTEST
        if _is_caseless(following.first_letter):
            width = widest
            if " " not in line.body:  # some scripts set no spaces, and say more in a sign
                word, shortest = word[:1], _SHORTEST // 2
        return line.length >= shortest and line.length + 1 + len(word) > width

    def _width(self, usual_width: int) -> int:
        """Return how wide the paragraph is set, but for overlong lines."""
        lengths = sorted(length for length in self.wrapped if length <= _WIDEST_WRAP)
        if len(lengths) > 1:
            return max(length for length in lengths if length <= lengths[len(lengths) // 2] * _OVERLONG)
        lengths = [line.length for line in self._lines[:-1] if line.length <= _WIDEST_WRAP]
        return usual_width or max(lengths, default=_WIDEST_WRAP)


def _are_keyed(lines: list[_Line]) -> bool:
    """Whether at least every second line is a field."""
    likely = [line for line in lines if ":" in line.text or "=" in line.text]  # most lines are not
    return len(lines) > 1 and len(likely) * 2 >= len(lines) and sum(line.is_key for line in likely) * 2 >= len(lines)


def _is_plainly_wrapped(line: str, following: str) -> bool:
    """Whether a line goes on in the next: what most lines of running text are, told quickly."""
    return (
        following[0].islower()
        and line[0].isalpha()
        and len(line) >= _PLAINLY_LONG
        and line[-1] not in _PLAIN_ENDS
        and not ("  " in line or "\t" in line or "  " in following or "\t" in following)
        and not (":" in following or "=" in following or following[1:2] == ")")
    )


def _is_set_wide(line: _Line) -> bool:
    """Whether a line with gaps in it is running text, such as is set to one width."""
    return line.is_prose and len(line.body.split()) >= _PROSE_WORDS


def _is_caseless(letter: str) -> bool:
    """Whether a letter is of a script without small letters."""
    return letter.isalpha() and letter.lower() == letter.upper()
