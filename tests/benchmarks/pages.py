"""Whether citations name the right page of a PDF: ``python -m tests.benchmarks.pages FOLDER WORK``.

FOLDER holds the filings that ``tests/data/filings_questions.jsonl`` asks about. Every cited quotation is looked
for, white space and signs aside, on the page it names, as another program (pdftotext, of poppler) reads it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from rag.assistant import Assistant
from rag.settings import Settings

QUESTIONS = Path(__file__).parents[1] / "data" / "filings_questions.jsonl"
# A quotation may run on over the end of its page: where it starts is what a citation names.
_FIRST_WORDS = 12
_LEAST = 0.8


@lru_cache(None)
def words_of_page(path: Path, page: int) -> tuple[str, ...]:
    """Return the words on a page, in the order poppler gives them."""
    command = ["pdftotext", "-layout", "-f", str(page), "-l", str(page), str(path), "-"]
    return words(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text."""
    return tuple(re.findall(r"\w+", text.lower()))


def share_on_page(quote: str, path: Path, page: int) -> float:
    """Return the share of the pairs among the first words of a quotation that stand on a page of a PDF."""
    quoted, found = words(quote)[:_FIRST_WORDS], words_of_page(path, page)
    there = set(pairwise(found))
    return sum(pair in there for pair in pairwise(quoted)) / max(1, len(quoted) - 1)


def main() -> None:
    """Ask, look each citation up, and print the share of right pages."""
    folder, work = Path(sys.argv[1]), Path(sys.argv[2])
    assistant = Assistant(Settings(corpus=folder, index=work))
    report = assistant.sync(lambda progress: print(f"\r{progress.source:<60}", end="", file=sys.stderr))
    print(f"\n{report.documents} documents, {report.chunks} passages, {report.seconds:.0f} s; failed: {report.failed}")
    right = total = 0
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)["question"]
        answer = assistant.ask(question, even_if_unsure=True)
        for citation in answer.citations:
            assert citation.page is not None
            share = share_on_page(citation.quote, folder / citation.source, citation.page)
            right, total = right + (share >= _LEAST), total + 1
            print(f"{share:5.2f}  {citation.source} p. {citation.page}  {question}\n       {citation.quote[:200]!r}")
    print(f"page right: {right} of {total} citations ({100 * right / total:.1f} %) of 30 questions")


if __name__ == "__main__":
    main()
