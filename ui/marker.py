"""The number beside what an answer says: a button that opens the source, and a card that tells more of it."""

from __future__ import annotations

from collections.abc import Mapping

from rag.types import Citation, Sentence, Standing
from ui.buttons import raising
from ui.escape import escape

_LONGEST_QUOTE = 400
# What is said of a citation by how it stands to its file.
_STANDING: Mapping[Standing, str] = {
    "intact": "quoted word for word, checked against the file",
    "moved": "the file has changed; these words still stand in it",
    "changed": "the file has changed since",
    "gone": "the file is no longer there",
}
_SUPPORTED = "in other words, supported by its source"


def marker(at: int, citation: Citation, *, card: str = "", closest: bool = False) -> str:
    """Return the number that opens a citation of answer number ``at``; ``card`` tells more of it."""
    shows = raising("show_source", {"turn": at, **{"closest" if closest else "n": citation.n}})
    label = escape(f"{'Excerpt' if closest else 'Source'} {citation.n}: {citation.place}")
    told = f' aria-describedby="{card}"' if card else ""
    return f'<button type="button" class="marker" {shows} aria-label="{label}"{told}>{citation.n}</button>'


def quote_card(name: str, citation: Citation, sentence: Sentence, standing: Standing) -> str:
    """Return what is shown beside a number while it is pointed at: where the words are from, and their state.

    The words themselves are left out where an excerpt shows them anyway.
    """
    said = {"quoted": _STANDING[standing], "supported": _SUPPORTED}.get(sentence.support) or escape(sentence.caveat)
    good = standing == "intact" and sentence.support != "unsupported"
    title = f"<b>{escape(citation.title)}</b>" if citation.title != citation.source else ""
    words = f"<q>{escape(shortened(citation.quote, _LONGEST_QUOTE))}</q>" if citation.excerpt is None else ""
    return (
        f'<span class="quote-card" id="{name}" role="tooltip" dir="auto">{title}'
        f"<small>{escape(citation.place)}</small>{words}"
        f'<small class="{"ok" if good else "warn"}">{"✓ " * good}{said}</small></span>'
    )


def state(sentence: Sentence, standings: Mapping[int, Standing]) -> str:
    """Return what is to be said of a sentence that is not a quotation, or no longer one of the file as it is."""
    if sentence.caveat:
        return f' <span class="tag warn">{escape(sentence.caveat)}</span>'
    if sentence.support != "quoted":
        return ' <span class="tag note">in other words</span>'
    worst = next((standings[n] for n in sentence.citations if standings[n] != "intact"), None)
    return f' <span class="tag warn">{_STANDING[worst]}</span>' if worst else ""


def shortened(text: str, most: int) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= most else text[:most] + " …"
