"""Languages of texts that nobody tuned anything on, written for these tests."""

from __future__ import annotations

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from rag.languages import NAMES, _ranked, document_language, question_language, speaks, unspoken

TEXTS = {
    "en": "The bridge was built in 1887 by the town's own workers, and it was closed to carts after the flood.",
    "de": "Die Brücke wurde 1887 von den Arbeitern der Stadt gebaut und nach dem Hochwasser gesperrt.",
    "fr": "Le pont a été construit en 1887 par les ouvriers de la ville, puis fermé aux charrettes après la crue.",
    "es": "El puente fue construido en 1887 por los obreros de la ciudad y se cerró después de la inundación.",
    "it": "Il ponte fu costruito nel 1887 dagli operai della città e chiuso ai carri dopo l'alluvione.",
    "pt": "A ponte foi construída em 1887 pelos trabalhadores da cidade e fechada depois da cheia do rio.",
    "nl": "De brug werd in 1887 gebouwd door de arbeiders van de stad en na de overstroming gesloten.",
    "pl": "Most został zbudowany w 1887 roku przez robotników z miasta i zamknięty po wielkiej powodzi.",
    "tr": "Köprü 1887 yılında şehrin işçileri tarafından yapıldı ve selden sonra arabalara kapatıldı.",
    "ru": "Мост был построен в 1887 году рабочими города и закрыт для телег после наводнения.",
    "uk": "Міст був побудований у 1887 році робітниками міста і закритий для возів після повені.",
    "el": "Η γέφυρα χτίστηκε το 1887 από τους εργάτες της πόλης και έκλεισε μετά την πλημμύρα.",
    "ar": "بني الجسر عام 1887 على يد عمال المدينة وأغلق أمام العربات بعد الفيضان.",
    "he": "הגשר נבנה בשנת 1887 בידי פועלי העיר ונסגר לעגלות לאחר השיטפון.",
    "hi": "पुल 1887 में शहर के मज़दूरों ने बनाया था और बाढ़ के बाद गाड़ियों के लिए बंद कर दिया गया।",
    "th": "สะพานนี้สร้างขึ้นในปี 1887 โดยคนงานของเมือง และปิดหลังน้ำท่วม",
    "ja": "この橋は1887年に町の労働者によって建設され、洪水の後は荷車の通行が禁止された。",
    "zh": "这座桥由该城的工人于1887年建成，洪水之后禁止马车通行。",
    "ko": "이 다리는 1887년에 도시의 노동자들이 지었고 홍수 뒤에 수레의 통행이 금지되었다.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_of_a_document_is_told(language: str) -> None:
    assert document_language(TEXTS[language]) == language
    assert document_language("\n\n".join([TEXTS[language]] * 200)) == language


@pytest.mark.parametrize(
    "text",
    ["", "   ", "12, 13, 14\n" * 50, "Total;Net", "\x00\ud800", "😀" * 100, "x = f(y)", "%PDF-1.4 0 obj <<>>"],
    ids=ascii,
)
def test_of_a_text_that_says_too_little_the_language_is_not_guessed(text: str) -> None:
    assert document_language(text) == ""


def test_names_in_brackets_do_not_change_the_language() -> None:
    assert document_language("欧特维尔的坦克雷德 (Tancred of Hauteville) 的后裔抵达了地中海。") == "zh"
    assert document_language("The city of Tokyo (東京都) is the capital of Japan, and has many people.") == "en"
    assert (
        document_language("他喜欢“カラオケ”这个词，这是日语中的一个词，意思是没有乐队的演唱，在世界各地都很流行。")
        == "zh"
    )


@pytest.mark.parametrize(
    ("question", "of_documents", "language"),
    [
        ("Who built the bridge?", [], "en"),
        ("Who designed Salamanca?", ["en"], "en"),
        ("Wer baute die Brücke?", ["de", "en"], "de"),
        ("Wer hat die Brücke über den Fluss gebaut, und in welchem Jahr?", ["en"], "de"),
        ("Brücke 1887", ["de"], "de"),
        ("¿Quién construyó el puente?", ["es"], "es"),
        ("A100", ["de"], "de"),
        ("1887?", ["de"], ""),
        ("谁建造了这座桥？", [], "zh"),
        ("日本首都人口", ["ja"], "ja"),
        ("橋を建てたのは誰ですか", ["zh"], "ja"),
        ("สะพานสร้างเมื่อไหร่", ["en"], "th"),
    ],
)
def test_the_language_of_a_question_is_one_of_the_documents_unless_it_is_surely_another(
    question: str, of_documents: list[str], language: str
) -> None:
    assert question_language(question, of_documents) == language


def test_what_a_model_does_not_speak_is_said_in_one_line() -> None:
    english = frozenset({"en"})
    assert unspoken(["en", "en", ""], english, "m") is None
    assert unspoken(["de", "th"], None, "m") is None
    said = "which m does not speak: set RAG_EMBEDDER to a multilingual"
    assert str(unspoken(["de"], english, "m")).startswith(f"1 document is in German, {said}")
    assert str(unspoken(["de", "en", "de"], english, "m")).startswith(f"2 documents are in German, {said}")
    assert str(unspoken(["de", "zh", "th", "zh"], english, "m")).startswith(
        f"2 documents are in Chinese, 1 in German and 1 in Thai, {said}"
    )


def test_a_model_of_unknown_languages_is_trusted_and_so_is_an_unknown_language() -> None:
    assert speaks(None, "de")
    assert speaks(frozenset({"en"}), "")
    assert not speaks(frozenset({"en"}), "de")


def test_the_model_is_that_of_the_package() -> None:
    """Loaded in memory, it says what the package's own loader makes of it."""
    own = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    own.set_languages(NAMES)
    for text in TEXTS.values():
        assert _ranked(text) == own.rank(text)
