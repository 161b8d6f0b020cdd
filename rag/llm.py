"""A language model behind any OpenAI-compatible server, asked for text as it comes.

Only text is asked for and taken: no tools are offered, and nothing that a reply says is followed. It does not know of
documents. What goes wrong is told in one line that has nothing of the key, or of what the server said.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.errors import ModelFailure, UsageError
from rag.hosts import is_loopback
from rag.types import ModelUse

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI, Stream
    from openai.types.chat import ChatCompletionChunk

_CONNECT_WITHIN = 5  # seconds
_LONGEST_REPLY = 10_000  # characters
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # what moves a cursor, or cannot be written
_NO_SPACE = re.compile(r"[^\s\x00-\x1f\x7f]+")
# As many tokens as an answer may have: some models think at length before they say a word.
_TRIAL, _MOST_TRIAL_TOKENS = ("Answer in one word.", "Which colour is a clear sky?"), 700
_LARGEST_BODY = 4_000_000  # bytes: a reply in chunks is some hundred times as long as its text


def server_url(url: str) -> str:
    """Return the address of a server as the client wants it; raises ValueError where it is none."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and _NO_SPACE.fullmatch(url)
    except ValueError:  # brackets that are no address, a port that is none
        is_one = False
    if not is_one:
        raise ValueError("give a URL such as http://localhost:11434/v1")
    return url + "/v1" * (not parts.path) + "v1" * (parts.path == "/")


class LanguageModel:
    """A model by its name on a server. Safe to use from many threads."""

    def __init__(self, url: str, name: str, key: str, seconds: float) -> None:
        """A reply is waited for ``seconds`` in all."""
        self.name = name
        self.url = url
        self._key = key
        self._seconds = seconds
        self._deadline = threading.local()  # of the reply that a thread waits for, and what stops it before

    @property
    def host(self) -> str:
        """The machine that its server runs on."""
        return urlsplit(self.url).hostname or ""

    def named(self, name: str) -> LanguageModel:
        """Return another model of the same server, asked with the same key."""
        return LanguageModel(self.url, name, self._key, self._seconds)

    def load(self) -> None:
        """Load what asks the server, so that no question waits for it; raises UsageError where it is not installed."""
        _openai()

    def try_out(self) -> ModelUse:
        """Ask a tiny question, and return what the reply took; raises ModelFailure where there is none."""
        reply = self.ask(*_TRIAL, _MOST_TRIAL_TOKENS)
        for _ in reply:
            pass
        return reply.use

    def ask(self, instructions: str, request: str, most_tokens: int) -> Reply:
        """Return the reply to ``request``, which comes as it is read; nothing is sent before."""
        return Reply(self, instructions, request, most_tokens)

    def stop_at(self, stop: threading.Event) -> None:
        """Let the replies that this thread waits for from now on be broken off when ``stop`` is set."""
        self._deadline.stop = stop

    @cached_property
    def client(self) -> OpenAI:
        """The client; raises UsageError where its package is not installed."""
        openai = _openai()
        import httpx2

        http = openai.DefaultHttpxClient(
            follow_redirects=False,  # to a server that nobody named
            trust_env=not is_loopback(self.host),  # a proxy is for what is elsewhere
            limits=httpx2.Limits(max_keepalive_connections=0),  # none that the server has closed meanwhile
            event_hooks={"request": [self._time], "response": [self._limit]},
        )
        return openai.OpenAI(
            base_url=self.url,
            api_key=self._key or "none",  # the client wants one; servers of one's own do not
            organization="",  # nor anything else from the environment
            project="",
            timeout=openai.Timeout(self._seconds, connect=_CONNECT_WITHIN),
            max_retries=0,
            http_client=http,
            default_headers={"Accept-Encoding": "identity"},
        )

    def stream(self, instructions: str, request: str, most_tokens: int) -> Stream[ChatCompletionChunk]:
        """Send a request, and return what comes; one that a server does not understand is put more plainly."""
        openai = _openai()
        self._deadline.at = time.monotonic() + self._seconds
        messages: Any = [{"role": "system", "content": instructions}, {"role": "user", "content": request}]
        create = self.client.chat.completions.create
        try:
            return create(
                model=self.name,
                messages=messages,
                stream=True,
                temperature=0,
                max_tokens=most_tokens,
                stream_options={"include_usage": True},
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError):
            return create(model=self.name, messages=messages, stream=True, max_completion_tokens=most_tokens)

    @property
    def is_late(self) -> bool:
        """Whether the time is over for the reply that this thread waits for."""
        return time.monotonic() > self._deadline.at

    def _time(self, request: httpx2.Request) -> None:
        """Break the connection off when the time is over: a server may dawdle before there is a response, too.

        So it is where the reply is not waited for any more.
        """
        left = self._deadline.at - time.monotonic()
        stop = getattr(self._deadline, "stop", threading.Event())

        def traced(event: str, told: dict[str, Any]) -> None:
            if event.endswith(("connect_tcp.complete", "start_tls.complete")):
                given = [told["return_value"].get_extra_info("socket"), stop, left]
                threading.Thread(target=_break_off_at, args=given, daemon=True).start()

        request.extensions = {**request.extensions, "trace": traced}

    def _limit(self, response: httpx2.Response) -> None:
        """Let no response be longer than any reply; nor be packed: bytes may stand for gigabytes."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ValueError("compressed")
        response.stream = _limited(response.stream)


class Reply:
    """The pieces of one reply, to be read once; then what it took.

    Reading raises ModelFailure where the reply is not whole: the server cannot be reached, is slow, refuses, or
    stops half-way.
    """

    def __init__(self, model: LanguageModel, instructions: str, request: str, most_tokens: int) -> None:
        self._model = model
        self._asked = instructions, request, most_tokens
        self._started = time.monotonic()
        self._tokens: tuple[int | None, int | None] = (None, None)

    @property
    def use(self) -> ModelUse:
        """What the reply took so far; the server counts the tokens, if it does."""
        seconds = round(time.monotonic() - self._started, 3)
        asked, replied = self._tokens
        return ModelUse(name=self._model.name, prompt_tokens=asked, reply_tokens=replied, seconds=seconds)

    def __iter__(self) -> Iterator[str]:
        openai = _openai()
        try:
            with self._model.stream(*self._asked) as stream:
                yield from self._pieces(stream)
        except openai.APITimeoutError as error:
            raise self._too_slow() from error
        except openai.APIConnectionError as error:
            raise self._unreached() from error
        except openai.APIStatusError as error:
            raise ModelFailure(_refused(error.status_code, self._model.name)) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise ModelFailure("the language model's server sent what is no answer") from error
        except Exception as error:
            raise self._broken(error) from error

    def _pieces(self, stream: Stream[ChatCompletionChunk]) -> Iterator[str]:
        finish, length, is_blank = None, 0, True
        for chunk in stream:
            if chunk.usage is not None:
                self._tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
            for choice in chunk.choices[:1]:
                finish = choice.finish_reason or finish
                if getattr(choice.delta, "refusal", None):
                    raise ModelFailure("the language model refused to answer")
                piece = _NO_TEXT.sub("", choice.delta.content or "")
                length += len(piece)
                is_blank = is_blank and not piece.strip()
                if length > _LONGEST_REPLY:
                    raise ModelFailure("the language model's answer is too long")
                if piece:
                    yield piece
        if finish != "stop":
            raise ModelFailure(_UNFINISHED.get(finish or "", "the language model stopped half-way"))
        if is_blank:
            raise ModelFailure("the language model said nothing")

    def _too_slow(self) -> ModelFailure:
        return ModelFailure(f"the language model did not answer within {self._model._seconds:g} s")

    def _unreached(self) -> ModelFailure:
        return (
            self._too_slow() if self._model.is_late else ModelFailure("the language model's server cannot be reached")
        )

    def _broken(self, error: Exception) -> Exception:
        """Return what to raise for an error of the connection while the reply was read; any other is itself."""
        import httpx2

        if isinstance(error, httpx2.TimeoutException):
            return self._too_slow()
        if isinstance(error, httpx2.InvalidURL):
            return ModelFailure("the language model's URL is none that can be asked")
        if isinstance(error, httpx2.HTTPError):
            return ModelFailure("the language model's server broke off")
        return error


_UNFINISHED = {
    "length": "the language model's answer is too long",
    "content_filter": "the language model refused to answer",
}


def _refused(status: int, name: str) -> str:
    told = {
        401: "refuses the key",
        403: "refuses the key",
        404: f"knows no model {name!r} at this address",
        429: "is too busy",
    }
    return f"the language model's server {told.get(status, f'failed ({status})')}"


def _break_off_at(connection: socket.socket, stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)
    break_off(connection)


def break_off(connection: socket.socket) -> None:
    """End a connection, whoever waits for what comes over it."""
    with suppress(OSError):  # it is closed already: nearly always
        connection.shutdown(socket.SHUT_RDWR)


def _limited(stream: Any) -> httpx2.SyncByteStream:
    """Return a stream that breaks off when it is too long."""
    import httpx2

    class Limited(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for some in stream:
                size += len(some)
                if size > _LARGEST_BODY:
                    raise ValueError("too long")
                yield some

        def close(self) -> None:
            stream.close()

    return Limited()


def _openai() -> Any:
    """Return the package of the client; raises UsageError where it is not installed."""
    try:
        import openai
    except ImportError as error:
        raise UsageError(
            f"a language model needs a package that is not installed ({error}): run `pip install 'rag[llm]'`"
        ) from None
    return openai
