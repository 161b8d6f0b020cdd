"""What is attached to a file becomes documents of its own."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage

from rag.parse import parse


def mail(subject: str, *attached: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "ada@example.org", subject
    message.set_content("See what is attached.")
    for name, data in attached:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def test_an_attachment_is_a_document_under_its_mail_with_a_hash_of_its_own() -> None:
    found = parse(mail("The river", ("paper.txt", b"It rises in the forest."), ("b.md", b"# Sea\n")), "in/river.eml")
    assert [(one.source, one.title) for one in found.documents] == [
        ("in/river.eml", "The river"),
        ("in/river.eml/paper.txt", "paper"),
        ("in/river.eml/b.md", "Sea"),
    ]
    assert found.documents[1].text.strip() == "It rises in the forest."
    assert found.documents[1].sha256 == hashlib.sha256(b"It rises in the forest.").hexdigest()
    assert found.warning is None


def test_an_attachment_that_cannot_be_read_is_told_and_the_rest_is_read() -> None:
    found = parse(mail("M", ("a.exe", b"MZ\x90\0\3\0"), ("c.txt", bytes(range(256))), ("b.txt", b"Read.")), "m.eml")
    assert [one.source for one in found.documents] == ["m.eml", "m.eml/b.txt"]
    assert (
        found.warning
        == "a.exe: EXE files aren’t supported; c.txt: binary data under a text suffix, or an unknown encoding"
    )


def test_mail_in_mail_is_read_to_a_depth() -> None:
    data = b"The core."
    for level in range(6):
        data = mail(f"level {level}", ("in.eml" if level else "core.txt", data))
    found = parse(data, "m.eml")
    assert [one.source for one in found.documents] == ["m.eml" + "/in.eml" * depth for depth in range(4)]
    assert found.warning == "in.eml: in.eml: in.eml: in.eml: it lies too deep in other files"


def test_halves_of_characters_are_replaced_one_for_one() -> None:
    (document,) = parse(b'{"a": "x\\ud800y"}', "a.json").documents
    assert document.text == "a: x\ufffdy"
    document.text.encode()
