"""Whether a document answers alike in every format: ``python -m tests.benchmarks.converted WORK``.

The corpus's article is converted by Pandoc, and by LibreOffice where it is installed, and each copy is asked what
``tests/data/article_questions.jsonl`` asks. Counted are the questions whose first quotation has the same words as that
from the Markdown file.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pypandoc

from rag.assistant import Assistant
from rag.settings import Settings

ARTICLE = Path("corpus/us-china-ai-chips.md")
QUESTIONS = Path(__file__).parents[1] / "data" / "article_questions.jsonl"
_BY_PANDOC = ("docx", "odt", "epub", "html", "rtf", "rst", "org", "tex", "mediawiki", "docbook", "ipynb", "pptx")
_SUFFIX = {"docbook": "dbk"}
_BY_LIBREOFFICE = ("pdf", "doc.docx", "doc.rtf", "doc.odt", "doc.html")


def conversions(work: Path) -> Iterator[Path]:
    """Yield the copies of the article, each in a folder of its own."""
    for kind in _BY_PANDOC:
        path = work / kind / "corpus" / f"{ARTICLE.stem}.{_SUFFIX.get(kind, kind)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        pypandoc.convert_file(str(ARTICLE), kind, format="gfm", outputfile=str(path), extra_args=["--standalone"])
        yield path
    if office := shutil.which("soffice"):
        for kind in _BY_LIBREOFFICE:
            folder, suffix = work / f"office-{kind}" / "corpus", kind.rpartition(".")[2]
            made = work / "docx" / "corpus" / f"{ARTICLE.stem}.docx"
            command = [office, "--headless", "--convert-to", suffix, "--outdir", str(folder), str(made)]
            subprocess.run(command, check=True, capture_output=True)
            yield folder / f"{ARTICLE.stem}.{suffix}"


def first_quotes(corpus: Path, index: Path, questions: list[str]) -> list[str]:
    """Return the words of the first quotation to each question, as one string; "" where there is no answer."""
    assistant = Assistant(Settings(corpus=corpus, index=index))
    assistant.sync()
    answers = [assistant.ask(question) for question in questions]
    return [" ".join(re.findall(r"\w+", one.citations[0].quote.lower())) if one.citations else "" for one in answers]


def main() -> None:
    """Print for each copy how many first quotations are the same, and the questions where they are not."""
    work = Path(sys.argv[1])
    questions = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    plain = work / "md" / "corpus"
    plain.mkdir(parents=True, exist_ok=True)
    shutil.copy(ARTICLE, plain)
    expected = first_quotes(plain, work / "md" / "index", questions)
    for path in conversions(work):
        found = first_quotes(path.parent, path.parents[1] / "index", questions)
        same = sum(one == other for one, other in zip(expected, found, strict=True))
        print(f"{path.parents[1].name:<16}{same} of {len(questions)} ({100 * same / len(questions):.1f} %)", flush=True)
        for question, one, other in zip(questions, expected, found, strict=True):
            if one != other:
                print(f"    {question}\n        {one[:110]}\n        {other[:110]}")


if __name__ == "__main__":
    main()
