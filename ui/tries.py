"""What can be tried where there is no answer, each a button that does it at once → HTML."""

from __future__ import annotations

from pathlib import PurePosixPath

from rag.types import Answer, Citation, Rephrased
from ui.buttons import button
from ui.escape import escape
from ui.marker import shortened

_LONGEST = 40  # characters of a name on a button


def tries(at: int, answer: Answer) -> str:
    """Return the buttons under refusal number ``at``: the question in other words, more documents, the closest one."""
    found = [_rephrased(at, one) for one in answer.instead]
    if answer.within:
        found.append(button("Ask all documents", "ask_everywhere", {"turn": at}, style="widen"))
    found += [_open(at, citation) for citation in answer.closest[:1]]
    if not found:
        return ""
    return f'<p class="tries" role="group" aria-label="What you can try">{"".join(found)}</p>'


def _rephrased(at: int, one: Rephrased) -> str:
    label = escape(f"Ask {shortened(one.change, _LONGEST)}")
    told = {"turn": at, "question": one.question}
    return button(label, "ask_instead", told, more=f'title="{escape(one.question)}"')


def _open(at: int, citation: Citation) -> str:
    name = escape(shortened(PurePosixPath(citation.source).name, _LONGEST))
    return button(f"Open {name}", "show_source", {"turn": at, "closest": citation.n})
