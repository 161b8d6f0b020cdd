"""Connections to a PostgreSQL database: opened, lent, taken back; and what its errors mean, in one line each.

It knows no tables. A connection that met an error which ended it is not lent again. No message holds a password.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from rag.errors import IndexCut, IndexDamaged, IndexFailure, UsageError
from rag.place import DatabaseUrl

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

Done = TypeVar("Done")

MOST = 16  # connections that one process reads with at a time
_CONNECT_WITHIN, _BACK_WITHIN = 10, 20  # seconds; for a server that starts again, the second
_SETTINGS = {
    "connect_timeout": str(_CONNECT_WITHIN),
    "application_name": "rag",
    "client_encoding": "UTF8",
    # A server that is gone without a word is noticed after half a minute, not after hours.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
# What the server says when it, the connection or the statement is ended from outside, and what ends by itself:
# a deadlock, a conflict with what a replica is to replay, or that another made the same at the same time.
_ENDED = {"57P01", "57P02", "57P03", "57P05", "40001", "40P01", "25P03", "23505", "42710", "42P06", "42P07"}
_SAID = (
    ("password authentication failed", "the password in the URL is not the one of this role: correct it"),
    ("no password supplied", "the database asks for a password: put it in the URL, or in PGPASSWORD"),
    ("FATAL:  role", "create this role, or correct the URL"),
    ("FATAL:  database", "make it (createdb), or correct the URL"),
    ("no pg_hba.conf entry", "the server lets nobody in from here: let its pg_hba.conf allow it"),
    ("too many clients", "the server has no connection left: raise max_connections, or put a pooler before it"),
    (
        "remaining connection slots",
        "the server has no connection left: raise max_connections, or put a pooler before it",
    ),
    ("could not translate host name", "the host in the URL is not known: correct it"),
)
_STATES = {
    "42501": "the role in the URL may not do this: grant it the right, or use another role",
    "25006": "this database only lets itself be read: use the one that is written to",
    "53100": "the disk of the database is full: make room and run again; nothing is lost",
    "53200": "the database has no memory left: lower its work_mem or give it more, and run again; nothing is lost",
    "53400": "a limit set for the database is reached: raise it and run again; nothing is lost",
    "57014": "a statement took too long or was stopped: run again; nothing is lost",
    "55P03": "another process holds what is to be changed: run again in a moment; nothing is lost",
}
_OF_VECTOR = re.compile(r"\b(vector|halfvec\w*|hnsw|ivfflat)\b")
_STATES_OF_VECTOR = {  # where one of these is named
    "0A000": "pgvector is not installed on the server: install it (0.8 or newer), and run again",
    "58P01": "pgvector is not installed on the server: install it (0.8 or newer), and run again",
    "42704": "pgvector is not in this database, or too old: run CREATE EXTENSION vector in it (0.8 or newer)",
}
_DAMAGED = ("XX001", "XX002", "42P01", "42703")


class Connections:
    """The connections of one process to a database, each lent to one thread at a time."""

    def __init__(self, url: DatabaseUrl) -> None:
        self.url = url
        self._idle: list[Connection] = []
        self._room = threading.BoundedSemaphore(MOST)
        self._was_reached = False

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """Lend a connection; raises IndexFailure for whatever the database meets meanwhile."""
        psycopg = client_package()
        with self._room:
            connection = self._taken() or self._opened()
            try:
                yield connection
            except psycopg.Error as error:
                raise failure(self.url, error) from error
            finally:
                self._take_back(connection)

    def close(self) -> None:
        """Close those that are not lent."""
        while self._idle:
            self._idle.pop().close()

    def _taken(self) -> Connection | None:
        """Return an idle connection that works still: a server that started again ended them all."""
        while self._idle:
            connection = self._idle.pop()
            if is_alive(connection):
                return connection
            connection.close()
        return None

    def _opened(self) -> Connection:
        """Return a new connection; a server that was there before is waited for, as it may be starting again."""
        connection = connect_again(self.url) if self._was_reached else connect(self.url)
        self._was_reached = True
        return connection

    def _take_back(self, connection: Connection) -> None:
        with suppress(Exception):  # whatever is wrong with it, it is not lent again
            connection.rollback()
        if connection.closed or len(self._idle) >= MOST:
            connection.close()
        else:
            self._idle.append(connection)


def connect(url: DatabaseUrl) -> Connection:
    """Return a new connection, each statement of which is a transaction unless one is begun.

    Raises:
        UsageError: The packages that are needed are not installed.
        IndexFailure: There is no way to the database.
    """
    psycopg = client_package()
    from psycopg.conninfo import conninfo_to_dict

    try:
        settings = _SETTINGS | conninfo_to_dict(url.connection)
        connection: Connection = psycopg.connect(**settings, autocommit=True, prepare_threshold=None)
        connection.execute("SET lock_timeout = '30s'; SET client_min_messages = 'error'; SET jit = off")
    except psycopg.Error as error:
        raise failure(url, error) from error
    return connection


def connect_again(url: DatabaseUrl) -> Connection:
    """Return a new connection to a server that may be starting again: it is waited for a while."""
    until = time.monotonic() + _BACK_WITHIN
    while True:
        try:
            return connect(url)
        except IndexCut:
            if time.monotonic() > until:
                raise
        time.sleep(0.2)


def is_alive(connection: Connection) -> bool:
    """Whether the server still answers on a connection."""
    import psycopg

    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def is_cut(error: psycopg.Error) -> bool:
    """Whether what was asked was cut off by what passes, so that the same may be asked again."""
    import psycopg

    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError) and not _refusal(error)
    stopped = state == "57014" and "timeout" not in str(error)  # by a person, or with the server
    return state in _ENDED or state.startswith("08") or stopped


def at_most_twice(url: DatabaseUrl, work: Callable[[], Done], again: Callable[[], Done]) -> Done:
    """Do a piece of work; where it was cut off, do it ``again``. Raises IndexFailure for what else goes wrong."""
    import psycopg

    try:
        return work()
    except psycopg.Error as error:
        if not is_cut(error):
            raise failure(url, error) from error
    try:
        return again()
    except psycopg.Error as error:
        raise failure(url, error) from error


def failure(url: DatabaseUrl, error: psycopg.Error) -> IndexFailure:
    """Say in one line what happened, and what to do."""
    state, said = error.sqlstate or "", (str(error).strip() or type(error).__name__).splitlines()[0]
    said = said.removeprefix("connection failed: ")
    if state in _DAMAGED:
        return IndexDamaged(f"the index in {url} is not whole ({said}): run `rag index --rebuild`")
    states = _STATES | _STATES_OF_VECTOR if _OF_VECTOR.search(said) else _STATES
    todo = states.get(state) or _refusal(error)
    if todo is None and is_cut(error):
        return IndexCut(
            f"the database {url} cannot be reached ({said}): see that it runs, and run again; nothing is lost"
        )
    return IndexFailure(
        f"the index in {url} cannot be used ({said}): {todo or 'mend that and run again; nothing is lost'}"
    )


def _refusal(error: psycopg.Error) -> str | None:
    """Return what to do where the server answered, and let nobody in; None where it did not, or is starting."""
    return next((todo for words, todo in _SAID if words in str(error)), None)


def client_package() -> Any:
    """Return the package of the client; raises UsageError where it is not installed."""
    try:
        import psycopg
    except ImportError as error:
        raise UsageError(
            f"an index in a database needs packages that are not installed ({error}): run `pip install 'rag[postgres]'`"
        ) from None
    return psycopg
