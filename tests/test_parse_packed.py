"""Archives: each file in one is a document of its own."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from rag.errors import ParseError
from rag.parse import file_in, parse
from tests.damage import damaged

FILES = {
    "letters/1904/ferry.txt": b"The ferry sails at nine.",
    "letters/page.doc": b"<p>The pier is made of oak.</p>",
    "Gr\u00fc\u00dfe.md": b"# Greetings\n",
}
LEFT = {"__MACOSX/ferry.txt": b"x", ".DS_Store": b"x", "letters/~$ferry.docx": b"x", "node_modules/a.js": b"x"}


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("letters/", b"")
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            part = tarfile.TarInfo(name)
            part.size = len(data)
            archive.addfile(part, io.BytesIO(data))
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.zip", zipped),
        ("a.ZIP", zipped),
        ("a", zipped),
        ("a.tar", tarred),
        ("a.tar.gz", lambda files: gzip.compress(tarred(files))),
        ("a.tgz", lambda files: gzip.compress(tarred(files))),
        ("a.tar.bz2", lambda files: bz2.compress(tarred(files))),
        ("a.tar.xz", lambda files: lzma.compress(tarred(files))),
    ],
)
def test_each_file_is_a_document_and_the_archive_is_none(name: str, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    data = pack(FILES | LEFT)
    found = parse(data, f"old/{name}")
    assert {one.source: one.text for one in found.documents} == {
        f"old/{name}/letters/1904/ferry.txt": "The ferry sails at nine.",
        f"old/{name}/letters/page.doc": "The pier is made of oak.",
        f"old/{name}/Gr\u00fc\u00dfe.md": "# Greetings\n",
    }
    assert found.warning is None
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    for path, content in FILES.items():
        assert file_in(data, f"old/{name}", f"old/{name}/{path}") == content


def test_a_single_packed_file_is_a_document() -> None:
    assert [(one.source, one.text) for one in parse(gzip.compress(b"12:00 started"), "server.log.gz").documents] == [
        ("server.log.gz/server.log", "12:00 started")
    ]


def test_names_lead_nowhere_else() -> None:
    found = parse(zipped({"../../etc/a.txt": b"one", "/abs/b.txt": b"two", "c\\d.txt": b"three"}), "a.zip")
    assert [one.source for one in found.documents] == ["a.zip/etc/a.txt", "a.zip/abs/b.txt", "a.zip/c/d.txt"]


def test_links_are_not_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("passwd.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.txt", "text")
    assert [one.source for one in parse(out.getvalue(), "a.zip").documents] == ["a.zip/a.txt"]


def test_names_in_utf_8_that_do_not_say_so_are_read() -> None:
    data = zipped({"Gr\u00fc\u00dfe.txt": b"text"})
    unsaid = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = unsaid.rindex(mark)
        unsaid[at + offset + 1] &= ~0x08
    assert [one.source for one in parse(bytes(unsaid), "a.zip").documents] == ["a.zip/Gr\u00fc\u00dfe.txt"]


def test_what_cannot_be_read_is_told_in_a_short_line() -> None:
    found = parse(zipped({f"{number}.png": b"\x89PNG\0" for number in range(40)} | FILES), "a.zip")
    assert len(found.documents) == 3
    assert (
        found.warning == "; ".join(f"{number}.png: PNG files aren’t supported" for number in range(5)) + "; and 35 more"
    )
    with pytest.raises(ParseError, match=r"^nothing in it can be read: a\.png: PNG files aren’t supported$"):
        parse(zipped({"a.png": b"\x89PNG\0"}), "a.zip")
    with pytest.raises(ParseError, match="an archive without a document in it"):
        parse(zipped(LEFT), "a.zip")


def test_an_archive_in_an_archive_is_not_opened_and_one_in_a_mail_is() -> None:
    inner = zipped({"a.txt": b"text"})
    found = parse(zipped({"inner.zip": inner, "b.txt": b"text"}), "a.zip")
    assert [one.source for one in found.documents] == ["a.zip/b.txt"]
    assert found.warning == "inner.zip: an archive within an archive: unpack it into the folder"
    message = EmailMessage()
    message["From"] = "ada@river.example"
    message.set_content("See what is attached.")
    message.add_attachment(inner, maintype="application", subtype="zip", filename="inner.zip")
    assert [one.source for one in parse(message.as_bytes(), "a.eml").documents] == ["a.eml", "a.eml/inner.zip/a.txt"]
    hidden = parse(zipped({"a.eml": message.as_bytes()}), "a.zip")
    assert [one.source for one in hidden.documents] == ["a.zip/a.eml"]
    assert hidden.warning == "a.eml: inner.zip: an archive within an archive: unpack it into the folder"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", zipped({"a.txt": bytes(250_000_000)})),
        ("a.zip", zipped({f"{number}.txt": b"x" for number in range(1001)})),
        ("a.tar", tarred({f"{number}.txt": b"x" for number in range(1001)})),
        ("a.gz", gzip.compress(bytes(250_000_000))),
        ("a.tar.xz", lzma.compress(bytes(250_000_000), preset=0)),
    ],
    ids=["dense", "many", "many in TAR", "GZIP", "XZ"],
)
def test_a_bomb_is_not_unpacked(name: str, data: bytes) -> None:
    with pytest.raises(ParseError, match="unpack"):
        parse(data, name)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_damaged_archives_are_refused_or_read(name: str) -> None:
    whole = {"a.zip": zipped(FILES), "a.tar": tarred(FILES), "a.tar.gz": gzip.compress(tarred(FILES))}[name]
    refused = 0
    for data in damaged(whole, 40):
        try:
            parse(data, name)
        except ParseError:
            refused += 1
    assert refused, "no damage was noticed"
