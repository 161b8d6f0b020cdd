"""A document as its blocks: headings, paragraphs, lists, tables, quotations, fields, code, notes, captions.

The text drawn is the document's own, all of it and in order: what is no word, such as the signs of Markdown or a name
before a cell, is only styled away. Links are words, and pictures are their description: nothing leads or loads from
anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from rag.markdown_signs import is_markdown
from rag.types import Block
from ui.escape import escape
from ui.reader import inline
from ui.reader.lists import items, nested
from ui.reader.pieces import Piece, between, parts
from ui.reader.scene import Scene
from ui.reader.spans import Style
from ui.reader.tables import table

_RULE = re.compile(r"[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_NAME = re.compile(r"[^\n:]{1,40}:(?=\s)")  # before what a field says
_CLASSES = {"caption": "caption", "note": "aside", "heading": "", "field": ""}


def blocks(scene: Scene) -> str:
    """Return the window, parted where a page or slide begins."""
    shown: list[str] = []
    for label, pieces in parts(scene):
        runs = groupby(pieces, key=lambda piece: _run(scene, piece.block))
        shown += [f'<div class="division">{escape(label)}</div>'] if label else []
        shown += [_drawn(scene, kind, list(run)) for (kind, _), run in runs]
    return "".join(shown)


def _run(scene: Scene, block: Block | None) -> tuple[str, int | None]:
    """Return what a block is drawn with: the others of its list or table, say."""
    if block is None:
        return "between", None
    if block.kind == "row" and block.cells:
        return "table", block.group
    if block.group is not None and scene.document.groups[block.group].kind == "list":
        return "list", block.group
    return (block.kind if block.kind in ("field", "quote") else "single"), None


def _drawn(scene: Scene, kind: str, run: Sequence[Piece]) -> str:
    if kind == "table":
        return table(scene, [(piece, piece.block) for piece in run if piece.block is not None])
    if kind == "list":
        return items(scene, run, _single)
    if kind == "quote":
        return nested((_depth(scene, piece), _leaf(scene, piece)) for piece in run)
    shown = "".join(_single(scene, piece) for piece in run)
    is_named = kind == "field" and _NAME.match(scene.text, run[0].own, run[0].end)  # and not "Ben wrote:"
    return f'<div class="headers">{shown}</div>' if is_named else shown


def _between(scene: Scene, piece: Piece) -> str:
    """Return text that is of no block: a comment, the address of a link, a rule; or plain text."""
    if not scene.document.has_blocks:
        styles = inline.inline(scene.text, *piece.span) if is_markdown(scene.document.source) else ()
        return scene.element("p", piece.span, list(styles))
    name = between(scene.text, piece.span)
    rule = "<hr>" if _RULE.fullmatch(scene.text, *piece.span) else ""
    return scene.element("p", piece.span, name=name) + rule


def _single(scene: Scene, piece: Piece, mark: Style | None = None) -> str:
    """Return a block by itself; ``mark`` is the bullet or number before an item."""
    shown = _leaf(scene, piece, mark)
    return nested([(_depth(scene, piece), shown)]) if piece.block is not None and piece.block.kind == "quote" else shown


def _leaf(scene: Scene, piece: Piece, mark: Style | None = None) -> str:
    """Return the element of a block."""
    block = piece.block
    if block is None:
        return _between(scene, piece)
    styles = [*piece.lead(scene.text), *([mark] if mark else [])]
    if is_markdown(scene.document.source):
        styles += inline.markup(scene.text, block, (mark.end if mark else piece.own, piece.end))
    if block.kind == "code":
        return f"<pre>{scene.element('code', piece.span, styles)}</pre>"
    if block.kind == "field" and (label := _NAME.match(scene.text, piece.own, piece.end)):
        styles.append(Style(*label.span(), "label"))
    tag = f"h{min(block.level, 3) + 2}" if block.kind == "heading" else "p"  # those of the page itself stand above
    name = _CLASSES.get(block.kind, "context" if block.is_context else "")
    return scene.element(f'{tag} role="note"' if block.kind == "note" else tag, piece.span, styles, name)


def _depth(scene: Scene, piece: Piece) -> int:
    """Return how deep a quotation stands in others."""
    if piece.block is not None and piece.block.level:
        return piece.block.level
    return inline.quote_depth(scene.text, piece.start)
