"""The corpus folder: which files in it are documents, and what can be told of them without reading them.

Hidden and temporary files are passed over, and so is what a ``.ragignore`` file (gitignore syntax, in
any folder) names. Links are not followed: what they name lies elsewhere, where it is indexed if it
belongs to the corpus, and is none of its business if it does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from rag.errors import FolderMissing, UsageError

IGNORE_FILE = ".ragignore"

# What programs leave behind while they work: none of it is a document.
_TEMPORARY = GitIgnoreSpec.from_lines(
    ".* ~$* *~ *.tmp *.temp *.part *.partial *.crdownload *.download *.swp Thumbs.db desktop.ini"
    " __pycache__/ node_modules/ __MACOSX/".split()
)

# The rules of a folder: where it is, relative to the corpus, and what its .ragignore says.
_Rules = tuple[str, GitIgnoreSpec]


@dataclass(frozen=True)
class CorpusFile:
    """A file in the folder, as seen without reading it; ``reason`` says why it is not to be read, if it is not."""

    source: str
    path: Path
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    reason: str | None = None


def scan(corpus: Path) -> list[CorpusFile]:
    """Return the files under ``corpus`` that are or could be documents, ordered by name within each folder.

    Raises:
        FolderMissing: There is no such folder.
        UsageError: It went away meanwhile, or a .ragignore in it cannot be read.
    """
    before = _identity(corpus)
    if before is None:
        raise FolderMissing(f"there is no folder {corpus}: make it and put documents in, or name another with --corpus")
    files = list(_scan_folder(corpus, "", [], corpus.resolve()))
    if _identity(corpus) != before:  # else all that was not seen would be taken for deleted
        raise UsageError(f"the folder {corpus} was moved or replaced while it was looked through: run again")
    return files


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return what tells a folder from another at its place; None where there is none."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino) if folder.is_dir() else None


def _scan_folder(folder: Path, at: str, rules: Sequence[_Rules], corpus: Path) -> Iterator[CorpusFile]:
    """Yield the files of a folder, ``at`` its path relative to the corpus, then those of the folders in it."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return  # it went away since the folder above was listed
    except OSError as error:
        yield CorpusFile(at or ".", folder, reason=f"the folder cannot be read: {error.strerror}")
        return
    rules = [*rules, *_rules_of(folder, at)]
    folders = []
    for entry in entries:
        name = f"{at}{entry.name}"
        if _is_ignored(name + "/" * entry.is_dir(follow_symlinks=False), rules):
            continue
        if not _is_utf8(entry.name):
            yield CorpusFile(_readable(name), Path(entry.path), reason="its name is not UTF-8: rename it")
        elif entry.is_dir(follow_symlinks=False):
            folders.append(entry)
        else:
            yield from _scan_entry(entry, name, corpus)
    for entry in folders:
        yield from _scan_folder(Path(entry.path), f"{at}{entry.name}/", rules, corpus)


def _scan_entry(entry: os.DirEntry[str], source: str, corpus: Path) -> Iterator[CorpusFile]:
    """Yield a file; also a link that leads out of the corpus, with the reason why it is not followed."""
    try:
        if entry.is_symlink():
            if not _leads_inside(Path(entry.path), corpus):
                yield CorpusFile(source, Path(entry.path), reason="a link that leads out of the folder: not followed")
        elif entry.is_file():  # and not a pipe, socket or device
            stat = entry.stat()
            yield CorpusFile(source, Path(entry.path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    except FileNotFoundError:
        pass  # it went away since the folder was listed
    except OSError as error:
        yield CorpusFile(source, Path(entry.path), reason=f"cannot be read: {error.strerror}")


def _leads_inside(link: Path, corpus: Path) -> bool:
    try:
        return link.resolve().is_relative_to(corpus)
    except (OSError, RuntimeError):  # a loop leads nowhere
        return True


def _rules_of(folder: Path, at: str) -> Iterator[_Rules]:
    path = folder / IGNORE_FILE
    if path.is_file() and not path.is_symlink():
        try:
            yield at, GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8-sig").splitlines())
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} cannot be used: {error}: correct it") from error


def _is_ignored(name: str, rules: Sequence[_Rules]) -> bool:
    """Whether a file or folder is passed over; as in git, the last rule of the innermost folder decides."""
    for at, spec in reversed(rules):
        included = spec.check_file(name[len(at) :]).include
        if included is not None:
            return included
    return passed_over(name.rstrip("/").rsplit("/", 1)[-1] + "/" * name.endswith("/"))


@lru_cache(maxsize=65_536)
def passed_over(name: str) -> bool:
    """Whether a file of this name is hidden or temporary, and so no document."""
    return _TEMPORARY.match_file(name)


def _is_utf8(name: str) -> bool:
    """Whether a name can be written down: others reach Python with lone surrogates for their odd bytes."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _readable(name: str) -> str:
    """Return a path with the bytes that are not UTF-8 escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
