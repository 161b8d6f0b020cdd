"""Errors as the API tells them: a status that fits, and one line that says what to do."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag.errors import (
    DocumentExists,
    DocumentRefused,
    DocumentTooLarge,
    EmbedderError,
    IndexFailure,
    ParseError,
    RagError,
    UsageError,
)
from rag.server.limits import Later
from rag.server.models import Problem

# The first that an error is one of.
_STATUS: tuple[tuple[type[RagError], int], ...] = (
    (DocumentExists, 409),
    (DocumentTooLarge, 413),
    (DocumentRefused, 415),
    (UsageError, 422),
    (ParseError, 404),  # a page that is not there, or cannot be drawn
    (IndexFailure, 503),
    (EmbedderError, 503),
    (RagError, 500),
)


class NotFound(UsageError):  # noqa: N818, it says what was met
    """What was asked for is not there."""


def handle_problems(app: FastAPI) -> None:
    """Let ``app`` answer errors as this module tells them."""
    app.exception_handler(RagError)(_rag_error)
    app.exception_handler(Later)(_later)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(Exception)(_unforeseen)


def status_of(error: RagError) -> int:
    """Return the HTTP status that fits an error."""
    if isinstance(error, NotFound):
        return 404
    if isinstance(error.__cause__, OSError):  # the request was right; the disk is not
        return 500
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the errors of a route, for its description."""
    return {status: {"model": Problem} for status in statuses}


def _problem(status: int, error: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": " ".join(error.split())}, status, headers)


async def _rag_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RagError)
    status = status_of(error)
    return _problem(status, str(error), {"Retry-After": "5"} if status == 503 else None)


async def _later(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Later)
    return _problem(error.status, str(error), error.headers)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, f"{error.detail}: /api/openapi.json tells what can be asked and how")


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
    return _problem(422, f"{where} cannot be used ({first['msg']}): correct it and send it again")


async def _unforeseen(_: Request, error: Exception) -> JSONResponse:
    return _problem(500, "the server failed, and its log says how: try again, or report it")
