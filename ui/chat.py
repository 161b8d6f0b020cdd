"""The talk in the middle of the page: what happens when a person asks, edits, tries again, rates or opens a source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.conversations import Conversations, Turn, history
from rag.errors import RagError, UsageError
from rag.server.layer import address_of
from rag.server.models import AskRequest
from rag.server.questions import QuestionLimit, read_request
from rag.server.security import owner_of
from rag.stream import Written, written
from rag.types import Answer, Message
from ui import reader, render
from ui.escape import escape
from ui.live import Live

# The parts that asking changes: talk, question, place, editing, as_typed.
Parts = tuple[Any, ...]


class Chat:
    """The handlers of the talk. ``place`` is the name of the page's conversation; "" is one that is not begun."""

    def __init__(self, assistant: Assistant, conversations: Conversations, live: Live, limit: QuestionLimit) -> None:
        self._assistant = assistant
        self._conversations = conversations
        self._live = live
        self._limit = limit

    def ask(
        self, text: str, place: str, chosen: str, typed: bool, editing: str, request: gr.Request
    ) -> Iterator[Parts]:
        """Yield the page's parts as the answer comes: the question at once, then a sentence at a time.

        ``editing`` names the turn in whose place the question is asked, if any; ``typed`` says that it is no
        follow-up; ``chosen`` are the documents that alone are asked.
        """
        if not text.strip():
            gr.Info("Type a question first.")
            yield gr.skip(), "", place, editing, typed
            return
        turns = self._turns(place, request)
        kept = _before(turns, editing)
        try:
            read_request(AskRequest, question=text)
            self._limit.take(*_asker(request))
            # What is the same as before is said again: to gradio, that is less work than to be told to leave it.
            yield render.conversation(place, self._shown(kept), waiting=text), "", place, editing, typed
            streamed = False
            for state in self._written(text, () if typed else history(kept), self._sources(chosen)):
                if isinstance(state, Answer):
                    saved = self._save(state, place, editing if len(kept) < len(turns) else "", request)
                else:
                    streamed = True
                    talk = render.conversation(place, self._shown(kept), text, self._so_far(state))
                    yield talk, "", place, editing, typed
        except RagError as error:
            gr.Warning(escape(str(error)))
            yield render.conversation(place, self._shown(turns)), text, place, editing, typed
            return
        yield from self._told(saved, request, at_once=streamed)

    def ask_starter(self, place: str, chosen: str, event: gr.EventData, request: gr.Request) -> Iterator[Parts]:
        """Ask one of the questions to begin with."""
        yield from self.ask(str(dict(event._data).get("question", "")), place, chosen, True, "", request)

    def retry(self, place: str, event: gr.EventData, request: gr.Request) -> Iterator[Parts]:
        """Ask a question again, as it was asked, in the place of its turn and those after it."""
        turn = _chosen_turn(self._turns(place, request), dict(event._data))
        if turn is not None:
            answer = turn.answer
            chosen = json.dumps(answer.within)
            yield from self.ask(answer.question, place, chosen, answer.query == answer.question, turn.id, request)

    def stopped(self, place: str, asked: str, request: gr.Request) -> tuple[str, str]:
        """Return the talk without the question that is no longer waited for, and the question, to be changed."""
        return self.talk(place, request), asked

    def edit(self, place: str, event: gr.EventData, request: gr.Request) -> tuple[Any, Any, Any]:
        """Return a question for the question box, whether it is to be asked as typed, and in which turn's place."""
        data = dict(event._data)
        turn = _chosen_turn(self._turns(place, request), data)
        if turn is None:
            return gr.skip(), gr.skip(), gr.skip()
        if data.get("what") == "query":
            return turn.answer.query, True, ""
        return turn.answer.question, turn.answer.query == turn.answer.question, turn.id

    def rate(self, place: str, event: gr.EventData, request: gr.Request) -> Any:
        """Keep what a person thinks of an answer, and return the talk with it."""
        data = dict(event._data)
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
        chosen = {str(name): str(value) for name, value in dict(event._data).items()}
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
        return self._view(turns, chosen), json.dumps(chosen)

    def source(self, place: str, chosen: Mapping[str, str], request: gr.Request) -> str:
        """Return the reader for what was chosen."""
        return self._view(self._turns(place, request), chosen)

    def open(self, event: gr.EventData, request: gr.Request) -> tuple[str, str, str]:
        """Open a conversation from the list: the talk, its name, and an empty reader."""
        place = str(dict(event._data).get("open", ""))
        return self.talk(place, request), place, reader.EMPTY

    def open_named(self, place: str, request: gr.Request) -> tuple[Any, Any]:
        """Open the conversation that the page's address names; a new one where it is not this browser's.

        Where it names none, the page is left alone: a person may have asked before this comes to be run.
        """
        if not place:
            return gr.skip(), gr.skip()
        turns = self._turns(place, request)
        return render.conversation(place, self._shown(turns)), place if turns else ""

    def begin(self) -> tuple[str, str, str, bool, str]:
        """Return the page's parts as they are before anything is asked."""
        return render.conversation("", []), "", reader.EMPTY, False, ""

    def talk(self, place: str, request: gr.Request) -> str:
        """Return the conversation as it is kept."""
        return render.conversation(place, self._shown(self._turns(place, request)))

    def _written(self, question: str, before: Sequence[Message], sources: Sequence[str]) -> Iterator[Written | Answer]:
        """Yield an answer as it is written; one that is only quoted is there at once."""
        if not self._assistant.settings.llm_url:
            return iter([self._assistant.ask(question, before, sources)])
        return written(lambda tell: self._assistant.ask(question, before, sources, tell))

    def _so_far(self, state: Written) -> render.SoFar:
        return render.SoFar(state.sentences, state.citations, self._assistant.standing(state.citations))

    def _told(self, place: str, request: gr.Request, *, at_once: bool) -> Iterator[Parts]:
        """Yield the conversation with its last answer, a sentence more at a time unless ``at_once``."""
        *before, last = self._shown(self._turns(place, request))
        for count in range(1, 0 if at_once else len(last.turn.answer.sentences)):
            yield render.conversation(place, [*before, last._replace(sentences=count)]), "", place, "", False
        yield render.conversation(place, [*before, last]), "", place, "", False

    def _save(self, answer: Answer, place: str, editing: str, request: gr.Request) -> str:
        if editing:
            return self._conversations.replace(owner(request), place, editing, answer).conversation
        return self._conversations.start_or_add(owner(request), place or None, answer).conversation

    def _turns(self, place: str, request: gr.Request) -> Sequence[Turn]:
        if not place:
            return ()
        try:
            return self._conversations.get(owner(request), place).turns
        except UsageError:  # deleted, or never this browser's
            return ()

    def _view(self, turns: Sequence[Turn], chosen: Mapping[str, str]) -> str:
        return reader.open_view(self._assistant, [turn.answer for turn in turns], chosen)

    def _shown(self, turns: Sequence[Turn]) -> list[render.Shown]:
        return [render.Shown(turn, self._assistant.standing(turn.answer.citations)) for turn in turns]

    def _sources(self, chosen: str) -> list[str]:
        """Return the chosen documents that there are still; none are all."""
        sources = chosen_sources(chosen)
        there = {one.source for one in self._live.look().documents} if sources else set()
        return [source for source in sources if source in there]


def chosen_sources(chosen: str) -> list[str]:
    """Return the documents that a page says were chosen; what it sends may be anything."""
    try:
        return [str(source) for source in json.loads(chosen or "[]")]
    except (ValueError, TypeError):
        return []


def owner(request: gr.Request) -> str:
    """Return whose conversations these are: the browser's, or where it keeps no cookies, the open page's."""
    return owner_of(request.cookies) or f"page {request.session_hash}"


def _asker(request: gr.Request) -> tuple[str, str]:
    """Return whose questions are counted, a browser's or else an address's, and that address."""
    assert request.request is not None
    address = address_of(request.request.scope)
    return owner_of(request.cookies) or address, address


def _before(turns: Sequence[Turn], editing: str) -> Sequence[Turn]:
    """Return the turns before the one that is edited; all where none is."""
    at = next((at for at, turn in enumerate(turns) if turn.id == editing), len(turns))
    return turns[:at]


def _chosen_turn(turns: Sequence[Turn], data: Mapping[str, Any]) -> Turn | None:
    try:
        return turns[max(0, int(data["turn"]))]
    except (LookupError, ValueError, TypeError):
        return None
