"""Follows the corpus folder: brings the index level again whenever something in it has changed.

Many changes at once are one sync, and a file that is still being written waits for a later one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.errors import IndexLocked, RagError
from rag.sync import SyncReport

# A file that was not written to for so many seconds is taken to be whole.
STILL_FOR = 1.0
_MILLISECONDS = 1000
_LOOK_AGAIN = 30  # rounds without a change until the folder is looked through all the same
_LONGEST_PAUSE = 60.0  # seconds between two tries of a sync that fails
_UNWATCHED = 5.0  # seconds, where the system does not tell of changes

log = logging.getLogger(__name__)


def watch(
    corpus: Path, apart: Path | None, run: Callable[[], SyncReport], stop: threading.Event
) -> Iterator[SyncReport]:
    """Run a sync now and after every change under ``corpus``, until ``stop`` is set; yield what each did.

    Whatever keeps a sync from being done (a full disk, a folder that is gone), the changes wait, and it is tried again,
    after longer and longer pauses; why is logged once. While another process is writing to the index, it is tried again
    at once. What changes under ``apart``, such as an index in a folder, is no change.
    """
    due, idle, pause, next_try = False, 0, 0.0, 0.0
    told = ""
    for changed in _rounds(corpus, apart and apart.resolve(), stop):
        # Some file systems tell of no changes, and a folder can be taken away and come back.
        idle = 0 if changed else idle + 1
        due = due or changed or idle % _LOOK_AGAIN == 0
        if not due or time.monotonic() < next_try:
            continue
        try:
            report = run()
        except Exception as error:  # whatever it is, following must not end: the index would grow old in silence
            if str(error) != told:
                log.warning("the changes wait: %s", error, exc_info=not isinstance(error, (RagError, OSError)))
            told = str(error)
            pause = 0.0 if isinstance(error, IndexLocked) else min(2 * pause or 1.0, _LONGEST_PAUSE)
            next_try = time.monotonic() + pause
        else:
            due, told, pause = bool(report.waiting), "", 0.0
            yield report


def _rounds(corpus: Path, apart: Path | None, stop: threading.Event) -> Iterator[bool]:
    """Yield about once a second, while the folder is there, whether anything in it may have changed."""
    import watchfiles

    while not stop.is_set():
        unseen = True  # whatever happened before it was followed
        try:
            for changes in watchfiles.watch(
                corpus.resolve(),
                watch_filter=lambda _, path: apart is None or not Path(path).is_relative_to(apart),
                debounce=_MILLISECONDS,
                rust_timeout=_MILLISECONDS,
                yield_on_timeout=True,
                stop_event=stop,
                ignore_permission_denied=True,
            ):
                if not corpus.is_dir():
                    break
                yield bool(changes) or unseen
                unseen = False
        except FileNotFoundError:
            pass
        except (OSError, RuntimeError) as error:  # such as too many folders, or a name that is not UTF-8
            log.debug("%s cannot be watched: %s", corpus, error)
            yield True
            stop.wait(_UNWATCHED)
        while not corpus.is_dir() and not stop.wait(1):
            pass
