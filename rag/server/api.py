"""The HTTP API: questions, documents and their files, typed; it calls the Assistant, and decides nothing itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.assistant import Asked, Assistant
from rag.compose import OnAnswer
from rag.errors import DocumentIdentical, DocumentRefused, FolderMissing, IndexFailure, ParseError, RagError, UsageError
from rag.find import LONGEST_SOUGHT, find_all
from rag.parse.page import PageWords
from rag.pictures import LARGEST_SCALE
from rag.query import query_text
from rag.server.layer import address_of, client_of
from rag.server.limits import Rate, Workers
from rag.server.metrics import Metrics, log_asked
from rag.server.models import AskRequest, Documents, FoundPlace, FoundPlaces, Health, SearchRequest, Source, Undo
from rag.server.original import original
from rag.server.problems import NotFound, responses, status_of
from rag.server.questions import QuestionLimit
from rag.server.told import Told
from rag.server.upload import Uploads
from rag.types import Sentence
from rag.wire import AnswerJson, SearchJson, answer_json, search_json

_QUESTIONS_AT_ONCE = 2  # each takes a processor or two
_QUESTIONS_WAITING = 16
_UPLOADS_AT_ONCE = 32  # each takes a thread, most of which wait for the network
_UPLOADS_OF_CLIENT = 8  # at once: a browser has six connections
_UPLOADS_A_MINUTE = 120  # of each client

_MOST_PLACES = 2000  # in a document: nobody goes through more

_EVENTS = "text/event-stream"
# How the schema tells what is no JSON.
_TEXT = {"type": "string"}
_BYTES = {"type": "string", "format": "binary"}
_EVENT = {
    "type": "object",
    "properties": {"event": {"enum": ["sentence", "again", "answer", "error"]}, "data": _TEXT},
    "required": ["event", "data"],
}
_OF_QUESTIONS = responses(400, 404, 408, 413, 422, 429)
_Result = TypeVar("_Result")
_OF_A_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {kind: {"schema": _BYTES} for kind in ("application/octet-stream", "application/pdf", "text/plain")}
    },
    206: {
        "description": "The part of it that was asked for by `Range`.",
        "headers": {"Content-Range": {"schema": _TEXT}},
        "content": {"application/octet-stream": {"schema": _BYTES}, "multipart/byteranges": {"schema": _BYTES}},
    },
    **responses(400, 404, 416, 422),
}
_ALREADY_THERE = {"model": Source, "description": "The document that is the same, where identical ones are skipped."}
_SourceQuery = Annotated[str, Query(description="The document, by its place in the folder.")]
_PageQuery = Annotated[int, Query(ge=1, description="Its number, from 1.")]


def api(assistant: Assistant, limit: QuestionLimit) -> APIRouter:
    """Return the routes of the API, under ``/api``; of questions, as many as ``limit`` lets."""
    router = APIRouter(prefix="/api", responses=responses(401, 403, 421, 500, 503))
    _add_health(router, assistant)
    _add_metrics(router, assistant)
    _add_questions(router, assistant, limit)
    _add_documents(router, assistant)
    _add_upload(router, assistant)
    _add_files(router, assistant)
    _add_find(router, assistant)
    return router


def nothing_else(router: APIRouter) -> ASGIApp:
    """Return what answers under ``/api`` where ``router`` has no route, or none for the method."""
    methods: dict[str, set[str]] = {}
    for route in router.routes:
        assert isinstance(route, APIRoute)
        methods.setdefault(route.path, set()).update(route.methods or ())

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path not in methods:
            raise HTTPException(404, f"there is no {path[:100]}")
        allowed = methods[path] | ({"HEAD"} if "GET" in methods[path] else set())
        raise HTTPException(405, f"{path} takes {', '.join(sorted(allowed))}", {"Allow": ", ".join(sorted(allowed))})

    return nothing


def _add_health(router: APIRouter, assistant: Assistant) -> None:
    @router.get("/health")
    def health() -> Health:
        """Say that the server runs."""
        return Health()

    @router.get("/ready")
    def ready() -> Health:
        """Say that questions can be answered: there is an index, it fits the model, and it follows the folder."""
        if not assistant.is_built:
            raise IndexFailure("there is no index yet: run `rag index`")
        assistant.warm_up()
        if not assistant.documents() and assistant.is_reading:
            raise IndexFailure("the documents are being read for the first time: ask in a moment")
        if (problem := assistant.sync_problem) is not None:
            raise IndexFailure(f"questions are answered, but the index is not up to date: {problem.message}")
        return Health()


def _add_metrics(router: APIRouter, assistant: Assistant) -> None:
    metrics = Metrics(assistant)

    def note(asked: Asked) -> None:
        metrics.count(asked)
        if assistant.settings.log:
            log_asked(asked, with_words=assistant.settings.log_questions)

    assistant.on_asked = note

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": _TEXT}}}})
    def read_metrics() -> Response:
        """Give the counters, as Prometheus reads them."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_questions(router: APIRouter, assistant: Assistant, limit: QuestionLimit) -> None:
    workers = Workers(_QUESTIONS_AT_ONCE, _QUESTIONS_WAITING)

    @router.post("/search", responses=_OF_QUESTIONS)
    async def search(asked: SearchRequest, request: Request) -> SearchJson:
        """Find the passages that speak to a question most."""
        limit.take(client_of(request.scope), address_of(request.scope))

        def find() -> SearchJson:
            found = assistant.search(asked.question, asked.k, asked.history, asked.sources)
            return search_json(asked.question, found, assistant.stale(found))

        return await workers.run(find)

    @router.post(
        "/ask", response_model=AnswerJson, responses={200: {"content": {_EVENTS: {"schema": _EVENT}}}, **_OF_QUESTIONS}
    )
    async def ask(asked: AskRequest, request: Request) -> Any:
        """Answer a question by excerpts of the documents, each cited, with a verdict of how well they fit.

        Where the verdict is "none", there is no answer, and `closest` holds the excerpts that come closest. As
        server-sent events, each `sentence` is the key sentence of an excerpt; `answer` has the excerpts.
        """
        limit.take(client_of(request.scope), address_of(request.scope))

        def answer(on_sentences: OnAnswer | None = None) -> AnswerJson:
            found = assistant.ask(asked.question, asked.history, asked.sources, on_sentences, carry=asked.carry)
            return answer_json(found)

        if asked.stream or _EVENTS in request.headers.get("accept", ""):
            query_text(asked.question)  # where it is empty, the status says so
            told = Told()
            return StreamingResponse(_events(workers.run(lambda: answer(told.tell)), told), media_type=_EVENTS)
        return await workers.run(answer)


async def _events(coming: asyncio.Future[AnswerJson], told: Told) -> AsyncIterator[str]:
    """Yield an answer as server-sent events: its sentences as they are written, then the whole."""
    coming.add_done_callback(told.end)
    given: Sequence[Sentence] = ()
    try:
        async for sentences in told:
            for event in _news(given, sentences):
                yield event
            given = sentences
        answer = await coming
    except RagError as error:
        yield _event("error", json.dumps({"error": str(error), "status": status_of(error)}, ensure_ascii=False))
        return
    finally:
        told.close()
        coming.cancel()  # where the client has left before its turn came
    for event in _news(given, answer.sentences):
        yield event
    yield _event("answer", answer.model_dump_json())


def _news(given: Sequence[Sentence], sentences: Sequence[Sentence]) -> Iterator[str]:
    """Yield the events that lead from the sentences that were given to those there are."""
    if tuple(sentences[: len(given)]) != tuple(given):
        yield _event("again", "{}")
        given = ()
    for sentence in sentences[len(given) :]:
        yield _event("sentence", sentence.model_dump_json())


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"


def _add_documents(router: APIRouter, assistant: Assistant) -> None:
    @router.get("/documents")
    def documents() -> Documents:
        """List the documents, and the files that wait or could not be read."""
        return Documents(documents=tuple(assistant.listed()))

    @router.delete("/documents", responses=responses(404, 408, 413, 422, 429, 507))
    def remove(source: _SourceQuery) -> Undo:
        """Take a document out of the folder; the token puts it back, for 30 days."""
        return Undo(token=_found(lambda: assistant.remove_document(source)))

    @router.post("/documents/restore", responses=responses(400, 404, 408, 409, 413, 422, 429, 507))
    def restore(undo: Undo) -> Source:
        """Put back a document that was removed."""
        return Source(source=_found(lambda: assistant.restore_document(undo.token)))


def _add_upload(router: APIRouter, assistant: Assistant) -> None:
    uploads = Uploads(assistant, _UPLOADS_AT_ONCE, _UPLOADS_OF_CLIENT)
    rate = Rate(_UPLOADS_A_MINUTE)
    body = {"required": True, "content": {"application/octet-stream": {"schema": _BYTES}}}

    @router.put(
        "/documents",
        status_code=201,
        responses={200: _ALREADY_THERE, **responses(408, 409, 413, 415, 422, 429, 507)},
        openapi_extra={"requestBody": body},
    )
    async def add(
        request: Request,
        response: Response,
        name: Annotated[str, Query(min_length=1, description="The file's name, with its ending.")],
        replace: Annotated[bool, Query(description="Whether it takes the place of one of the same name.")] = False,
        keep_both: Annotated[bool, Query(description="Whether it gets another name where its own is taken.")] = False,
        skip_identical: Annotated[bool, Query(description="Whether a file that is there already is left out.")] = False,
    ) -> Source:
        """Put a document into the folder; the request's body is the file."""
        rate.take(client_of(request.scope))
        how = {"replace": replace, "keep_both": keep_both, "skip_identical": skip_identical}
        try:
            return Source(source=await uploads.add(request, name, **how))
        except DocumentIdentical as error:
            response.status_code = 200
            return Source(source=error.source)


def _add_files(router: APIRouter, assistant: Assistant) -> None:
    @router.get("/file", response_class=FileResponse, responses=_OF_A_FILE)
    def file(
        source: _SourceQuery,
        inline: Annotated[
            bool, Query(description="Whether a browser is to show it, if it is a PDF or a text.")
        ] = False,
    ) -> Response:
        """Give the file of an indexed document, as it is, to be saved; with a header `Range: bytes=0-99`, a part."""
        return original(_found(lambda: assistant.original(source)), inline=inline)

    @router.get(
        "/page.png", response_class=Response, responses={200: {"content": {"image/png": {}}}, **responses(404, 422)}
    )
    def page(
        source: _SourceQuery,
        page: _PageQuery,
        scale: Annotated[int, Query(ge=1, le=LARGEST_SCALE, description="How many times as large as usual.")] = 1,
    ) -> Response:
        """Give a picture of a page of a document that has pages."""
        return Response(_found(lambda: assistant.page_picture(source, page, scale)), media_type="image/png")

    @router.get("/page.json", responses=responses(404, 422))
    def words(source: _SourceQuery, page: _PageQuery) -> PageWords:
        """Give the words of a page, and where they stand on its picture."""
        return _found(lambda: assistant.page_words(source, page))


def _add_find(router: APIRouter, assistant: Assistant) -> None:
    @router.get("/find", responses=responses(404, 422))
    def find(
        source: _SourceQuery,
        text: Annotated[str, Query(min_length=1, max_length=LONGEST_SOUGHT, description="What to look for.")],
    ) -> FoundPlaces:
        """Find words in a document, whatever their case and their accents."""
        document = _found(lambda: assistant.document(source))
        spans = find_all(document.text, text, _MOST_PLACES + 1)
        places = (FoundPlace(start=start, end=end, page=document.page_at(start)) for start, end in spans)
        return FoundPlaces(found=tuple(islice(places, _MOST_PLACES)), more=len(spans) > _MOST_PLACES)


def _found(look_up: Callable[[], _Result]) -> _Result:
    """Return what is looked up; where it cannot be used, it is not there."""
    try:
        return look_up()
    except (DocumentRefused, FolderMissing):
        raise
    except (UsageError, ParseError) as error:
        if isinstance(error.__cause__, OSError):
            raise
        raise NotFound(str(error)) from error
