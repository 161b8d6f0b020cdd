from __future__ import annotations

import random
import struct
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from rag.errors import ParseError
from rag.parse.mail import parse_mail
from rag.parse.msg import parse_msg
from rag.parse.parsed import Attachment, Parsed
from tests.ole import Folder, ole
from tests.texts import unblocked

BODY = "Dear Bob,\n\nthe bridge opens on Monday.\nBring boots.\n\n-- \nAda\n"
HEADERS = "From: Ada Lovelace <ada@example.org>\n\nTo: Bob <bob@example.org>"
READ = "Dear Bob,\n\nthe bridge opens on Monday.\nBring boots.\n\n--\nAda"


def message(subject: str = "The bridge", body: str = BODY) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ada Lovelace <ada@example.org>"
    made["To"] = "Bob <bob@example.org>"
    made["Subject"] = subject
    made.set_content(body)
    return made


def raw(body: str, headers: str = "") -> bytes:
    return f"From: ada@example.org\nSubject: Raw\n{headers}\n\n{body}".encode()


def read(made: EmailMessage) -> Parsed:
    return parse_mail(made.as_bytes(), "file")


def body_of(parsed: Parsed) -> str:
    return parsed.text.split("Subject: Raw\n\n")[1]


def test_a_message_is_its_headers_a_block_each_and_its_body() -> None:
    made = message()
    made["Cc"] = "Carl <carl@example.org>, d@example.org"
    made["Date"] = "Tue, 01 Oct 2024 12:34:56 -0500"
    made["Received"] = "from relay.example.org"
    parsed = read(made)
    assert parsed.text == (
        f"{HEADERS}\n\nCc: Carl <carl@example.org>, d@example.org\n\nDate: Tue, 01 Oct 2024 12:34:56 -0500"
        f"\n\nSubject: The bridge\n\n{READ}"
    )
    assert parsed.title == "The bridge"
    assert parsed.attachments == ()
    assert parsed.warning is None


def test_headers_are_decoded_and_unfolded() -> None:
    data = b"From: =?utf-8?b?w4lsb2RpZQ==?= <e@example.org>\r\nSubject: =?iso-8859-1?q?Br=FCcke?=\r\n over it\r\n\r\nHi"
    parsed = parse_mail(data, "file")
    assert parsed.text == "From: Élodie <e@example.org>\n\nSubject: Brücke over it\n\nHi"
    assert parsed.title == "Brücke over it"


def test_a_message_without_a_subject_has_the_name_of_its_file() -> None:
    assert unblocked(parse_mail(b"To: bob@example.org\n\nHello.", "letter")) == Parsed(
        "To: bob@example.org\n\nHello.", "letter"
    )


@pytest.mark.parametrize("kind", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_message_saved_in_another_encoding_is_read(kind: str) -> None:
    assert parse_mail(message().as_string().encode(kind), "file").text == f"{HEADERS}\n\nSubject: The bridge\n\n{READ}"


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("iso-8859-1", "10 \u20ac für Brücken".encode("cp1252"), "10 € für Brücken"),
        ("iso-8859-1", "Brücken über Flüsse".encode(), "Brücken über Flüsse"),
        ("koi8-r", "Привет, мир".encode("koi8-r"), "Привет, мир"),
        ("iso-2022-jp", "日本語".encode("iso-2022-jp"), "日本語"),
        ("no-such-charset", "Brücken".encode(), "Brücken"),
        ("us-ascii", "Brücken".encode(), "Brücken"),
        ("utf-8", b"Br\xfccken \x00und mehr", "Brücken und mehr"),
    ],
)
def test_a_body_is_read_in_its_charset_whatever_is_declared(charset: str, data: bytes, text: str) -> None:
    head = f"From: a@example.org\nSubject: Raw\nContent-Type: text/plain; charset={charset}\n\n".encode()
    assert body_of(parse_mail(head + data, "file")) == text


def test_the_plain_text_is_preferred_to_the_same_in_html() -> None:
    made = message()
    made.add_alternative("<p>Dear <b>Bob</b>, the bridge opens.</p>", subtype="html")
    parsed = read(made)
    assert parsed.text.endswith(READ)
    assert "Dear Bob, the bridge" not in parsed.text
    assert parsed.attachments == ()


def test_html_is_read_where_the_plain_text_says_nothing() -> None:
    made = message(body="See the HTML.")
    made.add_alternative(
        "<html><head><style>p {color: red}</style></head><body><h1>Hours</h1><div style='display:none'>hidden</div>"
        "<table><tr><td><p>The bridge opens on Monday &amp; stays open.</p><p>Bring&nbsp;boots.</p></td></tr></table>"
        "<table><tr><th>Day</th><th>Opens</th></tr><tr><td>Monday</td><td>8:00</td></tr></table>"
        "<p>Ada<br>Boss</p></body></html>",
        subtype="html",
    )
    assert read(made).text.split("Subject: The bridge\n\n")[1] == (
        "Hours\n\nThe bridge opens on Monday & stays open.\n\nBring boots.\n\nDay: Monday; Opens: 8:00\n\nAda\nBoss"
    )


def test_texts_around_an_attachment_are_all_read_in_order() -> None:
    body = (
        "--x\nContent-Type: text/plain\n\nBefore.\n--x\nContent-Type: application/pdf; name=a.pdf\n\n%PDF\n"
        "--x\nContent-Type: text/plain\n\nAfter.\n--x--\n"
    )
    parsed = parse_mail(raw(body, "Content-Type: multipart/mixed; boundary=x"), "file")
    assert body_of(parsed) == "Before.\n\nAfter."
    assert parsed.attachments == (Attachment("a.pdf", b"%PDF"),)


def test_attachments_are_handed_over_with_safe_names() -> None:
    made = message()
    for name in ["plan.txt", "plan.txt", "../../etc/passwd", "C:\\secret\\b\x07.txt", "..", "Größe.csv"]:
        made.add_attachment(name.encode(), maintype="application", subtype="octet-stream", filename=name)
    names = [(one.name, one.data.decode()) for one in read(made).attachments]
    assert names == [
        ("plan.txt", "plan.txt"),
        ("plan-2.txt", "plan.txt"),
        ("passwd", "../../etc/passwd"),
        ("b.txt", "C:\\secret\\b\x07.txt"),
        ("attachment", ".."),
        ("Größe.csv", "Größe.csv"),
    ]


def test_a_message_in_a_message_is_an_attachment_that_can_be_read() -> None:
    made = message()
    made.add_attachment(message("Inner: a/b", "Inner text."))
    (inner,) = read(made).attachments
    assert inner.name == "Inner: a-b.eml"
    assert parse_mail(inner.data, "inner").text == f"{HEADERS}\n\nSubject: Inner: a/b\n\nInner text."
    assert "Inner text" not in read(made).text


def test_pictures_in_the_text_and_seals_are_left_out() -> None:
    made = message()
    made.add_alternative("<p>Dear Bob, <img src='cid:logo'></p>", subtype="html")
    payload = made.get_payload()
    assert isinstance(payload, list)
    html = payload[1]
    assert isinstance(html, EmailMessage)
    html.add_related(b"\x89PNG", "image", "png", cid="<logo>", filename="logo.png")
    made.add_attachment(b"seal", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    assert read(made).attachments == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"just some text\n\nand more", "not a mail message"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not a mail message"),
        (b"", "not a mail message"),
        (raw("--x\n\nVersion: 1\n--x--", "Content-Type: multipart/encrypted; boundary=x"), "encrypted"),
        (raw("MIIB", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data"), "encrypted"),
    ],
    ids=["text", "image", "empty", "pgp", "s/mime"],
)
def test_what_is_no_mail_or_locked_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_mail(data, "file")


def nested(depth: int) -> bytes:
    parts = [f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}" for n in range(depth)]
    return ("From: a@example.org\n" + "\n".join(parts) + "\nContent-Type: text/plain\n\nDeep.\n").encode()


def test_parts_in_parts_are_read_to_a_depth() -> None:
    assert parse_mail(nested(20), "file").text == "From: a@example.org\n\nDeep."
    for depth in (100, 5000):
        with pytest.raises(ParseError, match="nested too deep"):
            parse_mail(nested(depth), "file")


@pytest.mark.parametrize(
    "headers",
    [
        'To: "unclosed <a@example.org',
        "To: <<>>,;:@\nDate: never",
        "Content-Type: ;;;==\nContent-Transfer-Encoding: none",
        "Content-Type: text/plain; charset*=utf-8'''%ff",
        "Content-Disposition: attachment; filename*0*=utf-8''%; filename*2=x",
        "Content-Type: multipart/mixed",
        "Content-Transfer-Encoding: base64",
        "Subject: =?utf-8?b?////?= =?x?q?=?=",
    ],
)
def test_broken_headers_do_not_hide_the_rest(headers: str) -> None:
    assert parse_mail(raw("The bridge opens.", headers), "file").text.startswith("From: ada@example.org")


def text(number: int, value: str) -> tuple[str, bytes]:
    return f"__substg1.0_{number:04X}001F", value.encode("utf-16-le")


def properties(header: int, values: dict[int, tuple[int, int]]) -> tuple[str, bytes]:
    entries = [struct.pack("<HHIQ", kind, number, 6, value) for number, (kind, value) in values.items()]
    return "__properties_version1.0", bytes(header) + b"".join(entries)


SENT = 133_722_596_960_000_000  # 1 October 2024, 12:34:56 UTC


def recipient(role: int, name: str, address: str) -> Folder:
    return Folder([text(0x3001, name), text(0x39FE, address), properties(8, {0x0C15: (3, role)})])


def attachment(name: str, *streams: tuple[str, Folder | bytes]) -> Folder:
    return Folder([text(0x3707, name), properties(8, {}), *streams])


def outlook(*more: tuple[str, Folder | bytes], header: int = 32) -> Folder:
    return Folder(
        [
            text(0x0037, "The bridge"),
            text(0x0C1A, "Ada Lovelace"),
            text(0x5D01, "ada@example.org"),
            properties(header, {0x0039: (0x40, SENT), 0x3FDE: (3, 65001)}),
            ("__recip_version1.0_#00000000", recipient(1, "Bob", "bob@example.org")),
            ("__recip_version1.0_#00000001", recipient(2, "carl@example.org", "carl@example.org")),
            *more,
        ]
    )


OUTLOOK_HEADERS = f"{HEADERS}\n\nCc: carl@example.org\n\nDate: Tue, 01 Oct 2024 12:34:56 +0000\n\nSubject: The bridge"


def test_an_outlook_message_reads_like_any_other() -> None:
    inner = attachment("Inner", ("__substg1.0_3701000D", outlook(text(0x1000, "Inner text."), header=24)))
    data = ole(
        outlook(
            text(0x1000, BODY.replace("\n", "\r\n")),
            ("__attach_version1.0_#00000000", attachment("../plan.txt", ("__substg1.0_37010102", b"x" * 5000))),
            ("__attach_version1.0_#00000001", inner),
            ("__attach_version1.0_#00000002", attachment("object.ole", text(0x3001, "A drawing"))),
        )
    )
    parsed = parse_msg(data, "file")
    assert parsed.text == f"{OUTLOOK_HEADERS}\n\n{READ}"
    assert parsed.title == "The bridge"
    plan, letter = parsed.attachments
    assert plan == Attachment("plan.txt", b"x" * 5000)
    assert letter.name == "The bridge.eml"
    assert parse_mail(letter.data, "inner").text == f"{OUTLOOK_HEADERS}\n\nInner text."
    assert parsed.warning == "not read: the attachment A drawing"


def test_an_outlook_message_in_html_is_read_and_one_in_rich_text_told() -> None:
    html = "<p>Über die Brücke</p>".encode()
    assert (
        parse_msg(ole(outlook(("__substg1.0_10130102", html))), "file").text == f"{OUTLOOK_HEADERS}\n\nÜber die Brücke"
    )
    rich = parse_msg(ole(outlook(("__substg1.0_10090102", b"LZFu"))), "file")
    assert rich.text == OUTLOOK_HEADERS
    assert rich.warning == "not read: its text, which is there as rich text only"


def test_an_outlook_message_that_is_locked_or_none_is_refused() -> None:
    locked = outlook(("__attach_version1.0_#00000000", attachment("smime.p7m", text(0x370E, "application/pkcs7-mime"))))
    with pytest.raises(ParseError, match="encrypted"):
        parse_msg(ole(locked), "file")
    with pytest.raises(ParseError, match="not an Outlook message"):
        parse_msg(message().as_bytes(), "file")
    with pytest.raises(ParseError, match="not an Outlook message"):
        parse_msg(ole(Folder([("WordDocument", b"x" * 9000)])), "file")


WHOLE_MAIL = message()
WHOLE_MAIL.add_alternative("<p>Dear <b>Bob</b></p>", subtype="html")
WHOLE_MAIL.add_attachment(b"data" * 9, maintype="image", subtype="png", filename="p.png")
WHOLE_MAIL.add_attachment(message("Inner", "Über."))
WHOLE_MSG = ole(outlook(text(0x1000, BODY), ("__attach_version1.0_#00000000", attachment("a", text(0x3001, "b")))))


@pytest.mark.parametrize(
    ("parser", "whole"), [(parse_mail, WHOLE_MAIL.as_bytes()), (parse_msg, WHOLE_MSG)], ids=["eml", "msg"]
)
def test_damaged_mail_gives_what_there_is_or_the_reason(parser: Callable[[bytes, str], Parsed], whole: bytes) -> None:
    chance = random.Random(7)
    damaged = [whole[: chance.randrange(len(whole))] for _ in range(150)]
    for _ in range(300):
        flipped = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20])):
            flipped[chance.randrange(len(flipped))] = chance.randrange(256)
        damaged.append(bytes(flipped))
    damaged += [whole[:8] + chance.randbytes(3000) for _ in range(20)]
    for data in damaged:
        try:
            assert isinstance(parser(data, "file"), Parsed)
        except ParseError:
            continue
