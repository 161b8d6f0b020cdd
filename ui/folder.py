"""The documents on the left of the page: what happens when a person finds, sorts, chooses or removes some."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import gradio as gr
from pydantic import ValidationError

from rag.assistant import Assistant
from rag.errors import RagError
from ui import panel
from ui.arrivals import Arrivals
from ui.buttons import told
from ui.chat import Chat
from ui.choice import Choice
from ui.documents import documents, removable
from ui.live import Live, Look, digest
from ui.tree import Arrangement, Node, Order, tree


class _Removed(NamedTuple):
    """The tokens of what was removed, and what kept the rest from it."""

    tokens: list[str]
    failure: str


class Folder:
    """The handlers of the list of documents.

    ``chosen`` are those that alone are asked, ``find`` is what is looked for, and ``arranged`` is how the list is
    sorted and what is unfolded in it, as ``ui.choice`` and ``ui.tree`` write them.
    """

    def __init__(self, assistant: Assistant, live: Live, chat: Chat) -> None:
        self._assistant = assistant
        self._live = live
        self._arrivals = Arrivals(assistant, live)
        self._chat = chat
        self._trees: dict[Order, tuple[object, Node]] = {}

    def listed(self, chosen: str, find: str | None, arranged: str) -> str:
        """Return the list."""
        return self._drawn(self._live.look(), chosen, find, arranged)

    def look(
        self,
        seen: str,
        chosen: str,
        find: str | None,
        arranged: str,
        since: str,
        place: str,
        opened: str,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        """Return what is drawn of folder, talk and reader where it is another than ``seen`` names, and its names.

        Of the folder, that is the list, the notices, the questions to begin with, and the card of what came in
        ``since`` so many documents had. Talk and reader (of what was ``opened``) are others where the documents are:
        what is quoted may stand in them no more.
        """
        look = self._live.look()
        notice = panel.folder_notice(look.problem)
        begin = panel.starters(self._live.starters()) if look.documents else panel.invitation(self._corpus)
        card = self._arrivals.card(int(since)) if since.isdecimal() else ""  # it is not told yet
        drawn: tuple[Any, ...] = (self._drawn(look, chosen, find, arranged), notice, notice, begin, card)
        names = digest(str(drawn)), look.version
        before = (seen or "").partition(" ")
        changed = bool(place) and before[2] not in ("", names[1])
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

    def before(self, chosen: str, arranged: str) -> tuple[str, str, str]:
        """Return what was chosen and how the list was arranged before the page was loaded anew, and word of it."""
        return *self._chat.chosen_before(chosen), arranged

    def unfold(self, chosen: str, find: str | None, arranged: str, event: gr.EventData) -> tuple[str, str]:
        """Unfold a folder, or fold it."""
        data, now = told(event), Arrangement.parse(arranged)
        folder = frozenset([str(data.get("folder", ""))])
        unfolded = now.unfolded | folder if data.get("on") else now.unfolded - folder
        return self._arranged(now.model_copy(update={"unfolded": unfolded}), chosen, find)

    def sort(self, chosen: str, find: str | None, arranged: str, event: gr.EventData) -> tuple[str, str]:
        """Sort the list by something else."""
        now = Arrangement.parse(arranged)
        with suppress(ValidationError):  # what a page sends may be anything
            now = Arrangement.model_validate({"order": told(event).get("value"), "unfolded": now.unfolded})
        return self._arranged(now, chosen, find)

    def _arranged(self, now: Arrangement, chosen: str, find: str | None) -> tuple[str, str]:
        kept = now.model_dump_json()
        return kept, self.listed(chosen, find, kept)

    def choose(self, chosen: str, find: str | None, arranged: str, event: gr.EventData) -> tuple[str, str, str]:
        """Choose documents to be asked alone, or choose them no longer; all are asked where none is chosen."""
        data, choice = told(event), Choice.parse(chosen)
        given = data.get("sources") or [data.get("source", "")]
        names = [str(name) for name in given] if isinstance(given, list) else []
        now = choice.plus(names) if data.get("on") else choice.minus(names, self._live.look().documents)
        return self._chosen(now, find, arranged)

    def choose_all(self, chosen: str, find: str | None, arranged: str) -> tuple[str, str, str]:
        """Choose no document, so that all are asked."""
        return self._chosen(Choice(), find, arranged)

    def _chosen(self, choice: Choice, find: str | None, arranged: str) -> tuple[str, str, str]:
        now = choice.dump()
        return now, panel.chosen_only(choice), self.listed(now, find, arranged)

    def remove(self, chosen: str, find: str | None, arranged: str, event: gr.EventData) -> tuple[str, str]:
        """Take a document out of the folder; the list says so in its place, and how to take that back."""
        source = str(told(event).get("source", ""))
        removed = self._removed([source])
        notice = panel.undone(removed.failure) if removed.failure else panel.announced(f"{source} was removed.")
        return notice, self._drawn(self._live.look_again(), chosen, find, arranged)

    def remove_chosen(self, chosen: str, find: str | None, arranged: str) -> tuple[str, str, str, str]:
        """Take the chosen documents out of the folder, choose none, and say how to take all of that back."""
        listed = self._live.look().documents
        removed = self._removed(removable(listed, Choice.parse(chosen)))
        if 2 * len(removed.tokens) > len(listed):  # it was a person, and no disk that is not there
            self._live.allow_removals()
        count = len(removed.tokens)
        message = f"{count:,} document{'s were' if count != 1 else ' was'} removed. {removed.failure}"
        self._live.look_again()
        return panel.undone(message, "restore_document", " ".join(removed.tokens)), *self._chosen(
            Choice(), find, arranged
        )

    def _removed(self, sources: Sequence[str]) -> _Removed:
        tokens: list[str] = []
        try:
            for token in self._live.remove(sources):
                tokens.append(token)
        except RagError as error:
            return _Removed(tokens, str(error))
        return _Removed(tokens, "")

    def undo(self, chosen: str, find: str | None, arranged: str, event: gr.EventData) -> tuple[str, str]:
        """Put back what was removed: one document, or all of a choice."""
        tokens, back, failures = str(told(event).get("token", "")).split(), list[str](), list[str]()
        for token in tokens:
            try:
                back.append(self._live.restore(token))
            except RagError as error:
                failures.append(str(error))
        message = f"{back[0]} is back." if len(back) == 1 else f"{len(back):,} documents are back." if back else ""
        # Of several, some may have been put back one by one.
        notice = panel.announced(message) if message else panel.undone(" ".join(failures[:1]))
        return notice, self._drawn(self._live.look_again(), chosen, find, arranged)

    def read_again(self, chosen: str, find: str | None, arranged: str, event: gr.EventData) -> tuple[str, str]:
        """Begin to read a document's file again; the list shows when that is done."""
        source = str(told(event).get("source", ""))
        try:
            self._live.read_again(source)
            notice = panel.announced(f"{source} is read again.")
        except RagError as error:
            notice = panel.undone(str(error))
        return notice, self._drawn(self._live.look_again(), chosen, find, arranged)

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

    def _drawn(self, look: Look, chosen: str, find: str | None, arranged: str) -> str:
        now = Arrangement.parse(arranged)
        return documents(look, self._tree(look, now.order), Choice.parse(chosen), find or "", now)

    def _tree(self, look: Look, order: Order) -> Node:
        """Return the tree of the documents, which is kept: all open pages look at it every two seconds."""
        state = (look.version, tuple(look.removed.items()))
        kept = self._trees.get(order)
        if kept is None or kept[0] != state:
            kept = self._trees[order] = state, tree(look.documents, look.removed, order)
        return kept[1]
