"""Errors as the API tells them: a status that fits, and one line that says what to do."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from rag.errors import (
    DocumentExists,
    DocumentMissing,
    DocumentRefused,
    DocumentTooLarge,
    EmbedderError,
    FolderMissing,
    IndexFailure,
    ParseError,
    RagError,
    UsageError,
)
from rag.server.layer import Layer, refuse
from rag.server.limits import Later
from rag.server.models import Problem
from rag.server.questions import invalid

_SEE_SCHEMA = "/api/openapi.json tells what can be asked and how"

# The first that an error is one of.
_STATUS: tuple[tuple[type[RagError], int], ...] = (
    (DocumentExists, 409),
    (DocumentTooLarge, 413),
    (DocumentRefused, 415),
    (DocumentMissing, 404),
    (FolderMissing, 503),
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
    app.exception_handler(OSError)(_disk)
    app.exception_handler(Exception)(_unforeseen)


def status_of(error: RagError) -> int:
    """Return the HTTP status that fits an error."""
    if isinstance(error, Later):
        return error.status
    if isinstance(error, NotFound):
        return 404
    if isinstance(error.__cause__, OSError):  # the request was right; the disk is not
        return disk_status(error.__cause__)
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def disk_status(error: OSError) -> int:
    """Return the HTTP status that fits what the disk did not do."""
    return 507 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 503


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the errors of a route, for its description."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


def _problem(status: int, error: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    # What was asked for may hold a lone surrogate, which no encoding holds.
    line = " ".join(error.encode("utf-8", "replace").decode().split())
    return JSONResponse({"error": line}, status, headers)


async def _rag_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RagError)
    status = status_of(error)
    return _problem(status, str(error), {"Retry-After": "5"} if status == 503 else None)


async def _disk(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OSError)
    return _problem(disk_status(error), f"the disk failed ({error.strerror}): mend that and try again")


async def _later(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Later)
    return _problem(error.status, str(error), error.headers)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, f"{error.detail}: {_SEE_SCHEMA}", error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return _problem(422, invalid({**first, "loc": first["loc"][1:]}))  # after "body" or "query"


async def _wrong_parameters(request: Request, error: Exception) -> JSONResponse:
    """Tell what Gradio raises of a parameter that is missing, or that there is not."""
    if "/call/v2/" not in request.url.path:
        raise error
    return _problem(422, f"{str(error).split('. Please')[0]}: correct it and send it again")


class JsonErrors(Layer):
    """Tells an error that comes as plain text, as Starlette's own do, like all others."""

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: Message | None = None

        async def telling(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_plain_error(message):
                held = message
            elif held is None:
                await send(message)
            else:
                said = message.get("body", b"").decode() or HTTPStatus(held["status"]).phrase
                kept = {name: value for name, value in Headers(scope=held).items() if name not in _OF_BODY}
                await refuse(send, held["status"], f"{said}: {_SEE_SCHEMA}", kept)

        await self.app(scope, receive, telling)


_OF_BODY = ("content-type", "content-length", "content-encoding")


def _is_plain_error(message: Message) -> bool:
    return message["status"] >= 400 and Headers(scope=message).get("content-type", "").startswith("text/plain")


async def _unforeseen(_: Request, error: Exception) -> JSONResponse:
    return _problem(500, "the server failed, and its log says how: try again, or report it")


# How Gradio is to answer what it was wrongly asked for; its own page reads its other errors.
MISUSE = {404: _http, 405: _http, RequestValidationError: _invalid, TypeError: _wrong_parameters}
