"""The documents on the left of the page: what happens when a person chooses, removes or finds some, or rebuilds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.errors import RagError
from ui import panel
from ui.arrivals import Arrivals
from ui.buttons import told
from ui.chat import Chat, chosen_sources
from ui.live import Live, Look


class Folder:
    """The handlers of the list of documents. ``chosen`` are those that alone are asked, as JSON."""

    def __init__(self, assistant: Assistant, live: Live, chat: Chat) -> None:
        self._assistant = assistant
        self._live = live
        self._arrivals = Arrivals(assistant, live)
        self._chat = chat

    def listed(self, chosen: str, find: str | None) -> str:
        """Return the list."""
        return self._drawn(self._live.look(), chosen, find)

    def look(
        self, seen: str, chosen: str, find: str | None, since: str, place: str, opened: str, request: gr.Request
    ) -> tuple[Any, ...]:
        """Return what is drawn of folder, talk and reader where it is another than ``seen`` names, and its names.

        Of the folder, that is the list, the notices, the questions to begin with, and the card of what came in
        ``since`` so many documents had. Talk and reader (of what was ``opened``) are others where the documents are:
        what is quoted may stand in them no more.
        """
        look = self._live.look()
        notice = panel.folder_notice(look.problem)
        begin = panel.starters(self._live.starters()) if look.documents else panel.invitation(self._corpus)
        card = self._arrivals.card(_number(since))
        drawn: tuple[Any, ...] = (self._drawn(look, chosen, find), notice, notice, begin, card)
        names = _digest(str(drawn)), _digest(str(look.documents))
        before = (seen or "").partition(" ")
        changed = bool(place) and before[2] != names[1]
        talk = self._chat.talk(place, request) if changed else gr.skip()
        source = self._chat.source(place, json.loads(opened), request) if changed and opened else gr.skip()
        if names[0] == before[0]:
            drawn = (gr.skip(),) * len(drawn)
        return *drawn, talk, source, " ".join(names)

    def arrived(self) -> tuple[str, str]:
        """Return how many documents have arrived until now, and no card of any."""
        return str(self._live.arrived), ""

    @property
    def _corpus(self) -> str:
        return self._assistant.settings.corpus.name

    def choose(self, chosen: str, find: str | None, event: gr.EventData) -> tuple[str, str, str]:
        """Choose a document to be asked alone, or choose it no longer; all are asked where none is chosen."""
        data, sources = told(event), {*chosen_sources(chosen)}
        (sources.add if data.get("on") else sources.discard)(str(data.get("source", "")))
        return self._chosen(sources, find)

    def choose_all(self, chosen: str, find: str | None) -> tuple[str, str, str]:
        """Choose no document, so that all are asked."""
        return self._chosen((), find)

    def _chosen(self, sources: Collection[str], find: str | None) -> tuple[str, str, str]:
        now = json.dumps(sorted(sources))
        return now, panel.chosen_only(sources), self.listed(now, find)

    def remove(self, chosen: str, find: str | None, event: gr.EventData) -> tuple[str, str]:
        """Take a document out of the folder; the list says so in its place, and how to take that back."""
        source = str(told(event).get("source", ""))
        try:
            self._live.remove(source)
            notice = panel.announced(f"{source} was removed.")
        except RagError as error:
            notice = panel.undone(str(error))
        return notice, self._drawn(self._live.look_again(), chosen, find)

    def undo(self, chosen: str, find: str | None, event: gr.EventData) -> tuple[str, str]:
        """Put back what was removed."""
        try:
            source = self._live.restore(str(told(event).get("token", "")))
            notice = panel.announced(f"{source} is back.")
        except RagError as error:
            notice = panel.undone(str(error))
        return notice, self._drawn(self._live.look_again(), chosen, find)

    def allow_removals(self) -> None:
        """Begin to remove from the index what is gone from the folder; the list shows how far it is."""
        self._live.allow_removals()

    def rebuild(self) -> None:
        """Begin to build the index anew; the list shows how far it is."""
        self._live.rebuild()
        gr.Info("Rebuilding the index; questions are answered from the old one meanwhile.")

    def stop(self) -> None:
        """Stop the rebuilding."""
        self._live.stop()

    def _drawn(self, look: Look, chosen: str, find: str | None) -> str:
        return panel.documents(look, chosen_sources(chosen), find or "")


def _number(text: str) -> int:
    """Return a count that a page was told; 0 where it was told none yet."""
    return int(text) if text.isdecimal() else 0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
