"""The file of a document as it is: shown by a browser where that is safe, else saved.

HTML, SVG and whatever else could run is never shown: it would run as a part of this server's own pages.
"""

from __future__ import annotations

import codecs
from pathlib import Path, PurePosixPath

from fastapi.responses import FileResponse

_TEXTS = ".txt .md .markdown .csv .tsv .log .json .jsonl .yaml .yml .toml .ini .srt .vtt .py .rst .org .tex".split()
_SHOWN = {".pdf": "application/pdf", **dict.fromkeys(_TEXTS, "text/plain; charset=utf-8")}
_LOOKED_AT = 2**16  # bytes, from the beginning
# A browser draws a text, and its viewer of PDFs, with styles and an element of its own.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def may_be_shown(name: str) -> bool:
    """Whether a file of this name may be shown, if it is what its name says."""
    return PurePosixPath(name).suffix.lower() in _SHOWN


def original(path: Path, *, inline: bool) -> FileResponse:
    """Return a file to be saved; or, with ``inline``, to be shown where it may be."""
    with path.open("rb") as file:  # what keeps it from being read is told before anything is sent
        beginning = file.read(_LOOKED_AT)
    name = path.name.encode("utf-8", "replace").decode()
    kind = _kind(name, beginning) if inline else None
    if kind is None:
        return FileResponse(path, media_type="application/octet-stream", filename=name)
    headers = {"content-security-policy": _POLICY}
    return FileResponse(path, media_type=kind, filename=name, headers=headers, content_disposition_type="inline")


def _kind(name: str, beginning: bytes) -> str | None:
    """Return what a file is to be shown as, if it is what its name says."""
    kind = _SHOWN.get(PurePosixPath(name).suffix.lower())
    fits = b"%PDF-" in beginning[:1024] if kind == _SHOWN[".pdf"] else _is_utf8(beginning)
    return kind if fits else None


def _is_utf8(beginning: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)  # a sign may be cut at its end
    except UnicodeDecodeError:
        return False
    return True
