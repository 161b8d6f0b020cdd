"""Ways to break a file, for tests that a parser reads what is there or says why it cannot."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO

from rag.errors import ParseError
from rag.parse.parsed import Parsed


def rezip(data: bytes, parts: dict[str, bytes]) -> bytes:
    """Return the archive with other parts, or more of them."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for path in old.namelist():
            new.writestr(path, parts.get(path, old.read(path)))
        for path in parts.keys() - set(old.namelist()):
            new.writestr(path, parts[path])
    return out.getvalue()


def part(data: bytes, path: str) -> bytes:
    """Return a part of the archive."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return archive.read(path)


def damaged(data: bytes, times: int = 40) -> Iterator[bytes]:
    """Yield the data cut short, with bytes flipped, and bytes that are nothing."""
    chance = random.Random(7)
    for at in range(times):
        yield data[: len(data) * at // times]
        broken = bytearray(data)
        for _ in range(1 + at % 8):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        yield bytes(broken)
        yield chance.randbytes(at * 20)
        yield data[:8] + chance.randbytes(at * 20)


def cut_and_flipped(data: bytes, times: int = 1000) -> Iterator[bytes]:
    """Yield the data with a byte changed, every second time cut short as well."""
    chance = random.Random(7)
    for number in range(times):
        flipped = bytearray(data[: chance.randrange(1, len(data))] if number % 2 else data)
        flipped[chance.randrange(len(flipped))] = chance.randrange(256)
        yield bytes(flipped)


def damaged_inside(data: bytes, paths: list[str], times: int = 25) -> Iterator[bytes]:
    """Yield the archive whole, with a part that is damaged."""
    for path in paths:
        for broken in damaged(part(data, path), times):
            yield rezip(data, {path: broken})


def assert_read_or_refused(parser: Callable[[bytes, str], Parsed], files: Iterator[bytes]) -> None:
    """Whatever the bytes, the parser returns a text or says in a line why there is none."""
    for data in files:
        try:
            parsed = parser(data, "name")
            assert isinstance(parsed, Parsed)
            said = parsed.title
        except ParseError as error:
            said = str(error)
        assert said
        assert "\n" not in said


BOMB = (
    "<!DOCTYPE x ["
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha" * 10}">' for n in range(10))
    + '<!ENTITY file SYSTEM "file:///etc/passwd">]>'
)
