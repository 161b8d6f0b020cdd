"""A conversation → HTML: questions, answers with their markers and states, and what can be done with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rag.conversations import Turn
from rag.export import answer_markdown
from rag.types import Answer, Citation, Freshness, SearchResult, Sentence, Standing
from ui.escape import escape
from ui.why import why

WELCOME = (
    '<div class="welcome"><h2>Ask your documents</h2><p>Every sentence of an answer is checked against them, '
    "with its source beside it. What they do not say, you are told they do not.</p></div>"
)
# What is said of a citation whose file is no longer what was cited.
_STANDING: dict[Standing, str] = {
    "intact": "quoted word for word, checked against the file",
    "moved": "the file has changed; these words still stand in it",
    "changed": "the file has changed since",
    "gone": "the file is no longer there",
}
_SUPPORTED = "in other words, supported by its source"
_UP = (
    '<svg viewBox="0 0 16 16" aria-hidden="true">'
    '<path d="M2 7h2v6H2zM6 13V7l3-5c1 0 1.6.8 1.4 1.8L10 6h3.5l-1 7z"/></svg>'
)


class Shown(NamedTuple):
    """A turn as it is drawn: where its citations stand, and how many of its sentences are out yet (None: all)."""

    turn: Turn
    standings: Sequence[Standing]
    sentences: int | None = None


class SoFar(NamedTuple):
    """What is there of an answer that is being written: its sentences, its citations, and where these stand."""

    sentences: Sequence[Sentence]
    citations: Sequence[Citation]
    standings: Sequence[Standing]


def conversation(name: str, turns: Sequence[Shown], waiting: str | None = None, so_far: SoFar | None = None) -> str:
    """Return the talk of the conversation called ``name``; ``waiting`` is a question whose answer is not whole yet."""
    parts = [_turn(at, shown, last=at == len(turns) - 1 and waiting is None) for at, shown in enumerate(turns)]
    if waiting is not None:
        written = "" if so_far is None else f'<div class="answer">{_sentences(len(turns), so_far)}</div>'
        doing = "Looking through your documents …" if so_far is None else "Writing …"
        parts.append(
            f'<div class="turn">{_question(waiting)}{written}<p class="waiting" role="status">{doing}</p></div>'
        )
    place = f'data-conversation="{escape(name)}"'
    log = f'<div class="talk" {place} role="log" aria-live="polite" aria-label="Conversation">'
    return f"{log}{''.join(parts) or WELCOME}</div>"


def _turn(at: int, shown: Shown, *, last: bool) -> str:
    answer = shown.turn.answer
    edit = _button("Edit", "edit-question", f'data-edit-question="{at}" aria-label="Edit this question"')
    rewritten = _asked_as(at, answer.query) if answer.query != answer.question else ""
    body = _abstention(at, answer) if answer.abstained else _given(at, shown)
    done = _done(at, shown, last=last) if shown.sentences is None else ""
    return (
        f'<div class="turn">{_question(answer.question, edit)}{rewritten}<div class="answer">{body}{done}</div></div>'
    )


def _question(question: str, edit: str = "") -> str:
    return f'<div class="asked">{edit}<div class="question" dir="auto">{escape(question)}</div></div>'


def _asked_as(at: int, query: str) -> str:
    """Return what was searched for in place of the question, and a button to change it."""
    edit = _button("Edit", "edit", f'data-edit="{at}" aria-label="Edit what was asked"')
    return f'<p class="query" dir="auto">Asked as: {escape(query)} {edit}</p>'


def _given(at: int, shown: Shown) -> str:
    answer = shown.turn.answer
    out = SoFar(answer.sentences[: shown.sentences], answer.citations, shown.standings)
    return _sentences(at, out) + _caveats(at, answer)


def _sentences(at: int, out: SoFar) -> str:
    cited = {citation.n: citation for citation in out.citations}
    standings = {citation.n: standing for citation, standing in zip(out.citations, out.standings, strict=True)}
    pieces = [
        f'<span class="sentence {sentence.support}">{_sentence(sentence, cited)}</span>'
        + "".join(
            marker(at, cited[n], card := f"card-{at}-{number}-{n}") + _card(card, cited[n], sentence, standings[n])
            for n in sentence.citations
        )
        + _state(sentence, standings)
        for number, sentence in enumerate(out.sentences)
    ]
    return f'<p class="sentences" dir="auto">{" ".join(pieces)}</p>'


def _sentence(sentence: Sentence, cited: Mapping[int, Citation]) -> str:
    """Return a sentence with the words that answer marked; of one that is no quotation, none can be."""
    if sentence.support != "quoted" or not sentence.citations:
        return escape(sentence.text)
    citation = cited[sentence.citations[0]]
    if citation.highlight is None:
        return escape(sentence.text)
    before, answering, after = map(escape, citation.pieces)
    return f"{before}<mark>{answering}</mark>{after}"


def _state(sentence: Sentence, standings: Mapping[int, Standing]) -> str:
    """Return what is to be said of a sentence that is not a quotation, or no longer one of the file as it is."""
    if sentence.caveat:
        return f' <span class="tag warn">{escape(sentence.caveat)}</span>'
    if sentence.support != "quoted":
        return ' <span class="tag note">in other words</span>'
    worst = next((standings[n] for n in sentence.citations if standings[n] != "intact"), None)
    return f' <span class="tag warn">{_STANDING[worst]}</span>' if worst else ""


def _caveats(at: int, answer: Answer) -> str:
    """Return where the sources disagree, and what of the question they do not answer."""
    cited = {citation.n: citation for citation in answer.citations}
    lines = [
        '<p class="caveat"><b>Sources disagree:</b> '
        + ", ".join(escape(value) + marker(at, cited[n]) for value, n in zip(pair.values, pair.citations, strict=True))
        + "</p>"
        for pair in answer.disagreements
    ]
    if answer.missing:
        lines.append(f'<p class="caveat"><b>Not in your documents:</b> {escape(" ".join(answer.missing))}</p>')
    if answer.note:
        lines.append(f'<p class="caveat">{escape(answer.note[:1].upper() + answer.note[1:])}.</p>')
    return "".join(lines)


def marker(at: int, citation: Citation, card: str = "") -> str:
    """Return the number that opens a citation of answer number ``at``; ``card`` tells more of it."""
    label = escape(f"Source {citation.n}: {citation.place}")
    told = f' aria-describedby="{card}"' if card else ""
    return (
        f'<button type="button" class="marker" data-turn="{at}" data-n="{citation.n}" aria-label="{label}"'
        f"{told}>{citation.n}</button>"
    )


def _card(name: str, citation: Citation, sentence: Sentence, standing: Standing) -> str:
    """Return what is shown beside a number while it is pointed at: the words, where they are from, their state."""
    said = {"quoted": _STANDING[standing], "supported": _SUPPORTED}.get(sentence.support) or escape(sentence.caveat)
    good = standing == "intact" and sentence.support != "unsupported"
    title = f"<b>{escape(citation.title)}</b>" if citation.title != citation.source else ""
    return (
        f'<span class="quote-card" id="{name}" role="tooltip" dir="auto">{title}'
        f"<small>{escape(citation.place)}</small><q>{escape(shortened(citation.quote, 400))}</q>"
        f'<small class="{"ok" if good else "warn"}">{"✓ " * good}{said}</small></span>'
    )


def _done(at: int, shown: Shown, *, last: bool) -> str:
    """Return the line under an answer: how it was checked, how sure it is, and what can be done with it."""
    turn = shown.turn
    parts = [*_checked(shown), *_facts(turn.answer)]
    if not turn.answer.abstained:
        parts.append(_button("Copy with sources", "copy", "data-copy"))
    if last:
        parts.append(_button("Try again", "retry", f'data-retry="{at}"'))
    parts.append(f"<span>{_thumb(at, 'up', turn)}{_thumb(at, 'down', turn)}</span>")
    copied = f'<textarea class="markdown" hidden aria-hidden="true">{escape(answer_markdown(turn.answer))}</textarea>'
    return f'<div class="meta">{"".join(parts)}</div>{_note(at, turn)}{why(at, turn.answer)}{copied}'


def _checked(shown: Shown) -> list[str]:
    count = len(shown.standings)
    if not count:
        return []
    kept = sum(standing == "intact" for standing in shown.standings)
    if kept == count:
        files = len({citation.source for citation in shown.turn.answer.citations})
        return [
            f'<span class="ok">✓ {count} quote{"s" * (count != 1)} checked against the file{"s" * (files != 1)}</span>'
        ]
    lost = f"{count - kept} of {count} quotes" if count > 1 else "the quote"
    return [f'<span class="warn">{lost} cannot be confirmed in the file as it is now</span>']


def _facts(answer: Answer) -> list[str]:
    parts = [] if answer.abstained else [f"<span>{sureness(answer.confidence)}</span>"]
    if answer.within:
        count = len(answer.within)
        parts.append(f"<span>asked of {count} chosen document{'s' * (count != 1)}</span>")
    if answer.model is not None:
        parts.append(f"<span>{escape(answer.model.told)}</span>")
    parts.append(f"<span>{1000 * sum(answer.timings.values()):.0f} ms</span>")
    if newer := newer_than_index(answer.freshness):
        parts.append(f'<span class="warn">{newer}</span>')
    return parts


def _thumb(at: int, rating: str, turn: Turn) -> str:
    pressed = turn.rating == rating
    label = "This answer is good" if rating == "up" else "This answer is not good"
    where = f'data-rate="{"" if pressed else rating}" data-of="{at}" aria-pressed="{str(pressed).lower()}"'
    return f'<button type="button" class="thumb {rating}" {where} aria-label="{label}" title="{label}">{_UP}</button>'


def _note(at: int, turn: Turn) -> str:
    """Return where a person writes what was wrong, once they have said that something was."""
    if turn.rating != "down":
        return ""
    return (
        f'<div class="feedback"><label>What was wrong? It is kept on this machine.'
        f'<textarea rows="2" maxlength="4000" data-note="{at}">{escape(turn.note)}</textarea></label>'
        f'<button type="button" class="save" data-save-note="{at}">Save note</button></div>'
    )


def _button(text: str, kind: str, data: str) -> str:
    return f'<button type="button" class="{kind}" {data}>{text}</button>'


def sureness(confidence: float) -> str:
    """Return a confidence in words."""
    if confidence >= 0.9:
        return "sure"
    return "fairly sure" if confidence >= 0.7 else "not very sure"


def newer_than_index(freshness: Freshness | None) -> str:
    """Return how many files the index has not caught up with, or nothing where it is level."""
    if freshness is None or freshness.level:
        return ""
    count = freshness.added + freshness.changed + freshness.removed
    return f"{count} file{'s' if count != 1 else ''} newer than the index"


def _abstention(at: int, answer: Answer) -> str:
    nearest = "".join(_nearest(at, rank, result) for rank, result in enumerate(answer.results[:3]))
    passages = (
        f'<p class="soft">The nearest passages, which may not answer it:</p><ul>{nearest}</ul>' if nearest else ""
    )
    count = len(answer.within)
    where = "your documents" if not count else "the chosen document" + "s" * (count > 1)
    widen = '<button type="button" class="edit" data-choose-all>Ask all documents</button>' if count else ""
    return f'<div class="card"><b>Not in {where}.</b> {widen}{passages}</div>'


def _nearest(at: int, rank: int, result: SearchResult) -> str:
    best = max(result.sentences, key=lambda sentence: sentence.score)
    text = " ".join(result.text_of(best).split())
    page = f", {result.page_kind} {result.chunk.page}" if result.chunk.page else ""
    return (
        f'<li><button type="button" class="nearest" data-turn="{at}" data-rank="{rank}">'
        f"{escape(result.source)}{page}</button> — “{escape(shortened(text, 200))}”</li>"
    )


def shortened(text: str, most: int) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= most else text[:most] + " …"
