"""The tabs of a browser kept in step: what is asked, pinned, renamed or deleted in one shows in the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from rag.conversations import Conversations
from rag.errors import RagError
from ui.chat import Chat, owner
from ui.notes import NoteBook
from ui.talks import Talks

_NOTHING = (gr.skip(), gr.skip(), gr.skip(), gr.skip())


class Together:
    """The handler that looks for what has changed; of a page it draws what it shows, never the question box."""

    def __init__(self, conversations: Conversations, chat: Chat, talks: Talks, notes: NoteBook) -> None:
        self._conversations = conversations
        self._chat = chat
        self._talks = talks
        self._notes = notes

    def look(self, known: str, search: str | None, place: str, request: gr.Request) -> tuple[Any, ...]:
        """Return talk, list of conversations and notes where they are others than ``known`` says, and what is known.

        It is asked every two seconds by every page, so what anyone has changed at all is looked at first.
        """
        try:
            version = f"{self._conversations.version} {place} {self._chat.under_way} {search}"
            before = (known or "").split("\n")
            if version == before[0]:
                return _NOTHING
            marks = self._marks(search, place, request)
        except RagError:  # it is told where it is met
            return _NOTHING
        drawn: tuple[Callable[[], Any], ...] = (
            lambda: self._chat.talk(place, request),
            lambda: self._talks.listed(search, place, request),
            lambda: self._notes.listed(request),
        )
        changed = [mark not in before for mark in marks]
        new = [draw() if is_new else gr.skip() for draw, is_new in zip(drawn, changed, strict=True)]
        return *new, "\n".join((version, *marks))

    def _marks(self, search: str | None, place: str, request: gr.Request) -> tuple[str, str, str]:
        marks = self._conversations.marks(owner(request), place)
        talk = f"talk {place} {marks.talk} {marks.notes} {self._chat.under_way}"
        return talk, f"list {place} {marks.listed} {search}", f"notes {marks.notes}"
