"""The answer in a language model's words, each sentence checked against the passages it names as it comes.

The model is asked only where the documents are thought to hold the answer; where it gives none that can be used, the
answer is quoted from them instead, and a line says why. What it writes is text: no more is done with it than
to show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.answer import Answerer, Draft, DraftSentence, OnSentences, Quote
from rag.answer.prompt import INSTRUCTIONS, NO_ANSWER, NumberedPassage, numbered, request
from rag.answer.reply import Claim, claims
from rag.answer.support import Passage, attribute, judge, passage_under
from rag.embed import Embedder
from rag.errors import ModelFailure
from rag.llm import LanguageModel, Reply
from rag.query import Query
from rag.types import FindDocument, SearchResult

_MOST_TOKENS = 700


class GenerativeAnswerer:
    """Asks a language model; what ``unsupported`` sentences come to is "show", "hide" or "refuse"."""

    def __init__(
        self, model: LanguageModel, embedder: Embedder, quoting: Answerer, window: int, unsupported: str
    ) -> None:
        self._model = model
        self._embedder = embedder
        self._quoting = quoting
        self._window = window
        self._unsupported = unsupported

    def answer(
        self,
        query: Query,
        results: Sequence[SearchResult],
        find_document: FindDocument,
        on_sentences: OnSentences = lambda _: None,
    ) -> Draft:
        """Return the model's answer, checked; where there is none, what the documents say themselves."""
        passages = numbered(results, query.text, self._window - _MOST_TOKENS)
        reply = self._model.ask(INSTRUCTIONS, request(query.text, passages), _MOST_TOKENS)
        try:
            if not passages:
                raise ModelFailure("no passage fits the language model's window: raise RAG_LLM_WINDOW")
            sentences = self._checked(reply, passages, on_sentences)
        except ModelFailure as failure:
            quoted = self._quoting.answer(query, results, find_document, on_sentences)
            return quoted.model_copy(update={"model": reply.use, "note": f"{failure}: quoted instead"})
        return Draft(sentences=tuple(sentences), model=reply.use)

    def _checked(
        self, reply: Reply, passages: Sequence[NumberedPassage], on_sentences: OnSentences
    ) -> list[DraftSentence]:
        """Return the sentences of a reply as they are to be shown; raises ModelFailure where none can be."""
        sources = [passage_under(one.text, one.title, one.headings, one.language) for one in passages]
        found: list[DraftSentence] = []
        for claim in claims(_told(reply, on_sentences)):
            if NO_ANSWER in claim.text.upper():
                if found:
                    continue
                raise ModelFailure("the language model does not find the answer in the passages")
            sentence = self._sentence(claim, passages, sources)
            if sentence.support == "unsupported":
                if self._unsupported == "refuse":
                    raise ModelFailure("the language model says what its sources do not")
                if self._unsupported == "hide":
                    continue
            found.append(sentence)
            on_sentences(found)
        if not found:
            raise ModelFailure("the language model says nothing that its sources do")
        return found

    def _sentence(self, claim: Claim, passages: Sequence[NumberedPassage], sources: Sequence[Passage]) -> DraftSentence:
        """Return a sentence with the places it rests on: of the passages it names, else of one that clearly says it."""
        named = [n - 1 for n in claim.numbers if 1 <= n <= len(passages)]
        judged = judge(claim.text, [sources[at] for at in named], self._embedder)
        if not (named and judged.supported):
            other = attribute(claim.text, sources, self._embedder)
            if other is not None:
                named, judged = [other], judge(claim.text, [sources[other]], self._embedder)
        quotes = tuple(_quote(passages[named[at]], start, end) for at, start, end in judged.quotes) if named else ()
        if not (quotes and judged.supported):
            reason = judged.reason if quotes else ""
            return DraftSentence(text=claim.text, quotes=quotes, support="unsupported", reason=reason)
        said = [sources[named[at]].text[start:end] for at, start, end in judged.quotes]
        is_quotation = [claim.text] == [" ".join(words.split()) for words in said]
        return DraftSentence(text=claim.text, quotes=quotes, support="quoted" if is_quotation else "supported")


def _told(reply: Reply, on_sentences: OnSentences) -> Iterator[str]:
    """Yield the pieces of a reply; when the first comes, tell that the model has begun to write."""
    for number, piece in enumerate(reply):
        if number == 0:
            on_sentences(())
        yield piece


def _quote(passage: NumberedPassage, start: int, end: int) -> Quote:
    return Quote(source=passage.source, start=passage.start + start, end=passage.start + end)
