from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.words import STOP_WORDS, content_words, forms, searched, stem, terms, wholes, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("?! … 😀 \x00 \ud800", []),
        ("The U.S. economy grew 2.6%, didn't it?", ["the", "us", "economy", "grew", "2.6", "did", "it"]),
        ("GPT-4o costs $1,000.50.", ["gpt", "4", "o", "4o", "gpt4o", "costs", "1000.50"]),
        ("Straße ÉCOLE Привет", ["strasse", "école", "привет"]),
        ("the company’s CEO", ["the", "company", "ceo"]),
        ("GPUs, the US and Ms", ["gpu", "the", "us", "and", "ms"]),
        ("H-1B A100 C++ C# c", ["h", "1", "b", "1b", "h1b", "a100", "c++", "c#", "c"]),
        ("l’homme, O'Brien", ["l", "homme", "lhomme", "o", "brien", "obrien"]),
        ("Apple_10Q_2023", ["apple", "10", "q", "10q", "2023", "apple10q2023"]),
        ("ﬁre ＧＰＴ４ soft\u00adhyphen", ["fire", "gpt4", "softhyphen"]),
        ("日本語 text 水 ｶﾞ", ["日本", "本語", "text", "水", "ガ"]),
        ("水是生命", ["水是", "是生", "生命"]),
        ("น้ำ ไทย", ["น้ํา", "ไท", "ทย"]),
        ("한국어 हिन्दी में", ["한국", "국어", "हिन्दी", "में"]),
        ("30.09.2023 v1.2.3", ["30", "09", "2023", "30.09.2023", "1.2.3", "v1.2.3"]),
        ("R&D at AT&T, R & D", ["r+d", "at", "at", "t", "at+t", "r+d"]),
        (".NET or C++. Net", ["net", ".net", "or", "c++", "net"]),
        ("#43 § 41 §41a", ["43", "#43", "41", "§41", "41", "a", "41a", "§41a"]),
        ("AB-1204/7 R-2024-191", ["ab", "1204", "7", "ab1204+7", "r", "2024", "191", "r2024+191"]),
        ("file_name.txt km/h", ["file", "name", "txt", "filenametxt", "km", "h"]),
        ("H₂O 10⁶ 10^6 10^(6) 10⁻³", ["h2o", "10", "10⁶", "10", "10⁶", "10", "10⁶", "10", "10⁻³"]),
        ("in 1934⁷ of 5 m² x^2 said¹", ["in", "1934", "1934⁷", "of", "5", "m", "m2", "x", "x2", "said", "said1"]),
        ("a,b 1,2", ["a", "b", "1.2"]),
        ("x" * 100, ["x" * 64]),
    ],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("number", "also"),
    [
        ("1,200", "1200"),
        ("1.200", "1200"),
        ("1\u202f200", "1200"),
        ("1’200", "1200"),
        ("1,234,567.5", "1234567.5"),
        ("1.234.567,5", "1234567.5"),
        ("2,6", "2.6"),
        ("1.200", "1.200"),
        ("٢٠٢٣", "2023"),
        ("1990s", "1990"),
        ("5nm", "5"),
    ],
)
def test_a_number_is_found_however_it_is_written(number: str, also: str) -> None:
    assert also in words(number)


@pytest.mark.parametrize(("number", "other"), [("2.6", "2"), ("0.125", "0125"), ("0,125", "0125"), ("12.5", "125")])
def test_a_number_is_no_other_number(number: str, other: str) -> None:
    assert other not in words(number)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "companies", "company"),
        ("en", "Ångström", "Angstrom"),
        ("de", "Häuser", "Haus"),
        ("fr", "générations", "generation"),
        ("es", "canciones", "canción"),
        ("ru", "городами", "города"),
        ("tr", "evlerden", "evler"),
        ("tr", "İSTANBUL", "istanbul"),
        ("pl", "Łódź", "Lodz"),
        ("hi", "किताबें", "किताब"),
        ("ja", "companies", "company"),
        ("", "rivers", "river"),
    ],
)
def test_terms_know_the_inflection_of_the_language_and_no_accents(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("ja", "か", "が"), ("hi", "दिन", "दीन"), ("de", "Haus", "Maus"), ("en", "10", "100")],
)
def test_terms_tell_apart_what_differs(language: str, one: str, other: str) -> None:
    assert terms(one, language) != terms(other, language)


def test_a_word_may_stand_as_other_terms_in_other_languages() -> None:
    assert forms("häuser", ("en", "de", "", "zh")) == ("hauser", "haus")
    assert forms("2.6", ("en", "de")) == ("2.6",)
    assert forms("cars", ("zh", "en")) == ("car",)


def test_the_whole_of_a_joined_word_is_known_for_one() -> None:
    assert wholes("long-term debt of 1.200 U.S. firms, 日本語") == {"longterm", "1.200"}


@given(st.text())
def test_terms_hold_nothing_that_parts_them(text: str) -> None:
    """What the index takes for one term must be letters, digits, or the few signs that it is told of."""
    for term in terms(text, "de"):
        assert term
        assert all(sign in ".,+#" or not sign.isascii() or sign.isalnum() for sign in term)
        assert len(term.split()) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("1/2", "12"), ("10⁶", "106"), ("R&D", "RD"), ("1-2", "12"), ("#43", "43rd"), ("R-2024-191", "R-2024-19 1")],
)
def test_what_its_marks_tell_apart_is_apart(one: str, other: str) -> None:
    assert words(one)[-1] not in words(other)


@given(st.text())
def test_content_words_are_distinct_words_without_function_words_unless_there_are_no_others(text: str) -> None:
    found = content_words(text)
    meaningful = [word for word in searched(text) if word not in STOP_WORDS]
    named = {word.casefold() for word in text.split() if word.isupper()}
    assert len(set(found)) == len(found)
    assert set(meaningful) - set(found) == set()
    assert set(found) - set(meaningful) - named == set() or not meaningful
    assert found == sorted(found, key=searched(text).index)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who is the CEO of the company that the CEO founded?", ["ceo", "company", "founded"]),
        ("What is it?", ["what", "is", "it"]),
        ("To be or not to be", ["to", "be", "or", "not"]),
        ("How big is the US army in May?", ["big", "us", "army", "may", ".05."]),
        ("What does the WHO spend on IT?", ["who", "spend", "it"]),
        ("WHAT IS IT?", ["what", "is", "it"]),
    ],
)
def test_content_words_of_questions(question: str, expected: list[str]) -> None:
    assert content_words(question) == expected


@pytest.mark.parametrize(
    ("language", "question", "expected"),
    [
        ("de", "Wie viele Einwohner hat die Stadt?", ["einwohner", "stadt"]),
        ("fr", "Qui a fondé l'entreprise ?", ["fondé", "entreprise"]),
        ("es", "¿Quién fundó la empresa?", ["fundó", "empresa"]),
        ("ru", "Кто основал компанию?", ["основал", "компанию"]),
        ("zh", "水的沸点是多少？", ["沸点", "点是"]),
        ("ja", "日本の首都はどこですか", ["日本", "本の", "の首", "首都", "都は"]),
        ("th", "ใครคือนายก", ["นา", "าย", "ยก"]),
    ],
)
def test_question_words_of_other_languages_carry_no_meaning(language: str, question: str, expected: list[str]) -> None:
    assert [word for word in content_words(question, language) if word in expected] == expected
    assert len(content_words(question, language)) <= len(expected) + 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("companies", "company", True),
        ("running", "runs", True),
        ("founded", "founding", True),
        ("rivers", "river", True),
        ("universe", "union", False),
        ("2.6", "2.7", False),
        ("日本語", "日本", False),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str, same: bool) -> None:
    assert (stem(one) == stem(other)) is same
