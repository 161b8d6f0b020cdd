"""The conversations that are kept: what happens when a person looks for one, renames or deletes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import gradio as gr

from rag.conversations import Conversations
from rag.errors import RagError
from ui import panel, render
from ui.buttons import told
from ui.chat import owner
from ui.escape import escape


class Talks:
    """The handlers of the list of conversations. ``place`` is the name of the one that the page shows.

    Of a box that was not drawn yet, because its tab was never looked at, what is in it is None.
    """

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    def listed(self, search: str | None, place: str, request: gr.Request) -> str:
        """Return the list, of those that hold the words of ``search`` where there are some."""
        try:
            found = self._conversations.listed(owner(request), search or "")
        except RagError as error:
            return panel.undone(str(error))
        if search and search.strip() and not found:
            return f'<p class="soft">No conversation matches “{escape(search.strip())}”.</p>'
        return panel.conversations(found, datetime.now(UTC), place)

    def rename(self, search: str | None, place: str, event: gr.EventData, request: gr.Request) -> str:
        """Give a conversation another title."""
        data = told(event)
        try:
            self._conversations.rename(owner(request), str(data.get("name", "")), str(data.get("title", "")))
        except RagError as error:
            gr.Warning(escape(str(error)))
        return self.listed(search, place, request)

    def delete(self, search: str | None, place: str, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Delete a conversation, and say how to take that back; the page begins a new one where it showed that one."""
        name = str(told(event).get("name", ""))
        try:
            self._conversations.delete(owner(request), name)
            notice = panel.undone("The conversation was deleted.", "restore_conversation", name)
        except RagError as error:
            notice, name = panel.undone(str(error)), ""
        # The talk, its name, the turn that is edited, and the word of that.
        shown = (render.conversation("", []), "", "", "") if name == place != "" else (gr.skip(),) * 4
        return notice, self.listed(search, place, request), *shown

    def undo(self, search: str | None, place: str, event: gr.EventData, request: gr.Request) -> tuple[str, str, str]:
        """Take back that a conversation was deleted; the page then shows it."""
        name = str(told(event).get("token", ""))
        notice: Any = panel.undone("The conversation is back.")
        try:
            self._conversations.restore(owner(request), name)
        except RagError as error:
            notice, name = panel.undone(str(error)), place
        return notice, self.listed(search, name, request), name
