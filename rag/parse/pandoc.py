"""Runs Pandoc, which reads most formats of texts, and returns the tree of the document that it makes of a file.

It is a program of its own, in a sandbox: it reaches no file and no network, and has limits of time, memory and output.
"""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from functools import cache
from tempfile import TemporaryFile
from typing import Any

from rag.errors import ParseError

SECONDS = 45.0  # of the 60 that a file may take in all
_HEAP = "1500m"  # half of the address space that the parser's process may have, which holds for Pandoc too
_MOST_OUTPUT = 150_000_000  # bytes; the longest text that is taken makes about half of that
_HEAP_EXHAUSTED = 251  # Pandoc's exit code


class PandocError(ParseError):
    """Pandoc did not read the file: it cannot, or not within its limits."""


def read_tree(data: bytes, pandoc_format: str, *options: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the document as Pandoc's tree: ``{"meta": …, "blocks": [node, …]}``, a node being ``{"t": …, "c": …}``.

    Raises:
        PandocError: It cannot be read as that format, or not within the limits.
        ParseError: Pandoc is not installed.
    """
    command = [_program(), "--sandbox", "--quiet", "-f", pandoc_format, "-t", "json", *options]
    output = _run([*command, "+RTS", f"-M{_HEAP}", "-RTS"], data, seconds)
    try:
        tree = json.loads(output)
    except RecursionError as error:
        raise PandocError("it is nested too deeply to be read") from error
    return dict(tree)


@cache
def _program() -> str:
    logging.getLogger("pypandoc").setLevel(logging.CRITICAL)  # it looks for other Pandocs, and tells of each it misses
    try:
        import pypandoc

        return str(pypandoc.get_pandoc_path())
    except (ImportError, OSError) as error:
        raise ParseError("needs Pandoc: pip install pypandoc_binary") from error


def _run(command: list[str], data: bytes, seconds: float) -> bytes:
    late = threading.Event()
    with TemporaryFile() as source, TemporaryFile() as complaints:  # files, so that neither side waits for the other
        source.write(data)
        source.seek(0)
        with subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=complaints) as process:
            assert process.stdout is not None

            def give_up() -> None:
                late.set()
                process.kill()

            alarm = threading.Timer(seconds, give_up)
            alarm.start()
            try:
                output = process.stdout.read(_MOST_OUTPUT + 1)
                process.stdout.close()  # where it has more to say, it ends
                process.wait()
            finally:
                alarm.cancel()
        complaints.seek(0)
        complaint = " ".join(complaints.read(2000).decode("utf-8", "replace").split())[:200]
    if late.is_set():
        raise PandocError(f"reading it took Pandoc over {seconds:g} s, so it was given up")
    if len(output) > _MOST_OUTPUT or process.returncode == _HEAP_EXHAUSTED:
        raise PandocError("reading it takes too much memory")
    if process.returncode:
        raise PandocError(f"not readable by Pandoc: {complaint or process.returncode}")
    return output
