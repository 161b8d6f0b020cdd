"""Excerpts as cards: where each is from, its words with the key sentence marked, and a button for what is folded away.

What is folded away is in the page, hidden by its style, so that unfolding it asks nothing of the server.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag.types import Citation, Document, Sentence, Standing, page_name
from ui.buttons import button
from ui.escape import escape
from ui.marker import marker, quote_card, state
from ui.note_list import pin
from ui.reader.blocks import blocks
from ui.reader.lines import is_lines
from ui.reader.scene import Scene
from ui.reader.spans import Span, Style

# Shown before anything is unfolded: about six lines.
_SHOWN = 480  # characters, the key sentence among them
_LINES = (2, 4)  # ends of lines before the key sentence, and after it
_SHORT_ITEM = 200  # characters of an item or a row that is not cut
_NEAR = 70  # characters within which a cut is moved to the end of a sentence or of a line, or left out
_SENTENCE_END = r"(?:[^A-Z\s][.!?…][\"'”’»)\]]*(?=\s)|[。！？][」』）]*|\n(?=\s*\n))\s*"  # not that of "U.S. "
_ENDS = tuple(map(re.compile, (_SENTENCE_END, r"\n\s*", r"\s+")))  # of sentences, lines and words


def cited(
    at: int,
    citation: Citation,
    sentence: Sentence,
    standings: Mapping[int, Standing | None],
    part: Document | None = None,
    pinned: Collection[int] | None = None,
) -> str:
    """Return the card of an excerpt of answer number ``at``, with its state.

    ``part`` is the excerpt as a document with its blocks; without it, the excerpt is plain text. ``pinned`` are the
    numbers of those that are notes; where it is None, it cannot be pinned yet.
    """
    name = f"card-{at}-{citation.n}"
    told = quote_card(name, citation, sentence, standings[citation.n])
    number = marker(at, citation, card=name) + told
    return _card(at, citation, part, number, state(sentence, standings), "n", pinned)


def closest(at: int, citation: Citation, part: Document | None = None, pinned: Collection[int] | None = None) -> str:
    """Return the card of an excerpt that comes closest to a question without an answer."""
    return _card(at, citation, part, marker(at, citation, closest=True), "", "closest", pinned)


def _card(
    at: int,
    citation: Citation,
    part: Document | None,
    number: str,
    told: str,
    kind: str,
    pinned: Collection[int] | None,
) -> str:
    """Return a card; ``kind`` says whether the citation is one of the answer's ("n"), or of the closest."""
    before, key, after = citation.shown
    marked = (len(before), len(before) + len(key)) if citation.excerpt else (0, 0)  # of version 0.1, a whole passage
    text = before + key + after
    part = part or Document(source=citation.source, sha256=citation.sha256, title=citation.title, text=text)
    shown = _in_whole_items(part, unfolded(text, marked))
    name = f"words-{at}-{citation.n}"
    style = "words code" if is_lines(part) else "words"
    more = _more(name, citation.n) if shown != (0, len(text)) else ""
    around = f'See in document<span class="sr"> of excerpt {citation.n}</span>'
    more += button(around, "show_source", {"turn": at, kind: citation.n}, style="context")
    notes = "".join(f'<p class="also soft">{ours.lower()} {escape(others)}</p>' for ours, others in citation.notes)
    return (
        f'<article class="excerpt"><p class="from" dir="auto">{number} {_place(citation)}{told}</p>'
        f"{_introduction(citation, part)}"
        f'<blockquote class="{style}" id="{name}">{_words(part, marked, shown)}</blockquote>'
        f"{more}{notes}{pin(at, citation, citation.n in pinned) if pinned is not None else ''}</article>"
    )


def _introduction(citation: Citation, part: Document) -> str:
    """Return what belongs above an excerpt; the header of a table is drawn with its rows."""
    has_columns = any(group.columns for group in part.groups)
    shown = (one for one in citation.introduction if one.role != "header" or not has_columns)
    return "".join(f'<p class="above soft" dir="auto">{escape(one.text)}</p>' for one in shown)


def _place(citation: Citation) -> str:
    """Return the document and page, and softly its title and the headings over the excerpt."""
    page = f", {page_name(citation.page_kind, citation.page)}" if citation.page is not None else ""
    named = (citation.source, PurePosixPath(citation.source).stem, *citation.headings)
    title = [] if citation.title in named else [citation.title]
    path = escape(" › ".join([*title, *citation.headings]))
    return f"<b>{escape(citation.source + page)}</b>" + (f' <span class="soft">{path}</span>' if path else "")


def _more(name: str, n: int) -> str:
    return (
        f'<button type="button" class="unfold" data-unfold aria-expanded="false" aria-controls="{name}">'
        f'<span>Show more</span><span class="sr"> of excerpt {n}</span></button>'
    )


@dataclass(frozen=True)
class _Folded(Scene):
    """An excerpt of which a stretch is shown; what is folded away, and where it is cut, is told by classes."""

    shown: Span = (0, 0)

    def standing(self, span: Span) -> str:
        """Return the class of an element: whether it is folded away, or cut."""
        if span[1] <= self.shown[0] or span[0] >= self.shown[1]:
            return "rest"
        before = ["cut-before"] * (self.shown[0] > 0 and span[0] <= self.shown[0])
        after = ["cut-after"] * (self.shown[1] < len(self.text) and self.shown[1] <= span[1])
        return " ".join(before + after)


def _words(part: Document, marked: Span, shown: Span) -> str:
    """Return the blocks of an excerpt, its key sentence marked; lines of code stay as they are."""
    whole = (0, len(part.text))
    styles = (Style(*marked, "mark"), Style(0, shown[0], "rest"), Style(shown[1], whole[1], "rest"))
    scene = _Folded(part, whole, marks=styles, shown=shown)
    if is_lines(part):
        return "".join(scene.element("p", span) for span in scene.paragraphs(whole))
    return blocks(scene)


def _in_whole_items(part: Document, shown: Span) -> Span:
    """Return what is shown with the whole of the items and rows in which it begins and ends, unless they are long."""
    kinds = ("item", "row")
    cut = [one for one in part.blocks_between(*shown) if one.kind in kinds and one.end - one.start <= _SHORT_ITEM]
    return min([shown[0], *(one.start for one in cut)]), max([shown[1], *(one.end for one in cut)])


def unfolded(text: str, key: Span) -> Span:
    """Return the stretch of an excerpt that is shown at first: the key sentence, and whole words around it.

    Where a sentence or a line begins or ends near a cut, the cut is there; a short rest is not cut off.
    """
    room = max(0, _SHOWN - (key[1] - key[0]))
    before = min(key[0], max(room // 3, room - (len(text) - key[1])))
    return _start(text[: key[0]], key[0] - before), key[1] + _end(text[key[1] :], room - before)


def _start(before: str, wanted: int) -> int:
    """Return where to begin in the text before the key sentence."""
    places = [[found.end() for found in end.finditer(before)] for end in _ENDS]
    wanted = max([wanted, *places[1][: -_LINES[0]][-1:]])
    return 0 if wanted <= _NEAR else _cut(wanted, places, len(before))


def _end(after: str, wanted: int) -> int:
    """Return where to end in the text after the key sentence."""
    places = [[found.start() + len(found.group().rstrip()) for found in end.finditer(after)] for end in _ENDS]
    wanted = min([wanted, *places[1][_LINES[1] :][:1]])
    return len(after) if len(after) - wanted <= _NEAR else _cut(wanted, places, 0)


def _cut(wanted: int, kinds: Sequence[Sequence[int]], otherwise: int) -> int:
    """Return the nearest place of the first kind of which one is near."""
    for places in kinds:
        near = [place for place in places if abs(place - wanted) <= _NEAR]
        if near:
            return min(near, key=lambda place: abs(place - wanted))
    return otherwise
