"""Registers made by chance, and questions that name one entry: by an identifier, or by a date written otherwise.

People's questions in the sets at hand hardly name any, and a reader that compares meanings cannot tell one entry from
the next.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

from rag.dates import MONTHS

_ENTRIES = 12  # of each register
_THINGS = "trailer pump ladder kiln loom anvil plough barrel compass sextant lathe winch bellows churn".split()
_COLOURS = "grey green amber violet scarlet ivory copper indigo".split()
_PEOPLE = "Marlow Timber|Osk & Daughters|Velde Freight|Hartig Mills|Brandt Optics|Solheim Dairy|Quill Print".split("|")

Entry = tuple[str, str, str]  # as it stands, the question, and the words of the entry that answer


def registers(seed: int = 1) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Return texts by file name, and for each entry its question, its file and the words that answer."""
    chance = random.Random(seed)
    makers = {
        "invoices.md": ("# Invoices\n\n", _invoice),
        "yard.md": ("# What stands where\n\n", _bay),
        "diary.md": ("# Diary of the works\n\n", _day),
        "releases.md": ("# Releases\n\n", _release),
        "statutes.md": ("# Statutes\n\n", _clause),
        "samples.csv": ("sample,thing,result\n", _sample),
    }
    texts, questions = {}, []
    for name, (head, make) in makers.items():
        entries = _entries(make, chance)
        texts[name] = head + "".join(text for text, _, _ in entries)
        questions += [(question, name, answer) for _, question, answer in entries]
    return texts, questions


def _entries(make: Callable[[int, str, str], Entry], chance: random.Random) -> list[Entry]:
    numbers = sorted(chance.sample(range(1, 60), _ENTRIES))
    things = chance.sample([f"{colour} {thing}" for colour in _COLOURS for thing in _THINGS], _ENTRIES)
    return [make(number, thing, chance.choice(_PEOPLE)) for number, thing in zip(numbers, things, strict=True)]


def _invoice(number: int, thing: str, person: str) -> Entry:
    said = f"{person} paid for the {thing}"
    return f"- INV-2023-{number:03}: {said}\n", f"What was INV 2023/{number:03} for?", said


def _bay(number: int, thing: str, person: str) -> Entry:
    said = f"the {thing} of {person}"
    return f"Bay {number} holds {said}. ", f"what stands in bay no. {number}", said


def _day(number: int, thing: str, person: str) -> Entry:
    day = date(2019, 1, 3) + timedelta(days=17 * number)
    ways = (day.isoformat(), f"{day.day} {MONTHS[day.month - 1]} {day.year}", f"{day.day}.{day.month}.{day.year}")
    said = f"the {thing} came from {person}"
    return f"{ways[number % 3]}: {said}.\n\n", f"What came on {ways[(number + 1) % 3]}?", said


def _release(number: int, thing: str, person: str) -> Entry:
    name, said = f"2.{number // 10}.{number % 10}", f"{person} can draw a {thing}"
    return f"## Version {name}\n\nNow {said}.\n\n", f"What is new in v{name}?", said


def _clause(number: int, thing: str, person: str) -> Entry:
    said = f"A {thing} is lent by {person}"
    return f"§ {number} {said}.\n\n", f"What does section {number} say?", said


def _sample(number: int, thing: str, person: str) -> Entry:
    return f"K-{2000 + number},{thing},{person}\n", f"What was the result of sample K{2000 + number}?", thing
