"""Source code, logs and settings: numbered lines in letters of one width.

The numbers are those of the canonical text's lines; of what the parser reads a line at a time, those of the file's.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rag.markdown_signs import is_markdown
from rag.types import Document
from ui.reader.scene import Scene
from ui.reader.spans import Span, lines_of

_MOST = 2000  # lines of a window: there may be nothing in them


def is_lines(document: Document) -> bool:
    """Whether the lines of a document are as they are for a reason."""
    if document.page_kind == "line":
        return True
    is_code = document.has_blocks and all(block.kind == "code" for block in document.blocks)
    return is_code and not is_markdown(document.source)


def lines(scene: Scene) -> str:
    """Return the window line by line, each with its number."""
    items = "".join(_item(scene, number, line) for number, line in islice(_numbered(scene), _MOST))
    return f'<ol class="lines">{items}</ol>'


def _item(scene: Scene, number: int | None, line: Span) -> str:
    value = f' value="{number}"' if number is not None else ' class="unnumbered"'
    return f"<li{value}>{scene.element('code', line)}</li>"


def _numbered(scene: Scene) -> Iterator[tuple[int | None, Span]]:
    if scene.document.page_kind != "line":
        first = scene.text.count("\n", 0, scene.window[0]) + 1
        yield from enumerate(lines_of(scene.text, scene.window), start=first)
        return
    for page in scene.pages:
        span = max(page.start, scene.window[0]), min(page.end, scene.window[1])
        number: int | None = page.number
        for paragraph in scene.paragraphs(span):
            for line in lines_of(scene.text, paragraph):
                yield number, line
                number = None
