"""All that can go wrong with a server of language models, by name, and the ways in which servers do right.

Each fault is a script of tests/llm/scripted.py. It knows nothing of what a client makes of it, but tells how much
of an answer was sent before it, and whether it ends by itself.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import lru_cache, partial

from tests.llm.scripted import Exchange, Script, answer, no_listener

HUGE = 50_000_000  # characters of a chunk that is too long
BOMB = 1 << 28  # bytes that a quarter of a megabyte of gzip becomes


@dataclass(frozen=True)
class Fault:
    """A way to go wrong. ``starts``: what the server is to have ``said`` was sent before it; else no word was.

    ``ends``: it is over by itself; else only when the client gives up.
    """

    name: str
    play: Script
    starts: bool = False
    ends: bool = True


def _refusal(status: int, message: str, code: str, **headers: str) -> Script:
    return lambda x: x.refuse(status, message, code, **headers)


def _body(status: int, body: bytes | dict[str, object], kind: str = "application/json") -> Script:
    return lambda x: x.whole(status, body, kind)


def _finish(reason: str, text: str | None = None) -> Script:
    def play(x: Exchange) -> None:
        said = x.said if text is None else text
        x.begin()
        x.say(said)
        x.finish(said, reason)

    return play


def _closes_at_once(x: Exchange) -> None:
    pass


def _closes_after_head(x: Exchange) -> None:
    x.head()


def _closes_midway(x: Exchange) -> None:
    x.begin()
    x.say(x.said)


def _resets_midway(x: Exchange) -> None:
    _closes_midway(x)
    x.wait(0.1)
    x.reset()


def _no_finish(x: Exchange) -> None:
    _closes_midway(x)
    x.end()


def _closes_in_event(x: Exchange) -> None:
    _closes_midway(x)
    x.send(json.dumps(x.chunk({"content": "never to be seen"})).encode()[:40])
    x.end()


def _events(*events: bytes) -> Script:
    """Return a script that says something, then sends these bytes as events, and ends as if all were well."""

    def play(x: Exchange) -> None:
        _closes_midway(x)
        for event in events:
            x.send(b"data: %b\n\n" % event)
        x.finish(x.said)

    return play


def _only(**changes: object) -> Script:
    """Return a script whose every chunk has these in the place of what it should have."""

    def play(x: Exchange) -> None:
        x.head()
        for _ in range(5):
            x.event({**x.chunk({"content": "word "}), **changes})
        x.send(b"data: [DONE]\n\n")
        x.end()

    return play


def _delta(delta: object) -> Script:
    return _only(choices=[{"index": 0, "delta": delta, "finish_reason": None}])


def _raw(data: bytes) -> Script:
    def play(x: Exchange) -> None:
        x.head()
        x.send(data)
        x.end()

    return play


def _endless(x: Exchange) -> None:
    x.begin()
    for at in x.forever():
        x.say(f"Sentence {at} is here [1]. ", 40)


def _endless_empty(x: Exchange) -> None:
    x.begin()
    for _ in x.forever():
        x.event(x.chunk({"content": ""}))
        x.wait(x.pace)


def _endless_comments(x: Exchange) -> None:
    x.begin()
    for _ in x.forever():
        x.send(b": PROCESSING\n\n")
        x.wait(x.pace)


def _endless_line(x: Exchange) -> None:
    x.begin()
    x.send(b'data: {"choices": [{"delta": {"content": "')
    for _ in x.forever():
        x.send(b"a" * 65_536)


def _drip(x: Exchange) -> None:
    x.begin()
    for at in x.forever():
        x.say("Slow is this answer. "[at % 21])
        x.wait(x.pace)


def _silent(x: Exchange) -> None:
    for _ in x.forever():
        x.wait(1)


def _silent_after_head(x: Exchange) -> None:
    x.head()
    _silent(x)


def _silent_midway(x: Exchange) -> None:
    _closes_midway(x)
    _silent(x)


def _drip_head(x: Exchange) -> None:
    x.line("HTTP/1.1 200 OK")
    for at in x.forever():
        x.line(f"x-{at}: 1")
        x.wait(x.pace)


def _endless_hints(x: Exchange) -> None:
    for _ in x.forever():
        x.line("HTTP/1.1 103 Early Hints\r\n")
        x.wait(x.pace)


def _huge_chunk(x: Exchange) -> None:
    x.begin()
    x.say("a" * HUGE, HUGE)
    x.finish()


def _tool_calls(x: Exchange) -> None:
    x.begin()
    call = {"name": "delete_documents", "arguments": '{"folder": "/"}'}
    x.event(x.chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": call}]}))
    x.finish(reason="tool_calls")


def _refused_by_model(x: Exchange) -> None:
    x.begin()
    for word in "I cannot help with that.".split():
        x.event(x.chunk({"refusal": f"{word} "}))
    x.finish()


@lru_cache(1)
def _bomb() -> bytes:
    """Return a little gzip that unpacks to one event with ``BOMB`` letters in it.

    Blocks that were flushed whole do not depend on each other, so one of them stands for all.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    start = packer.compress(b'data: {"choices": [{"delta": {"content": "') + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"a" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * (BOMB >> 20)


def _gzip_bomb(x: Exchange) -> None:
    x.head(content_encoding="gzip")
    x.send(_bomb())
    x.end()


def _redirect(x: Exchange, status: int) -> None:
    x.whole(status, b"", location=f"{x.elsewhere}/chat/completions")


_HTML = b"<!doctype html><html><title>Sign in</title><script>window.owned=1</script><p>Please sign in.</p></html>"
_DEEP = b'{"choices": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
_LONE = b'{"choices": [{"index": 0, "delta": {"content": "half of a letter: \\ud83d"}, "finish_reason": null}]}'
_LOUD = b'{"choices": [{"index": 0, "delta": {"content": "\\u0000\\u001b[2J\\u0007\\u202e"}, "finish_reason": null}]}'
_LONG_NUMBER = b'{"choices": [], "usage": {"prompt_tokens": ' + b"9" * 5_000 + b"}}"
_TOO_LONG = "This model's maximum context length is 2048 tokens. However, your messages resulted in 4096 tokens."

_FAULTS = (
    Fault("refused", no_listener),
    Fault("closes-at-once", _closes_at_once),
    Fault("closes-after-head", _closes_after_head),
    Fault("closes-midway", _closes_midway, starts=True),
    Fault("closes-in-an-event", _closes_in_event, starts=True),
    Fault("resets-midway", _resets_midway, starts=True),
    Fault("no-finish", _no_finish, starts=True),
    Fault("400-too-long", _refusal(400, _TOO_LONG, "context_length_exceeded")),
    Fault("401", _refusal(401, "Incorrect API key provided.", "invalid_api_key")),
    Fault("403", _refusal(403, "Your country is not supported.", "unsupported_country_region_territory")),
    Fault("404-model", _refusal(404, "The model `scripted-1` does not exist.", "model_not_found")),
    Fault("422-detail", _body(422, {"detail": [{"loc": ["body", "stream_options"], "msg": "extra field"}]})),
    Fault("429", _refusal(429, "Rate limit reached.", "rate_limit_exceeded", retry_after="3600")),
    Fault("500", _refusal(500, "The server had an error.", "server_error")),
    Fault("502-html", _body(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html")),
    Fault("503", _refusal(503, "Loading model", "unavailable_error")),
    Fault("html-200", _body(200, _HTML, "text/html")),
    Fault("html-200-as-stream", _body(200, _HTML, "text/event-stream")),
    Fault("error-200", _body(200, {"error": {"message": "no model is loaded", "code": 500}})),
    Fault("complete-200", lambda x: x.complete(x.said)),
    Fault("invalid-json", _events(b'{"choices": [{"delta": {"content": "cut'), starts=True),
    Fault("nested-json", _events(_DEEP), starts=True),
    Fault("long-number", _events(_LONG_NUMBER), starts=True),
    Fault("not-utf-8", _events(b'{"choices": [{"delta": {"content": "\xff\xfe\xc3\x28"}}]}'), starts=True),
    Fault("lone-surrogate", _events(_LONE), starts=True),
    Fault("control-characters", _events(_LOUD), starts=True),
    Fault("error-in-stream", _events(b'{"error": {"message": "out of memory", "code": 500}}'), starts=True),
    Fault("error-text-in-stream", _events(b'{"error": "CUDA error: device-side assert"}'), starts=True),
    Fault("chunk-null", _events(b"null"), starts=True),
    Fault("chunk-list", _events(b"[1, 2]"), starts=True),
    Fault("choices-empty", _only(choices=[])),
    Fault("choices-null", _only(choices=None)),
    Fault("choices-number", _only(choices=7)),
    Fault("choice-null", _only(choices=[None])),
    Fault("delta-null", _delta(None)),
    Fault("delta-text", _delta("word")),
    Fault("content-number", _delta({"content": 7})),
    Fault("content-list", _delta({"content": [{"type": "text", "text": "word"}]})),
    Fault("finish-number", _only(choices=[{"index": 0, "delta": {"content": ""}, "finish_reason": 3}])),
    Fault("only-done", _raw(b"data: [DONE]\n\n")),
    Fault("no-events", _raw(b"")),
    Fault("empty", _finish("stop", "")),
    Fault("blank", _finish("stop", " \n\t\n ")),
    Fault("length", _finish("length"), starts=True),
    Fault("content-filter", _finish("content_filter"), starts=True),
    Fault("tool-calls", _tool_calls),
    Fault("refusal", _refused_by_model),
    Fault("huge-chunk", _huge_chunk),
    Fault("gzip-bomb", _gzip_bomb),
    Fault("redirect-302", partial(_redirect, status=302)),
    Fault("redirect-307", partial(_redirect, status=307)),
    Fault("endless", _endless, ends=False),
    Fault("endless-empty", _endless_empty, ends=False),
    Fault("endless-comments", _endless_comments, ends=False),
    Fault("endless-line", _endless_line, ends=False),
    Fault("endless-hints", _endless_hints, ends=False),
    Fault("drip", _drip, ends=False),
    Fault("drip-head", _drip_head, ends=False),
    Fault("silent", _silent, ends=False),
    Fault("silent-after-head", _silent_after_head, ends=False),
    Fault("silent-midway", _silent_midway, starts=True, ends=False),
)
FAULTS = {fault.name: fault for fault in _FAULTS}


def ways(text: str) -> dict[str, Script]:
    """Return the ways, by name, in which servers say a text that are all right: a client gets just this text."""
    return {
        "pieces": answer(text),
        "letters": answer(text, 1),
        "at-once": answer(text, max(len(text), 1)),
        "no-done": partial(_said, text=text, done=False),
        "usage-at-finish": partial(_usage_at_finish, text=text),
        "empty-choices-first": partial(
            _said, text=text, first=b'data: {"choices": [], "prompt_filter_results": []}\n\n'
        ),
        "comments": partial(_said, text=text, first=b": PROCESSING\n\n: PROCESSING\n\n"),
        "other-fields": partial(_said, text=text, first=b"id: 1\nevent: message\nretry: 10\n"),
        "thoughts": partial(_said, text=text, thoughts="Is it so? Yes."),
        "carriage-returns": partial(_bytes, text=text, old=b"\n", new=b"\r\n"),
        "no-space": partial(_bytes, text=text, old=b"data: ", new=b"data:"),
        "torn-letters": partial(_torn, text=text),
    }


def _said(x: Exchange, text: str, first: bytes = b"", thoughts: str = "", done: bool = True) -> None:
    x.head()
    x.send(first) if first else None
    x.event(x.chunk({"role": "assistant", "content": None}))
    if thoughts:
        x.event(x.chunk({"reasoning_content": thoughts, "content": None}))
    x.say(text)
    x.finish(text, done=done)


def _usage_at_finish(x: Exchange, text: str) -> None:
    """Speak as the server of transformers does: the tokens with the reason, and no word that it is done."""
    x.begin()
    x.say(text)
    x.event(x.chunk({}, "stop", usage=x.tokens(text)))
    x.end()


def _stream(x: Exchange, text: str) -> bytes:
    events = [x.chunk({"content": letter}) for letter in text] + [x.chunk({}, "stop")]
    lines = (b"data: %b\n\n" % json.dumps(event, ensure_ascii=False).encode() for event in events)
    return b"".join(lines) + b"data: [DONE]\n\n"


def _bytes(x: Exchange, text: str, old: bytes, new: bytes) -> None:
    x.head()
    x.send(_stream(x, text).replace(old, new))
    x.end()


def _torn(x: Exchange, text: str) -> None:
    """Send three bytes at a time, so that lines, and letters of more than a byte, are torn."""
    data = _stream(x, text)
    x.head()
    for at in range(0, len(data), 3):
        x.send(data[at : at + 3])
    x.end()
