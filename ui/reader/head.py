"""The head of the reader: which document, where in it, whether it still says so, and what else can be looked at."""

from __future__ import annotations

from urllib.parse import quote

from rag.types import Answer, Citation, Standing, page_name
from rag.wording import STANDING_WORDS
from ui.buttons import button
from ui.escape import escape
from ui.reader.chosen import Chosen

_STYLES = {"intact": "ok", "moved": "warn", None: "warn", "changed": "bad", "gone": "bad"}
_SUPPORT = {
    "supported": ("", "The answer says this in its own words"),
    "unsupported": ("warn", "These words do not support what the answer says"),
}


def head(chosen: Chosen, standing: Standing | None, views: str, page: int | None = None) -> str:
    """Return the head; ``page`` is the one that is looked at, where that is not the one of the passage."""
    document = chosen.document
    path = _path(chosen, page)
    title = document.title if document.title not in (document.source, *path) else ""
    named = f'<p class="title" dir="auto">{escape(title)}</p>' if title else ""
    where = " › ".join(path)
    place = f'<p class="soft" dir="auto">{escape(where)}</p>' if where else ""
    source = quote(document.source.encode("utf-8", "surrogateescape"), safe="")
    original = f'<a class="original" href="api/file?source={escape(source)}" download>Open the original</a>'
    turned = page is not None and chosen.citation is not None and page != chosen.citation.page
    state = _line("", "Not the page of the quote") if turned else _state(chosen, standing)
    close = '<button type="button" class="close" data-close aria-label="Close the source">×</button>'
    return (
        f'<div class="head"><nav aria-label="Citations">{_steps(chosen)}{close}</nav>'
        f'<h2 dir="auto">{escape(document.source)}</h2>{named}{place}{state}'
        f'<div class="tools">{views}{original}</div></div>'
    )


def _path(chosen: Chosen, page: int | None) -> list[str]:
    """Return the headings over the passage, and its page."""
    found = chosen.citation or (chosen.result.chunk if chosen.result is not None else None)
    headings = found.headings if found is not None else ()
    own = found.page if found is not None else None
    if page is not None and page != own:
        return [page_name(chosen.document.page_kind, page)]
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
