"""What longer excerpts, and more of them, are worth.

    python -m tests.benchmarks.excerpt_curve QUESTIONS.jsonl CORPUS_FOLDER [INDEX_FOLDER]

The questions are a file as ``rag eval`` reads it. Each is searched for once. The likeliest sentence is the key sentence
of the first excerpt; the likeliest that no excerpt holds yet is that of the next. An excerpt is made as in an answer:
whole sentences around the key sentence, within its section. Unlike an answer, every question gets as many excerpts as
the column says, all of the length that the row says. Printed are the share of the questions with known evidence whose
evidence is shown, as ``rag eval`` has it for "what is shown holds the answer", and the mean of the characters shown.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import fmean

from rag.assistant import Assistant
from rag.evaluate.ask import holds_answer
from rag.evaluate.questions import Excerpt, Task, read_questions, resolve
from rag.evaluate.spans import Place, characters
from rag.excerpt import excerpt_span
from rag.settings import Settings
from rag.words import words

SIZES = (0, 300, 450, 600, 700, 900, 1200)  # characters of an excerpt; 0 is the key sentence alone
COUNTS = (1, 2, 3)  # excerpts


class Documents:
    """The documents of an index, each read once."""

    def __init__(self, assistant: Assistant) -> None:
        self.read = cache(assistant.document)

    def is_heading(self, place: Place) -> bool:
        """Whether a sentence is a heading, or holds one: an answer begins with one only where there is nothing else."""
        document = self.read(place.source)
        return any(heading.start < place.end and place.start < heading.end for heading in document.headings)

    def excerpts(self, sentences: Sequence[Place], most: int, count: int) -> list[Excerpt]:
        """Return up to ``count`` excerpts of at most ``most`` characters, around the first of the sentences."""
        found: list[Excerpt] = []
        for key in sentences:
            if len(found) < count and not any(one.place.meets(key) for one in found):
                found.append(self._excerpt(key, most, found))
        return found

    def _excerpt(self, key: Place, most: int, found: Sequence[Excerpt]) -> Excerpt:
        document, span = self.read(key.source), (key.start, key.end)
        if most:
            taken = [(one.start, one.end) for one in found if one.source == key.source]
            span = excerpt_span(document, span, most, taken)
        return Excerpt(source=key.source, start=span[0], end=span[1], text=document.text[slice(*span)])


def ranked(task: Task, assistant: Assistant, documents: Documents) -> list[Place]:
    """Return the sentences of the passages found for a question, the likeliest first, without headings."""
    question = task.question
    scored = [
        (-sentence.score, Place(result.source, sentence.start, sentence.end))
        for result in assistant.search(question.question, history=question.history)
        for sentence in result.sentences
        if words(result.text_of(sentence))
    ]
    places = [place for _, place in sorted(scored)]
    return [place for place in places if not documents.is_heading(place)] or places[:1]


def main() -> None:
    """Index the folder, search for every question, and print a row for each length of an excerpt."""
    questions, corpus = Path(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as temporary:
        index = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary)
        assistant = Assistant(Settings(corpus=corpus, index=index))
        assistant.sync()
        documents = Documents(assistant)
        tasks = [task for task in resolve(read_questions(questions), assistant).tasks if task.expected]
        found = [(task, ranked(task, assistant, documents)) for task in tasks]
        print(f"{len(tasks)} questions with known evidence: those whose evidence is shown, and characters shown")
        print(f"{'excerpts':<16}" + "".join(f"{count:>20}" for count in COUNTS))
        for most in SIZES:
            cells = (cell(found, documents, most, count) for count in COUNTS)
            print(f"{f'{most} characters' if most else 'key sentence':<16}" + "".join(cells))


def cell(found: Sequence[tuple[Task, list[Place]]], documents: Documents, most: int, count: int) -> str:
    """Return the share of questions whose evidence is shown and the mean characters, for a length and a number."""
    shown = [(task, documents.excerpts(sentences, most, count)) for task, sentences in found]
    held = [holds_answer(task.question, some, [one.place for one in task.expected]) for task, some in shown]
    lengths = [characters(one.place for one in some) for _, some in shown]
    return f"{100 * fmean(map(bool, held)):10.1f} %{fmean(lengths):8,.0f}"


if __name__ == "__main__":
    main()
