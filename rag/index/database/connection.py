"""Connections to a PostgreSQL database: opened, lent, taken back; and what its errors mean, in one line each.

A connection that met an error which ended it is not lent again. No message holds a password.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from rag.errors import IndexCut, IndexDamaged, IndexFailure, IndexLocked, UsageError
from rag.place import DatabaseUrl

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

Done = TypeVar("Done")
Opening = Callable[[bool], str]  # what is sent first on a connection that is lent, by whether Citus is there
Results = Sequence[Sequence[tuple[Any, ...]]]  # the rows of several statements

MOST = 16  # connections that one process reads with at a time
_CONNECT_WITHIN, _BACK_WITHIN = 10, 20  # seconds; for a server that starts again, the second
_TRIED_AGAIN = 0.2  # seconds until it is tried again
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
# What Citus says where a node is away, starts again, or gave a shard to another a moment ago.
_OF_NODE = ("connection to the remote node", "while executing command on", "could not find valid entry for shard")
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
_FIRST_READ = ('"about"', '.state"')  # the tables that are there as soon as anything was built
_DAMAGED = ("XX001", "XX002", "42P01", "42703")


class NothingBuilt(IndexFailure):
    """There is no index in the database yet."""


class Connections:
    """The connections of one process to a database, each lent to one thread at a time."""

    def __init__(self, url: DatabaseUrl) -> None:
        self.url = url
        self._idle: list[Connection] = []
        self._room = threading.BoundedSemaphore(MOST)
        self._has_citus: bool | None = None  # not known until it was reached once
        self._was_cut = False

    @contextmanager
    def lend(self, opening: Opening, probe: str = "") -> Iterator[tuple[Connection, Results]]:
        """Lend a connection, with what it answered to ``opening``; raises IndexFailure for what it meets meanwhile.

        A server that was there before is waited for, as it may be starting again; what is asked as ``probe`` then
        tells that its nodes are back, too.
        """
        psycopg = client_package()
        with self._room:
            if probe and self._was_cut:
                self.close()
            connection, found = self._idle_one(opening) or self._new_one(opening, probe)
            try:
                yield connection, found
            except psycopg.Error as error:
                if is_cut(error):  # a server that went away ended all connections
                    self._was_cut = True
                raise failure(self.url, error) from error
            finally:
                self._take_back(connection)

    def close(self) -> None:
        """Close those that are not lent."""
        while self._idle:
            self._idle.pop().close()

    def _idle_one(self, opening: Opening) -> tuple[Connection, Results] | None:
        """Return an idle connection that answers; one of a server that started again does not, and none other will."""
        import psycopg

        if not self._idle:
            return None
        connection = self._idle.pop()
        try:
            return connection, results(connection, opening(bool(self._has_citus)))
        except psycopg.Error as error:
            connection.close()
            if not is_cut(error):
                raise failure(self.url, error) from error
        self._was_cut = True
        self.close()
        return None

    def _new_one(self, opening: Opening, probe: str) -> tuple[Connection, Results]:
        if self._has_citus is None:
            self._has_citus = self._ask_for_citus()
        return until_back(self.url, lambda: self._opened(opening(bool(self._has_citus)), probe))

    def _ask_for_citus(self) -> bool:
        connection = connect(self.url)
        try:
            return has_citus(connection)
        finally:
            connection.close()

    def _opened(self, opening: str, probe: str) -> tuple[Connection, Results]:
        connection = connect(self.url)
        try:
            found = results(connection, opening)
            if probe and self._was_cut:
                connection.execute(probe.encode())
                self._was_cut = False
        except BaseException:
            connection.close()
            raise
        return connection, found

    def _take_back(self, connection: Connection) -> None:
        with suppress(Exception):  # whatever is wrong with it, it is not lent again
            connection.rollback()
        if connection.closed or len(self._idle) >= MOST:
            connection.close()
        else:
            self._idle.append(connection)


def results(connection: Connection, statements: str) -> Results:
    """Return the rows of each of some statements that gives any, sent as one."""
    cursor = connection.execute(statements.encode())
    found = []
    while True:
        if cursor.description is not None:
            found.append(cursor.fetchall())
        if not cursor.nextset():
            return found


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


def until_back(url: DatabaseUrl, work: Callable[[], Done]) -> Done:
    """Do a piece of work; while it is cut off, again, as the server may be starting. Raises IndexFailure in the end.

    A lock that a connection held that was cut is not free at once.
    """
    import psycopg

    until = time.monotonic() + _BACK_WITHIN
    while True:
        try:
            return work()
        except psycopg.Error as error:
            if not is_cut(error) or time.monotonic() > until:
                raise failure(url, error) from error
        except (IndexCut, IndexLocked):
            if time.monotonic() > until:
                raise
        time.sleep(_TRIED_AGAIN)


def is_alive(connection: Connection) -> bool:
    """Whether the server still answers on a connection."""
    import psycopg

    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def has_citus(connection: Connection) -> bool:
    """Whether tables can be distributed here."""
    query = "SELECT 1 FROM pg_proc WHERE proname = 'create_distributed_table' LIMIT 1"
    return connection.execute(query).fetchone() is not None


def is_cut(error: psycopg.Error) -> bool:
    """Whether what was asked was cut off by what passes, so that the same may be asked again."""
    import psycopg

    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError) and not _refusal(error)
    stopped = state == "57014" and "timeout" not in str(error)  # by a person, or with the server
    return state in _ENDED or state.startswith("08") or stopped or any(said in str(error) for said in _OF_NODE)


def failure(url: DatabaseUrl, error: psycopg.Error) -> IndexFailure:
    """Say in one line what happened, and what to do."""
    state, said = error.sqlstate or "", (str(error).strip() or type(error).__name__).splitlines()[0]
    said = said.removeprefix("connection failed: ")
    if state == "42P01" and any(name in said for name in _FIRST_READ):
        return NothingBuilt(f"there is no index in {url}: run `rag index`")
    if state in _DAMAGED and not is_cut(error):
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
