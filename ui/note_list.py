"""Notes → HTML: the list of pinned excerpts, and the button that pins one."""

from __future__ import annotations

from collections.abc import Sequence

from rag.markdown_signs import without_signs
from rag.notes import LONGEST_REMARK, Note
from rag.types import Citation
from ui.buttons import button, raising
from ui.escape import escape
from ui.marker import shortened

_LONGEST_QUOTE = 240
_EMPTY = '<p class="soft">Pin an excerpt of an answer, and it is kept here with its source.</p>'
_PIN = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M5 2h6l-.8 4.2L13 9H3l2.8-2.8zM8 9v5.5"/></svg>'


def notes(listed: Sequence[Note]) -> str:
    """Return the list of notes."""
    if not listed:
        return _EMPTY
    exports = "".join(
        f'<a href="notes.{suffix}" download>{label}</a>'
        for suffix, label in (("md", "Markdown"), ("html", "HTML"), ("json", "JSON"))
    )
    items = "".join(map(_note, listed))
    return f'<ul class="notes" aria-label="Notes">{items}</ul><p class="exports soft">Export {exports}</p>'


def _note(note: Note) -> str:
    name, words = escape(note.citation.place), escape(shortened(_words(note.citation), _LONGEST_QUOTE))
    opens = raising("show_source", {"note": note.id, "turn": 0, "n" if note.answer.citations else "closest": 1})
    remark = raising("write_remark", {"note": note.id, "field": "remark"})
    remove = button("×", "remove_note", {"note": note.id}, style="remove", more=f'aria-label="Remove note: {name}"')
    return (
        f'<li><p class="soft" dir="auto">{escape(note.answer.question)}</p>'
        f'<button type="button" class="open" {opens}><q dir="auto">{words}</q>'
        f'<b dir="auto">{name}</b></button>'
        f'<label><span class="sr">Remark on {name}</span><textarea rows="1" maxlength="{LONGEST_REMARK}" name="remark" '
        f'placeholder="Add a remark" {remark}>{escape(note.remark)}</textarea></label>{remove}</li>'
    )


def _words(citation: Citation) -> str:
    return " ".join(without_signs(citation.quote, citation.source).split())


def pin(at: int, citation: Citation, pinned: bool) -> str:
    """Return the button that pins an excerpt of answer number ``at``, or takes it out of the notes again."""
    told = {"turn": at, "excerpt": citation.n, "pinned": str(pinned).lower()}
    label = f'aria-label="Pin excerpt {citation.n}" title="{"Remove from notes" if pinned else "Pin to notes"}"'
    return button(_PIN, "pin_excerpt", told, style="pin", more=f'aria-pressed="{told["pinned"]}" {label}')
