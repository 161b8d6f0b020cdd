"""What programs reach through Gradio's own client: ``ask`` and ``search``, typed; the page's handlers stay its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.events import api
from pydantic import TypeAdapter, ValidationError

from rag.assistant import Assistant
from rag.errors import RagError, UsageError
from rag.types import Message
from rag.wire import answer_json, search_json

_AT_ONCE = 2


_NAMES = ("ask", "search")


def add_endpoints(assistant: Assistant) -> None:
    """Give the page that is being built the endpoints, before its own handlers take their names."""

    def ask(
        question: str, history: list[dict[str, str]] | None = None, sources: list[str] | None = None
    ) -> dict[str, Any]:
        """Answer a question by excerpts with their source; where there are sources, of these documents alone."""
        with _told():
            answer = assistant.ask(question, _messages(history), sources or ())
        return answer_json(answer).model_dump(mode="json")

    def search(
        question: str, k: int = 5, history: list[dict[str, str]] | None = None, sources: list[str] | None = None
    ) -> dict[str, Any]:
        """Find the k passages that speak to a question most."""
        with _told():
            results = assistant.search(question, max(1, min(100, k)), _messages(history), sources or ())
        return search_json(question, results, assistant.stale(results)).model_dump(mode="json")

    for name, endpoint in zip(_NAMES, (ask, search), strict=True):
        api(endpoint, api_name=name, concurrency_limit=_AT_ONCE, concurrency_id="questions")


def hide_others(page: gr.Blocks) -> None:
    """Let programs see these endpoints alone; a part whose value is a function would be one too."""
    for handler in page.fns.values():
        if handler.api_name not in _NAMES:
            handler.api_visibility = "private"


@contextmanager
def _told() -> Iterator[None]:
    """Let a program see what went wrong, in one line."""
    try:
        yield
    except RagError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _messages(history: list[dict[str, str]] | None) -> list[Message]:
    try:
        return TypeAdapter(list[Message]).validate_python(history or [])
    except ValidationError as error:
        raise UsageError("a history is a list of {role: user | assistant, content}: correct it") from error
