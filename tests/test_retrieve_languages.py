"""Finding in many languages at once, and in spite of slips, with the real embedder and texts written for this."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from rag.embed import Embedder
from rag.index import Reader
from rag.query import read_query
from rag.retrieve import find_candidates
from rag.terms import query_terms
from tests.fakes import CountingEmbedder
from tests.folders import find, index_over

FILES = {
    "thai": "โรงสีข้าวเก่าของหมู่บ้านสร้างโดยนายสมชายในปี 2394\n\nแม่น้ำสายนี้ไหลลงสู่ทะเลอันดามันทางทิศตะวันตก\n\n"
    "ขนมปังทำจากแป้ง น้ำ และยีสต์ ต้องพักแป้งสองชั่วโมงก่อนอบ\n",
    "japanese": "村の古い水車小屋は1851年に田中一郎が建てた。\n\nこの川は西へ流れて日本海に注ぐ。\n\n"
    "パンは小麦粉と水と酵母から作られ、生地は二時間寝かせる。\n",
    "chinese": "村里的老磨坊是陈伟在1851年建造的，后来毁于大火。\n\n这条河向西流，最后注入渤海。\n\n"
    "面包由面粉、水和酵母制成，面团要静置两个小时。\n",
    "russian": "Старую деревенскую мельницу построил Иван Петров в 1851 году.\n\n"
    "Река течёт на запад и впадает в Белое море.\n\n"
    "Хлеб пекут из муки, воды и дрожжей, тесто отдыхает два часа.\n",
    "french": "Le vieux moulin du village a été construit par Jean Moreau en 1851.\n\n"
    "La rivière coule vers l'ouest et se jette dans l'océan Atlantique.\n\n"
    "Le pain est fait de farine, d'eau et de levure ; la pâte repose deux heures.\n",
    "turkish": "Köyün eski değirmenini 1851 yılında Mehmet Yılmaz yaptırdı.\n\n"
    "Nehir batıya doğru akar ve Ege Denizi'ne dökülür.\n\n"
    "Ekmek un, su ve mayadan yapılır; hamur iki saat dinlendirilir.\n",
    "german": "Die alte Mühle des Dorfes wurde 1851 von Karl Brandt errichtet.\n\n"
    "Der Fluss fließt nach Westen und mündet in die Nordsee.\n\n"
    "Brote werden aus Mehl, Wasser und Hefe gebacken; der Teig ruht zwei Stunden.\n",
    "english": "The old mill of the village was built by Adam Brown in 1851.\n\n"
    "The river runs west and ends in the Irish Sea.\n\n"
    "Bread is baked from flour, water and yeast, and the dough rests for two hours. It needs no machinery.\n",
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Reader]:
    """A view of one index of eight languages."""
    files = {f"{name}.txt": text for name, text in FILES.items()}
    index = index_over(tmp_path_factory.mktemp("languages"), files, embedder, 48)
    with index.reading() as opened:
        yield opened
    index.close()


@pytest.mark.parametrize(
    ("question", "language", "answer"),
    [
        ("ใครเป็นคนสร้างโรงสี", "thai", "สมชาย"),
        ("แม่น้ำไหลลงสู่ทะเลใด", "thai", "อันดามัน"),
        ("水車小屋を建てたのは誰ですか", "japanese", "田中一郎"),
        ("生地は何時間寝かせますか", "japanese", "二時間"),
        ("谁建造了老磨坊？", "chinese", "陈伟"),
        ("河流注入哪里？", "chinese", "渤海"),
        ("Кто построил старые мельницы?", "russian", "Иван Петров"),
        ("В какое море впадают реки?", "russian", "Белое море"),
        ("Qui a construit les vieux moulins ?", "french", "Jean Moreau"),
        ("Combien d'heures la pate repose-t-elle ?", "french", "deux heures"),
        ("Eski değirmeni kim yaptırdı?", "turkish", "Mehmet Yılmaz"),
        ("Nehir hangi denize dökülür?", "turkish", "Ege Denizi"),
        ("Wer errichtete die alten Mühlen?", "german", "Karl Brandt"),
        ("Woraus wird Brot gebacken?", "german", "Mehl"),
        ("Who built the mills?", "english", "Adam Brown"),
        ("Where do the rivers end?", "english", "Irish Sea"),
    ],
)
def test_a_question_finds_the_passage_in_its_own_language(
    reader: Reader, embedder: Embedder, question: str, language: str, answer: str
) -> None:
    best = find(question, reader, embedder, 3)[0]
    assert best.source == f"{language}.txt"
    assert answer in best.chunk.text


@pytest.mark.parametrize(
    ("slip", "right"),
    [("vilage", "village"), ("machienry", "machinery"), ("rivre flor", "river flour"), ("Mehmte", "Mehmet")],
)
def test_a_misspelt_word_is_taken_for_the_one_it_may_be(
    reader: Reader, embedder: Embedder, slip: str, right: str
) -> None:
    wrong, meant = query_terms(slip, reader, embedder), query_terms(right, reader, embedder)
    assert set(wrong.forms[-1]) <= set(meant.forms[-1])
    assert wrong.weights[-1] == pytest.approx(0.8 * meant.weights[-1])
    assert wrong.share(wrong.held(f"a {right} b")) == pytest.approx(1.0)


@pytest.mark.parametrize("word", ["1852", "xyz", "zzzzzzz", "river", "1815", "bred", "vintage"])
def test_numbers_what_is_found_and_what_is_like_nothing_are_not_corrected(
    reader: Reader, embedder: Embedder, word: str
) -> None:
    terms = query_terms(word, reader, embedder)
    assert terms.words == [word]
    assert word in terms.forms[0]


def test_of_a_joined_word_the_whole_counts_only_where_it_stands(reader: Reader, embedder: Embedder) -> None:
    assert query_terms("old-mill river", reader, embedder).words == ["old", "mill", "river"]


def test_cosines_are_lowered_where_the_embedder_does_not_speak_the_language(reader: Reader, embedder: Embedder) -> None:
    question = "Who built the mill?"
    query = embedder.embed_query(question)
    keys = list(reader.dense(query, len(reader)))
    plain = {
        passage.chunk.id: float(cosine)
        for passage, cosine in zip(reader.passages(keys), reader.vectors(keys) @ query, strict=True)
    }
    found = find_candidates(read_query(question, reader, embedder), reader, embedder, 100)
    assert {candidate.passage.language for candidate in found} == {"en", "de", "fr", "tr", "ru", "ja", "zh", "th"}
    for candidate in found:
        cosine = plain[candidate.passage.chunk.id]
        expected = cosine if candidate.passage.language == "en" else 0.25 * cosine
        assert candidate.dense == pytest.approx(expected, abs=1e-5)
    german = find("Wer hat die Mühle des Dorfes errichtet?", reader, embedder, 100)
    assert all(result.dense < 0.26 for result in german)


def test_a_model_that_may_speak_all_languages_is_believed(reader: Reader, embedder: Embedder) -> None:
    anyone = CountingEmbedder(embedder)
    anyone.languages = None
    query = embedder.embed_query("Wer baute die Mühle?")
    best = max(result.dense for result in find("Wer baute die Mühle?", reader, anyone, 100))
    assert best == pytest.approx(max(reader.dense(query, 1).values()), abs=1e-5)


def test_words_that_the_model_has_no_pieces_for_are_like_nothing(embedder: Embedder) -> None:
    rows = embedder.word_vectors(["磨坊", "สี", "river"])
    assert np.linalg.norm(rows[2]) == pytest.approx(1, abs=1e-5)
    assert float(rows[0] @ rows[1]) < 0.9
