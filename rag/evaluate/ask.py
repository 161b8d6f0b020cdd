"""Asks questions and compares what is found and cited with what is known.

Each question is asked once, for the best answer whatever the confidence; the setting ``answer_above`` then
tells whether it would have been given. So the choice of excerpts is measured also where it is held back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rag.assistant import Assistant
from rag.evaluate.questions import Excerpt, Question, Task
from rag.evaluate.spans import Place, agreement, characters, merged
from rag.types import Answer, Citation, SearchResult, Value

_RANKED = 10
_FIRST_LOOK, _LAST_LOOK = 50, 400  # passages retrieved to rank documents by
_MOST_ANSWER_WORDS = 12  # of an answer that a text can be expected to hold as it is written


class Outcome(Value):
    """How one question went; None is what the question's data cannot tell.

    Of the passages found: ``hit_at_1`` and ``hit_at_5`` (one of the first holds a piece of evidence whole),
    ``recall``, ``precision`` and ``iou`` of their characters against the evidence's. ``cited_…`` are the
    same of all excerpts shown, and ``characters`` is how many these have. ``first_excerpt_answers`` tells
    whether the first of them answers as ``holds_answer`` has it, ``first_sentence_answers`` the same of its
    key sentence, and ``shown_answers`` whether any excerpt does. Of a citation without an excerpt, its
    quotation counts as one. All of these are measured also where the confidence holds the answer back.

    ``evidence_…`` ranks passages: an item that is relevant is a piece of evidence (overlapping ones are one),
    found by the first passage that holds it whole; every other passage is one that is not. ``document_…``
    ranks documents, each by its best passage. Both see the passages of the answer first, then those of a
    deeper search until ten documents, or all that are relevant, are ranked. ``mrr`` is the reciprocal rank of
    the first relevant item among ten, and 0 where there is none; both come from ir-measures, with all
    relevant items of the same grade.

    ``right`` is whether the person was served: an answerable question answered, the first excerpt holding the
    answer, or an unanswerable one refused. ``strong`` is whether the answer is called a strong match.
    ``seconds`` is that of one whole ask.
    """

    id: str
    question: str
    query: str
    answerable: bool | None
    answered: bool
    strong: bool
    confidence: float
    right: bool | None
    hit_at_1: bool | None
    hit_at_5: bool | None
    recall: float | None
    precision: float | None
    iou: float | None
    cited_recall: float | None
    cited_precision: float | None
    cited_iou: float | None
    first_excerpt_answers: bool | None
    first_sentence_answers: bool | None
    shown_answers: bool | None
    characters: int
    evidence_mrr: float | None
    evidence_ndcg_at_10: float | None
    document_mrr: float | None
    document_ndcg_at_10: float | None
    standalone_hit_at_5: bool | None
    seconds: float
    answers: tuple[str, ...]
    cited: tuple[Excerpt, ...]
    expected: tuple[Excerpt, ...]
    sources: tuple[str, ...]

    @property
    def wrong(self) -> bool | None:
        """Whether the first excerpt, were it given, would be wrong; of an unanswerable question any is."""
        if self.answerable is False:
            return True
        return None if self.first_excerpt_answers is None else not self.first_excerpt_answers


def ask_all(tasks: Sequence[Task], assistant: Assistant) -> Iterator[Outcome]:
    """Ask each question and yield how it went."""
    for task in tasks:
        yield _ask(task, assistant)


def _ask(task: Task, assistant: Assistant) -> Outcome:
    question = task.question
    started = time.perf_counter()
    answer = assistant.ask(question.question, question.history, even_if_unsure=True)
    seconds = time.perf_counter() - started
    answered = bool(answer.sentences) and answer.confidence >= assistant.settings.answer_above
    wanted = [excerpt.place for excerpt in task.expected]
    found = [_place(result) for result in answer.results]
    cited = [_shown(citation) for citation in answer.citations]
    places = [excerpt.place for excerpt in cited]
    of_passages = agreement(found, wanted) if wanted else None
    of_excerpts = agreement(places, wanted) if wanted else None
    first = holds_answer(question, cited[:1], wanted)
    ranked = _ranking(task, answer, assistant)
    evidence = _rank_measures(_pieces_found(ranked, wanted), len(merged(wanted)))
    documents = _rank_measures(_documents_found(ranked, task.sources), len(task.sources))
    return Outcome(
        id=question.id,
        question=question.question,
        query=answer.query,
        answerable=question.has_answer,
        answered=answered,
        strong=answer.verdict == "strong",
        confidence=answer.confidence,
        right=_right(question.has_answer, answered, first),
        hit_at_1=_hit(found[:1], wanted),
        hit_at_5=_hit(found[:5], wanted),
        recall=of_passages and of_passages.recall,
        precision=of_passages and of_passages.precision,
        iou=of_passages and of_passages.iou,
        cited_recall=of_excerpts and of_excerpts.recall,
        cited_precision=of_excerpts and of_excerpts.precision,
        cited_iou=of_excerpts and of_excerpts.iou,
        first_excerpt_answers=first,
        first_sentence_answers=holds_answer(question, [_quoted(c) for c in answer.citations[:1]], wanted),
        shown_answers=holds_answer(question, cited, wanted),
        characters=characters(places),
        evidence_mrr=evidence[0],
        evidence_ndcg_at_10=evidence[1],
        document_mrr=documents[0],
        document_ndcg_at_10=documents[1],
        standalone_hit_at_5=_standalone_hit(question, wanted, assistant),
        seconds=seconds,
        answers=question.answers,
        cited=tuple(cited),
        expected=task.expected,
        sources=task.sources,
    )


def _place(result: SearchResult) -> Place:
    return Place(result.source, result.chunk.start, result.chunk.end)


def _shown(citation: Citation) -> Excerpt:
    """Return what is shown of a citation: its excerpt; of a language model's, which has none, its quotation."""
    shown = citation.excerpt
    if shown is None:
        return _quoted(citation)
    return Excerpt(source=citation.source, start=shown.start, end=shown.end, text=shown.text)


def _quoted(citation: Citation) -> Excerpt:
    return Excerpt(source=citation.source, start=citation.start, end=citation.end, text=citation.quote)


def _right(answerable: bool | None, answered: bool, first: bool | None) -> bool | None:
    if answerable is False:
        return not answered
    return None if first is None else answered and first


def _hit(found: Sequence[Place], wanted: Sequence[Place]) -> bool | None:
    return any(place.holds(piece) for place in found for piece in wanted) if wanted else None


def _standalone_hit(question: Question, wanted: Sequence[Place], assistant: Assistant) -> bool | None:
    """Return the hit among five of the question asked in full; None where there is no such wording."""
    if question.standalone is None or not wanted:
        return None
    found = assistant.ask(question.standalone, even_if_unsure=True).results
    return _hit([_place(result) for result in found[:5]], wanted)


def holds_answer(question: Question, shown: Sequence[Excerpt], wanted: Sequence[Place]) -> bool | None:
    """Return whether one of the texts ``shown`` answers; None where that is not known.

    It answers where it meets a place that is ``wanted`` and holds one of the answers, if any are known; where no
    place is known, where it holds a short answer. White space and case do not count.
    """
    answers = [_plain(answer) for answer in question.answers]
    short = [answer for answer in answers if len(answer.split()) <= _MOST_ANSWER_WORDS]
    if not question.has_answer or not (wanted or short):
        return None
    if not wanted:
        return any(_stands_in(answer, _plain(one.text)) for one in shown for answer in short)
    there = [_plain(one.text) for one in shown if any(one.place.meets(piece) for piece in wanted)]
    return any(not answers or any(answer in text for answer in answers) for text in there)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _stands_in(answer: str, text: str) -> bool:
    """Whether an answer stands in a text, and not within a longer word or number, as 5 does in 1985."""
    at = text.find(answer)
    while at >= 0:
        before, after = text[max(0, at - 1) : at] + answer[:1], answer[-1:] + text[at + len(answer) :][:1]
        if not (_joined(before) or _joined(after)):
            return True
        at = text.find(answer, at + 1)
    return False


def _joined(pair: str) -> bool:
    """Whether two characters belong to one word; those of scripts without spaces do not."""
    return len(pair) == 2 and all(c.isalnum() and ord(c) < 0x0E00 for c in pair)


def _ranking(task: Task, answer: Answer, assistant: Assistant) -> list[SearchResult]:
    """Return passages enough to rank ten documents, or all that are relevant: those of the answer first."""
    ranked, looked = list(answer.results), _FIRST_LOOK
    while not _enough(task, ranked) and looked <= _LAST_LOOK:
        deeper = assistant.search(answer.question, looked, task.question.history)
        known = {result.chunk.id for result in answer.results}
        ranked = [*answer.results, *(result for result in deeper if result.chunk.id not in known)]
        if len(deeper) < looked:
            break
        looked *= 2
    return ranked


def _enough(task: Task, ranked: Sequence[SearchResult]) -> bool:
    sources = {result.source for result in ranked}
    documents = len(sources) >= _RANKED or sources.issuperset(task.sources)
    wanted = [excerpt.place for excerpt in task.expected]
    return documents and (len(ranked) >= _RANKED or all(_hit([_place(r) for r in ranked], [w]) for w in wanted))


def _documents_found(ranked: Sequence[SearchResult], sources: Sequence[str]) -> list[bool]:
    """Return of each document, in the order of their best passages, whether it is one of ``sources``."""
    return [source in sources for source in dict.fromkeys(result.source for result in ranked)]


def _pieces_found(ranked: Sequence[SearchResult], wanted: Sequence[Place]) -> list[bool]:
    """Return the items that passages amount to: true for each piece of evidence found first, else one false."""
    missing, items = merged(wanted), []
    for result in ranked:
        held = [piece for piece in missing if _place(result).holds(piece)]
        missing = [piece for piece in missing if piece not in held]
        items += [True] * len(held) or [False]
    return items


def _rank_measures(items: Sequence[bool], relevant: int) -> tuple[float, float] | tuple[None, None]:
    """Return the reciprocal rank and nDCG@10 of items, of which there are ``relevant`` in all that are to be found."""
    if not relevant:
        return None, None
    import ir_measures  # only this command needs it

    wanted = [ir_measures.Qrel("", f"relevant {n}", 1) for n in range(relevant)]
    numbers = iter(range(relevant))
    names = [f"relevant {next(numbers)}" if item else f"other {n}" for n, item in enumerate(items[:_RANKED])]
    run = [ir_measures.ScoredDoc("", name, -float(rank)) for rank, name in enumerate(names)]
    measures = [ir_measures.RR, ir_measures.nDCG @ _RANKED]
    found = {metric.measure: metric.value for metric in ir_measures.iter_calc(measures, wanted, run)}
    return found[measures[0]], found[measures[1]]
