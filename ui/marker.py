"""The number beside what an answer says: a button that opens the source, and a card that tells more of it."""

from __future__ import annotations

from collections.abc import Mapping

from rag.types import Citation, Sentence, Standing
from rag.wording import STANDING_WORDS
from ui.buttons import raising
from ui.escape import escape

_LONGEST_QUOTE = 400
_SUPPORTED = "In other words, supported by its source"


def marker(at: int, citation: Citation, *, card: str = "", closest: bool = False) -> str:
    """Return the number that opens a citation of answer number ``at``; ``card`` tells more of it."""
    shows = raising("show_source", {"turn": at, **{"closest" if closest else "n": citation.n}})
    label = escape(f"{'Excerpt' if closest else 'Source'} {citation.n}: {citation.place}")
    told = f' aria-describedby="{card}"' if card else ""
    return f'<button type="button" class="marker" {shows} aria-label="{label}"{told}>{citation.n}</button>'


def quote_card(name: str, citation: Citation, sentence: Sentence, standing: Standing | None) -> str:
    """Return what is shown beside a number while it is pointed at: where the words are from, and their state.

    The words themselves are left out where an excerpt shows them anyway.
    """
    said = {"quoted": STANDING_WORDS[standing], "supported": _SUPPORTED}.get(sentence.support) or escape(
        sentence.caveat
    )
    good = standing == "intact" and sentence.support != "unsupported"
    title = f"<b>{escape(citation.title)}</b>" if citation.title != citation.source else ""
    words = f"<q>{escape(shortened(citation.quote, _LONGEST_QUOTE))}</q>" if citation.excerpt is None else ""
    return (
        f'<span class="quote-card" id="{name}" role="tooltip" dir="auto">{title}'
        f"<small>{escape(citation.place)}</small>{words}"
        f'<small class="{"ok" if good else "warn"}">{"✓ " * good}{said}</small></span>'
    )


def state(sentence: Sentence, standings: Mapping[int, Standing | None]) -> str:
    """Return what is to be said of a sentence that is not a quotation, or no longer one of the file as it is."""
    if sentence.caveat:
        return f' <span class="tag warn">{escape(sentence.caveat)}</span>'
    if sentence.support != "quoted":
        return ' <span class="tag note">in other words</span>'
    lost = [STANDING_WORDS[standings[n]] for n in sentence.citations if standings[n] != "intact"]
    return f' <span class="tag warn">{lost[0]}</span>' if lost else ""


def shortened(text: str, most: int) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= most else text[:most] + " …"
