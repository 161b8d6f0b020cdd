from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.assistant import Assistant
from rag.chunk import chunk_document
from rag.embed import Embedder
from rag.errors import ReaderError
from rag.index import Passage
from rag.parse import parse
from rag.read import Place, ReadablePassage, Sentence
from rag.read.candidates import candidate_of
from rag.read.folder import ABOUT, PACKAGED, WEIGHTS, damaged
from rag.read.learned import LearnedReader
from rag.read.train import main as train
from rag.sentences import document_sentences
from rag.settings import Settings
from rag.types import Document
from tests.fakes import FakeReader
from tests.folders import PASSAGE_READER, assistant_over
from tests.question_sets import record, write_set


def candidate(context: str, sentences: Sequence[str]) -> ReadablePassage:
    """Return a passage of sentences that stand in a document one after the other."""
    starts = np.cumsum([0, *(len(sentence) + 1 for sentence in sentences)]).tolist()
    return ReadablePassage(
        context,
        tuple(Sentence(text, (Place(0, start, len(text)),)) for text, start in zip(sentences, starts, strict=False)),
    )


def passages(document: Document, embedder: Embedder, tokens: int = 200) -> list[Passage]:
    every = document_sentences(document)
    return [
        Passage(
            chunk=chunk,
            sentences=tuple((a - chunk.start, b - chunk.start) for a, b in every if chunk.start <= a < chunk.end),
            source=document.source,
            title=document.title,
            sha256=document.sha256,
            page_kind=document.page_kind,
            language="en",
        )
        for chunk in chunk_document(document, embedder.token_spans, tokens)
    ]


DANUBE = ["It rises in the Black Forest.", "It is 2,850 km long.", "It crosses ten countries."]
VOLGA = ["The Volga is the longest river of Europe.", "It ends in the Caspian Sea."]


@pytest.mark.parametrize(
    ("question", "place", "words"),
    [
        ("How many countries does the Danube cross?", (0, 2), "ten"),
        ("Where does the Danube rise?", (0, 0), "Black Forest"),
        ("How long is the Danube?", (0, 1), "2,850 km"),
        ("Where does the Volga end?", (1, 1), "Caspian Sea"),
    ],
)
def test_the_sentence_that_answers_is_the_likeliest_and_its_words_are_told(
    question: str, place: tuple[int, int], words: str
) -> None:
    readings = PASSAGE_READER.read(question, [candidate("Danube", DANUBE), candidate("Volga", VOLGA)])
    odds = {(at, n): one for at, reading in enumerate(readings) for n, one in enumerate(reading.log_odds)}
    assert max(odds, key=lambda at: odds[at]) == place
    found = readings[place[0]].words[place[1]]
    assert found is not None
    assert words in "\n".join((DANUBE, VOLGA)[place[0]])[found.start : found.end]
    assert 0 < found.chance <= 1


def test_a_title_decides_between_passages_that_say_the_same() -> None:
    told = ["The pool opens at eight.", "Dogs are not allowed."]
    readings = PASSAGE_READER.read(
        "When does the pool of Bexley open?", [candidate(name, told) for name in ("Bexley", "Corvo")]
    )
    assert readings[0].log_odds[0] > readings[1].log_odds[0]


def test_what_is_read_together_is_read_as_alone() -> None:
    some = [candidate("Danube", DANUBE), candidate("Volga", VOLGA), candidate("", ["x " * 150, "It ends here."])]
    together = PASSAGE_READER.read("Where does it end?", some)
    for one, reading in zip(some, together, strict=True):
        [alone] = PASSAGE_READER.read("Where does it end?", [one])
        np.testing.assert_allclose(alone.log_odds, reading.log_odds, atol=1e-3)


def test_a_passage_too_long_for_one_window_is_read_in_several() -> None:
    told = [f"Room {number} is painted in the colour of the lamp in it." for number in range(60)]
    told[57] = "The piano stands by the window of the hall."
    [reading] = PASSAGE_READER.read("Where does the piano stand?", [candidate("Rooms", told)])
    assert len(reading.log_odds) == len(reading.words) == 60
    assert int(np.argmax(reading.log_odds)) == 57


@pytest.mark.parametrize("question", ["?", "\x00", "😀", "word " * 3000, "日本語"])
@pytest.mark.parametrize("text", ["", "\x00", "a" * 9000, "word " * 900, "[SEP] [CLS] [unused1]"])
def test_whatever_is_read_gives_numbers(question: str, text: str) -> None:
    [reading] = PASSAGE_READER.read(question, [candidate(text, [text, "It ends here."])])
    assert len(reading.log_odds) == 2
    assert np.isfinite(reading.log_odds).all()


def test_nothing_is_read_of_nothing() -> None:
    assert PASSAGE_READER.read("Who?", []) == []
    [reading] = PASSAGE_READER.read("Who?", [ReadablePassage("", ())])
    assert (reading.log_odds, reading.words) == ((), ())


def test_a_row_is_read_with_the_names_of_its_columns_and_stands_where_its_cells_do(embedder: Embedder) -> None:
    text = "# Rooms\n\n| Room | Seats | Note |\n|---|---|---|\n| Aspen | 12 | |\n| Birch | 40 | **warm** |\n"
    [document] = parse(text.encode(), "rooms.md").documents
    [passage] = passages(document, embedder)
    read = candidate_of(document, passage)
    assert read.context == "Rooms"
    rows = [sentence for sentence in read.sentences if ": " in sentence.text]
    assert [row.text for row in rows] == ["Room: Aspen; Seats: 12", "Room: Birch; Seats: 40; Note: **warm**"]
    at = rows[1].text.index("40")
    found = rows[1].in_document((at, at + 2))
    assert found is not None
    assert text[slice(*found)] == "40"
    assert rows[1].in_document((0, at + 2)) is None


def test_what_is_read_of_markdown_is_what_its_reader_sees(embedder: Embedder) -> None:
    text = "# Mill\n\n- The **mill** was [built](a.md) in 1851.\n"
    [document] = parse(text.encode(), "mill.md").documents
    [passage] = passages(document, embedder)
    [*_, sentence] = candidate_of(document, passage).sentences
    assert sentence.text.split() == ["The", "mill", "was", "built", "in", "1851."]
    at = sentence.text.index("1851")
    found = sentence.in_document((at, at + 4))
    assert found is not None
    assert text[slice(*found)] == "1851"


@pytest.mark.parametrize(
    ("file", "content"), [(WEIGHTS, None), (WEIGHTS, b"not weights"), (ABOUT, None), (ABOUT, b"{}"), (ABOUT, b"[")]
)
def test_a_reader_that_is_missing_or_damaged_is_refused(tmp_path: Path, file: str, content: bytes | None) -> None:
    folder = shutil.copytree(PACKAGED, tmp_path / "reader")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    reader = LearnedReader(folder)
    with pytest.raises(ReaderError, match=f"the reader in {folder} is missing or damaged: give a folder that"):
        reader.read("Where does the Danube rise?", [candidate("Danube", DANUBE)])
    assert "install this package again" in str(damaged(PACKAGED))


def test_a_reader_of_other_languages_is_named_in_the_settings(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = write_small_model(tmp_path / "base")
    write_set(tmp_path / "data", "nq_qed", [record("Wo liegt Ulm?", ["Ulm liegt in Bayern.", "Es regnet."], [0])] * 40)
    command = ["train", str(tmp_path / "data"), str(tmp_path / "reader"), "--questions", "80"]
    monkeypatch.setattr("sys.argv", [*command, "--base", str(base), "--languages", "de"])
    train()
    reader = LearnedReader(tmp_path / "reader")
    assert reader.languages == frozenset({"de"})
    [reading] = reader.read("Wo liegt Ulm?", [candidate("Ulm", ["Ulm liegt in Bayern.", "Es regnet <mask>."])])
    assert len(reading.log_odds) == 2
    shutil.rmtree(base)
    with pytest.raises(ReaderError, match="where no model"):
        _ = LearnedReader(tmp_path / "reader").languages


def write_small_model(folder: Path) -> Path:
    """Write a model as XLM-R's are, of three layers that knows nothing."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import XLMRobertaConfig, XLMRobertaModel

    signs = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    known = {word: at for at, word in enumerate([*signs, *"wo liegt ulm in bayern es regnet ? .".split()])}
    tokenizer = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    tokenizer.add_special_tokens(signs)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    size: dict[str, Any] = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 32}
    config = XLMRobertaConfig(vocab_size=len(known), num_hidden_layers=3, **size)
    XLMRobertaModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_without_the_reader_sentences_are_chosen_by_words_and_that_is_said_once(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('this torch is broken')")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("The mill was built in 1851. It stands by the stream.")
    settings = Settings(corpus=tmp_path / "corpus", index=tmp_path / "index", data=tmp_path / "data")
    assistant = Assistant(settings, embedder, LearnedReader())
    assistant.sync()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    answers = [assistant.ask("When was the mill built?", even_if_unsure=True) for _ in range(2)]
    assert [answer.citations[0].quote for answer in answers] == ["The mill was built in 1851."] * 2
    [told] = [record.getMessage() for record in caplog.records if record.name == "rag.assistant"]
    assert "the model reader cannot be prepared" in told
    assert told.endswith("until then, sentences are chosen by their words")


def test_what_the_reader_says_decides_what_is_quoted_and_which_words_are_marked(
    tmp_path: Path, embedder: Embedder
) -> None:
    told = "The mill stands by the stream. The mill burnt down in 1902. The mill belongs to Eve Falk."
    files = {"mill.txt": told, "moulin.txt": "Le moulin a été construit par Jean Moreau. Le moulin a brûlé en 1902."}
    assistant = assistant_over(tmp_path, files, embedder)
    for fact, words in (("The mill burnt down in 1902.", "1902"), ("The mill belongs to Eve Falk.", "Eve Falk")):
        assistant._passage_reader = FakeReader(words)
        citation = assistant.ask("What about the mill?", even_if_unsure=True).citations[0]
        assert citation.quote == fact
        assert citation.highlight is not None
        assert told[slice(*citation.highlight)] == words


def test_passages_in_a_language_that_it_does_not_read_are_not_read(tmp_path: Path, embedder: Embedder) -> None:
    french = "Le moulin du village a été construit par Jean Moreau. Il a brûlé au printemps."
    files = {"mill.txt": "The mill of the village was built by Eve Falk. It burnt in May.", "moulin.txt": french}
    assistant = assistant_over(tmp_path, files, embedder)
    fake = FakeReader("Eve Falk", languages=frozenset({"en"}))
    assistant._passage_reader = fake
    assistant.ask("Who built the mill of the village?")
    assistant.ask("Qui a construit le moulin du village ?")
    [(_, [candidate])] = [(question, read) for question, read in fake.asked if read]
    assert " ".join(sentence.text for sentence in candidate.sentences) == files["mill.txt"]
