"""The process in which files are read: it can be stopped, so no file can hang or crash a run.

``Worker`` is the side of the program; ``main`` is the process, which gets the path of a file and what to do with it
as a line of JSON and answers with a line of JSON. What it sends is checked like any other data from outside.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

from pydantic import ValidationError

from rag.child import module_command, module_environment
from rag.errors import FileUnopened, ParseError
from rag.parse import LARGEST_FILE, ParsedFile, file_in, parse
from rag.parse.page import PagePicture, PageSizes
from rag.types import Value

SECONDS = 60
MEGABYTES = 3072  # of address space; what the libraries map without using it counts

Found = TypeVar("Found")


class _Reply(Value):
    """What the process answers: what it read, or why it could not."""

    parsed: ParsedFile | None = None
    picture: PagePicture | None = None
    sizes: PageSizes | None = None
    reason: str | None = None
    unopened: bool = False


class _PageTask(Value):
    """A page that is to be drawn, of the PDF at ``source``; without a number, the sizes of all are asked for."""

    source: str
    number: int | None = None
    scale: int = 1


class Worker:
    """A process that reads one file at a time; it starts on entry, and again after it had to be stopped."""

    def __init__(self, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def parse(self, path: Path, source: str) -> ParsedFile:
        """Read the file at ``path`` as the documents it holds.

        Raises:
            ParseError: It cannot be read as a document, or not within the limits of time and memory.
            FileUnopened: The system does not let it be read, now.
        """
        return _given(self._ask(path, source).parsed)

    def page_sizes(self, path: Path, file: str, source: str) -> PageSizes:
        """Return the sizes of the pages of the PDF at ``source``, which is the file at ``path`` or in it."""
        return _given(self._ask(path, file, _PageTask(source=source)).sizes)

    def draw_page(self, path: Path, file: str, source: str, number: int, scale: int = 1) -> PagePicture:
        """Draw a page of the PDF at ``source``, which is the file at ``path`` or in it; raises as ``parse``."""
        return _given(self._ask(path, file, _PageTask(source=source, number=number, scale=scale)).picture)

    def kill(self) -> None:
        """End the process at once, from any thread; what is being read fails."""
        if self._process is not None:
            _kill(self._process)

    def _ask(self, path: Path, source: str, task: _PageTask | None = None) -> _Reply:
        if self._process is None or self._process.poll() is not None:  # stopped for a file before, or from outside
            self._start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            _kill(process)

        alarm = threading.Timer(self._seconds, stop)
        alarm.start()
        try:
            request = [str(path), source, task.model_dump() if task is not None else None]
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:  # it died before it was asked
            line = b""
        finally:
            alarm.cancel()
            alarm.join()
        if not line.endswith(b"\n"):
            raise ParseError(self._obituary(process, late.is_set()))
        if late.is_set():  # it answered at the last moment, and was stopped all the same
            self._stop()
        return _read_reply(line)

    def _start(self) -> None:
        self._process = subprocess.Popen(
            module_command("rag.parse.worker", str(self._seconds), str(self._megabytes)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=module_environment(),
            start_new_session=True,  # so that what it starts is stopped with it, and Ctrl-C is for the run alone
        )

    def _stop(self) -> None:
        if self._process is not None:
            _kill(self._process)
            self._process.communicate()
        self._process = None

    def _obituary(self, process: subprocess.Popen[bytes], late: bool) -> str:
        """Clear away a process that ended before it answered, and say why it did."""
        self._stop()
        if late:
            return f"reading it took over {self._seconds:g} s, so it was given up"
        return f"reading it crashed the parser ({_cause(process.returncode)})"


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError):  # a system without process groups, or it has ended
        process.kill()


def _cause(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _read_reply(line: bytes) -> _Reply:
    try:
        reply = _Reply.model_validate_json(line)
    except ValidationError as error:
        raise ParseError("its parser answered with something else than a document") from error
    if reply.reason is not None:
        raise (FileUnopened if reply.unopened else ParseError)(reply.reason)
    return reply


def _given(found: Found | None) -> Found:
    if found is None:
        raise ParseError("its parser answered with something else than was asked for")
    return found


def main() -> None:
    """Answer one file after another until there are no more."""
    seconds, megabytes = float(sys.argv[1]), int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _limit_memory(megabytes)
    gc.disable()  # the blocks of a large table are half a million objects, gone over again and again
    for line in sys.stdin.buffer:
        path, source, task = json.loads(line)
        _limit_time(seconds + 5)
        answers.write(_answer(Path(path), source, task).model_dump_json().encode() + b"\n")
        answers.flush()
        _limit_time(0)
        gc.collect()
        gc.freeze()  # what stays from file to file, such as what was imported, is gone over once


def _answer(path: Path, source: str, task: dict[str, Any] | None) -> _Reply:
    try:
        with _open(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST_FILE:
                return _Reply(reason=f"larger than {LARGEST_FILE // 2**20} MB ({size // 2**20} MB): split it")
            data = file.read()
        if task is None:
            return _Reply(parsed=parse(data, source))
        return _pages(data, source, _PageTask(**task))
    except ParseError as error:
        return _Reply(reason=str(error))
    except OSError as error:
        return _Reply(reason=f"cannot be read: {error.strerror}", unopened=True)
    except MemoryError:
        return _Reply(reason="reading it takes too much memory")
    except RecursionError:
        return _Reply(reason="it is nested too deeply to be read")
    except Exception as error:  # a parser met what it did not foresee: told of this file, and the run goes on
        return _Reply(reason=f"its parser failed ({type(error).__name__}: {str(error)[:100]})")


def _pages(data: bytes, file: str, task: _PageTask) -> _Reply:
    from rag.parse.pdf_picture import draw_page, page_sizes

    pdf = file_in(data, file, task.source)
    if task.number is None:
        return _Reply(sizes=page_sizes(pdf))
    return _Reply(picture=draw_page(pdf, task.number, task.scale))


def _open(path: Path) -> BinaryIO:
    """Open a file that was seen to be one: if it is a link or a pipe by now, it is not followed or waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags), "rb")


def _limit_memory(megabytes: int) -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


def _limit_time(seconds: float) -> None:
    """End this process after a time; for when the one that would stop it is gone itself."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
