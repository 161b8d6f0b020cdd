"""What may be asked next, kept for each answer: it is asked for whenever a conversation is drawn."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from rag.assistant import Assistant
from rag.errors import RagError
from rag.suggest import next_questions
from rag.types import Answer

_KEPT = 200  # answers


class Suggestions:
    """Finds the questions, one answer at a time. Safe to use from many threads."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._kept: OrderedDict[str, Sequence[str]] = OrderedDict()
        self._finding = threading.Lock()

    def __call__(self, turn: str, answer: Answer, asked: Sequence[str]) -> Sequence[str]:
        """Return the questions for an answer of a turn, none of them ``asked`` before."""
        with self._finding:
            if turn not in self._kept:
                self._kept[turn] = self._found(answer, asked)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return self._kept[turn]

    def _found(self, answer: Answer, asked: Sequence[str]) -> Sequence[str]:
        try:
            return next_questions(self._assistant, answer, asked)
        except RagError:  # such as a document that is gone
            return ()
