"""What the HTTP API takes and gives, where it is not what programs get anywhere else."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from rag.listing import ListedDocument
from rag.types import Value
from rag.wire import LONGEST_TEXT, MOST_PASSAGES, QuestionRequest


def _number(value: object) -> object:
    """Return a number, which may be 5.0, but not "5" or true, as JSON's schema has it."""
    if isinstance(value, bool | str):
        raise ValueError("give a whole number")
    return value


class SearchRequest(QuestionRequest):
    """A question to find passages for; of the documents ``sources`` alone where any are given."""

    k: Annotated[int, Field(ge=1, le=MOST_PASSAGES), BeforeValidator(_number)] | None = Field(
        None, description="How many passages."
    )


class FoundPlace(Value):
    """A place in a document where what was sought stands."""

    start: int = Field(description="Where it begins in the document's text, in characters (code points).")
    end: int = Field(description="Where it ends: the first character after it.")
    page: int | None = Field(description="The page, slide, row … that it is on.")


class FoundPlaces(Value):
    """The places in a document where what was sought stands, in order; where there are `more`, the first of them."""

    found: tuple[FoundPlace, ...]
    more: bool


class AskRequest(QuestionRequest):
    """A question to answer; of the documents ``sources`` alone where any are given."""

    carry: tuple[str, ...] | None = Field(
        None, description="Of the terms that a follow-up takes over from `history`, these alone are; null: all."
    )
    stream: bool = Field(
        False,
        strict=True,
        description="As server-sent events: `sentence` for each, then `answer`, or `error`; `again` takes all back.",
    )


class Documents(Value):
    """All documents, and the files that wait or could not be read."""

    documents: tuple[ListedDocument, ...]


class Source(Value):
    """The place of a document in the folder."""

    source: str


class Undo(Value):
    """What puts back a document that was removed."""

    token: str = Field(max_length=LONGEST_TEXT)


class Health(Value):
    """That the server runs."""

    ok: bool = True


class Problem(Value):
    """What went wrong and what to do, in one line."""

    error: str
