"""The front matter of a Markdown file, in YAML or TOML: where its fields stand, and the title it gives."""

from __future__ import annotations

import re
import tomllib
from typing import Any, NamedTuple

from rag.types import Span

_FENCED = re.compile(r"(?P<fence>---|\+\+\+)[ \t]*\n(?P<fields>.*?)^(?:(?P=fence)|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)
_KEYED = re.compile(r"\s*(?:#[^\n]*\n\s*)*[\w\"'][^\n:=]*[:=]|\s*\[|\s*\Z")
# A key, and the lines that are indented, belong to a list, or close one.
_FIELD = re.compile(r"^[\w\"'\[][^\n]*(?:\n(?:[ \t\-\]}][^\n]*)?)*", re.M)
_LONGEST_READ = 100_000  # characters; people write some hundreds
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*([^\n]+)", re.M | re.I)


class FrontMatter(NamedTuple):
    """The spans of the fields, the title (empty where there is none), and where the text begins."""

    fields: tuple[Span, ...] = ()
    title: str = ""
    end: int = 0


def front_matter(text: str) -> FrontMatter:
    """Return the front matter of a text; what stands between two rules and has no keys is none."""
    found = _FENCED.match(text)
    if found is None or not _KEYED.match(found["fields"]):
        return FrontMatter()
    start = found.start("fields")
    fields = tuple((start + field.start(), start + field.end()) for field in _FIELD.finditer(found["fields"]))
    return FrontMatter(fields, _title(found["fields"], found["fence"] == "+++"), found.end())


def _title(fields: str, is_toml: bool) -> str:
    import yaml

    if len(fields) > _LONGEST_READ:
        return ""
    try:
        values: Any = tomllib.loads(fields) if is_toml else yaml.load(fields, Loader=yaml.CBaseLoader)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, RecursionError):
        written = _TITLE.search(fields)  # a colon in it that wants quotes, say
        return written[1].strip(" \t\"'") if written else ""
    named = {str(key).lower(): value for key, value in values.items()} if isinstance(values, dict) else {}
    title = named.get("title", "")
    return " ".join(title.split()) if isinstance(title, str) else ""
