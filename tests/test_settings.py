from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rag.errors import UsageError
from rag.place import DatabaseUrl
from rag.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start in a folder without ``rag.toml`` and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)


def test_without_any_source_the_defaults_hold() -> None:
    settings = read_settings(corpus=None, port=None)
    assert (settings.corpus, settings.index) == (Path("corpus"), Path("index"))
    assert (settings.embedder, settings.chunk_tokens) == ("all-MiniLM-L6-v2", 200)
    assert (settings.host, settings.port) == ("127.0.0.1", 7860)


def test_flags_win_over_the_environment_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("rag.toml").write_text('corpus = "file"\nindex = "file"\nembedder = "file"\nport = 1\n')
    monkeypatch.setenv("RAG_CORPUS", "environment")
    monkeypatch.setenv("RAG_INDEX", "environment")
    settings = read_settings(corpus="flag", index=None)
    assert settings.corpus == Path("flag")
    assert settings.index == Path("environment")
    assert settings.embedder == "file"
    assert settings.port == 1
    assert settings.host == "127.0.0.1"


def test_an_index_may_be_a_database_whose_password_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_INDEX", "postgresql://ada:s3cr%40t@db.example:6543/team?sslmode=require&password=s3cr%40t")
    monkeypatch.setenv("RAG_INDEX_REPLICA", "postgres://ada:s3cr%40t@copy.example/team?schema=mine")
    settings = read_settings()
    assert isinstance(settings.index, DatabaseUrl)
    assert settings.index_replica is not None
    assert str(settings.index) == "postgresql://ada@db.example:6543/team?sslmode=require"
    assert str(settings.index_replica) == "postgres://ada@copy.example/team?schema=mine"
    assert "s3cr" not in repr(settings) + settings.model_dump_json()
    assert settings.index.connection.startswith("postgresql://ada:s3cr%40t@db.example:6543/team?sslmode=require&pass")
    assert settings.index_replica.connection == "postgres://ada:s3cr%40t@copy.example/team"
    assert (settings.index.schema_name, settings.index_replica.schema_name) == ("rag", "mine")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"index": "postgresql://a:hunter2@h/x?schema=Robert';--"}, "the schema in the URL must be lower-case letters"),
        ({"index_replica": "folder/hunter2"}, "it is no URL of a database"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(flags: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_settings(**flags)
    assert "hunter2" not in str(caught.value)


def test_proxies_are_addresses_or_networks() -> None:
    assert read_settings(trusted_proxy="127.0.0.1, 10.0.0.0/8,::1").trusted_proxy == "127.0.0.1, 10.0.0.0/8,::1"
    for refused in ("*", "proxy.example", "127.0.0.1;::1"):
        with pytest.raises(UsageError, match="the setting 'trusted_proxy' cannot be used"):
            read_settings(trusted_proxy=refused)


def test_a_flag_that_was_not_given_leaves_the_rest_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PASSAGES", "9")
    assert read_settings(passages=None).passages == 9


def test_an_unknown_key_is_refused_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="'chunk_tokns'"):
        read_settings(chunk_tokns=100)
    monkeypatch.setenv("RAG_CHUNK_TOKNS", "100")
    with pytest.raises(UsageError, match=r"RAG_CHUNK_TOKNS, which is no setting: use one of .*RAG_CHUNK_TOKENS"):
        read_settings()
    monkeypatch.delenv("RAG_CHUNK_TOKNS")
    Path("rag.toml").write_text("chunk_tokns = 100\n")
    with pytest.raises(UsageError, match="'chunk_tokns'"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "http"),
        ("port", 0),
        ("port", 65536),
        ("chunk_tokens", 15),
        ("passages", 0),
        ("passages", 101),
        ("answer_above", 1.1),
        ("answer_above", "nan"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=f"the setting '{name}' cannot be used"):
        read_settings(**{name: value})
    monkeypatch.setenv(f"RAG_{name.upper()}", str(value))
    with pytest.raises(UsageError, match=f"the setting '{name}' cannot be used"):
        read_settings()


@pytest.mark.parametrize("content", [b"port = ", b"= 1", b"port = 1\nport = 2", b"corpus = '\xff'"])
def test_a_file_that_is_not_toml_is_refused_by_name(content: bytes) -> None:
    Path("rag.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"rag\.toml cannot be read"):
        read_settings()


def test_settings_cannot_be_changed() -> None:
    settings = read_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
    assert settings == Settings()
