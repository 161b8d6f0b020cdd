"""Sessions that were logged out: an empty file for each, so that a restart does not let them in again."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path


class LoggedOut:
    """When each session was logged out, for as long as an admission given before could last."""

    def __init__(self, data: Path, kept_for: int) -> None:
        self._folder = data / "logged-out"
        self._kept_for = kept_for

    def note(self, session: str) -> None:
        """Take note that a session is logged out now; raises OSError where that cannot be kept."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = int(time.time())
        file = self._file(session)
        file.touch(mode=0o600)
        os.utime(file, (now, now))
        for other in self._folder.iterdir():
            if other.stat().st_mtime < now - self._kept_for:
                other.unlink(missing_ok=True)

    def at(self, session: str) -> int:
        """Return when a session was logged out last, in seconds; 0 where it never was."""
        try:
            return int(self._file(session).stat().st_mtime)
        except FileNotFoundError:
            return 0

    def _file(self, session: str) -> Path:
        return self._folder / hashlib.sha256(f"session {session}".encode()).hexdigest()
