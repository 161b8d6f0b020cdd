"""Text from pictures of pages, by the program tesseract where it is installed.

tesseract runs as a process of its own with a time limit, reads the picture from a pipe and writes its words to one:
nothing touches the disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from rag.errors import ParseError

_SECONDS = 10.0  # for a page
_MOST_LANGUAGES = 4  # each makes reading slower
_LINE, _WORD, _CELLS = "4", "5", 12  # levels of tesseract's table, and how many cells its rows have
_NO_LANGUAGES = ("osd", "equ", "snum")  # what stands among the languages and is none


@cache
def can_read_images() -> bool:
    """Whether tesseract is installed, with a language to read."""
    return bool(_languages())


class ImageWord(NamedTuple):
    """A word on a picture: which line it is on, and its place in pixels from the left and from the top."""

    text: str
    line: int
    left: int
    top: int
    right: int
    bottom: int


def read_image(image: bytes, seconds: float = _SECONDS) -> list[ImageWord]:
    """Return the words on a picture (PGM, PNG …), in the order tesseract reads them.

    Raises:
        ParseError: tesseract is missing, failed, or took longer than ``seconds``.
    """
    if not can_read_images():
        raise ParseError("an image: text recognition (Tesseract) isn’t installed")
    command = ["tesseract", "-", "-", "-l", _languages(), "tsv"]
    try:
        done = subprocess.run(
            command, input=image, capture_output=True, timeout=seconds, check=True, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise ParseError(f"OCR took longer than {seconds:.0f} s") from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise ParseError("OCR failed: tesseract cannot read the picture") from error
    return list(_words(done.stdout.decode("utf-8", "replace")))


def _words(table: str) -> Iterator[ImageWord]:
    """Yield the words of tesseract's table: a row a page, block, paragraph, line or word, with its place."""
    line = 0
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        line += cells[0] == _LINE
        if cells[0] == _WORD and len(cells) == _CELLS and (text := "".join(cells[-1].split())):
            left, top, width, height = map(int, cells[6:10])
            yield ImageWord(text, line, left, top, left + width, top + height)


@cache
def _languages() -> str:
    """Return the languages to read, as tesseract takes them: English first; none where it is not installed."""
    if shutil.which("tesseract") is None:
        return ""
    try:
        done = subprocess.run(["tesseract", "--list-langs"], capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    names = done.stdout.decode("utf-8", "replace").split("\n")[1:]
    found = [name.strip() for name in names if name.strip() and name.strip() not in _NO_LANGUAGES]
    return "+".join(sorted(found, key=lambda name: (name != "eng", name))[:_MOST_LANGUAGES])


def _environment() -> dict[str, str]:
    # More threads than one make it slower on a page, and take what others need.
    return os.environ | {"OMP_THREAD_LIMIT": "1"}
