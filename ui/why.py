"""Why these passages: what each scored, as a small chart."""

from __future__ import annotations

from rag.conversations import Turn
from rag.types import SearchResult, page_name
from ui.buttons import button
from ui.escape import escape

_COLUMNS = (
    ("score", "Score", "how likely it is that the passage holds the answer"),
    ("dense", "Similar meaning", "how like the question it is in meaning (cosine of the vectors)"),
    ("lexical", "Same words", "how much of the question's words it has, rare ones counting more (BM25)"),
)


def why(at: int, turn: Turn) -> str:
    """Return the passages that the answer of turn number ``at`` was chosen from, with their scores, folded away."""
    answer = turn.answer
    if not answer.results:
        return ""
    quoted = {(citation.source, citation.start) for citation in answer.citations}
    rows = "".join(_row(at, rank, result, quoted) for rank, result in enumerate(answer.results))
    heads = "".join(f'<th scope="col" title="{told}">{name}</th>' for _, name, told in _COLUMNS)
    return (
        f'<details class="why" data-why="{escape(turn.id)}"><summary>How this was found</summary>'
        '<div class="scroll" tabindex="0"><table>'
        f"<caption>The passages found, best first; bars from 0 to 1. Confidence in an answer: {answer.confidence:.2f}."
        f"</caption>"
        f'<thead><tr><th scope="col">Passage</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def _row(at: int, rank: int, result: SearchResult, quoted: set[tuple[str, int]]) -> str:
    chunk = result.chunk
    cited = any(source == result.source and chunk.start <= start < chunk.end for source, start in quoted)
    page = f", {page_name(result.page_kind, chunk.page)}" if chunk.page else ""
    name = button(f"{escape(result.source)}{page}", "show_source", {"turn": at, "rank": rank}, style="nearest")
    bars = "".join(_bar(getattr(result, field)) for field, _, _ in _COLUMNS)
    return f'<tr{" class=cited" * cited}><th scope="row">{name}{" · quoted" * cited}</th>{bars}</tr>'


def _bar(value: float) -> str:
    width = 100 * min(1.0, max(0.0, value))
    return f'<td><span class="chart"><i style="width:{width:.0f}%"></i></span>{value:.2f}</td>'
