"""What programs reach through Gradio's own client: ``ask`` and ``search``, typed; the page's handlers stay its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.events import api

from rag.assistant import Assistant
from rag.errors import RagError
from rag.server.layer import address_of, client_of
from rag.server.models import AskRequest, SearchRequest
from rag.server.questions import QuestionLimit, read_request
from rag.wire import answer_json, search_json

_AT_ONCE = 2
_PARAMETERS = {"ask": "question, history and sources", "search": "question, k, history and sources"}


class Page(gr.Blocks):
    """Gradio's page; a program that leaves out a parameter of an endpoint is told so, where Gradio says nothing."""

    def validate_inputs(self, block_fn: BlockFunction, inputs: list[Any]) -> None:
        """Refuse too few parameters."""
        name = str(block_fn.api_name)
        if name in _PARAMETERS and len(inputs) < len(block_fn.inputs):
            raise gr.Error(f"/{name} takes {_PARAMETERS[name]}: give all of them", print_exception=False)
        super().validate_inputs(block_fn, inputs)


def add_endpoints(assistant: Assistant, limit: QuestionLimit) -> None:
    """Give the page that is being built the endpoints, before its own handlers take their names."""

    def ask(
        question: str,
        request: gr.Request,
        history: list[dict[str, str]] | None = None,
        sources: list[str] | None = None,
    ) -> dict[str, Any]:
        """Answer a question by excerpts with their source; where there are sources, of these documents alone."""
        with _told():
            asked = read_request(AskRequest, question=question, history=history or (), sources=sources or ())
            _take(limit, request)
            answer = assistant.ask(asked.question, asked.history, asked.sources)
        return answer_json(answer).model_dump(mode="json")

    def search(
        question: str,
        request: gr.Request,
        k: int = 5,
        history: list[dict[str, str]] | None = None,
        sources: list[str] | None = None,
    ) -> dict[str, Any]:
        """Find the k passages that speak to a question most."""
        with _told():
            given = {"question": question, "k": k, "history": history or (), "sources": sources or ()}
            asked = read_request(SearchRequest, **given)
            _take(limit, request)
            results = assistant.search(asked.question, asked.k, asked.history, asked.sources)
            stale = assistant.stale(results)
        return search_json(asked.question, results, stale).model_dump(mode="json")

    for name, endpoint in {"ask": ask, "search": search}.items():
        api(endpoint, api_name=name, concurrency_limit=_AT_ONCE, concurrency_id="questions")


def hide_others(page: gr.Blocks) -> None:
    """Let programs see these endpoints alone; a part whose value is a function would be one too."""
    for handler in page.fns.values():
        if handler.api_name not in _PARAMETERS:
            handler.api_visibility = "private"


def _take(limit: QuestionLimit, request: gr.Request) -> None:
    assert request.request is not None
    limit.take(client_of(request.request.scope), address_of(request.request.scope))


@contextmanager
def _told() -> Iterator[None]:
    """Let a program see what went wrong, in one line."""
    try:
        yield
    except RagError as error:
        raise gr.Error(str(error), print_exception=False) from error
