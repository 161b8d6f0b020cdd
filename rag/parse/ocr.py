"""Text from pictures of pages, by the program tesseract where it is installed.

A picture is a portable graymap (PGM), which needs no library to write. tesseract runs as a process of its own
with a time limit, reads the picture from a pipe and writes the text to one: nothing touches the disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

from rag.errors import ParseError

_SECONDS = 10.0  # for a page
_MOST_LANGUAGES = 4  # each makes reading slower
_NO_LANGUAGES = ("osd", "equ", "snum")  # what stands among the languages and is none


@cache
def can_read_images() -> bool:
    """Whether tesseract is installed, with a language to read."""
    return bool(_languages())


def graymap(pixels: bytes, width: int, height: int, stride: int) -> bytes:
    """Return a picture as PGM, from a byte a pixel in rows of ``stride`` bytes."""
    rows = (pixels[row * stride : row * stride + width] for row in range(height))
    return b"P5 %d %d 255\n" % (width, height) + b"".join(rows)


def read_image(image: bytes, seconds: float = _SECONDS) -> str:
    """Return the text on a picture (PGM, PNG …), line by line, paragraphs parted by empty lines.

    Raises:
        ParseError: tesseract is missing, failed, or took longer than ``seconds``.
    """
    if not can_read_images():
        raise ParseError("it needs OCR: install tesseract")
    command = ["tesseract", "-", "-", "-l", _languages()]
    try:
        done = subprocess.run(
            command, input=image, capture_output=True, timeout=seconds, check=True, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise ParseError(f"OCR took longer than {seconds:.0f} s") from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise ParseError("OCR failed: tesseract cannot read the picture") from error
    lines = done.stdout.decode("utf-8", "replace").replace("\f", "\n").splitlines()
    return "\n".join(" ".join(line.split()) for line in lines).strip()


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
