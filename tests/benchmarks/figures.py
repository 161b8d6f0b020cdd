"""The figures of the README: retrieval on a public set, and what indexing costs beside embedding.

    python -m tests.benchmarks.figures CHROMA_FOLDER [WORK_FOLDER]

The folder holds ``corpus.jsonl`` ({id, text}) and ``questions.jsonl`` ({question, evidence}) of Chroma's
chunking evaluation (Smith & Troynikov 2024). All documents go into one index; five passages are
retrieved for each question and scored on character ranges, in the mean over the questions.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from rag import show_run
from rag.assistant import Assistant
from rag.chunk import chunk_document
from rag.embed.packaged import PackagedEmbedder
from rag.embed.sentence_transformer import SentenceTransformerEmbedder
from rag.parse import parse
from rag.settings import Settings
from tests.benchmarks.sets import measure, write_set


def main() -> None:
    """Index, compare with embedding alone, measure."""
    chroma = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        write_set(chroma, work)
        corpus = work / "corpus"
        embedder = PackagedEmbedder()
        assistant = Assistant(Settings(corpus=corpus, index=work / "index"), embedder)
        embedder.embed_query("the model is loaded before anything is timed")

        indexing = assistant.sync(rebuild=True)
        embedding = _embedding_alone(corpus, embedder, assistant.settings.chunk_tokens)
        again = assistant.sync()
        print(f"passages                        {indexing.chunks}")
        print(f"indexing                        {indexing.seconds:.1f} s")
        print(f"embedding the same passages     {embedding:.1f} s")
        print(f"ratio                           {indexing.seconds / embedding:.3f}")
        print(f"indexing again, nothing changed {again.seconds:.3f} s")
        show_run.evaluation(measure(work, chroma.name, assistant))


def _embedding_alone(corpus: Path, embedder: PackagedEmbedder, chunk_tokens: int) -> float:
    """Return the seconds that sentence-transformers takes for the same passages, cut beforehand."""
    texts = []
    for path in sorted(corpus.iterdir()):
        document = parse(path.read_bytes(), path.name).documents[0]
        texts += [chunk.text for chunk in chunk_document(document, embedder.token_spans, chunk_tokens)]
    model = SentenceTransformerEmbedder().model
    started = time.perf_counter()
    model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
