"""The head of the reader: which document, where in it, whether it still says so, and what else can be looked at."""

from __future__ import annotations

from rag.find import LONGEST_SOUGHT
from rag.server.original import may_be_shown
from rag.types import Answer, Citation, Standing, page_name
from rag.wording import STANDING_WORDS
from ui import panes
from ui.buttons import button
from ui.escape import escape
from ui.reader.chosen import Chosen

_FIND = '<button type="button" class="find-in" data-find aria-expanded="false">Find</button>'
_FINDING = (
    '<div class="finding" role="search" hidden><input type="text" name="sought" autocomplete="off"'
    f' maxlength="{LONGEST_SOUGHT}" aria-label="Find in this document" placeholder="Find in this document">'
    '<span class="count" role="status"></span>'
    '<button type="button" data-found="-1" aria-label="Previous match">↑</button>'
    '<button type="button" data-found="1" aria-label="Next match">↓</button>'
    '<button type="button" data-find aria-label="Close find">×</button></div>'
)
CLOSE = panes.close("reader", "Close the source")
_STYLES = {"intact": "ok", "moved": "warn", None: "warn", "changed": "bad", "gone": "bad"}
_SUPPORT = {
    "supported": ("", "The answer says this in its own words"),
    "unsupported": ("warn", "These words do not support what the answer says"),
}


def head(chosen: Chosen, standing: Standing | None, tools: str) -> str:
    """Return the head; ``tools`` are those that its view of the document has."""
    document = chosen.document
    path = _path(chosen)
    title = document.title if document.title not in (document.source, *path) else ""
    named = f'<p class="title" dir="auto">{escape(title)}</p>' if title else ""
    where = " › ".join(path)
    place = f'<p class="soft" dir="auto">{escape(where)}</p>' if where else ""
    return (
        f'<div class="head"><nav aria-label="Citations">{_steps(chosen)}{CLOSE}</nav>'
        f'<h2 dir="auto">{escape(document.source)}</h2>{named}{place}{_state(chosen, standing)}'
        f'<div class="tools">{tools}{_FIND}{_original(chosen)}</div>{_FINDING}</div>'
    )


def _original(chosen: Chosen) -> str:
    """Return the link to the file: opened in a tab of its own where a browser may show it, else saved."""
    address = f"api/file?{chosen.address}"
    if may_be_shown(chosen.document.source):
        return f'<a class="original" href="{address}&amp;inline=true" target="_blank" rel="noopener">Open original</a>'
    return f'<a class="original" href="{address}" download>Download original</a>'


def _path(chosen: Chosen) -> list[str]:
    """Return the headings over the passage, and its page."""
    found = chosen.citation or (chosen.result.chunk if chosen.result is not None else None)
    headings = found.headings if found is not None else ()
    own = found.page if found is not None else None
    return [*headings, *([page_name(chosen.document.page_kind, own)] if own else [])]


def _steps(chosen: Chosen) -> str:
    """Return the buttons to the citations, or closest excerpts, before and after this one."""
    if chosen.answer is None or chosen.citation is None:
        return ""
    name, kind = ("excerpt", "closest") if chosen.closest else ("citation", "n")
    count, n = len(chosen.answer.closest if chosen.closest else chosen.answer.citations), chosen.citation.n

    def step(other: int, sign: str, label: str) -> str:
        more = f'aria-label="{label} {name}"' + " disabled" * (not 1 <= other <= count)
        return button(sign, "show_source", {**chosen.told, kind: other}, style="step", more=more)

    return f"{step(n - 1, '‹', 'Previous')}<span>{n} of {count}</span>{step(n + 1, '›', 'Next')}"


def _state(chosen: Chosen, standing: Standing | None) -> str:
    """Return what became of the cited words, and how the answer uses them."""
    if chosen.result is not None:
        return _line("", "Close to the question; it may not answer it")
    if chosen.answer is None or chosen.citation is None:
        return ""
    support = _support(chosen.answer, chosen.citation)
    sign = "✓ " * (standing == "intact")
    near = _line("", "Close to the question; it may not answer it") if chosen.closest else ""
    return (
        near
        + _line(_STYLES[standing], sign + STANDING_WORDS[standing])
        + (_line(*_SUPPORT[support]) if support else "")
    )


def _support(answer: Answer, citation: Citation) -> str:
    """Return how the sentences with this citation rest on it, the worst of them; nothing where all quote it."""
    found = {sentence.support for sentence in answer.sentences if citation.n in sentence.citations}
    return next((support for support in ("unsupported", "supported") if support in found), "")


def _line(style: str, words: str) -> str:
    return f'<p class="state {style}">{words}</p>' if style else f'<p class="state">{words}</p>'
