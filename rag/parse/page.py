"""A page of a PDF as it is looked at: its picture, and where on it words stand. Values alone."""

from __future__ import annotations

from pydantic import ConfigDict

from rag.types import Value


class PixelBox(Value):
    """A rectangle on the picture of a page, in pixels from its left and its top."""

    left: int
    top: int
    right: int
    bottom: int


class PageMarks(Value):
    """What is marked on the picture of a page: its size in pixels, and for each span of its text the boxes.

    ``pages`` is how many the file has. ``has_text`` is whether any word of the page was read: without, there are no
    boxes.
    """

    pages: int
    width: int
    height: int
    has_text: bool
    boxes: tuple[tuple[PixelBox, ...], ...]


class PagePicture(Value):
    """The picture of a page as PNG, its size in pixels, and the file it was drawn from: its hash and pages."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    sha256: str
    pages: int
    width: int
    height: int
    png: bytes
