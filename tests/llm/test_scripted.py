"""The scripted server plays its scripts: what the openai client makes of each, with nothing around it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from tests.llm.faults import FAULTS, Fault, ways
from tests.llm.scripted import MODEL, SAID, Body, Script, ScriptedServer, answer, scripted

TEXT = "Der Müller 磨坊主 hieß „Ada“ 🙂 [1].\n\nNext: 45 people [2]."
PATIENCE = 0.5  # seconds that a client waits for the next bytes
WHOLE = 1.0  # seconds that a test waits for all


@dataclass
class Heard:
    """What a client got that takes everything as it comes: the words, why it ended, the tokens, and what it raised."""

    text: str = ""
    reason: str | None = None
    usage: openai.types.CompletionUsage | None = None
    error: BaseException | None = None
    chunks: int = 0


@contextmanager
def client_of(server: ScriptedServer, **options: Any) -> Iterator[OpenAI]:
    with OpenAI(
        **{"base_url": server.url, "api_key": "a-key", "max_retries": 0, "timeout": PATIENCE, **options}
    ) as made:
        yield made


def heard_from(server: ScriptedServer, seconds: float = 60, **options: Any) -> Heard:
    """Ask for a stream, and read it for so many seconds."""
    heard, until = Heard(), time.monotonic() + seconds
    with client_of(server, **options) as client:
        try:
            for chunk in asked(client):
                _hear(heard, chunk)
                if time.monotonic() > until:
                    break
        except Exception as error:  # which kinds there are is what is to be found out
            heard.error = error
    return heard


def asked(client: OpenAI) -> openai.Stream[openai.types.chat.ChatCompletionChunk]:
    return client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}],
        stream=True,
        stream_options={"include_usage": True},
    )


def _hear(heard: Heard, chunk: openai.types.chat.ChatCompletionChunk) -> None:
    heard.chunks += 1
    heard.usage = chunk.usage or heard.usage
    for choice in chunk.choices:
        heard.text += choice.delta.content or ""
        heard.reason = choice.finish_reason or heard.reason
