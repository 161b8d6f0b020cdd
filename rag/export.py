"""Answers and conversations as Markdown, as a page of HTML that stands by itself, and as JSON.

Text of documents and of people is shown as it is and does nothing: no format lets it make a link, an image, an
element or a line of its own. Signs that are not seen are left out, but in JSON, whose quotations can be checked
word for word.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import datetime
from importlib import resources

from rag.conversations import Conversation, Turn
from rag.types import Answer, Citation, ModelUse, Sentence
from rag.wire import answer_json

_NOT_THERE = "Not in your documents."
_NEAREST = "The nearest passages, which may not answer it:"
_MOST_NEAREST = 3
_MOST_CHARACTERS = 300  # shown of such a passage
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
    """Return an answer as Markdown: its sentences with numbers, what is missing or in dispute, and its sources."""
    return "\n\n".join(_markdown(answer)) + "\n"


def conversation_markdown(conversation: Conversation) -> str:
    """Return a conversation as Markdown, each question as a heading over its answer."""
    parts = [f"# {_inert(conversation.title)}", _minute(conversation.created)]
    for turn in conversation.turns:
        parts += [f"## {_inert(turn.answer.question)}", *_markdown(turn.answer)]
    return "\n\n".join(parts) + "\n"


def conversation_html(conversation: Conversation) -> str:
    """Return a conversation as one HTML page without script, which loads nothing."""
    style = resources.files("rag").joinpath("export.css").read_text(encoding="utf-8")
    title = _escape(conversation.title)
    turns = "\n".join(_turn(at, turn) for at, turn in enumerate(conversation.turns, 1))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1 dir="auto">{title}</h1>\n<p class="soft">{_minute(conversation.created)}</p>\n{turns}\n'
        "</main>\n</body>\n</html>\n"
    )


def conversation_json(conversation: Conversation) -> str:
    """Return a conversation as JSON: each answer as `rag ask --json` prints it, with its time and rating besides."""
    rated = [
        {**turn.model_dump(mode="json", exclude={"answer"}), **answer_json(turn.answer).model_dump(mode="json")}
        for turn in conversation.turns
    ]
    found = {**conversation.model_dump(mode="json", exclude={"turns"}), "answers": rated}
    return "".join(map(_seen, json.dumps(found, ensure_ascii=False, indent=2))) + "\n"


def _markdown(answer: Answer) -> Iterator[str]:
    """Yield the paragraphs of an answer."""
    if answer.query != answer.question:
        yield f"*Asked as:* {_inert(answer.query)}"
    if answer.within:
        yield f"*Asked only of:* {_inert(', '.join(answer.within))}"
    if answer.abstained:
        yield f"**{_NOT_THERE}**"
        yield from _nearest_markdown(answer)
    else:
        yield " ".join(map(_sentence_markdown, answer.sentences))
    for pair in answer.disagreements:
        said = (f"{_inert(value)} [{n}]" for value, n in zip(pair.values, pair.citations, strict=True))
        yield "**Sources disagree:** " + ", ".join(said)
    if answer.missing and not answer.abstained:
        yield f"**Not in your documents:** {_inert(' '.join(answer.missing))}"
    if answer.model is not None:
        yield f"*{_inert(_by_model(answer.model, answer.note))}*"
    if answer.citations:
        yield "**Sources**"
    for citation in answer.citations:
        yield f"[{citation.n}] {_inert(citation.place)}"
        yield f"> {_inert(citation.quote)}"


def _by_model(model: ModelUse, note: str) -> str:
    return f"Asked of {model.name}; {note}" if note else f"Written by {model.name}, checked against the sources"


def _sentence_markdown(one: Sentence) -> str:
    caveat = f" *({_inert(one.caveat)})*" if one.caveat else ""
    return _inert(one.text) + "".join(f" [{n}]" for n in one.citations) + caveat


def _nearest_markdown(answer: Answer) -> Iterator[str]:
    if answer.results:
        yield _NEAREST
    for result in answer.results[:_MOST_NEAREST]:
        yield _inert(result.place)
        yield f"> {_inert(_short(result.chunk.text))}"


def _turn(at: int, turn: Turn) -> str:
    answer = turn.answer
    parts = [f'<h2 dir="auto">{_escape(answer.question)}</h2>', *_paragraphs(at, answer)]
    sources = "".join(_source(at, citation) for citation in answer.citations)
    if sources:
        parts.append(f'<ol class="sources">{sources}</ol>')
    return f"<article>{''.join(parts)}</article>"


def _paragraphs(at: int, answer: Answer) -> Iterator[str]:
    """Yield what is said to a question as HTML, without the sources."""
    if answer.query != answer.question:
        yield f'<p class="soft" dir="auto">Asked as: {_escape(answer.query)}</p>'
    if answer.within:
        yield f'<p class="soft" dir="auto">Asked only of: {_escape(", ".join(answer.within))}</p>'
    if answer.abstained:
        yield f"<p><b>{_NOT_THERE}</b></p>"
        yield from _nearest(answer)
    else:
        said = (
            _escape(one.text)
            + "".join(_marker(at, n) for n in one.citations)
            + (f" <em>({_escape(one.caveat)})</em>" if one.caveat else "")
            for one in answer.sentences
        )
        yield f'<p dir="auto">{" ".join(said)}</p>'
    for pair in answer.disagreements:
        values = (_escape(value) + _marker(at, n) for value, n in zip(pair.values, pair.citations, strict=True))
        yield f'<p class="caveat"><b>Sources disagree:</b> {", ".join(values)}</p>'
    if answer.missing and not answer.abstained:
        yield f'<p class="caveat"><b>Not in your documents:</b> {_escape(" ".join(answer.missing))}</p>'
    if answer.model is not None:
        yield f'<p class="soft">{_escape(_by_model(answer.model, answer.note))}</p>'


def _nearest(answer: Answer) -> Iterator[str]:
    if answer.results:
        yield f'<p class="soft">{_NEAREST}</p>'
    for result in answer.results[:_MOST_NEAREST]:
        yield f'<p class="place" dir="auto">{_escape(result.place)}</p>'
        yield f'<blockquote dir="auto">{_escape(_short(result.chunk.text))}</blockquote>'


def _marker(at: int, n: int) -> str:
    return f' <a href="#source-{at}-{n}">[{n}]</a>'


def _source(at: int, citation: Citation) -> str:
    before, answering, after = map(_escape, citation.pieces)
    marked = f"{before}<mark>{answering}</mark>{after}" if citation.highlight else before
    return (
        f'<li id="source-{at}-{citation.n}" value="{citation.n}"><p class="place" dir="auto">'
        f'{_escape(citation.place)}</p><blockquote dir="auto">{marked}</blockquote></li>'
    )


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _visible(text: str) -> str:
    """Return a text without signs that are not seen: those that steer a terminal or turn text around."""
    kept = (c if c.isprintable() or c == "\n" or c in _JOINERS else " " * c.isspace() for c in text)
    return "".join(kept)


def _inert(text: str) -> str:
    """Return a text as Markdown that shows it in one line and does nothing else, wherever it stands."""
    line = _NUMBER.sub(r"\1\\\2", _SIGN.sub(r"\\\g<0>", _ENTITY.sub("&amp;", " ".join(_visible(text).split()))))
    return line.translate(_AS_ENTITIES)


def _escape(text: str) -> str:
    """Return a text as HTML that shows it and does nothing else, also where a template is made of it."""
    return html.escape(_visible(text)).translate(_TEMPLATE_SIGNS)


def _seen(character: str) -> str:
    """Return a character of JSON as it is, or by its number where it is not seen."""
    if character.isprintable() or character == "\n":
        return character
    return json.dumps(character)[1:-1]
