"""Answers, conversations and notes as Markdown, as a page of HTML that stands by itself, and as JSON.

Text of documents and of people is shown as it is and does nothing: no format lets it make a link, an image, an
element or a line of its own. Signs that are not seen are left out, but in JSON, whose quotations can be checked
word for word.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import resources
from typing import Literal, NamedTuple

from rag.conversations import Conversation
from rag.notes import Note
from rag.types import Answer, Citation, Sentence
from rag.wire import answer_json
from rag.wording import CLOSEST, MOST_UNREAD, NOT_FOUND, NOT_READ, UNDERSTOOD, VERDICT_WORDS

# Stands for ** until the text around it is inert; no text that is seen holds it.
_BOLD = "\x02"
# Joiners are not seen, but Persian, Hindi and others are not written without them.
_JOINERS = "\u200c\u200d"
# The page may load nothing and run nothing, should a mistake ever let something through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

# What means something to Markdown, or to what fills templates: wherever it stands, or where it begins a text.
_SIGN = re.compile(r"[\\`*_\[\]|~$@]|:(?=/)|(?<=www)\.|(?:^|(?<= ))#|^[-+=:%]", re.IGNORECASE)
_NUMBER = re.compile(r"^(\d+)([.)])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_AS_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "<>{}"}
_TEMPLATE_SIGNS = {ord(sign): f"&#{ord(sign)};" for sign in "{}$`\\"}


def answer_markdown(answer: Answer) -> str:
    """Return an answer as Markdown: its excerpts, or its sentences with numbers and their sources."""
    return "\n\n".join(_markdown(answer)) + "\n"


def conversation_markdown(conversation: Conversation) -> str:
    """Return a conversation as Markdown, each question as a heading over its answer."""
    parts = [f"# {_inert(conversation.title)}", _minute(conversation.created)]
    for turn in conversation.turns:
        parts += [f"## {_inert(turn.answer.question)}", *_markdown(turn.answer)]
    return "\n\n".join(parts) + "\n"


def conversation_html(conversation: Conversation) -> str:
    """Return a conversation as one HTML page without script, which loads nothing."""
    turns = "\n".join(_article(at, turn.answer) for at, turn in enumerate(conversation.turns, 1))
    return _page(conversation.title, f'<p class="soft">{_minute(conversation.created)}</p>\n{turns}')


def _page(title: str, body: str) -> str:
    style = resources.files("rag").joinpath("export.css").read_text(encoding="utf-8")
    return html_page(_escape(title), style, f'<h1 dir="auto">{_escape(title)}</h1>\n{body}')


def html_page(title: str, style: str, body: str) -> str:
    """Return an HTML page that stands by itself; all of it is markup already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n"
        "</main>\n</body>\n</html>\n"
    )


def conversation_json(conversation: Conversation) -> str:
    """Return a conversation as JSON: each answer as `rag ask --json` prints it, with its time and rating besides."""
    rated = [
        {
            **turn.model_dump(mode="json", exclude={"answer", "branches", "pinned"}),
            **answer_json(turn.answer).model_dump(mode="json"),
        }
        for turn in conversation.turns
    ]
    return _json({**conversation.model_dump(mode="json", exclude={"turns", "pending"}), "answers": rated})


def notes_markdown(notes: Sequence[Note]) -> str:
    """Return notes as Markdown: under each question its excerpt with its source, and the remark."""
    parts = ["# Notes"]
    for note in notes:
        parts += [f"## {_inert(note.answer.question)}", *_markdown(note.answer), *map(_line_markdown, _remark(note))]
    return "\n\n".join(parts) + "\n"


def notes_html(notes: Sequence[Note]) -> str:
    """Return notes as one HTML page without script, which loads nothing."""
    return _page("Notes", "\n".join(_article(at, note.answer, _remark(note)) for at, note in enumerate(notes, 1)))


def notes_json(notes: Sequence[Note]) -> str:
    """Return notes as JSON: each as an answer of one excerpt, as `rag ask --json` prints it, with its remark."""
    kept = [
        {**n.model_dump(mode="json", exclude={"answer"}), **answer_json(n.answer).model_dump(mode="json")}
        for n in notes
    ]
    return _json({"title": "Notes", "answers": kept})


def _json(value: Mapping[str, object]) -> str:
    return "".join(map(_seen, json.dumps(value, ensure_ascii=False, indent=2))) + "\n"


class _Line(NamedTuple):
    """A line beside the excerpts: words of ours, words of others after them, and what it is."""

    ours: str
    others: str = ""
    kind: Literal["verdict", "soft", "caveat"] = "soft"


def _remark(note: Note) -> list[_Line]:
    return [_Line("Remark:", note.remark)] if note.remark else []


def _over(answer: Answer) -> Iterator[_Line]:
    """Yield what stands over the words of an answer."""
    if answer.carried:
        yield _Line(f"{UNDERSTOOD}:", " · ".join(one.term for one in answer.carried))
    if answer.within:
        yield _Line("Asked only of:", ", ".join(answer.within))
    # Not of sentences that a language model wrote, which are checked one by one, nor of version 0.1, which had none.
    if answer.reply:
        yield _Line("", answer.reply, "verdict")
    elif answer.abstained or len(answer.in_words) < len(answer.sentences):
        yield _Line(VERDICT_WORDS[answer.verdict], kind="verdict")


def _under(answer: Answer) -> Iterator[_Line]:
    """Yield what stands between the words of an answer and the sources or closest excerpts."""
    if answer.missing and not answer.abstained:
        yield _Line(NOT_FOUND, " ".join(answer.missing), "caveat")
    if answer.model is not None and not answer.note:
        checked = "; ".join(filter(None, ("checked against the sources", answer.without_support)))
        yield _Line("Written by", f"{answer.model.name}, {checked}")
    elif answer.model is not None:
        yield _Line("Asked of", f"{answer.model.name}; {answer.note}")
    elif answer.note:
        yield _Line("Note:", answer.note)
    for one in answer.unread[:MOST_UNREAD]:
        yield _Line(f"{NOT_READ}:", f"{one.source}: {one.reason}", "caveat")
    if len(answer.unread) > MOST_UNREAD:
        yield _Line(f"{NOT_READ}:", f"{len(answer.unread) - MOST_UNREAD} more", "caveat")
    if answer.closest:
        yield _Line(f"{CLOSEST}:")


def _markdown(answer: Answer) -> Iterator[str]:
    """Yield the paragraphs of an answer."""
    yield from map(_line_markdown, _over(answer))
    said = " ".join(map(_sentence_markdown, answer.in_words))
    if said:
        yield said
    yield from map(_line_markdown, _under(answer))
    if said and answer.citations:
        yield "**Sources**"
    for citation in (*answer.citations, *answer.closest):
        yield from _source_markdown(citation)


def _line_markdown(line: _Line) -> str:
    return f"**{line.ours}** {_inert(line.others)}".rstrip()


def _sentence_markdown(one: Sentence) -> str:
    caveat = f" *({_inert(one.caveat)})*" if one.caveat else ""
    return _inert(one.text) + "".join(f" [{n}]" for n in one.citations) + caveat


def _source_markdown(citation: Citation) -> Iterator[str]:
    """Yield the place of a citation, its excerpt or else its words, and where the same stands."""
    yield f"[{citation.n}] {_inert(citation.place)}"
    yield from (_inert(part.text) for part in citation.introduction)
    yield f"> {_inert(citation.quote)}" if citation.excerpt is None else _excerpt_markdown(citation)
    yield from (_line_markdown(_Line(*note)) for note in citation.notes)


def _excerpt_markdown(citation: Citation) -> str:
    """Return an excerpt as a quotation that keeps its lines, the key sentence bold."""
    text = re.sub(r"(?<=.)\n(?=.)", "  \n", "\n".join(_lines(citation)).strip("\n"))
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


def _lines(citation: Citation) -> Iterator[str]:
    """Yield the lines of an excerpt, inert."""
    before, key, after = map(_visible, citation.shown)
    start, end = len(before), len(before) + len(key)
    for line in (before + key + after).split("\n"):
        low, high = max(start, 0), max(end, 0)
        yield _inert_line(_marked(line[:low], line[low:high], line[high:]))
        start, end = start - len(line) - 1, end - len(line) - 1


def _marked(before: str, key: str, after: str) -> str:
    """Return a line with the marks of bold type around ``key``, where Markdown takes them for such.

    It does so beside white space outside of them, and else beside a letter inside of them.
    """
    first, last = _outside(before[-1:], key), len(key) - _outside(after[:1], key[::-1])
    if first >= last:
        return before + key + after
    return f"{before}{key[:first]}{_BOLD}{key[first:last]}{_BOLD}{key[last:]}{after}"


def _outside(beside: str, key: str) -> int:
    """Return how many characters at an edge of ``key`` are left out of its marks, ``beside`` being what is next."""
    signs = re.match(r"[\W_]*" if beside.strip() else r"\s*", key)
    return signs.end() if signs is not None else 0


def _article(at: int, answer: Answer, more: Iterable[_Line] = ()) -> str:
    """Return a question and its answer as HTML, and more lines under it."""
    said = " ".join(_sentence(at, one) for one in answer.in_words)
    sources = "".join(_source(at, citation) for citation in (*answer.citations, *answer.closest))
    parts = [
        f'<h2 dir="auto">{_escape(answer.question)}</h2>',
        *map(_line, _over(answer)),
        f'<p dir="auto">{said}</p>' * bool(said),
        *map(_line, _under(answer)),
        f'<ol class="sources">{sources}</ol>' * bool(sources),
        *map(_line, more),
    ]
    return f"<article>{''.join(parts)}</article>"


def _line(line: _Line) -> str:
    return f'<p class="{line.kind}" dir="auto"><b>{line.ours}</b> {_escape(line.others)}</p>'


def _sentence(at: int, one: Sentence) -> str:
    caveat = f" <em>({_escape(one.caveat)})</em>" if one.caveat else ""
    return _escape(one.text) + "".join(f' <a href="#source-{at}-{n}">[{n}]</a>' for n in one.citations) + caveat


def _source(at: int, citation: Citation) -> str:
    before, marked, after = map(_escape, citation.shown if citation.excerpt else (citation.quote, "", ""))
    above = "".join(f'<p class="soft" dir="auto">{_escape(part.text)}</p>' for part in citation.introduction)
    below = "".join(_line(_Line(*note)) for note in citation.notes)
    return (
        f'<li id="source-{at}-{citation.n}" value="{citation.n}"><p class="place" dir="auto">'
        f'{_escape(citation.place)}</p>{above}<blockquote dir="auto">'
        f"{before}{f'<mark>{marked}</mark>' * bool(marked)}{after}</blockquote>{below}</li>"
    )


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _visible(text: str) -> str:
    """Return a text without signs that are not seen: those that steer a terminal or turn text around."""
    kept = (c if c.isprintable() or c == "\n" or c in _JOINERS else " " * c.isspace() for c in text)
    return "".join(kept)


def _inert(text: str) -> str:
    """Return a text as Markdown that shows it in one line and does nothing else, wherever it stands."""
    return _inert_line(_visible(text))


def _inert_line(text: str) -> str:
    """Return what is seen of a text in the same way; what is marked in it becomes bold."""
    line = _NUMBER.sub(r"\1\\\2", _SIGN.sub(r"\\\g<0>", _ENTITY.sub("&amp;", " ".join(text.split()))))
    return line.translate(_AS_ENTITIES).replace(_BOLD, "**")


def _escape(text: str) -> str:
    """Return a text as HTML that shows it and does nothing else, also where a template is made of it."""
    return html.escape(_visible(text)).translate(_TEMPLATE_SIGNS)


def _seen(character: str) -> str:
    """Return a character of JSON as it is, or by its number where it is not seen."""
    if character.isprintable() or character == "\n":
        return character
    return json.dumps(character)[1:-1]
