"""All settings, read once, at the edge: flags over ``RAG_*`` environment over ``rag.toml`` over defaults."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from rag.embed import DEFAULT_MODEL
from rag.errors import UsageError
from rag.llm import server_url
from rag.place import COLLECTION, Database, Place

_PREFIX = "RAG_"


class Settings(BaseSettings):
    """The settings, each with the value that suits most people."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, toml_file="rag.toml", extra="forbid", frozen=True)

    corpus: Path = Field(Path("corpus"), description="The folder of documents.")
    index: Place = Field(Path("index"), description="The folder of the built index, or the URL of a database.")
    index_replica: Database | None = Field(None, description="The URL of a copy of that database, for reading.")
    collection: str = Field("", pattern=f"^({COLLECTION})$", description="Which of several corpora in the index.")
    data: Path = Field(Path(".rag"), description="The folder of conversations, feedback and removed documents.")
    embedder: str = Field(DEFAULT_MODEL, description="A sentence-transformers model, by name or folder.")
    reader: Path | None = Field(None, description="The folder of a reader that was trained; none: the packaged one.")
    chunk_tokens: int = Field(200, ge=16, description="The most tokens a passage holds, in the embedder's own.")
    passages: int = Field(5, ge=1, le=100, description="How many passages are found for a question.")
    answer_above: float = Field(0.4, ge=0, le=1, description="The confidence below which no answer is given.")
    host: str = Field("127.0.0.1", description="The address the chat page is served on.")
    port: int = Field(7860, ge=1, le=65535, description="The port the chat page is served on.")
    trusted_proxy: str = Field(
        "", description="The addresses or networks of proxies that are believed who asks (X-Forwarded-For)."
    )

    llm_url: str = Field(
        "", description="An OpenAI-compatible server, such as http://localhost:11434/v1; none: no model."
    )
    llm_model: str = Field("", description="The language model, by the server's name for it.")
    llm_key: SecretStr = Field(SecretStr(""), description="The key of that server.")
    llm_window: int = Field(8192, ge=2048, description="How many tokens the language model reads at once.")
    llm_seconds: float = Field(60, gt=0, description="How long a reply of the language model is waited for.")
    llm_unsupported: Literal["show", "hide", "refuse"] = Field(
        "show", description="What becomes of a sentence that its sources do not support; refuse: the answer is quoted."
    )

    log: bool = Field(False, description="Whether the server writes a line of JSON for each question.")
    log_questions: bool = Field(False, description="Whether that line has the words of the question.")

    @field_validator("trusted_proxy")
    @classmethod
    def _are_networks(cls, proxies: str) -> str:
        for proxy in filter(None, proxies.split(",")):
            ip_network(proxy.strip())
        return proxies

    @field_validator("llm_url")
    @classmethod
    def _is_server(cls, url: str) -> str:
        return server_url(url) if url else ""

    @model_validator(mode="after")
    def _has_model(self) -> Settings:
        if self.llm_url and not self.llm_model:
            raise ValueError("with llm_url, llm_model is needed: set RAG_LLM_MODEL to a model of that server")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take flags first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**flags: Any) -> Settings:
    """Return the settings; a flag of None was not given.

    Raises:
        UsageError: A key is unknown or a value cannot be used.
    """
    known = {_PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(key for key in os.environ if key.upper().startswith(_PREFIX) and key.upper() not in known)
    if unknown:
        raise UsageError(
            f"the environment sets {unknown[0]}, which is no setting: use one of {', '.join(sorted(known))}"
        )
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"the setting {name!r} cannot be used: {said}" if name else said) from error
    except ValueError as error:  # a rag.toml that is not TOML
        raise UsageError(f"rag.toml cannot be read: {error}") from error
