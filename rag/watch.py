"""Follows the corpus folder: brings the index level again whenever something in it has changed.

Many changes at once are one sync, and a file that is still being written waits for a later one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.errors import RagError
from rag.sync import SyncReport

# A file that was not written to for so many seconds is taken to be whole.
STILL_FOR = 1.0
_MILLISECONDS = 1000
_LOOK_AGAIN = 30  # rounds without a change until the folder is looked through all the same

log = logging.getLogger(__name__)


def watch(
    corpus: Path, apart: Path | None, run: Callable[[], SyncReport], stop: threading.Event
) -> Iterator[SyncReport]:
    """Run a sync now and after every change under ``corpus``, until ``stop`` is set; yield what each did.

    While another process is writing to the index, the folder is gone, or anything else keeps a sync from being
    done, the changes wait; why is logged once. What changes under ``apart``, such as an index in a folder, is no
    change.
    """
    due, idle, told = False, 0, ""
    for changed in _rounds(corpus, apart and apart.resolve(), stop):
        # Some file systems tell of no changes, and a folder can be taken away and come back.
        idle = 0 if changed else idle + 1
        if not (changed or due or idle % _LOOK_AGAIN == 0):
            continue
        try:
            report = run()
        except RagError as error:
            if str(error) != told:
                log.warning("the changes wait: %s", error)
            due, told = True, str(error)
        else:
            due, told = bool(report.waiting), ""
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
        while not corpus.is_dir() and not stop.wait(1):
            pass
