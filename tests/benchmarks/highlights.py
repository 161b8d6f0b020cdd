"""The words marked as the answer, in sentences that are known to hold it.

    python -m tests.benchmarks.highlights SQUAD2_FOLDER ARTICLE ...

For each answerable question on the articles named, the sentence with the evidence is taken, and what is
marked in it compared with the evidence. The patterns were developed on all articles with questions but
Islamism and Steam_engine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rag.answer.span import highlight
from rag.sentences import Span, sentence_spans
from tests.benchmarks.records import read_records


def main() -> None:
    """Mark, compare, print."""
    folder, articles = Path(sys.argv[1]), set(sys.argv[2:])
    marked = [(highlight(question, sentence), gold) for question, sentence, gold in _asked(folder, articles)]
    given = [(span, gold) for span, gold in marked if span is not None]
    right = sum(any(start < span[1] and span[0] < end for start, end in gold) for span, gold in given)
    print(f"sentences {len(marked)}, marked {len(given)}, of these on the answer {right}")


def _asked(folder: Path, articles: set[str]) -> Iterator[tuple[str, str, list[Span]]]:
    """Yield each question with the sentence that answers it, and where in it the answers stand."""
    texts = {document["id"]: document["text"] for document in read_records(folder / "corpus.jsonl")}
    sentences = {name: sentence_spans(texts[name]) for name in articles}
    for question in read_records(folder / "questions.jsonl"):
        for start, end in sentences.get(question["doc_id"], []) if question["answerable"] else []:
            within = [e for e in question["evidence"] if start <= e["start"] and e["end"] <= end]
            if within:
                gold = [(e["start"] - start, e["end"] - start) for e in within]
                yield question["question"], texts[question["doc_id"]][start:end], gold
                break


if __name__ == "__main__":
    main()
