"""Conversations and feedback as files that a browser saves, each for the browser whose they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from rag.conversations import Conversation, Conversations
from rag.export import conversation_html, conversation_json, conversation_markdown
from rag.server.security import owner_of

_FORMATS: dict[str, tuple[str, Callable[[Conversation], str]]] = {
    "md": ("text/markdown", conversation_markdown),
    "html": ("text/html", conversation_html),
    "json": ("application/json", conversation_json),
}


def exports(conversations: Conversations) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/conversations/{name}.{suffix}")
    def export(name: str, suffix: Literal["md", "html", "json"], request: Request) -> Response:
        kind, written = _FORMATS[suffix]
        found = conversations.get(owner_of(request.cookies), name)
        named = quote(f"{found.title}.{suffix}".replace("/", "-"), safe="")
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{named}"}
        return Response(written(found), media_type=kind, headers=headers)

    return router
