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
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from rag.corpus import passed_over, scan
from rag.errors import DocumentExists, DocumentRefused, DocumentTooLarge, UsageError
from rag.parse import LARGEST_FILE, misnamed

_LONGEST_NAME = 200  # bytes; file systems take 255, and what is written beside has a longer name
_KEPT_FOR = 30 * 86_400  # seconds
_HEAD = 4096  # bytes of a file from which it is told whether it is what its name says


def add_document(corpus: Path, removed: Path, name: str, pieces: Iterable[bytes], *, replace: bool = False) -> str:
    """Write a document into ``corpus``, whole or not at all, and return its source.

    With ``replace``, one of the same name is kept aside under ``removed``.

    Raises:
        DocumentExists: There is one of this name, and it was not to be replaced.
        DocumentRefused: The name cannot be used, or the content is not what the name says.
        DocumentTooLarge: It is larger than any file that is read.
    """
    source = usable_name(name)
    target = corpus / source
    if target.exists() and not replace:
        raise _exists(source)
    beside = corpus / f".{secrets.token_hex(8)}.part"  # hidden, so that no run takes it for a document
    try:
        _write(beside, pieces, source)
        if replace and target.is_file():
            _set_aside(target, source, removed)
        _name(beside, target, source)
    except OSError as error:
        raise UsageError(_not_written(source, error)) from error
    finally:
        with suppress(OSError):  # where nothing can be written, nothing can be deleted either
            beside.unlink()
    return source


def remove_document(corpus: Path, removed: Path, source: str) -> str:
    """Take the file at ``source`` out of the corpus, and return the token that puts it back.

    Raises:
        UsageError: It is no file that could be a document: hidden, passed over, or not there.
    """
    if source not in {file.source for file in scan(corpus)}:
        raise UsageError(f"{source!r} is no document of the folder: look at the list of documents")
    try:
        return _set_aside(corpus_file(corpus, source), source, removed)
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


def _name(beside: Path, target: Path, source: str) -> None:
    """Give a file its name, never over another."""
    try:
        os.link(beside, target)
    except FileExistsError:
        raise _exists(source) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _exists(source) from None
        beside.rename(target)


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
