from __future__ import annotations

import pytest

from rag.parse.parsed import Parsed
from rag.parse.xml import parse_xml
from tests.damage import assert_read_or_refused, cut_and_flipped
from tests.texts import unblocked


def read(text: str) -> Parsed:
    return parse_xml(text.encode(), "file")


def test_short_elements_side_by_side_are_a_record() -> None:
    countries = (
        "<country><name>Austria</name><river> The\n Inn </river><x/></country>"
        "<country><name>Chad &amp; x</name></country>"
    )
    assert unblocked(read(f"<?xml version='1.0'?><book>{countries}</book>")) == Parsed(
        "name: Austria; river: The Inn\n\nChad & x", "file"
    )


def test_prose_keeps_its_paragraphs_and_the_words_in_them() -> None:
    paragraphs = "<para>The <em>Inn</em> is long<!-- very -->.</para><para>Two.</para><para>Three!</para>"
    parsed = read(f"<article><info><title>Rivers</title></info>{paragraphs}</article>")
    assert parsed.text == "Rivers\n\nThe Inn is long.\n\nTwo.\n\nThree!"
    assert parsed.title == "Rivers"


def test_a_feed_is_read_without_the_markup_in_it() -> None:
    item = "<item><title>News</title><by>Ada</by><d><![CDATA[<p>The <b>Inn</b> rose.</p><p>Much.</p>]]></d></item>"
    parsed = read(f"<rss><channel><title>The feed</title>{item}</channel></rss>")
    assert parsed.text == "The feed\n\ntitle: News; by: Ada\n\nThe Inn rose.\n\nMuch."
    assert parsed.title == "The feed"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "koi8-r"])
def test_the_encoding_is_the_one_declared(encoding: str) -> None:
    word = {"iso-8859-1": "Brücke", "koi8-r": "мост"}.get(encoding, "Brücke мост")
    data = f'<?xml version="1.0" encoding="{encoding}"?><a><b>{word}</b></a>'.encode(encoding)
    assert parse_xml(data, "file").text == word


def test_attributes_that_say_something_are_fields() -> None:
    keys = '<key name="timeout" class="wide">30</key><key name="retries">4</key>'
    page = 'xmlns:x="urn:x" x:show="no" href="https://example.org"'
    assert read(f'<settings version="2"><river name="Inn" {page}/><group>{keys}</group></settings>').text == (
        "river.name: Inn\nkey: 30; key.name: timeout; key: 4; key.name: retries"
    )
    assert read('<list><book id="b7"><title>Salt</title><price unit="EUR">22</price></book></list>').text == (
        "book.id: b7; title: Salt; price: 22; price.unit: EUR"
    )


def test_what_is_no_xml_is_read_as_text_with_a_warning() -> None:
    assert unblocked(read("<a>one<b>two</a>")) == Parsed(
        "<a>one<b>two</a>", "file", warning="not valid XML: read as plain text"
    )


def test_entities_neither_grow_nor_reach_files() -> None:
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<!DOCTYPE a [<!ENTITY a0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">{bomb}]><a><b>one &a11; &f;</b></a>'
    parsed = read(text)
    assert len(parsed.text) < 2 * len(text)
    assert "root:" not in parsed.text


@pytest.mark.parametrize("depth", [150, 250, 100_000])
def test_depth_does_no_harm(depth: int) -> None:
    assert "deep" in read("<a>" * depth + "deep" + "</a>" * depth).text


def test_damaged_xml_gives_text_or_the_reason() -> None:
    whole = b"<?xml version='1.0'?><a><b>one</b><c x='1'>two<d/>&amp;</c><!-- e --><![CDATA[<p>f</p>]]></a>"
    assert_read_or_refused(parse_xml, cut_and_flipped(whole))


def test_an_entity_alone_in_an_element_names_no_file() -> None:
    text = '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'
    assert parse_xml(text.encode(), "a").text == text


def test_parts_with_nothing_but_attributes_stay_in_their_record() -> None:
    item = '<item code="B2"><title>Chair</title><stock n="9"/></item>'
    assert read(f"<items>{item}<item code='C3'><title>Desk</title><stock n='4'/></item></items>").text == (
        "item.code: B2; title: Chair; stock.n: 9\nitem.code: C3; title: Desk; stock.n: 4"
    )
