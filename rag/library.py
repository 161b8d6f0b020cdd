"""The corpus folder as a person changes it: documents put in, taken out, and put back.

Whatever is written appears whole or not at all, and nothing is overwritten that was not asked for. What is
taken out, or replaced, is kept aside for a while under a token. It does not know of the index, which follows.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from filecmp import cmp
from itertools import count
from pathlib import Path, PurePosixPath

from rag.corpus import passed_over, scan
from rag.errors import DocumentExists, DocumentIdentical, DocumentRefused, DocumentTooLarge, UsageError
from rag.parse import LARGEST_FILE, misnamed

_LONGEST_NAME = 200  # bytes; file systems take 255, and what is written beside has a longer name
_KEPT_FOR = 30 * 86_400  # seconds
_HEAD = 4096  # bytes of a file from which it is told whether it is what its name says


def add_document(
    corpus: Path,
    removed: Path,
    name: str,
    pieces: Iterable[bytes],
    *,
    replace: bool = False,
    keep_both: bool = False,
    skip_identical: bool = False,
) -> str:
    """Write a document into ``corpus``, whole or not at all, and return its source.

    With ``replace``, one of the same name is kept aside under ``removed``; to ``keep_both``, it gets another name:
    "mill (2).txt". With ``skip_identical``, a file that is there already under any name is not added.

    Raises:
        DocumentExists: There is one of this name, and nothing was said of that.
        DocumentIdentical: It is there already, and was to be skipped.
        DocumentRefused: The name cannot be used, or the content is not what the name says.
        DocumentTooLarge: It is larger than any file that is read.
        UsageError: It cannot take the place of another and stand beside it, too.
    """
    if replace and keep_both:
        raise UsageError("replace and keep_both exclude each other: leave one out")
    source = usable_name(name)
    target = corpus / source
    if target.exists() and not (replace or keep_both or skip_identical):
        raise _exists(source)
    beside = corpus / f".{secrets.token_hex(8)}.part"  # hidden, so that no run takes it for a document
    try:
        _write(beside, pieces, source)
        if skip_identical and (same := _identical(beside, corpus, source)) is not None:
            raise DocumentIdentical(same)
        if replace and target.is_file():
            _set_aside(target, source, removed)
        source = _name_freely(beside, corpus, source) if keep_both else _name(beside, corpus, source)
    except OSError as error:
        raise UsageError(_not_written(source, error)) from error
    finally:
        with suppress(OSError):  # where nothing can be written, nothing can be deleted either
            beside.unlink()
    return source


def remove_documents(corpus: Path, removed: Path, sources: Sequence[str]) -> Iterator[str]:
    """Take the files at ``sources`` out of the corpus, and yield of each the token that puts it back, once it is out.

    Raises:
        UsageError: One is no file that could be a document: hidden, passed over, or not there. Those before it are out.
    """
    there = {file.source for file in scan(corpus)}
    for source in sources:
        if source not in there:
            raise UsageError(f"{source!r} is no document of the folder: look at the list of documents")
        try:
            yield _set_aside(corpus_file(corpus, source), source, removed)
        except OSError as error:
            raise UsageError(f"{source} cannot be removed ({error.strerror}): mend that and try again") from error


def restore_document(corpus: Path, removed: Path, token: str) -> str:
    """Put back what was taken out under ``token``, and return its source; never over another file."""
    place = removed / token
    if not token.isalnum() or len(token) > _LONGEST_NAME or not place.is_dir():
        raise UsageError("there is nothing to put back: it was put back already, or over 30 days ago")
    source = (place / "source").read_text(encoding="utf-8", errors="surrogateescape")
    target = corpus / source
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target):
            raise _exists(source)
        shutil.move(place / "file", target)
    except OSError as error:
        raise UsageError(f"{source} cannot be put back ({error.strerror}): mend that and try again") from error
    shutil.rmtree(place, ignore_errors=True)
    return source


def forget_removed(removed: Path) -> None:
    """Delete for good what was taken out more than 30 days ago."""
    for place in removed.iterdir() if removed.is_dir() else ():
        if place.stat().st_mtime < time.time() - _KEPT_FOR:
            shutil.rmtree(place, ignore_errors=True)


def corpus_file(corpus: Path, source: str) -> Path:
    """Return the file at ``source``, or the one that a document at ``source`` is attached to.

    Raises:
        UsageError: There is no such file, or the way to it leads out of the corpus or over a link.
    """
    place = PurePosixPath(source)
    if source and not place.is_absolute() and ".." not in place.parts and "\0" not in source:
        at = corpus
        for part in place.parts:
            at = at / part
            if at.is_symlink():
                break
            if at.is_file():
                return at
    raise UsageError(f"the file of {source!r} is not in the folder any more: look at the list of documents")


def usable_name(name: str) -> str:
    """Return a file name as it is written; raises DocumentRefused for one that is no plain name of a document."""
    plain = unicodedata.normalize("NFC", name).strip()
    if not plain or "/" in plain or "\\" in plain or any(unicodedata.category(sign)[0] == "C" for sign in plain):
        raise DocumentRefused(f"{name!r} is no file name: rename the file and add it again")
    if len(plain.encode()) > _LONGEST_NAME:
        raise DocumentRefused(f"the name {plain[:40]}… is too long: shorten it to {_LONGEST_NAME} bytes")
    if passed_over(plain):
        raise DocumentRefused(f"files named like {plain} are passed over: rename it and add it again")
    return plain


def _write(beside: Path, pieces: Iterable[bytes], source: str) -> None:
    """Write a file as it comes, and stop as soon as it is seen to be none that could be read."""
    size, head = 0, b""
    with beside.open("xb") as file:
        for piece in pieces:
            size += len(piece)
            if size > LARGEST_FILE:
                raise DocumentTooLarge(f"{source} is larger than {LARGEST_FILE // 2**20} MB: split it")
            head = (head + piece[:_HEAD])[:_HEAD]
            file.write(piece)
        if (reason := misnamed(source, head)) is not None:
            raise DocumentRefused(f"{source} cannot be added: {reason}")
        file.flush()
        os.fsync(file.fileno())


def _not_written(source: str, error: OSError) -> str:
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "this folder is read-only, so files can’t be added"
    return f"{source} cannot be written ({error.strerror}): mend that and add it again"


def _identical(file: Path, corpus: Path, source: str) -> str | None:
    """Return a document of the same content: the one of this name, before others; None where there is none."""
    size = file.stat().st_size
    there = [one for one in scan(corpus) if one.size == size and one.reason is None]
    for one in sorted(there, key=lambda one: one.source != source):
        with suppress(OSError):  # it went away, or cannot be read
            if cmp(file, one.path, shallow=False):
                return one.source
    return None


def _name_freely(beside: Path, corpus: Path, source: str) -> str:
    """Give a file its name, or the next that is free, and return it."""
    path = PurePosixPath(source)
    for number in count(2):
        try:
            return _name(beside, corpus, source)
        except DocumentExists:
            source = usable_name(f"{path.stem} ({number}){path.suffix}")
    raise AssertionError("there are more numbers than files")


def _name(beside: Path, corpus: Path, source: str) -> str:
    """Give a file its name, never over another, and return it."""
    target = corpus / source
    try:
        os.link(beside, target)
    except FileExistsError:
        raise _exists(source) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _exists(source) from None
        beside.rename(target)
    return source


def _set_aside(file: Path, source: str, removed: Path) -> str:
    token = secrets.token_hex(8)
    removed.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = removed / token
    place.mkdir(mode=0o700)
    (place / "source").write_text(source, encoding="utf-8", errors="surrogateescape")
    shutil.move(file, place / "file")
    return token


def _exists(source: str) -> DocumentExists:
    return DocumentExists(f"there is a document {source} already: replace it, or give this one another name")
