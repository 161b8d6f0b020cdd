"""The files of a run, as one of the processes that share it comes by them: see ``rag.index.database.workers``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rag.errors import IndexFailure
from rag.index import Work
from rag.index.database.connection import Done, at_most_twice, connect, connect_again
from rag.index.database.rows import number_of
from rag.index.database.workers import LEASE, Offer, bury, claim, give_back, offer, renew, standing
from rag.place import DatabaseUrl
from rag.types import document_id

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

_LOOKED_AFTER = 0.3  # seconds, where others have the rest in hand
log = logging.getLogger(__name__)


class Share:
    """What one process writes of a run. It has a connection of its own: files are claimed while others are written."""

    def __init__(self, url: DatabaseUrl, worker: int) -> None:
        self._url = url
        self._schema = url.schema_name
        self._worker = worker
        self._connection: Connection | None = None
        self._guard = threading.RLock()

    def rounds(self, work: Sequence[Work], on_others: Callable[[float], None]) -> Iterator[Iterator[str]]:
        """Yield by turns the files to write, until all of ``work`` is written, by this process or by others.

        ``on_others`` is told how many bytes the others have written.
        """
        names = {number_of(document_id(one.source)): one.source for one in work}
        offers = [Offer(number, one.state, one.size) for number, one in zip(names, work, strict=True)]
        unknown: list[int] = []  # offered by others, who saw files that were not there when this one looked
        try:
            self._do(lambda connection: offer(connection, self._schema, offers))
            with self._renewed():
                while True:
                    if first := self._claim(names, unknown):
                        yield self._claimed(first, names, unknown, on_others)
                    elif not self._others_are_at_it(on_others):
                        return
        finally:
            if self._connection is not None:
                self._connection.close()

    def _claimed(
        self, some: list[int], names: Mapping[int, str], unknown: list[int], on_others: Callable[[float], None]
    ) -> Iterator[str]:
        while some:
            yield from (names[number] for number in some)
            on_others(self._do(lambda connection: standing(connection, self._schema, self._worker)).done)
            some = self._claim(names, unknown)

    def _claim(self, names: Mapping[int, str], unknown: list[int]) -> list[int]:
        """Claim some files, of those that this process knows."""
        while some := self._do(lambda connection: claim(connection, self._schema, self._worker, unknown)):
            strange = [number for number in some if number not in names]
            if not strange:
                return some
            unknown.extend(strange)
            self._do(lambda connection, strange=strange: give_back(connection, self._schema, strange))  # type: ignore[misc]
            if known := [number for number in some if number in names]:
                return known
        return []

    def _others_are_at_it(self, on_others: Callable[[float], None]) -> bool:
        """Wait a moment where others have files in hand; what one had that was killed is there to be claimed then."""
        others = self._do(lambda connection: standing(connection, self._schema, self._worker))
        on_others(others.done)
        if others.in_hand:
            self._do(lambda connection: bury(connection, self._schema, self._worker))
            time.sleep(_LOOKED_AFTER)
        return bool(others.in_hand)

    @contextmanager
    def _renewed(self) -> Iterator[None]:
        """Renew the lease for as long as the context lasts."""
        done = threading.Event()

        def renewing() -> None:
            while not done.wait(LEASE / 4):
                try:
                    self._do(lambda connection: renew(connection, self._schema, self._worker))
                except IndexFailure as error:  # whoever writes meets it too, and says so
                    log.debug("the lease was not renewed: %s", error)

        beating = threading.Thread(target=renewing, daemon=True)
        beating.start()
        try:
            yield
        finally:
            done.set()
            beating.join()

    def _do(self, work: Callable[[Connection], Done]) -> Done:
        """Ask the database, once more where that was cut off."""
        with self._guard:
            return at_most_twice(self._url, lambda: work(self._connected()), lambda: work(self._back()))

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self._url)
        return self._connection

    def _back(self) -> Connection:
        """Return a new connection in the place of one that was cut."""
        if self._connection is not None:
            self._connection.close()
        self._connection = connect_again(self._url)
        return self._connection
