"""The model card: what a reader was trained on, how long, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rag.read.mix import MIX, Recipe

_PACKAGED = "all-MiniLM-L6-v2 (Apache-2.0, https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2)"
_HEAD = """# The reader's weights

The layers from the third on of {base},
trained further, and the layers that compare its tokens, in 16 bits: which sentence of a passage answers a question,
which words of it do, or that none does.
Made by `python -m rag.read.train`; `rag/read/README.md` says how.

- Learned from {questions:,} questions in {hours:.1f} hours on {cores} cores, seed {seed}.
- Languages: {languages}. It sees a stretch of some {tokens} tokens at once, and knows nothing but what stands there.
- It is bad at: what has to be worked out from several sentences, why and how where the reason or the step does not
  repeat a word of the question, minutes and chats in which who says a thing matters, and premises that are false.

| set | licence | share | questions there are | measured | likeliest sentence right |
|---|---|---|---|---|---|
"""


def card(
    counts: Mapping[str, int],
    figures: Mapping[str, Mapping[str, float]],
    recipe: Recipe,
    *,
    base: Path | None,
    languages: str,
    questions: int,
    hours: float,
    cores: int,
    seed: int,
) -> str:
    """Return the card of a run: of each set, how much was learned from, and what is made of what was held out."""
    tokens = max(length for length, _ in recipe.lengths)
    whole = sum(source.share for source in MIX if source.name in counts)
    rows = [
        f"| {source.name} | {source.licence} | {100 * source.share / whole:.0f} % | {counts[source.name]:,} |"
        f" {figures[source.name]['questions']:.0f} | {_share(figures[source.name].get('right'))} |"
        for source in MIX
        if source.name in counts
    ]
    named = _PACKAGED if base is None else f"The model of {base.name}"
    head = _HEAD.format(
        base=named, languages=languages, questions=questions, hours=hours, cores=cores, seed=seed, tokens=tokens
    )
    return head + "\n".join(rows) + "\n" + _told_apart(figures)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _told_apart(figures: Mapping[str, Mapping[str, float]]) -> str:
    found = figures.get("squad2_unansq", {}).get("told apart")
    told = "AUROC of SQuAD's answerable questions against its unanswerable ones:"
    return "" if found is None else f"\n{told} {found:.3f}.\n"
