"""The talk in the middle of the page: what happens when a person asks, edits, tries again, rates or opens a source.

A question is saved before it is answered, so that neither a reload nor a server that stops loses it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from rag.assistant import Assistant
from rag.conversations import Conversation, Conversations, PendingQuestion, Question, Turn, history
from rag.errors import AnswerStopped, RagError, UsageError
from rag.notes import Notes
from rag.server.layer import address_of
from rag.server.models import AskRequest
from rag.server.questions import QuestionLimit, read_request
from rag.server.security import owner_of
from rag.stream import Written, written
from rag.types import Answer, Message
from ui import panel, reader, render
from ui.buttons import told
from ui.choice import Choice
from ui.escape import escape
from ui.live import Live
from ui.structure import Structures
from ui.suggestions import Suggestions


class Parts(NamedTuple):
    """What asking changes on the page, in the order of its outputs; what is not told is as when nothing is asked."""

    talk: Any
    question: Any = ""
    place: str = ""
    editing: str = ""
    notice: str = ""


class _Waited(NamedTuple):
    """A question that a page waits for, and what stops its answer."""

    pending: str
    stop: threading.Event


_UNCHANGED = tuple(gr.skip() for _ in Parts._fields)


class Chat:
    """The handlers of the talk. ``place`` is the name of the page's conversation; "" is one that is not begun."""

    def __init__(
        self, assistant: Assistant, conversations: Conversations, notes: Notes, live: Live, limit: QuestionLimit
    ) -> None:
        self._assistant = assistant
        self._conversations = conversations
        self._notes = notes
        self._live = live
        self._limit = limit
        self._structures = Structures(assistant)
        self._asking: dict[str | None, _Waited] = {}  # by the open page that waits
        self._cut_off = 0  # answers that came to no end
        self._next = Suggestions(assistant)

    def ask(
        self, text: str, place: str, chosen: str, editing: str, with_model: bool, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the page's parts as the answer comes: the question at once, then a sentence at a time.

        ``editing`` names the turn in whose place the question is asked, if any; ``chosen`` are the documents that
        alone are asked, and ``with_model`` whether a language model writes the answer.
        """
        if text.strip():
            sources = self._sources(chosen)
            asked = Question(text=text, sources=sources, replaces=editing or None, with_model=with_model)
            yield from self._ask(asked, place, request, box="")
        else:
            gr.Info("Type a question first.")
            yield _UNCHANGED

    def ask_starter(
        self, place: str, chosen: str, with_model: bool, event: gr.EventData, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        """Ask one of the questions to begin with."""
        question = str(told(event).get("question", ""))
        asked = Question(text=question, sources=self._sources(chosen), carry=(), with_model=with_model)
        yield from self._ask(asked, place, request, box=gr.skip())

    def ask_again(
        self, place: str, with_model: bool, event: gr.EventData, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        """Ask a question again: one that was not answered, or one that was, in place of its turn and those after it.

        ``without`` is a term that it is not to take over again.
        """
        data, turns = told(event), self._turns(place, request)
        turn = _chosen_turn(turns, data)
        if "pending" in data:
            yield from self._answered(place, str(data["pending"]), request, box=gr.skip())
        elif turn is not None:
            again = _again(turn.answer, turn.id, with_model, without=str(data.get("without", "")))
            yield from self._ask(again, place, request, box=gr.skip())
        else:
            yield _UNCHANGED

    def ask_everywhere(
        self, place: str, with_model: bool, event: gr.EventData, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        """Ask a question of all documents."""
        yield from self._ask_changed(place, event, request, {"sources": (), "with_model": with_model})

    def ask_instead(
        self, place: str, with_model: bool, event: gr.EventData, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        """Ask a question in other words."""
        other = {"text": str(told(event).get("question", "")), "with_model": with_model}
        yield from self._ask_changed(place, event, request, other)

    def _ask_changed(
        self, place: str, event: gr.EventData, request: gr.Request, other: Mapping[str, Any]
    ) -> Iterator[tuple[Any, ...]]:
        """Ask a question otherwise: in place of its turn where that is the last one, else after the others."""
        turns = self._turns(place, request)
        turn = _chosen_turn(turns, told(event))
        if turn is None:
            yield _UNCHANGED
            return
        again = _again(turn.answer, turn.id if turn == turns[-1] else None, with_model=True)
        yield from self._ask(again.model_copy(update=dict(other)), place, request, box=gr.skip())

    def stopped(self, place: str, pending: str, typed: str, request: gr.Request) -> Parts:
        """Return the page's parts without the question that is no longer waited for.

        It goes back into the box, if nothing was ``typed`` there meanwhile.
        """
        for waited in self._asking.copy().values():  # of this page, or of another tab
            if waited.pending == pending:
                waited.stop.set()
        self._asking.pop(request.session_hash, None)
        one = _pending(self._conversation(place, request), pending)
        if one is None:
            return self._parts(place, request, typed)
        parts = self._taken_back(place, one, request)
        return parts._replace(question=typed) if typed.strip() else parts

    def discard(self, place: str, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        """Remove a question that was not answered; return the talk, and its name."""
        self._withdraw(place, str(told(event).get("pending", "")), request)
        parts = self._parts(place, request)
        return parts.talk, parts.place

    def edit(self, place: str, event: gr.EventData, request: gr.Request) -> tuple[Any, Any, Any]:
        """Return a question for the question box, in which turn's place it is to be asked, and word of that."""
        data, turns = told(event), self._turns(place, request)
        turn = _chosen_turn(turns, data)
        if turn is None:
            return gr.skip(), gr.skip(), gr.skip()
        return turn.answer.question, turn.id, _editing_notice(turns, turn.id)

    def cancel_edit(self) -> tuple[str, str, str]:
        """Return the question box as it is when nothing is edited."""
        return "", "", ""

    def show_branch(self, place: str, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Show another branch: return the talk, nothing that is edited, and an empty reader."""
        try:
            self._conversations.show(owner(request), place, str(told(event).get("branch", "")))
        except RagError as error:
            gr.Warning(escape(str(error)))
        return self.talk(place, request), "", "", reader.EMPTY, ""

    def rate(self, place: str, event: gr.EventData, request: gr.Request) -> Any:
        """Keep what a person thinks of an answer, and return the talk with it."""
        data = told(event)
        turn = _chosen_turn(self._turns(place, request), data)
        rating = data.get("rating") or None
        if turn is None or rating not in ("up", "down", None):
            return gr.skip()
        try:
            note = str(data.get("note", turn.note)) if rating == "down" else ""
            self._conversations.rate(owner(request), place, turn.id, rating, note)
        except RagError as error:
            gr.Warning(escape(str(error)))
        if "note" in data:
            gr.Info("The note is kept.", duration=3, title="Saved")
        return self.talk(place, request)

    def show(self, place: str, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        """Return the reader for what was chosen: a citation, a passage, or a document; and what that was."""
        chosen = {str(name): str(value) for name, value in told(event).items()}
        return self.source(place, chosen, request), json.dumps(chosen)

    def show_first(self, place: str, request: gr.Request) -> tuple[Any, Any]:
        """Return the reader at the first citation of the last answer, and what it shows; empty where there is none.

        It comes after the answer, by itself: the picture of a page may take a second.
        """
        turns = self._turns(place, request)
        if not turns:
            return gr.skip(), gr.skip()
        if not turns[-1].answer.citations:
            return reader.EMPTY, ""
        chosen = {"turn": str(len(turns) - 1), "n": "1"}
        return self._view([turn.answer for turn in turns], chosen), json.dumps(chosen)

    def suggestions(self, place: str, request: gr.Request) -> str:
        """Return questions that may be asked next: of what stands near to what the last answer cites."""
        turns = self._turns(place, request)
        if not turns or request.session_hash in self._asking:
            return ""
        asked = tuple(turn.answer.question for turn in turns)
        return panel.starters(self._next(turns[-1].id, turns[-1].answer, asked))

    def source(self, place: str, chosen: Mapping[str, str], request: gr.Request) -> str:
        """Return the reader for what was chosen, in the talk or among the notes."""
        if "note" not in chosen:
            return self._view([turn.answer for turn in self._turns(place, request)], chosen)
        try:
            return self._view([self._notes.get(owner(request), chosen["note"]).answer], chosen)
        except UsageError:  # removed meanwhile
            return reader.GONE

    def turn(self, place: str, data: Mapping[str, Any], request: gr.Request) -> Turn | None:
        """Return the turn that an event names; None where there is none."""
        return _chosen_turn(self._turns(place, request), data)

    def open(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Open a conversation from the list: the talk, its name, an empty reader, and nothing that is edited."""
        place = str(told(event).get("name", ""))
        parts = self._parts(place, request)
        return parts.talk, parts.place, reader.EMPTY, "", parts.editing, parts.notice

    def open_named(self, place: str, request: gr.Request) -> tuple[Any, Any]:
        """Open the conversation that the page's address names; a new one where it is not this browser's.

        Where it names none, the page is left alone: a person may have asked before this comes to be run.
        """
        if not place:
            return gr.skip(), gr.skip()
        parts = self._parts(place, request)
        return parts.talk, parts.place

    def begin(self) -> tuple[str, ...]:
        """Return the page's parts as they are before anything is asked."""
        return render.conversation("", []), "", reader.EMPTY, "", "", ""

    def chosen_before(self, chosen: str) -> tuple[str, str]:
        """Return the documents that were chosen before the page was loaded anew, and word of them."""
        choice = Choice.parse(chosen)
        there = choice if self._sources(chosen) else Choice()
        return there.dump(), panel.chosen_only(there)

    def typed_before(self, text: str) -> tuple[Any, Any]:
        """Return what was typed before the page was loaded anew, be it because the server was away, and word of it."""
        return (text, render.NOT_SENT) if text.strip() else (gr.skip(), gr.skip())

    def talk(self, place: str, request: gr.Request) -> Any:
        """Return the conversation as it is kept; where this page waits for an answer, leave it alone."""
        if request.session_hash in self._asking:
            return gr.skip()
        return self._parts(place, request).talk

    def _ask(self, asked: Question, place: str, request: gr.Request, *, box: Any) -> Iterator[tuple[Any, ...]]:
        """Save a question, and yield the page's parts as it is answered; ``box`` is what the question box holds."""
        try:
            read_request(AskRequest, question=asked.text)
            self._limit.take(*_asker(request))
            saved = self._conversations.ask(owner(request), place or None, asked)
        except RagError as error:
            gr.Warning(escape(str(error)))
            yield _UNCHANGED
            return
        yield from self._answered(saved.conversation, saved.turn, request, box=box)

    def _answered(self, place: str, pending: str, request: gr.Request, *, box: Any) -> Iterator[Parts]:
        """Yield the page's parts as a question that is saved is answered."""
        found = self._conversation(place, request)
        asked = _pending(found, pending)
        if found is None or asked is None:  # answered meanwhile, or gone
            yield self._parts(place, request, box)
            return
        turns = _before(found.turns, asked.replaces)
        waited = self._asking[request.session_hash] = _Waited(asked.id, threading.Event())
        try:
            yield from self._as_written(place, asked, turns, request, box, waited.stop)
        except AnswerStopped:
            yield self._taken_back(place, asked, request)
        except RagError as error:
            gr.Warning(escape(str(error)))
            yield self._taken_back(place, asked, request)
        except BaseException:
            self._cut_off += 1
            raise
        finally:
            if self._asking.get(request.session_hash) is waited:  # else the page asks another already
                del self._asking[request.session_hash]

    def _as_written(
        self,
        place: str,
        asked: PendingQuestion,
        turns: Sequence[Turn],
        request: gr.Request,
        box: Any,
        stop: threading.Event,
    ) -> Iterator[Parts]:
        """Yield the page's parts with what there is of an answer, and save it when it is whole."""
        by_model = asked.with_model and self._assistant.model is not None
        doing = "Reading the passages …" if by_model else render.LOOKING
        waiting = render.Waiting(asked.id, asked.text, doing)
        kept = self._shown(turns)
        yield Parts(render.conversation(place, kept, waiting), box, place)
        for state in self._written(asked, history(turns), by_model, stop):
            if isinstance(state, Answer):
                with suppress(UsageError):  # the conversation was deleted meanwhile
                    self._conversations.answer(owner(request), place, asked.id, self._helped_on(state))
            else:
                so_far = waiting._replace(doing="Writing …", so_far=self._so_far(state))
                yield Parts(render.conversation(place, kept, so_far), box, place)
        yield from self._told(place, request, box, at_once=by_model)

    def _written(
        self, asked: Question, before: Sequence[Message], by_model: bool, stop: threading.Event
    ) -> Iterator[Written | Answer]:
        """Yield an answer as it is written; one that is only quoted is there at once."""
        ask = partial(
            self._assistant.ask,
            asked.text,
            before,
            asked.sources,
            carry=asked.carry,
            with_model=by_model,
            stop=stop,
        )
        return written(lambda tell: ask(on_sentences=tell)) if by_model else iter([ask()])

    def _helped_on(self, answer: Answer) -> Answer:
        """Return an answer, where there is none with the question in other words that have one."""
        if not answer.abstained or answer.reply:
            return answer
        return answer.model_copy(update={"instead": self._assistant.rephrased(answer)})

    def _so_far(self, state: Written) -> render.SoFar:
        standings = self._assistant.standing(state.citations)
        return render.SoFar(state.sentences, state.citations, standings, self._structures.of(state.citations))

    def _told(self, place: str, request: gr.Request, box: Any, *, at_once: bool) -> Iterator[Parts]:
        """Yield the conversation with its last answer, a sentence more at a time unless ``at_once``."""
        shown = self._shown(self._turns(place, request))
        for count in range(1, 0 if at_once or not shown else len(shown[-1].turn.answer.sentences)):
            so_far = [*shown[:-1], shown[-1]._replace(sentences=count)]
            yield Parts(render.conversation(place, so_far), box, place)
        yield self._parts(place, request, box)

    def _taken_back(self, place: str, asked: PendingQuestion, request: gr.Request) -> Parts:
        """Withdraw a question, and return the page's parts with it in the question box."""
        self._withdraw(place, asked.id, request)
        parts = self._parts(place, request, asked.text)
        if asked.replaces is None:
            return parts
        bar = _editing_notice(self._turns(place, request), asked.replaces)
        return parts._replace(editing=asked.replaces, notice=bar)

    def _withdraw(self, place: str, pending: str, request: gr.Request) -> None:
        with suppress(UsageError):  # it is gone with its conversation
            self._conversations.withdraw(owner(request), place, pending)

    def _parts(self, place: str, request: gr.Request, box: Any = "") -> Parts:
        """Return the page's parts with the conversation as it is kept."""
        found = self._conversation(place, request)
        if found is None:
            return Parts(render.conversation("", []), box)
        asked = self._waited_for()
        elsewhere = [one for one in found.pending if one.id in asked]
        unanswered = [one for one in found.pending if one.id not in asked]
        talk = render.conversation(place, self._shown(found.turns), elsewhere=elsewhere, unanswered=unanswered)
        return Parts(talk, box, place)

    @property
    def under_way(self) -> str:
        """Which questions are being answered, on any page; another also where an answer was cut off."""
        return " ".join([*sorted(self._waited_for()), str(self._cut_off)])

    def _waited_for(self) -> set[str]:
        return {waited.pending for waited in self._asking.copy().values()}

    def _conversation(self, place: str, request: gr.Request) -> Conversation | None:
        if not place:
            return None
        try:
            return self._conversations.get(owner(request), place)
        except UsageError:  # deleted, or never this browser's
            return None

    def _turns(self, place: str, request: gr.Request) -> Sequence[Turn]:
        found = self._conversation(place, request)
        return found.turns if found is not None else ()

    def _view(self, answers: Sequence[Answer], chosen: Mapping[str, str]) -> str:
        return reader.open_view(self._assistant, answers, chosen)

    def _shown(self, turns: Sequence[Turn]) -> list[render.Shown]:
        return [self._drawn(turn) for turn in turns]

    def _drawn(self, turn: Turn) -> render.Shown:
        answer = turn.answer
        parts = self._structures.of(answer.citations or answer.closest)
        return render.Shown(turn, self._assistant.standing(answer.citations), parts=parts)

    def _sources(self, chosen: str) -> tuple[str, ...]:
        """Return the chosen documents that there are still; none are all."""
        return tuple(Choice.parse(chosen).sources(self._live.look().documents))


def owner(request: gr.Request) -> str:
    """Return whose conversations these are: the browser's, or where it keeps no cookies, the open page's."""
    return owner_of(request.cookies) or f"page {request.session_hash}"


def _asker(request: gr.Request) -> tuple[str, str]:
    """Return whose questions are counted, a browser's or else an address's, and that address."""
    assert request.request is not None
    address = address_of(request.request.scope)
    return owner_of(request.cookies) or address, address


def _again(answer: Answer, replaces: str | None, with_model: bool, without: str = "") -> Question:
    """Return the question of an answer as it was asked, but for a term, to be asked in the place of a turn."""
    carry = tuple(one.term for one in answer.carried if one.term != without)
    return Question(text=answer.question, sources=answer.within, carry=carry, replaces=replaces, with_model=with_model)


def _pending(conversation: Conversation | None, name: str) -> PendingQuestion | None:
    found = conversation.pending if conversation is not None else ()
    return next((one for one in found if one.id == name), None)


def _editing_notice(turns: Sequence[Turn], editing: str) -> str:
    return render.editing(len(_before(turns, editing)), len(turns))


def _before(turns: Sequence[Turn], editing: str | None) -> Sequence[Turn]:
    """Return the turns before the one that is edited; all where none is."""
    at = next((at for at, turn in enumerate(turns) if turn.id == editing), len(turns))
    return turns[:at]


def _chosen_turn(turns: Sequence[Turn], data: Mapping[str, Any]) -> Turn | None:
    try:
        return turns[max(0, int(data["turn"]))]
    except (LookupError, ValueError, TypeError):
        return None
