"""Archives: ZIP, TAR and what GZIP, BZIP2 and XZ pack. They hold no text; each file in them is handed over.

What programs leave in them is passed over as in a folder. How much may be in one is limited before it is unpacked, and
what is packed a second time is not: the limits are those of one archive.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any
from zipfile import ZipInfo

from rag.corpus import passed_over
from rag.errors import ParseError
from rag.parse.archive import open_archive, read_part
from rag.parse.markup import squeeze
from rag.parse.parsed import Attachment, Parsed

# All of them are read within the time and memory of one file.
_MOST_FILES = 1000
_MOST_BYTES = 200_000_000
_PACKERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_UTF_8_NAME = 0x800  # the flag of a name that is in UTF-8


def parse_zip(data: bytes, name: str) -> Parsed:
    """Return the files in a ZIP archive."""
    with open_archive(data) as archive:
        parts = [(path, part) for part in archive.infolist() if (path := _zip_path(part))]
        _refuse_many(part.file_size for _, part in parts)
        return _parsed({path: read_part(archive, part.filename) or b"" for path, part in parts}, name)


def parse_tar(data: bytes, name: str) -> Parsed:
    """Return the files in a TAR archive."""
    try:
        with tarfile.open(fileobj=BytesIO(data), mode="r:") as archive:
            parts = [(path, part) for part in archive if part.isreg() and (path := _path(part.name))]
            _refuse_many(part.size for _, part in parts)
            return _parsed({path: (archive.extractfile(part) or BytesIO()).read() for path, part in parts}, name)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ParseError("not a TAR archive, though it is named so, or a damaged one") from error


def parse_packed(data: bytes, name: str) -> Parsed:
    """Return the one file that is packed; the files in it, where that is a TAR archive."""
    opened = next((opener for start, opener in _PACKERS.items() if data.startswith(start)), None)
    if opened is None:
        raise ParseError("not a packed file, though it is named so")
    try:
        with opened(BytesIO(data)) as packed:
            unpacked = packed.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise ParseError("the packed file is cut short or damaged") from error
    _refuse_many([len(unpacked)])
    is_tar = unpacked[257:262] == b"ustar"
    return parse_tar(unpacked, name) if is_tar else _parsed({_path(name) or "file": unpacked}, name)


def _refuse_many(sizes: Iterable[int]) -> None:
    sizes = list(sizes)
    if len(sizes) > _MOST_FILES or sum(sizes) > _MOST_BYTES:
        raise ParseError(
            f"an archive of more than {_MOST_FILES:,} files or {_MOST_BYTES // 10**6} MB: unpack it into the folder"
        )


def _zip_path(part: ZipInfo) -> str:
    """Return where a file of a ZIP archive stands in it; empty for what is no document, as a folder or a link is."""
    if part.is_dir() or stat.S_ISLNK(part.external_attr >> 16):
        return ""
    if part.flag_bits & _UTF_8_NAME:
        return _path(part.filename)
    try:  # many programs write UTF-8, and do not say so
        return _path(part.filename.encode("cp437").decode())
    except UnicodeError:
        return _path(part.filename)


def _path(name: str) -> str:
    """Return a path that leads nowhere else; empty where it is of a file that is passed over."""
    folders = [*_folders(name)]
    if any(passed_over(folder) or passed_over(f"{folder}/") for folder in folders):
        return ""
    return str(PurePosixPath(*folders)) if folders else ""


def _folders(name: str) -> Iterator[str]:
    for part in name.replace("\\", "/").split("/"):
        folder = squeeze(part).strip()
        if folder not in ("", ".", ".."):
            yield folder


def _parsed(files: dict[str, bytes], name: str) -> Parsed:
    if not files:
        raise ParseError("an archive without a document in it")
    return Parsed("", name, attachments=tuple(Attachment(path, data) for path, data in files.items()))
