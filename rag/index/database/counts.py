"""What is counted over all passages: in how many each term stands, how many there are, how long they are together.

A count is the sum of what two tables say of its name: ``counts``, and ``count_changes``, which each transaction
adds to beside its own document. So counts are exact in every view, writers do not wait for each other, and no
transaction touches another shard. Now and then the changes are folded into the counts, in one transaction.

With Citus, a view may see the counts of before a folding and the changes of after it, as each shard is looked at
when it is first asked. So what was folded is kept there until the next folding, with the number of its own: a view
adds the changes that its counts do not hold yet.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rag.index.database.schema import has_citus

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

# The first sign says what a name counts: passages that hold the term after it, or documents in the language.
TERM, _LANGUAGE = "t", "l"
PASSAGES, WORDS = "passages", "words"  # how many there are; how many terms these have together
_FOLDS = "folds"  # how often changes were folded

Counts = Counter[str]

_FOLD = 0x7261675F666F6C64  # names the lock of folding


def language_name(language: str) -> str:
    """Return the name that documents in a language are counted under."""
    return _LANGUAGE + language


def add_changes(connection: Connection, document_id: int, changes: Mapping[str, int]) -> None:
    """Note what a change of a file changes in the counts."""
    rows = [(name, value) for name, value in changes.items() if value]
    if not rows:
        return
    change = secrets.randbits(63)
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY count_changes (document_id, change, name, value) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types(("int8", "int8", "text", "int8"))
        for name, value in rows:
            copy.write_row((document_id, change, name, value))


def read_counts(connection: Connection, names: Sequence[str]) -> Counts:
    """Return the counts of ``names``."""
    return _sum(connection, "name = ANY(%s)", [list(names)])


def read_terms(connection: Connection, beginning: str) -> list[tuple[str, int]]:
    """Return all terms that begin with a sign, each with how many passages hold it."""
    found = _sum(connection, "name ^@ %s", [TERM + beginning])
    return [(name[len(TERM) :], value) for name, value in found.items() if value > 0]


def read_languages(connection: Connection) -> dict[str, int]:
    """Return how many documents are in each language, the most first."""
    found = _sum(connection, "name ^@ %s", [_LANGUAGE])
    many = {name[len(_LANGUAGE) :]: value for name, value in found.items() if value > 0}
    return dict(sorted(many.items(), key=lambda one: (-one[1], one[0])))


def read_all(connection: Connection) -> Counts:
    """Return all counts that are not zero."""
    return Counter({name: value for name, value in _sum(connection, "true", []).items() if value})


def is_folded(connection: Connection) -> bool:
    """Whether there are no changes that were not folded into the counts."""
    return connection.execute("SELECT 1 FROM count_changes WHERE folded IS NULL LIMIT 1").fetchone() is None


def fold(connection: Connection) -> None:
    """Add the changes to the counts. Two that fold at a time would wait for each other's rows: one is enough."""
    with connection.transaction():
        lock = "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema(), %s))"  # of this index alone
        (alone,) = connection.execute(lock, [_FOLD]).fetchone() or (False,)
        if not alone:
            return
        before = connection.execute("SELECT value FROM counts WHERE name = %s", [_FOLDS]).fetchone()
        number = before[0] + 1 if before else 1
        changes: Counts = Counter({_FOLDS: 1})
        for name, value in connection.execute(
            "UPDATE count_changes SET folded = %s WHERE folded IS NULL RETURNING name, value", [number]
        ):
            changes[name] += value
        names = sorted(name for name, value in changes.items() if value)
        connection.execute(
            "INSERT INTO counts SELECT * FROM unnest(%s::text[], %s::bigint[])"
            " ON CONFLICT (name) DO UPDATE SET value = counts.value + excluded.value",
            [names, [changes[name] for name in names]],
        )
        connection.execute("DELETE FROM counts WHERE value = 0")
        kept_from = number if has_citus(connection) else number + 1
        connection.execute("DELETE FROM count_changes WHERE folded < %s", [kept_from])


def _sum(connection: Connection, where: str, values: Sequence[object]) -> Counts:
    asked = f"SELECT name, value FROM counts WHERE {where} OR name = %s"
    found: Counts = Counter(dict(connection.execute(asked, [*values, _FOLDS]).fetchall()))
    folds = found.pop(_FOLDS, 0)
    changes = f"SELECT name, value FROM count_changes WHERE {where} AND (folded IS NULL OR folded > %s)"
    for name, value in connection.execute(changes, [*values, folds]):
        found[name] += value
    return found
