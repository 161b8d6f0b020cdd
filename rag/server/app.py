"""The server, put together: the API, and around it what every request passes through."""

from __future__ import annotations

from fastapi import FastAPI

from rag.assistant import Assistant


def server_app(assistant: Assistant) -> FastAPI:
    """Return the server's application; a page may be mounted into it."""
    return FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
