"""A page of a PDF as it is looked at: its picture, and where on it words stand. Values alone."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from rag.types import Value


class PixelBox(Value):
    """A rectangle on the picture of a page, in pixels from its left and its top."""

    left: int
    top: int
    right: int
    bottom: int


class PageSizes(Value):
    """The width and height of the pictures of all pages, in pixels, and the hash of the file they are of."""

    sha256: str
    sizes: tuple[tuple[int, int], ...]


class PageMarks(Value):
    """What is marked on the picture of a page: its size in pixels, and for each span of its text the boxes.

    ``has_text`` is whether any word of the page was read: without, there are no boxes.
    """

    width: int
    height: int
    has_text: bool
    boxes: tuple[tuple[PixelBox, ...], ...]


class PageWord(Value):
    """A word on the picture of a page."""

    start: int = Field(description="Where it begins in the document's text, in characters (code points).")
    text: str = Field(description="The word, as it stands in the document.")
    after: str = Field(description="What parts it from the next word: a space, the end of a line, or nothing.")
    box: tuple[int, int, int, int] = Field(
        description="Its left, top, right and bottom, in 16,384ths of the width and the height of the picture."
    )


class PageWords(Value):
    """The words on the picture of a page, in the order in which they are read."""

    words: tuple[PageWord, ...]


class PagePicture(Value):
    """The picture of a page as PNG, and the hash of the file it was drawn from."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    sha256: str
    png: bytes
