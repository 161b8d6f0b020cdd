"""The server, put together: the API, and around it what every request passes through."""

from __future__ import annotations

from importlib import resources

from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from rag.assistant import Assistant
from rag.hosts import is_loopback
from rag.server.api import api, nothing_else
from rag.server.limits import PEOPLE, BodyLimit, RateLimit
from rag.server.login import ICON, Gate
from rag.server.password import Password, check_reach
from rag.server.problems import JsonErrors, handle_problems
from rag.server.questions import QuestionLimit
from rag.server.security import KnownHosts, OpenRoutes, SameOrigin, Sessions
from rag.server.upload import swept
from rag.settings import Settings

_CHANGES_A_MINUTE = 100 * PEOPLE  # of each client; an open page asks for news 36 times a minute


def server_app(assistant: Assistant, limit: QuestionLimit | None = None) -> FastAPI:
    """Return the application that has the API; a page that shares its ``limit`` may be mounted into it."""
    # No page of documentation: FastAPI's own are fetched from elsewhere.
    app = FastAPI(
        title="Ask your documents",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lambda _: swept(assistant.settings.corpus),
    )
    routes = api(assistant, limit or QuestionLimit())
    app.include_router(routes)
    app.mount("/api", nothing_else(routes))
    app.get(ICON, include_in_schema=False)(_icon)
    handle_problems(app)
    return app


def _icon() -> Response:
    return Response(resources.files("rag.server").joinpath("icon.svg").read_bytes(), media_type="image/svg+xml")


def guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return ``app`` within all that keeps it safe but for the headers, which the Server puts on every response.

    Raises:
        UsageError: It is to be reached from other machines, and no password is set.
    """
    check_reach(settings)
    password = Password(settings.data)
    local = is_loopback(settings.host)
    app = OpenRoutes(RateLimit(BodyLimit(JsonErrors(app)), _CHANGES_A_MINUTE))
    app = Sessions(Gate(app, password))
    # With a password, a page that points its name at this machine gets no further than the log-in.
    return KnownHosts(SameOrigin(app), any_name=lambda: not local or password.is_set)
