"""What a follow-up finds, asked with the conversation, beside the same question in full and with nothing before it.

    python -m tests.benchmarks.follow_ups [QUESTIONS.jsonl DOCUMENTS]

The questions are 60 follow-ups in 15 conversations, and some in between that stand by themselves, which must
stay as they are. The rules were changed after looking at the first seven conversations; the last eight are
held out. A hit is a passage that holds the whole of an evidence; the first excerpt, and its key sentence, are right
if they overlap the evidence and hold an answer. Other files of the same form are all of one part.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, quantiles

from pydantic import BaseModel

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.embed.packaged import PackagedEmbedder
from rag.followup import carried_over
from rag.settings import Settings
from rag.types import Answer, Message, Value

DATA = Path(__file__).parents[1] / "data"
QUESTIONS = DATA / "follow_ups.jsonl"
CORPUS = Path(__file__).parents[2] / "corpus"
LOOKED_AT = tuple(f"c{n:02}" for n in range(1, 8))


class Evidence(BaseModel):
    """A place that answers a question."""

    doc_id: str
    start: int
    end: int


class FollowUp(BaseModel):
    """A question, the conversation before it, and how a careful person would ask it without that."""

    id: str
    conversation: str
    question: str
    history: tuple[Message, ...]
    standalone: str
    follows: bool = True
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class Score(Value):
    """How one way of asking went."""

    hit_at_1: bool
    hit_at_5: bool
    first_excerpt: bool
    key_sentence: bool


def read_follow_ups(path: Path = QUESTIONS) -> list[FollowUp]:
    """Return the questions of a file."""
    return [FollowUp.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def copy_documents(corpus: Path) -> None:
    """Put the article and the short documents the questions are about into ``corpus``."""
    for path in (*CORPUS.glob("*.md"), *(DATA / "follow_ups").glob("*.md")):
        shutil.copy(path, corpus)


def score(asked: FollowUp, answer: Answer) -> Score:
    """Return how an answer does against the evidence."""
    gold = [(evidence.doc_id, evidence.start, evidence.end) for evidence in asked.evidence]
    found = [(result.source, result.chunk.start, result.chunk.end) for result in answer.results[:5]]
    hits = [any(d == source and s >= start and e <= end for d, s, e in gold) for source, start, end in found]
    key = excerpt = False
    for first in answer.citations[:1]:
        shown = first.excerpt
        key = _is_right(asked, first.source, first.start, first.quote)
        excerpt = key if shown is None else _is_right(asked, first.source, shown.start, shown.text)
    return Score(hit_at_1=any(hits[:1]), hit_at_5=any(hits), first_excerpt=excerpt, key_sentence=key)


def _is_right(asked: FollowUp, source: str, start: int, text: str) -> bool:
    """Whether a text of a document overlaps the evidence and holds an answer."""
    end = start + len(text)
    there = any(source == one.doc_id and one.start < end and start < one.end for one in asked.evidence)
    return there and any(answer.lower() in text.lower() for answer in asked.answers)


def report(name: str, asked: Sequence[FollowUp], assistant: Assistant) -> None:
    """Print the figures of some questions, and those that found less than the full question did."""
    following = [one for one in asked if one.follows]
    print(f"\n{name}: {len(following)} follow-ups")
    full = [score(one, assistant.ask(one.standalone, even_if_unsure=True)) for one in following]
    bare = [score(one, assistant.ask(one.question, even_if_unsure=True)) for one in following]
    answers = [assistant.ask(one.question, one.history, even_if_unsure=True) for one in following]
    ours = [score(one, answer) for one, answer in zip(following, answers, strict=True)]
    for measure in Score.model_fields:
        shares = [fmean(float(getattr(one, measure)) for one in scores) for scores in (bare, ours, full)]
        of_full = f"{shares[1] / shares[2]:.1%} of it" if shares[2] else ""
        ways = zip(("bare", "with the conversation", "full"), shares, strict=True)
        print(f"  {measure:<15} {'   '.join(f'{way} {share:.3f}' for way, share in ways)}   {of_full}")
    for one, answer, with_it, without in zip(following, answers, ours, full, strict=True):
        if with_it != without:
            print(f"    {one.id}: {one.question!r} was asked as {answer.query!r}, in full {one.standalone!r}")
    standing = [one for one in asked if not one.follows]
    alone = sum(not assistant.ask(one.question, one.history).carried for one in standing)
    print(f"  questions that stand by themselves and take nothing over: {alone} of {len(standing)}")


def seconds(asked: Sequence[FollowUp], embedder: Embedder) -> str:
    """Return the median and the 95th percentile of the time it takes to say what questions take over."""
    took = []
    for one in asked:
        started = time.perf_counter()
        carried_over(one.question, one.history, embedder)
        took.append(1000 * (time.perf_counter() - started))
    cuts = quantiles(took, n=20)
    return f"{cuts[9]:.2f} ms in the middle, {cuts[18]:.2f} ms for 19 of 20"


def main() -> None:
    """Index the documents, ask in the three ways, print."""
    own = len(sys.argv) < 3
    asked = read_follow_ups(QUESTIONS if own else Path(sys.argv[1]))
    print(f"what is taken over is told in {seconds(asked, PackagedEmbedder())}")
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary) / "corpus" if own else Path(sys.argv[2])
        if own:
            corpus.mkdir()
            copy_documents(corpus)
        assistant = Assistant(Settings(corpus=corpus, index=Path(temporary) / "index"))
        print(json.dumps({"passages": assistant.sync().chunks}))
        if not own:
            report("all", asked, assistant)
            return
        report("looked at", [one for one in asked if one.conversation in LOOKED_AT], assistant)
        if "--looked-at" not in sys.argv:
            report("held out", [one for one in asked if one.conversation not in LOOKED_AT], assistant)


if __name__ == "__main__":
    main()
