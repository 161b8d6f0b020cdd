"""The language models that are served on this machine: asked for where their servers usually listen.

No other address is asked. Anything may listen there, so what comes back is little, soon, and names or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from itertools import islice
from threading import Timer

from rag.llm import break_off
from rag.types import Value

# The ports that these programs take where they are told no other, as each documents it.
PORTS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000}
_HOST = "127.0.0.1"
_WITHIN = 2.0  # seconds for the whole of an answer: it is a list that a program on this machine has at hand
_LARGEST = 1_000_000  # bytes of an answer; of a name, LONGEST_NAME are some hundred characters
_MOST_MODELS = 50  # of a server
LONGEST_NAME = 200  # characters


class LocalServer(Value):
    """A server on this machine: the program that usually listens where it does, and the models that it has."""

    program: str
    url: str
    models: tuple[str, ...]


def find_servers() -> list[LocalServer]:
    """Return the servers that are there, asked beside each other."""
    with ThreadPoolExecutor(len(PORTS)) as beside:
        return [one for one in beside.map(_server, PORTS.items()) if one is not None]


def _server(listens: tuple[str, int]) -> LocalServer | None:
    program, port = listens
    try:
        listed = json.loads(_answer(port))["data"]
        models = _names(listed or ())  # null is what Ollama says where it has none
    except (OSError, HTTPException, ValueError, TypeError, LookupError, RecursionError):
        return None  # nothing is there, or no server of models
    return LocalServer(program=program, url=f"http://{_HOST}:{port}/v1", models=models)


def _answer(port: int) -> bytes:
    """Return what is answered at a port, as much of it as any list of models has."""
    with closing(HTTPConnection(_HOST, port, timeout=_WITHIN)) as connection:
        connection.connect()
        over = Timer(_WITHIN, break_off, [connection.sock])  # the timeout above is for each piece of the answer
        over.start()
        try:
            connection.request("GET", "/v1/models")
            with connection.getresponse() as response:
                return response.read(_LARGEST) if response.status == 200 else b""
        finally:
            over.cancel()


def _names(listed: Iterable[object]) -> tuple[str, ...]:
    names = (one.get("id") for one in listed if isinstance(one, dict))
    usable = (name for name in names if isinstance(name, str) and is_name(name))
    return tuple(islice(dict.fromkeys(usable), _MOST_MODELS))


def is_name(name: str) -> bool:
    """Whether this may be the name of a model: not too long, and without signs that nobody sees."""
    return 0 < len(name.strip()) <= len(name) <= LONGEST_NAME and name.isprintable()
