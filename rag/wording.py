"""What a person is told of the states of answers, quotes and documents, wherever they are told."""

from __future__ import annotations

from collections.abc import Mapping

from rag.types import Standing, Verdict

VERDICT_WORDS: Mapping[Verdict, str] = {
    "strong": "Strong match",
    "likely": "Likely match",
    "none": "I couldn’t find this in your documents.",
}
STANDING_WORDS: Mapping[Standing | None, str] = {
    "intact": "Quote verified in the source",
    "moved": "The file has changed; this quote is still in it",
    "changed": "The file has changed; this quote is no longer in it",
    None: "The file has changed and is being read again",
    "gone": "The file is no longer there",
}
CLOSEST = "Closest excerpts"
UP_TO_DATE = "Up to date"
NOT_READ = "Couldn’t be read"
UNDERSTOOD = "Understood as"  # before the question with what it takes over from those before it
NOT_FOUND = "Not found in your documents:"  # before those of several questions that are not answered
MOST_UNREAD = 3  # files that could not be read are named to a person where there is no answer


def embedded_note(share: float) -> str:
    """Say how much of the passages is searched by meaning, where that is not all: "… while 62 % is embedded"."""
    return f"Searching by words while {int(100 * share)} % is embedded" if share < 1 else ""
