"""Where an index is: a folder, or a database by its URL, whose password is shown nowhere. It opens neither."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from pydantic import BeforeValidator, SecretStr

from rag.types import Value

_SCHEMES = ("postgresql", "postgres")
_SCHEMA = "schema"  # of the URL's parameters the one that is ours; the others are libpq's
_SECRET_PARAMETERS = ("password", "sslpassword", "passfile", "sslkey", "options")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,54}")
COLLECTIONS = "collections"  # the folder of those that have names
COLLECTION = r"|[a-z][a-z0-9]{0,30}"  # what one may be called


class DatabaseUrl(Value):
    """The URL of a PostgreSQL database; what is printed of it has no password in it.

    Its parameter ``schema`` names where in the database the index is (``rag``); the others are libpq's.
    """

    secret: SecretStr

    @classmethod
    def parse(cls, text: str) -> DatabaseUrl:
        """Return the URL in ``text``; raises ValueError where it is none."""
        url = cls(secret=SecretStr(text))
        if not _NAME.fullmatch(url.schema_name):
            raise ValueError("the schema in the URL must be lower-case letters, digits and _, 55 at most")
        return url

    def __str__(self) -> str:
        parts = urlsplit(self.secret.get_secret_value())
        user, _, place = parts.netloc.rpartition("@")
        user = quote(unquote(user.partition(":")[0]))
        shown = [(name, value) for name, value in parse_qsl(parts.query) if name not in _SECRET_PARAMETERS]
        return urlunsplit(
            (parts.scheme, f"{user}@{place}" if user else place, parts.path, urlencode(shown, safe="/"), "")
        )

    @property
    def schema_name(self) -> str:
        """The schema that the index lies in; it and the names that begin with it are the index's own."""
        return dict(parse_qsl(urlsplit(self.secret.get_secret_value()).query)).get(_SCHEMA, "rag")

    @property
    def connection(self) -> str:
        """The URL as libpq takes it, password and all."""
        parts = urlsplit(self.secret.get_secret_value())
        libpq = [(name, value) for name, value in parse_qsl(parts.query) if name != _SCHEMA]
        return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(libpq, quote_via=quote), ""))


def _as_place(value: object) -> object:
    return DatabaseUrl.parse(value) if isinstance(value, str) and is_database(value) else value


def _as_database(value: object) -> object:
    if isinstance(value, str) and not is_database(value):
        raise ValueError("it is no URL of a database: postgresql://…")
    return _as_place(value)


def is_database(value: str) -> bool:
    """Whether a setting names a database, and not a folder."""
    return value.partition("://")[0] in _SCHEMES and "://" in value


def collection_at(place: Path | DatabaseUrl, name: str) -> Path | DatabaseUrl:
    """Return where in an index the collection of a name is; "" is the default, which is the place itself."""
    if not name:
        return place
    if isinstance(place, Path):
        return place / COLLECTIONS / name
    parts = urlsplit(place.secret.get_secret_value())
    named = dict(parse_qsl(parts.query)) | {_SCHEMA: f"{place.schema_name}__{name}"}
    return DatabaseUrl.parse(urlunsplit((*parts[:3], urlencode(named, quote_via=quote), "")))


Place = Annotated[Path | DatabaseUrl, BeforeValidator(_as_place)]
Database = Annotated[DatabaseUrl, BeforeValidator(_as_database)]
