"""What a change costs against a full build: ``python -m tests.benchmarks.level SET WORK``.

SET is a folder with ``corpus.jsonl`` ({title, text} a line). One document is edited, one renamed, one deleted;
each run is timed, start-up aside, and what it left is looked at.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

from rag.embed.packaged import PackagedEmbedder
from rag.index.documents import Documents
from rag.index.local import LocalIndex
from rag.query import read_query
from rag.retrieve import retrieve
from rag.sync import sync
from tests.fakes import CountingEmbedder
from tests.folders import PASSAGE_READER


def main() -> None:
    """Build, change, and print seconds and shares."""
    source, work = Path(sys.argv[1]), Path(sys.argv[2])
    corpus, index = work / "corpus", LocalIndex(work / "index")
    shutil.rmtree(work, ignore_errors=True)
    corpus.mkdir(parents=True)
    for number, line in enumerate((source / "corpus.jsonl").open(encoding="utf-8")):
        (corpus / f"{number:04}.txt").write_text(json.loads(line)["text"], encoding="utf-8")
    embedder = CountingEmbedder(PackagedEmbedder())
    embedder.embed_query("load the model")

    def run(name: str) -> float:
        embedder.texts.clear()
        started = time.perf_counter()
        report = sync(index, corpus, embedder, 200)
        seconds = time.perf_counter() - started
        share = f"{100 * seconds / build:8.2f} % of it" if name != "full build" else ""
        print(f"{name:<12}{seconds:9.2f} s {len(embedder.texts):6} embedded {share}", flush=True)
        assert report.documents == len(list(corpus.iterdir()))
        return seconds

    build = 1.0
    build = run("full build")
    edited, renamed, deleted = (corpus / f"{number:04}.txt" for number in (100, 200, 300))
    text = deleted.read_text(encoding="utf-8")
    edited.write_text("A sentence that was put in front. " + edited.read_text(encoding="utf-8"), encoding="utf-8")
    run("edit one")
    renamed.rename(corpus / "renamed.txt")
    run("rename one")
    assert embedder.texts == [], "a renamed file was embedded again"
    deleted.unlink()
    run("delete one")
    run("no change")
    with index.reading() as reader:
        for start in range(0, len(text), max(1, len(text) // 50)):
            query = read_query(text[start : start + 300], reader, embedder)
            results = retrieve(query, reader, embedder, PASSAGE_READER, Documents(reader), 5)
            assert all(result.source != deleted.name for result in results), "a deleted text was returned"


if __name__ == "__main__":
    main()
