"""The values that pass between the stages.

Everything here is frozen and knows nothing of files, models or databases, so that a citation made
today can be checked tomorrow by anyone who holds the same text. All offsets are code points into
``Document.text``; every span is half-open: ``text[start:end]``.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Support = Literal["quoted", "supported", "unsupported"]
Span = tuple[int, int]  # start and end, half-open
# What the numbered parts of a document are called.
PageKind = Literal["page", "slide", "row", "line", "cell", "time"]


def page_name(kind: PageKind, number: int) -> str:
    """Return what a numbered part of a document is called: "page 7"; a time is counted in seconds, "00:12:31"."""
    if kind != "time":
        return f"{kind} {number}"
    minutes, seconds = divmod(number, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


class Value(BaseModel):
    """Base of all values: immutable, and closed to fields nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Heading(Value):
    """A heading, where it stands in the text, and its depth (1 is the outermost)."""

    level: int
    text: str
    start: int
    end: int


class Page(Value):
    """A page (or slide, row …) and the span of text on it; numbers start at 1."""

    number: int
    start: int
    end: int


# What a block is. A field is a mail header, a key of front matter or a property; a quote is a block quotation or what
# a mail repeats of another; a note is a footnote, a speaker's note or a comment.
BlockKind = Literal["heading", "paragraph", "item", "row", "code", "quote", "caption", "note", "field"]
CONTEXT_KINDS = frozenset[BlockKind]({"heading", "caption", "field"})  # whatever they say


class Block(Value):
    """What a person sees as one thing in a document, and where it stands: ``text[start:end]``.

    ``level`` is that of a heading (1 is the outermost), or how deep an item lies in lists (1 where it is not in
    another). ``label`` is what a heading says, where marks stand in its text. ``group`` is the list or table that an
    item or row belongs to, as its place in ``Document.groups``. ``cells`` are the spans of a row's cells, one for each
    column. ``is_context`` is what tells of others and answers a question only where nothing else does: headings,
    captions, fields, the header of a table, entries of a table of contents, what a mail quotes.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    label: str = ""
    group: int | None = None
    cells: tuple[tuple[int, int], ...] = ()
    is_context: bool = False


class Group(Value):
    """A list or a table. ``lead_in`` is the span of the block that introduces it, ``caption`` that of its caption.

    ``columns`` are the names of a table's columns; there are none where it has no header.
    """

    kind: Literal["list", "table"]
    lead_in: tuple[int, int] | None = None
    caption: tuple[int, int] | None = None
    columns: tuple[str, ...] = ()


class Document(Value):
    """One file as canonical text, with its structure as spans into that text.

    ``blocks`` are in the order of the text and hold all of it but white space; they do not overlap.

    ``source`` is the path relative to the corpus, with forward slashes. ``sha256`` is the hash of
    the file's bytes, so that ``sha256sum`` can tell whether a citation still speaks of the same file.
    An attachment's source is that of its file, a slash and its name; its hash is of its own bytes.
    ``language`` is an ISO 639-1 code, "" where it cannot be told.
    """

    source: str
    sha256: str
    title: str
    text: str
    blocks: tuple[Block, ...] = ()
    groups: tuple[Group, ...] = ()
    pages: tuple[Page, ...] = ()
    page_kind: PageKind = "page"
    language: str = ""

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """The headings, in the order of the text."""
        return headings_of(self.blocks, self.text)

    @property
    def id(self) -> str:
        """The identity of the document: it depends on its place in the corpus alone."""
        return document_id(self.source)

    @property
    def has_blocks(self) -> bool:
        """Whether more is known of its structure than its headings."""
        return any(block.kind != "heading" for block in self.blocks)

    def block_at(self, offset: int) -> Block | None:
        """Return the block that holds ``offset``."""
        return next(iter(self.blocks_between(offset, offset + 1)), None)

    def blocks_of(self, group: int) -> tuple[Block, ...]:
        """Return the blocks of a list or table, given by its place in ``groups``, in the order of the text."""
        return self._groups.get(group, ())

    @cached_property
    def _groups(self) -> dict[int, tuple[Block, ...]]:
        found: dict[int, list[Block]] = {}
        for block in self.blocks:
            if block.group is not None:
                found.setdefault(block.group, []).append(block)
        return {group: tuple(blocks) for group, blocks in found.items()}

    def introduction_of(self, group: int) -> tuple[Span, ...]:
        """Return the spans of what introduces a list or table: its lead-in, its caption and its header."""
        one = self.groups[group]
        header = next(((block.start, block.end) for block in self.blocks_of(group) if block.is_context), None)
        return tuple(span for span in (one.lead_in, one.caption, header) if span is not None)

    def blocks_between(self, start: int, end: int) -> tuple[Block, ...]:
        """Return the blocks that reach into a stretch of the text."""
        first = bisect_right(self.blocks, start, key=lambda block: block.end)
        return self.blocks[first : bisect_left(self.blocks, end, key=lambda block: block.start)]

    def page_at(self, offset: int) -> int | None:
        """Return the number of the page that holds ``offset``; None where there are no pages."""
        at = bisect_right(self.pages, offset, key=lambda page: page.start)
        return self.pages[at - 1].number if at else None

    def heading_path(self, offset: int) -> tuple[Heading, ...]:
        """Return the headings over ``offset``, outermost first."""
        path: list[Heading] = []
        for heading in self.headings:
            if heading.start > offset:
                break
            path = [above for above in path if above.level < heading.level] + [heading]
        return tuple(path)

    def headings_at(self, offset: int) -> tuple[str, ...]:
        """Return the texts of the headings over ``offset``, outermost first."""
        return tuple(heading.text for heading in self.heading_path(offset))


def headings_of(blocks: Iterable[Block], text: str) -> tuple[Heading, ...]:
    """Return the headings among the blocks of a text."""
    return tuple(
        Heading(
            level=one.level, text=one.label or " ".join(text[one.start : one.end].split()), start=one.start, end=one.end
        )
        for one in blocks
        if one.kind == "heading"
    )


def document_id(source: str) -> str:
    """Return the identity of the document at ``source``: 16 hexadecimal digits."""
    return hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class Introduction(Value):
    """A stretch of a list or table, and what introduces it: its lead-in, its caption and its header, in one text.

    ``is_apart`` tells that all of this stands before the passage that holds the stretch.
    """

    start: int
    end: int
    text: str
    is_apart: bool


class Chunk(Value):
    """A passage: the unit that is embedded and found. ``document.text[start:end] == text``.

    ``introductions`` are those of the lists and tables that the passage holds some of, in order.
    """

    id: str
    document_id: str
    text: str
    start: int
    end: int
    page: int | None = None
    headings: tuple[str, ...] = ()
    introductions: tuple[Introduction, ...] = ()


# The document at a source that was found; raises IndexFailure where the index holds none.
FindDocument = Callable[[str], Document]


class DocumentSummary(Value):
    """A document as it is listed: what it is, and how much was made of it.

    ``file`` is the source of the file it was read from: another than its own where it is an attachment.
    """

    source: str
    file: str
    title: str
    sha256: str
    characters: int
    pages: int
    page_kind: PageKind
    chunks: int
    language: str = ""

    @property
    def extent(self) -> str:
        """How long it is, in the parts it is counted in: "12 pages", or "1 passage" where it has none."""
        is_paged = self.pages and self.page_kind != "time"
        count, unit = (self.pages, self.page_kind) if is_paged else (self.chunks, "passage")
        return f"{count} {unit}{'s' * (count != 1)}"


class SentenceScore(Value):
    """A sentence of a passage, as a span of the document, and how likely it answers the question.

    ``dense`` is the cosine of the two, ``read`` the reader's log-odds that it answers, None where it was not read.
    ``score`` is the log-odds by all that is known: it compares the sentences found for one question. ``words`` is the
    span of the document that answers in the fewest words, where that can be told.
    """

    start: int
    end: int
    dense: float
    score: float
    read: float | None = None
    words: Span | None = None


class SearchResult(Value):
    """A passage found for a question, with its score and the parts it was made from.

    ``score`` is how likely its best sentence is to answer (0–1). ``dense`` is the cosine, ``lexical`` the BM25 score as
    a share of the highest possible. ``language`` is its document's. Where the embedder does not speak it, or not the
    question's, the passage was found ``by_words``, and all its cosines are lowered: see ``rag.retrieve``.
    """

    chunk: Chunk
    source: str
    title: str
    sha256: str
    page_kind: PageKind
    score: float
    dense: float
    lexical: float
    sentences: tuple[SentenceScore, ...]
    language: str = ""
    by_words: bool = False

    @property
    def place(self) -> str:
        """Where it stands, in words: document, page, headings."""
        return _place(self.source, self.page_kind, self.chunk.page, self.chunk.headings)

    def text_of(self, sentence: SentenceScore) -> str:
        """Return the words of one of its sentences."""
        return self.chunk.text[sentence.start - self.chunk.start : sentence.end - self.chunk.start]


class ContextPart(Value):
    """A stretch of the same document that belongs to an excerpt but stands elsewhere, and what it is to it."""

    role: Literal["heading", "lead_in", "header", "before", "after"] = Field(description="What it is to the excerpt.")
    start: int = Field(description="Where it begins in the document's text, in characters (code points).")
    end: int = Field(description="Where it ends: the first character after it.")
    text: str = Field(description="Its words, as they stand in the document.")


class Excerpt(Value):
    """The contiguous stretch of a document that is shown: ``document.text[start:end] == text``.

    ``context`` is what belongs above it, in the order of the document. ``extent`` says how much is shown of a list or
    table that is too long to be shown whole: "5 of 40 items".
    """

    start: int = Field(description="Where it begins in the document's text, in characters (code points).")
    end: int = Field(description="Where it ends: the first character after it.")
    text: str = Field(description="Its words, as they stand in the document.")
    context: tuple[ContextPart, ...] = Field((), description="The headings and lines that belong above it, in order.")
    extent: str = Field("", description="How much it shows of a list or table, where that is not all of it.")


class Citation(Value):
    """A quotation that can be checked: in the file with this hash, ``text[start:end] == quote``.

    ``excerpt`` holds the quotation, which is its key sentence; None for a sentence of a language model, and in
    answers of version 0.1. ``highlight`` is the span inside the quotation, in the document too, that answers in the
    fewest words; None where that cannot be told. ``also_in`` are other documents that say the same word for word.
    """

    n: int
    document_id: str
    source: str
    title: str
    page: int | None
    page_kind: PageKind
    headings: tuple[str, ...]
    start: int
    end: int
    quote: str
    sha256: str
    excerpt: Excerpt | None = None
    highlight: tuple[int, int] | None = None
    also_in: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where it stands, in words: document, page, headings."""
        return _place(self.source, self.page_kind, self.page, self.headings)

    @property
    def introduction(self) -> tuple[ContextPart, ...]:
        """What belongs above the excerpt and is no heading: who wrote a mail, what a list is of."""
        parts = self.excerpt.context if self.excerpt is not None else ()
        return tuple(part for part in parts if part.role != "heading")

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """What is to be said below the excerpt, each in words of ours and of others: how much is shown, where else."""
        extent = self.excerpt.extent if self.excerpt is not None else ""
        said = (("Shown:", extent), ("Also in", ", ".join(self.also_in)))
        return tuple((ours, others) for ours, others in said if others)

    @property
    def shown(self) -> tuple[str, str, str]:
        """The excerpt before, in and after its key sentence.

        Where there is no excerpt, it is the quotation alone.
        """
        if self.excerpt is None:
            return "", self.quote, ""
        text, first, last = self.excerpt.text, self.start - self.excerpt.start, self.end - self.excerpt.start
        return text[:first], text[first:last], text[last:]


def _place(source: str, kind: PageKind, page: int | None, headings: tuple[str, ...]) -> str:
    return " › ".join([source if page is None else f"{source}, {page_name(kind, page)}", *headings])


# How a citation stands to the file as it is now: the very file, and the words where they stood; another file
# with the words still in it; another without them; or no file.
Standing = Literal["intact", "moved", "changed", "gone"]


class Overview(Value):
    """What a document is about: its upper headings, and the sentences that stand for it, each cited."""

    headings: tuple[str, ...]
    citations: tuple[Citation, ...]


class Stale(Value):
    """A cited document whose file is no longer what was cited, and in what way."""

    source: str = Field(description="The document, by its path in the folder.")
    reason: Standing = Field(description="How the file differs: the words moved, are changed, or the file is gone.")


class Carried(Value):
    """A term that a follow-up took over from the conversation, and the number of the message it is from.

    Messages are numbered from 1, the oldest first.
    """

    term: str
    from_message: int


class Unread(Value):
    """A file of the folder that is in no answer, and why."""

    source: str = Field(description="The file, by its path in the folder.")
    reason: str = Field(description="Why it could not be read.")


# How well an answer fits: by its confidence, "none" being that the documents are not thought to hold one.
Verdict = Literal["strong", "likely", "none"]


class Sentence(Value):
    """A sentence of an answer, the numbers of its citations, and how they support it; where they do not, why."""

    text: str = Field(description="The sentence.")
    citations: tuple[int, ...] = Field(description="The numbers (`n`) of the citations it rests on.")
    support: Support = Field(description="Whether it is quoted, or its sources support it, or do not.")
    reason: str = Field("", description="Why its sources do not support it; empty where they do.")

    @property
    def caveat(self) -> str:
        """What is to be said beside it; nothing where its source says the same."""
        if self.support != "unsupported":
            return ""
        if not self.citations:
            return "no source given"
        return f"not supported: {self.reason}" if self.reason else "not supported by its source"


class ModelUse(Value):
    """What a language model took for an answer; None where the server does not count tokens."""

    name: str = Field(description="The model, by its server's name for it.")
    prompt_tokens: int | None = Field(description="Tokens it read; null where the server does not count.")
    reply_tokens: int | None = Field(description="Tokens it wrote; null where the server does not count.")
    seconds: float = Field(description="How long it took.")

    @property
    def told(self) -> str:
        """The same in words: "smollm2, 812 + 40 tokens, 1.2 s"."""
        known = self.prompt_tokens is not None and self.reply_tokens is not None
        tokens = f"{self.prompt_tokens:,} + {self.reply_tokens:,} tokens, " if known else ""
        return f"{self.name}, {tokens}{self.seconds:.1f} s"

    def __add__(self, other: ModelUse) -> ModelUse:
        """Return what two replies took together."""
        return ModelUse(
            name=self.name,
            prompt_tokens=_sum(self.prompt_tokens, other.prompt_tokens),
            reply_tokens=_sum(self.reply_tokens, other.reply_tokens),
            seconds=round(self.seconds + other.seconds, 3),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


class Freshness(Value):
    """How level an index is with its folder: counts of files that a sync would touch."""

    added: int = Field(0, description="Files that are new.")
    changed: int = Field(0, description="Files that have changed.")
    removed: int = Field(0, description="Files that are gone.")

    @property
    def level(self) -> bool:
        """Whether the index says what the folder says."""
        return not (self.added or self.changed or self.removed)


class Rephrased(Value):
    """A question in other words, and what is other in them: "without “Quill”"."""

    question: str
    change: str


class Answer(Value):
    """What is said to a question. ``confidence`` is in 0–1, and ``verdict`` is drawn from it.

    ``sentences`` are empty where the verdict is "none"; then ``closest`` are the excerpts that come closest, numbered
    like citations, and ``unread`` the files that could not be read. Of several questions, ``confidence`` is that of
    the least sure that is answered, and ``missing`` are those that the documents do not answer. ``within`` are the
    documents that alone were asked, by source; none: all were. ``stale`` are cited documents that have changed or
    gone. ``embedded`` is the share of the passages that have a vector: all, as long as none is found before.
    ``timings`` are seconds by stage. ``model`` is what a language model took, where one was asked; ``note`` is what
    else is to be said. ``reply`` answers what no passage does: a greeting, or which documents there are. ``instead`` is
    the question in other words, in which it has an answer, where that was looked for.
    """

    question: str
    query: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    results: tuple[SearchResult, ...]
    verdict: Verdict
    confidence: float
    closest: tuple[Citation, ...] = ()
    carried: tuple[Carried, ...] = ()
    within: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    stale: tuple[Stale, ...] = ()
    embedded: float = 1.0
    freshness: Freshness | None = None
    timings: dict[str, float] = {}
    model: ModelUse | None = None
    note: str = ""
    reply: str = ""
    instead: tuple[Rephrased, ...] = ()

    @property
    def abstained(self) -> bool:
        """Whether there is no answer."""
        return self.verdict == "none"

    @property
    def in_words(self) -> tuple[Sentence, ...]:
        """The sentences that no excerpt shows: those of a language model, or of version 0.1."""
        shown = {citation.n for citation in self.citations if citation.excerpt is not None}
        return tuple(s for s in self.sentences if s.support != "quoted" or not shown.issuperset(s.citations))

    @property
    def without_support(self) -> str:
        """How many sentences no source supports, in words: "2 sentences without support"; or nothing."""
        count = sum(sentence.support == "unsupported" for sentence in self.sentences)
        return f"{count} sentence{'s' * (count != 1)} without support" if count else ""

    @property
    def text(self) -> str:
        """The answer as plain text with numbered markers; derived, never stored."""
        return " ".join(sentence.text + "".join(f" [{n}]" for n in sentence.citations) for sentence in self.sentences)


class Message(Value):
    """One turn of a conversation."""

    role: Literal["user", "assistant"] = Field(description="Who said it.")
    content: str = Field(description="What was said.")
