"""The notes: what happens when a person pins an excerpt, writes a remark on it, removes it or has it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.notes import Notes
from ui import note_list, panel
from ui.buttons import told
from ui.chat import Chat, owner
from ui.escape import escape


class NoteBook:
    """The handlers of the notes. ``place`` is the name of the conversation that the page shows."""

    def __init__(self, notes: Notes, chat: Chat) -> None:
        self._notes = notes
        self._chat = chat

    def listed(self, request: gr.Request) -> str:
        """Return the list."""
        try:
            return note_list.notes(self._notes.listed(owner(request)))
        except RagError as error:
            return panel.undone(str(error))

    def pin(self, place: str, event: gr.EventData, request: gr.Request) -> tuple[Any, str, Any]:
        """Pin an excerpt, or take it out of the notes again; return word of that, the list, and the talk."""
        data = told(event)
        turn = self._chat.turn(place, data, request)
        notice: Any = ""
        try:
            if turn is not None and data.get("pinned") == "true":
                notice = _removed(self._notes.unpin(owner(request), turn.id, int(data["excerpt"])))
            elif turn is not None:
                self._notes.pin(owner(request), turn.id, turn.answer, int(data["excerpt"]))
                notice = panel.announced("The excerpt was pinned to your notes.")
        except (RagError, LookupError, ValueError, TypeError) as error:
            gr.Warning(escape(str(error)))
        return notice, self.listed(request), self._chat.talk(place, request)

    def write(self, event: gr.EventData, request: gr.Request) -> None:
        """Keep a remark."""
        data = told(event)
        try:
            self._notes.write(owner(request), str(data.get("note", "")), str(data.get("remark", "")))
        except RagError as error:
            gr.Warning(escape(str(error)))

    def remove(self, place: str, event: gr.EventData, request: gr.Request) -> tuple[str, str, Any]:
        """Remove a note, and say how to take that back."""
        note = str(told(event).get("note", ""))
        return self._changed(self._notes.remove, note, _removed(note), place, request)

    def restore(self, place: str, event: gr.EventData, request: gr.Request) -> tuple[str, str, Any]:
        """Take back that a note was removed."""
        note = str(told(event).get("token", ""))
        return self._changed(self._notes.restore, note, panel.announced("The note is back."), place, request)

    def _changed(
        self, change: Callable[[str, str], None], note: str, notice: str, place: str, request: gr.Request
    ) -> tuple[str, str, Any]:
        try:
            change(owner(request), note)
        except RagError as error:
            notice = panel.undone(str(error))
        return notice, self.listed(request), self._chat.talk(place, request)


def _removed(note: str) -> str:
    return panel.undone("The note was removed.", "restore_note", note)
