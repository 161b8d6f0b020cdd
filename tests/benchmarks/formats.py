"""Reads every file of a folder as the index would: ``python -m tests.benchmarks.formats FOLDER``.

Prints by format how many files there are, how many were read, the characters and the seconds they took, and
then each file that was not read, or not all of it, with the reason.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from rag.errors import ParseError
from rag.parse.worker import Worker


class Read(NamedTuple):
    """What became of a file."""

    source: str
    characters: int
    seconds: float
    reason: str


def read_all(folder: Path) -> list[Read]:
    """Read all files under ``folder``; a reason is empty where a file was read whole."""
    found = []
    with Worker() as worker:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            source, started = path.relative_to(folder).as_posix(), time.perf_counter()
            try:
                parsed = worker.parse(path, source)
                characters, reason = sum(len(one.text) for one in parsed.documents), parsed.warning or ""
            except ParseError as error:
                characters, reason = 0, str(error)
            found.append(Read(source, characters, time.perf_counter() - started, reason))
    return found


def main() -> None:
    """Print the table and the reasons."""
    formats: dict[str, list[Read]] = defaultdict(list)
    for read in read_all(Path(sys.argv[1])):
        formats[Path(read.source).suffix.lower()].append(read)
    print(f"{'format':<10}{'files':>6}{'indexed':>9}{'characters':>12}{'seconds':>9}{'slowest':>9}")
    everything = [read for found in formats.values() for read in found]
    for suffix, reads in [*sorted(formats.items()), ("all", everything)]:
        indexed, characters = sum(one.characters > 0 for one in reads), sum(one.characters for one in reads)
        seconds, slowest = sum(one.seconds for one in reads), max(one.seconds for one in reads)
        print(f"{suffix:<10}{len(reads):>6}{indexed:>9}{characters:>12,}{seconds:>9.1f}{slowest:>9.1f}")
    for read in (one for _, reads in sorted(formats.items()) for one in reads if one.reason):
        print(f"{'not read' if not read.characters else 'not all '}  {read.source}: {read.reason}")


if __name__ == "__main__":
    main()
