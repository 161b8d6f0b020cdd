"""The head of the reader: which document, where in it, whether it still says so, and what else can be looked at."""

from __future__ import annotations

from urllib.parse import quote

from rag.types import Answer, Citation, page_name
from ui.buttons import button
from ui.escape import escape
from ui.reader.chosen import Chosen

_STANDING = {
    "intact": ("ok", "✓ quoted word for word, checked against the file now"),
    "moved": ("warn", "the file has changed since; these words still stand in it"),
    "changed": ("bad", "the file has changed since; what was quoted no longer stands in it word for word"),
    "gone": ("bad", "the file is gone; this is what the index holds of it"),
}
_UNQUOTED = ("ok", "✓ these words stand in the file, checked now")
_SUPPORT = {
    "supported": ("", "the answer says this in its own words"),
    "unsupported": ("warn", "the answer says something that these words do not bear out"),
}


def head(chosen: Chosen, standing: str, views: str, page: int | None = None) -> str:
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
    state = _line("", "another page than that of the cited words") if turned else _state(chosen, standing)
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


def _state(chosen: Chosen, standing: str) -> str:
    """Return what became of the cited words, and how the answer uses them."""
    if chosen.result is not None:
        return _line("", "a passage near the question; it may not answer it")
    if chosen.answer is None or chosen.citation is None:
        return ""
    support = _support(chosen.answer, chosen.citation)
    style, words = _UNQUOTED if (support or chosen.closest) and standing == "intact" else _STANDING[standing]
    near = _line("", "an excerpt close to the question; it may not answer it") if chosen.closest else ""
    return near + _line(style, words) + (_line(*_SUPPORT[support]) if support else "")


def _support(answer: Answer, citation: Citation) -> str:
    """Return how the sentences with this citation rest on it, the worst of them; nothing where all quote it."""
    found = {sentence.support for sentence in answer.sentences if citation.n in sentence.citations}
    return next((support for support in ("unsupported", "supported") if support in found), "")


def _line(style: str, words: str) -> str:
    return f'<p class="state {style}">{words}</p>' if style else f'<p class="state">{words}</p>'
