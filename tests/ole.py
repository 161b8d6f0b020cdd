"""A writer of OLE files, the small file systems that Outlook's messages are: no library has one."""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SECTOR, SMALL, LEAST = 512, 64, 4096  # streams shorter than the last go into small sectors
FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


class Folder(dict[str, "Folder | bytes"]):
    """A folder of such a file: by name, a stream or a further folder."""


@dataclass
class Entry:
    """A line of the directory: a folder points to its first entry, and each entry to the next beside it."""

    name: str
    kind: int
    data: bytes = b""
    first: int = FREE
    beside: int = FREE
    start: int = END

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le")
        head = struct.pack("<64sHBBIII", name, len(name) + 2, self.kind, 1, FREE, self.beside, self.first)
        return head + bytes(36) + struct.pack("<IQ", self.start, len(self.data))


def ole(root: Folder) -> bytes:
    """Return the bytes of a file with these folders and streams."""
    entries = [Entry("Root Entry", 5)]
    list_folder(root, entries[0], entries)
    table: list[int] = []
    small_table: list[int] = []
    sectors, small = b"", b""
    for entry in entries[1:]:
        if len(entry.data) >= LEAST:
            entry.start, filled = chained(table, entry.data, SECTOR)
            sectors += filled
        else:
            entry.start, filled = chained(small_table, entry.data, SMALL)
            small += filled
    entries[0].data = small
    entries[0].start, filled = chained(table, small, SECTOR)
    sectors += filled
    small_start, filled = chained(table, numbers(small_table), SECTOR)
    sectors += filled
    directory_start, filled = chained(table, b"".join(entry.packed() for entry in entries), SECTOR)
    sectors += filled
    places = [*range(len(table), len(table) + len(table) // 127 + 1)]
    table += [TABLE] * len(places)
    starts = (0, len(places), directory_start, 0, LEAST, small_start, -(-len(small_table) // 128), END, 0)
    header = MAGIC + bytes(16) + struct.pack("<5H6x9I", 0x3E, 3, 0xFFFE, 9, 6, *starts)
    header += numbers(places + [FREE] * (109 - len(places)))
    return header + sectors + numbers(table).ljust(len(places) * SECTOR, b"\xff")


def list_folder(folder: Folder, entry: Entry, entries: list[Entry]) -> None:
    """Add the folder's entries, and those of the folders in it."""
    entry.first = len(entries) if folder else FREE
    made = [Entry(name, 1 if isinstance(item, Folder) else 2) for name, item in folder.items()]
    for number, one in enumerate(made[:-1], start=len(entries) + 1):
        one.beside = number
    entries += made
    for one, item in zip(made, folder.values(), strict=True):
        if isinstance(item, Folder):
            list_folder(item, one, entries)
        else:
            one.data = item


def chained(table: list[int], data: bytes, size: int) -> tuple[int, bytes]:
    """Note in the table which sectors hold the data; return the first of them, and the data filled up."""
    count, first = -(-len(data) // size), len(table)
    table += [*range(first + 1, first + count), END] if count else []
    return (first if count else END), data.ljust(count * size, b"\0")


def numbers(values: list[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)
