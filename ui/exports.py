"""Conversations and notes as files that a browser saves, each for the browser whose they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from rag.conversations import Conversation, Conversations
from rag.export import (
    conversation_html,
    conversation_json,
    conversation_markdown,
    notes_html,
    notes_json,
    notes_markdown,
)
from rag.notes import Note, Notes
from rag.server.security import owner_of

_Suffix = Literal["md", "html", "json"]
_KINDS: dict[str, str] = {"md": "text/markdown", "html": "text/html", "json": "application/json"}
_TALKS: dict[str, Callable[[Conversation], str]] = {
    "md": conversation_markdown,
    "html": conversation_html,
    "json": conversation_json,
}
_NOTES: dict[str, Callable[[Sequence[Note]], str]] = {"md": notes_markdown, "html": notes_html, "json": notes_json}


def exports(conversations: Conversations, notes: Notes) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/conversations/{name}.{suffix}")
    def export(name: str, suffix: _Suffix, request: Request) -> Response:
        found = conversations.get(owner_of(request.cookies), name)
        return _file(found.title, suffix, _TALKS[suffix](found))

    @router.get("/notes.{suffix}")
    def export_notes(suffix: _Suffix, request: Request) -> Response:
        return _file("Notes", suffix, _NOTES[suffix](notes.listed(owner_of(request.cookies))))

    return router


def _file(title: str, suffix: str, content: str) -> Response:
    named = quote(f"{title}.{suffix}".replace("/", "-"), safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{named}"}
    return Response(content, media_type=_KINDS[suffix], headers=headers)
