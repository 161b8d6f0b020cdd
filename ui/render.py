"""A conversation → HTML: questions, answers with their markers and states, and what can be done with each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from rag.conversations import PendingQuestion, Turn
from rag.export import answer_markdown
from rag.types import (
    Answer,
    Citation,
    Document,
    Freshness,
    Sentence,
    Standing,
    Unread,
)
from rag.wording import CLOSEST, MOST_UNREAD, NOT_FOUND, NOT_READ, UNDERSTOOD, VERDICT_WORDS, embedded_note
from ui import excerpts
from ui.buttons import button
from ui.escape import data, escape
from ui.marker import marker, quote_card, state
from ui.tries import tries
from ui.why import why

WELCOME = (
    '<div class="welcome"><h2>What would you like to know?</h2><p>You get the excerpts that answer it, with their '
    "sources beside them. If your documents don’t say, you are told so.</p></div>"
)
LOOKING = "Looking through your documents …"
_UP = (
    '<svg viewBox="0 0 16 16" aria-hidden="true">'
    '<path d="M2 7h2v6H2zM6 13V7l3-5c1 0 1.6.8 1.4 1.8L10 6h3.5l-1 7z"/></svg>'
)


class Shown(NamedTuple):
    """A turn as it is drawn: where its citations stand, and how many of its sentences are out yet (None: all).

    ``parts`` are its excerpts with their blocks, by the numbers of their citations.
    """

    turn: Turn
    standings: Sequence[Standing | None]
    sentences: int | None = None
    parts: Mapping[int, Document] = {}


class SoFar(NamedTuple):
    """What is there of an answer that is being written: its sentences, its citations, where these stand, its parts."""

    sentences: Sequence[Sentence]
    citations: Sequence[Citation]
    standings: Sequence[Standing | None]
    parts: Mapping[int, Document] = {}
    pinned: Collection[int] | None = None  # None while it is written: nothing can be pinned yet

    def is_excerpt(self, sentence: Sentence) -> bool:
        """Whether a sentence is the key sentence of an excerpt: then that is shown."""
        cited = [citation for citation in self.citations if citation.n in sentence.citations]
        return sentence.support == "quoted" and bool(cited) and all(one.excerpt is not None for one in cited)


class Waiting(NamedTuple):
    """A question whose answer is waited for: what is being done for it, and what there is of the answer."""

    id: str
    question: str
    doing: str
    so_far: SoFar | None = None


def conversation(
    name: str,
    turns: Sequence[Shown],
    waiting: Waiting | None = None,
    *,
    elsewhere: Sequence[PendingQuestion] = (),
    unanswered: Sequence[PendingQuestion] = (),
) -> str:
    """Return the talk of the conversation called ``name``.

    Of the questions without an answer, one may be ``waiting`` for it on this page, and some ``elsewhere``; for those
    that are ``unanswered`` no page waits.
    """
    parts = [_turn(at, shown, last=at == len(turns) - 1 and waiting is None) for at, shown in enumerate(turns)]
    parts += [_unanswered(one) for one in unanswered]
    parts += [_waiting(len(turns), Waiting(one.id, one.text, LOOKING), "elsewhere") for one in elsewhere]
    if waiting is not None:
        parts.append(_waiting(len(turns), waiting))
    place = f'data-conversation="{escape(name)}"'
    log = f'<div class="talk" {place} role="log" aria-live="polite" aria-label="Conversation">'
    return f"{log}{''.join(parts) or WELCOME}</div>"


def _waiting(at: int, waiting: Waiting, where: str = "here") -> str:
    """Return a question with what there is of its answer; the page counts the seconds."""
    written = f'<div class="answer">{_said(at, waiting.so_far)}</div>' if waiting.so_far is not None else ""
    doing = f'<span role="status">{waiting.doing}</span> <span class="seconds" aria-hidden="true"></span>'
    return (
        f'<div class="turn">{_question(waiting.question)}{written}'
        f'<p class="waiting {where}" data-waiting="{escape(waiting.id)}">{doing}</p></div>'
    )


def _unanswered(one: PendingQuestion) -> str:
    """Return a question that was asked but not answered, and what can be done with it."""
    again = button("Try again", "ask_again", {"pending": one.id}, style="again")
    remove = button("Remove", "discard_question", {"pending": one.id}, style="discard")
    return (
        f'<div class="turn">{_question(one.text)}'
        f'<div class="meta"><span>This question wasn’t answered.</span>{again}{remove}</div></div>'
    )


NOT_SENT = '<p class="notice" role="status"><span><b>Your question wasn’t sent.</b> Press Enter to ask it.</span></p>'


def editing(at: int, count: int) -> str:
    """Return that question number ``at`` of ``count`` is being edited, what will not follow it, and a way out."""
    later = count - at - 1
    questions = "question" if later == 1 else f"{later} questions"
    stays = "stays" if later == 1 else "stay"
    kept = f" The next {questions} {stays} in the earlier version." if later else ""
    cancel = button("Cancel", "cancel_edit", style="cancel")
    told = f"<span><b>Editing a question.</b>{kept}</span>"
    return f'<p class="notice" role="status" data-editing="{at}">{told}{cancel}</p>'


def _turn(at: int, shown: Shown, *, last: bool) -> str:
    answer = shown.turn.answer
    edit = button("Edit", "edit_question", {"turn": at}, style="edit-question", more='aria-label="Edit this question"')
    body = _abstention(at, shown) if answer.abstained and not answer.reply else _given(at, shown)
    above = _question(answer.question, edit) + _branches(shown.turn) + _understood_with(at, answer)
    done = _done(at, shown, last=last) if shown.sentences is None else ""
    return f'<div class="turn">{above}<div class="answer">{body}{done}</div></div>'


def _question(question: str, edit: str = "") -> str:
    return f'<div class="asked">{edit}<div class="question" dir="auto">{escape(question)}</div></div>'


def _branches(turn: Turn) -> str:
    """Return which of several branches is shown at a question, and the ways to the others."""
    if len(turn.branches) < 2:
        return ""
    n, count = turn.branches.index(turn.id) + 1, len(turn.branches)

    def step(other: int, sign: str, label: str) -> str:
        there = 1 <= other <= count
        branch = turn.branches[other - 1] if there else turn.id
        return button(
            sign, "show_branch", {"branch": branch}, more=f'aria-label="{label} version"' + " disabled" * (not there)
        )

    before, after = step(n - 1, "‹", "Previous"), step(n + 1, "›", "Next")
    return f'<p class="branches soft">{before}<span>{n} of {count}</span>{after}</p>'


def _understood_with(at: int, answer: Answer) -> str:
    """Return the terms that a question took over from the conversation, each with a button that asks without it."""
    if not answer.carried:
        return ""
    chips = "".join(
        f'<span class="term">{escape(one.term)}'
        + button(
            "✕", "ask_again", {"turn": at, "without": one.term}, more=f'aria-label="Ask without {escape(one.term)}"'
        )
        + "</span>"
        for one in answer.carried
    )
    return f'<p class="query" dir="auto">{UNDERSTOOD}: {chips}</p>'


def _given(at: int, shown: Shown) -> str:
    answer = shown.turn.answer
    pinned = shown.turn.pinned if shown.sentences is None else None
    out = SoFar(answer.sentences[: shown.sentences], answer.citations, shown.standings, shown.parts, pinned)
    verdict = _verdict(answer) if any(map(out.is_excerpt, out.sentences)) else ""
    reply = f'<p class="reply" dir="auto">{escape(answer.reply)}</p>' if answer.reply else ""
    return verdict + reply + _said(at, out) + _caveats(answer)


def _verdict(answer: Answer) -> str:
    """Return how well an answer fits, in words; where documents were chosen, that there is none in these."""
    words, count = VERDICT_WORDS[answer.verdict], len(answer.within)
    if count:
        words = words.replace("your documents", "the chosen document" + "s" * (count > 1))
    return f'<p class="verdict {answer.verdict}"><i aria-hidden="true"></i>{words}</p>'


def _said(at: int, out: SoFar) -> str:
    """Return what an answer says: its excerpts as cards, sentences of a model one after another."""
    runs = groupby(enumerate(out.sentences), key=lambda numbered: out.is_excerpt(numbered[1]))
    return "".join((_excerpts if cards else _sentences)(at, list(run), out) for cards, run in runs)


def _excerpts(at: int, run: Sequence[tuple[int, Sentence]], out: SoFar) -> str:
    standings = _standings(out)
    return "".join(
        excerpts.cited(at, citation, sentence, standings, out.parts.get(citation.n), out.pinned)
        for _, sentence in run
        for citation in out.citations
        if citation.n in sentence.citations
    )


def _sentences(at: int, run: Sequence[tuple[int, Sentence]], out: SoFar) -> str:
    cited = {citation.n: citation for citation in out.citations}
    standings = _standings(out)
    pieces = [
        f'<span class="sentence {sentence.support}">{escape(sentence.text)}</span>'
        + "".join(
            marker(at, cited[n], card=(card := f"card-{at}-{number}-{n}"))
            + quote_card(card, cited[n], sentence, standings[n])
            for n in sentence.citations
        )
        + state(sentence, standings)
        for number, sentence in run
    ]
    return f'<p class="sentences" dir="auto">{" ".join(pieces)}</p>'


def _standings(out: SoFar) -> dict[int, Standing | None]:
    return {citation.n: standing for citation, standing in zip(out.citations, out.standings, strict=True)}


def _caveats(answer: Answer) -> str:
    """Return what of the question is not answered, and what else is to be said."""
    lines = []
    if answer.missing:
        lines.append(f"<b>{NOT_FOUND}</b> {escape(' '.join(answer.missing))}")
    if answer.note:
        lines.append(f"{escape(answer.note[:1].upper() + answer.note[1:])}.")
    return "".join(f'<p class="caveat">{line}</p>' for line in lines)


def _done(at: int, shown: Shown, *, last: bool) -> str:
    """Return the line under an answer: how it was checked, what it took, and what can be done with it."""
    turn = shown.turn
    actions = (
        [] if turn.answer.abstained else ['<button type="button" class="copy" data-copy>Copy with sources</button>']
    )
    if last:
        actions.append(button("Try again", "ask_again", {"turn": at}, style="retry"))
    actions.append(f"<span>{_thumb(at, 'up', turn)}{_thumb(at, 'down', turn)}</span>")
    told = "".join([*_checked(shown), *_facts(turn.answer)])
    copied = f'<textarea class="markdown" hidden aria-hidden="true">{escape(answer_markdown(turn.answer))}</textarea>'
    meta = f'<div class="meta">{told}<span class="actions">{"".join(actions)}</span></div>'
    return f"{meta}{_note(at, turn)}{why(at, turn)}{copied}"


def _checked(shown: Shown) -> list[str]:
    """Return what holds for the whole answer: how many quotes stand in their files, and how much has no support."""
    answer, count = shown.turn.answer, len(shown.standings)
    bare = answer.without_support
    kept = sum(standing == "intact" for standing in shown.standings)
    if kept < count:
        lost = f"{count - kept} of {count} quotes" if count > 1 else "Quote"
        checked = [f'<span class="warn">{lost} not verified: the file has changed</span>']
    else:
        told = f"{count} quote{'s' * (count != 1)} verified in the source"
        checked = [f"<span>{told}</span>" if bare else f'<span class="ok">✓ {told}</span>'] * bool(count)
    return checked + [f'<span class="warn">{bare}</span>'] * bool(bare)


def _facts(answer: Answer) -> list[str]:
    parts = []
    if answer.within:
        count = len(answer.within)
        parts.append(f"<span>Asked of {count} chosen document{'s' * (count != 1)}</span>")
    if answer.model is not None:
        parts.append(f"<span>{escape(answer.model.told)}</span>")
    parts.append(f"<span>{1000 * sum(answer.timings.values()):.0f} ms</span>")
    if note := embedded_note(answer.embedded):
        parts.append(f'<span class="warn">{note}</span>')
    if not answer.abstained and (newer := _newer_than_index(answer.freshness)):
        parts.append(f'<span class="warn">{newer}</span>')
    return parts


def _thumb(at: int, rating: str, turn: Turn) -> str:
    pressed = turn.rating == rating
    label = "This answer is good" if rating == "up" else "This answer is not good"
    more = f'aria-pressed="{str(pressed).lower()}" aria-label="{label}" title="{label}"'
    return button(_UP, "rate", {"turn": at, "rating": "" if pressed else rating}, style=f"thumb {rating}", more=more)


def _note(at: int, turn: Turn) -> str:
    """Return where a person writes what was wrong, once they have said that something was."""
    if turn.rating != "down":
        return ""
    return (
        f'<div class="feedback"><label>What was wrong? Your note stays on this machine.'
        f'<textarea rows="2" maxlength="4000" name="note">{escape(turn.note)}</textarea></label>'
        f"{button('Save note', 'rate', {'turn': at, 'rating': 'down', 'field': 'note'}, style='save')}</div>"
    )


def _newer_than_index(freshness: Freshness | None) -> str:
    """Return how many files the index has not caught up with, or nothing where it is level."""
    if freshness is None or freshness.level:
        return ""
    count = freshness.added + freshness.changed + freshness.removed
    return f"{count} file{'s' if count != 1 else ''} changed since the last update"


def _abstention(at: int, shown: Shown) -> str:
    """Return that there is no answer, what comes closest, what can be tried, and which files may hold one."""
    answer = shown.turn.answer
    pinned = shown.turn.pinned
    cards = "".join(excerpts.closest(at, one, shown.parts.get(one.n), pinned) for one in answer.closest)
    found = f'<p class="soft">{CLOSEST}</p>{cards}' if cards else ""
    note = f'<p class="caveat">{escape(answer.note)}.</p>' if answer.note else ""
    below = tries(at, answer) + _unread(answer.unread) + _being_read(answer.freshness)
    return _verdict(answer) + note + found + below


def _unread(files: Sequence[Unread]) -> str:
    """Return which files could not be read, and why; each leads to its line in the list of documents."""
    if not files:
        return ""
    named = "".join(f"<li>{_in_list(one.source)}: {escape(one.reason)}</li>" for one in files[:MOST_UNREAD])
    more = f"<li>and {len(files) - MOST_UNREAD} more</li>" if len(files) > MOST_UNREAD else ""
    return f'<p class="soft warn">{NOT_READ}, so not searched:</p><ul class="unread">{named}{more}</ul>'


def _in_list(source: str) -> str:
    return f'<button type="button" data-list="{data(source)}">{escape(source)}</button>'


def _being_read(freshness: Freshness | None) -> str:
    """Return how many files are not in the index yet, as they are now."""
    count = freshness.added + freshness.changed if freshness is not None else 0
    if not count:
        return ""
    files = "1 file is" if count == 1 else f"{count} files are"
    return f'<p class="soft warn">{files} still being read. Ask again in a moment.</p>'
