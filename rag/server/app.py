"""The server, put together: the API, and around it what every request passes through."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp

from rag.assistant import Assistant
from rag.hosts import is_loopback
from rag.server.api import api
from rag.server.limits import BodyLimit, RateLimit
from rag.server.login import Gate
from rag.server.password import Password, check_reach
from rag.server.problems import handle_problems
from rag.server.security import KnownHosts, OpenRoutes, SafeHeaders, SameOrigin, Sessions
from rag.settings import Settings

_CHANGES_A_MINUTE = 600  # of each client; the page asks for news 20 times a minute


def server_app(assistant: Assistant) -> FastAPI:
    """Return the application that has the API; a page may be mounted into it."""
    # No page of documentation: FastAPI's own are fetched from elsewhere.
    app = FastAPI(title="Ask your documents", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    app.include_router(api(assistant))
    handle_problems(app)
    return app


def guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return ``app`` within all that keeps it safe.

    Raises:
        UsageError: It is to be reached from other machines, and no password is set.
    """
    check_reach(settings)
    password = Password(settings.data)
    local = is_loopback(settings.host)
    app = OpenRoutes(RateLimit(BodyLimit(app), _CHANGES_A_MINUTE))
    app = Sessions(Gate(app, password))
    # With a password, a page that points its name at this machine gets no further than the log-in.
    app = KnownHosts(SameOrigin(app), any_name=lambda: not local or password.is_set)
    return SafeHeaders(app)
