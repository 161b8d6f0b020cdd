"""The password: kept as a hash in a file, checked in the same time whatever is wrong, and not tried too often."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
import time
import unicodedata
from collections import OrderedDict
from pathlib import Path

from rag.errors import UsageError
from rag.hosts import is_loopback
from rag.server.limits import Later, Rate
from rag.server.sessions import LoggedOut
from rag.settings import Settings
from rag.types import Value

SHORTEST = 8
_LONGEST = 1024  # characters
_ADMITTED_FOR = 30 * 86_400  # seconds
_FREE_TRIES = 5  # of an address, before it has to wait
_LONGEST_WAIT = 300  # seconds
_TRIES_A_MINUTE = 20  # of all addresses together, before each takes longer
_PAUSE = 0.5  # seconds longer
_WAITING = 10  # tries at most that wait for their turn: some 6 seconds
_ADDRESSES = 10_000  # that are remembered
# 32 MB and about a tenth of a second for each try.
_COST, _BLOCK, _PARALLEL = 2**15, 8, 1


class _Stored(Value):
    cost: int
    block: int
    parallel: int
    salt: bytes
    hash: bytes

    def matches(self, password: str) -> bool:
        return hmac.compare_digest(_hash(password, self.salt, self.cost, self.block, self.parallel), self.hash)


def set_password(data: Path, password: str) -> None:
    """Keep the hash of a password in ``data``; raises UsageError where it is too short or cannot be written."""
    if not SHORTEST <= len(password) <= _LONGEST:
        raise UsageError(f"a password has at least {SHORTEST} characters: choose a longer one")
    salt = secrets.token_bytes(16)
    found = _hash(password, salt, _COST, _BLOCK, _PARALLEL)
    beside = data / f".password.{secrets.token_hex(8)}"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"scrypt:{_COST}:{_BLOCK}:{_PARALLEL}:{salt.hex()}:{found.hex()}\n")
        beside.replace(password_file(data))
    except OSError as error:
        raise UsageError(
            f"the password cannot be kept in {data} ({error.strerror}): mend that and try again"
        ) from error


def check_reach(settings: Settings) -> None:
    """Raise UsageError where others than this machine could reach the server, and no password is set."""
    if not is_loopback(settings.host) and not Password(settings.data).is_set:
        raise UsageError(f"others could reach {settings.host}, and no password is set: run `rag password` first")


def password_file(data: Path) -> Path:
    """Return where the hash of the password is kept."""
    return data / "password"


def _hash(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(_bytes(password), salt=salt, n=cost, r=block, p=parallel, maxmem=256 * cost * block, dklen=32)


def _bytes(password: str) -> bytes:
    """Return a password as bytes, the same however a keyboard composes its letters."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


class Password:
    """The password in force, which may be set anew while the server runs.

    Once there was one, a missing file lets nobody in: it does not open the server.
    """

    def __init__(self, data: Path) -> None:
        self._path = password_file(data)
        self._stamp: tuple[int, int, int] | None = None
        self._stored: _Stored | None = None
        self._demanded = False
        self._tries = _Tries()
        self._one = asyncio.Lock()  # at a time: a check takes a processor and memory
        self._waiting = 0
        self._logged_out = LoggedOut(data, _ADMITTED_FOR)
        self._own = secrets.token_bytes(32)
        self._known: OrderedDict[str, bytes] = OrderedDict()

    @property
    def is_set(self) -> bool:
        """Whether a password is demanded."""
        self._read()
        return self._demanded

    async def check(self, password: str, address: str) -> bool:
        """Whether it is the password; raises Later where it was tried too often."""
        self._read()
        stored, seen = self._stored, self._seen(password)
        self._tries.wait(address)
        if stored is None or len(password) > _LONGEST:
            return False
        # A program tells it with every request: where it was right once, it needs no long check again.
        if hmac.compare_digest(self._known.get(address, b""), seen):
            return True
        right = await self._try(stored, password, address)
        if right:
            self._tries.forget(address)
            self._known[address] = seen
            if len(self._known) > _ADDRESSES:
                self._known.popitem(last=False)
        return right

    async def _try(self, stored: _Stored, password: str, address: str) -> bool:
        """Check a password, after those that came before it."""
        if self._waiting >= _WAITING:
            raise Later(429, "others are trying passwords: wait 5 s", 5)
        self._tries.note(address)  # before the check: others of the same address do not overtake it
        self._waiting += 1
        try:
            async with self._one:
                await asyncio.sleep(self._tries.pause())
                return await asyncio.to_thread(stored.matches, password)
        finally:
            self._waiting -= 1

    def admission(self, session: str) -> str:
        """Return the word that lets a session in, until it expires, is logged out, or the password changes."""
        self._read()
        expires = max(int(time.time()), self._logged_out.at(session) + 1) + _ADMITTED_FOR
        return f"{expires}.{self._sign(session, expires)}"

    def admits(self, session: str, admission: str) -> bool:
        """Whether a word lets a session in."""
        self._read()
        expires, _, signature = admission.partition(".")
        if not (session and self._stored and expires.isascii() and expires.isdigit() and len(expires) < 12):
            return False
        right = hmac.compare_digest(self._sign(session, int(expires)).encode(), signature.encode())
        return right and time.time() < int(expires) and self._logged_out.at(session) < int(expires) - _ADMITTED_FOR

    def log_out(self, session: str) -> None:
        """End what was given to a session so far; raises OSError where that cannot be kept."""
        self._logged_out.note(session)

    def _sign(self, session: str, expires: int) -> str:
        """Return what only those can tell who hold the stored hash: it is another after every change."""
        hashed = self._stored.hash if self._stored else self._own  # which nobody holds
        key = hmac.digest(hashed, b"admission", "sha256")
        return hmac.digest(key, f"{session} {expires}".encode(), "sha256").hex()

    def _seen(self, password: str) -> bytes:
        of = self._stored.hash if self._stored else b""
        return hmac.digest(self._own, of + _bytes(password), "sha256")

    def _read(self) -> None:
        """Read the file again where it is another."""
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                self._stored, self._stamp, self._demanded = _parse(self._path.read_text()), stamp, True
        except (OSError, ValueError):
            self._stored = self._stamp = None
            self._demanded = self._demanded or self._path.exists()


def _parse(line: str) -> _Stored:
    kind, cost, block, parallel, salt, found = line.strip().split(":")
    if kind != "scrypt":
        raise ValueError(kind)
    return _Stored(
        cost=int(cost), block=int(block), parallel=int(parallel), salt=bytes.fromhex(salt), hash=bytes.fromhex(found)
    )


class _Failures(Value):
    count: int
    at: float


class _Tries:
    """Wrong passwords, by address: after the first few, each doubles the wait for the next."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._all = Rate(_TRIES_A_MINUTE)

    def wait(self, address: str) -> None:
        """Raise Later where the address has to wait."""
        failed = self._failures.get(address)
        if failed is None or failed.count < _FREE_TRIES:
            return
        seconds = failed.at + min(_LONGEST_WAIT, 2 ** (failed.count - _FREE_TRIES)) - time.monotonic()
        if seconds > 0:
            raise Later(429, f"too many wrong passwords: wait {int(seconds) + 1} s", seconds)

    def pause(self) -> float:
        """Return how much longer the next one takes, in seconds: nobody is locked out by what others try."""
        if self._all.wait("all") > 0:
            return _PAUSE
        self._all.take("all")
        return 0

    def note(self, address: str) -> None:
        """Count one as wrong."""
        before = self._failures.pop(address, None)
        self._failures[address] = _Failures(count=min(30, before.count + 1 if before else 1), at=time.monotonic())
        if len(self._failures) > _ADDRESSES:
            self._failures.popitem(last=False)

    def forget(self, address: str) -> None:
        """Count the last as right, and those before it as slips."""
        self._failures.pop(address, None)
