"""Full text: tantivy names the passages likeliest to match; BM25 then weighs them (see ``rag.index.statistics``).

It is derived from the database. Passages are only ever added to it: who asks leaves out those that the database does
not hold any more, so each view of the database gets its own. Where most of what it holds is gone, it is made anew.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.index.files import write_whole
from rag.index.statistics import CONTEXT_WEIGHT, PassageTerms

if TYPE_CHECKING:
    import tantivy

_ROW, _TEXT, _CONTEXT = "row", "text", "context"
_BY_SPACE = "by space"
_HEAP = 64_000_000  # bytes of memory in which a writer collects what it then writes as one segment
_SUMS = "sums.json"  # the check sums of the files beside it, which tantivy has but does not look at
_META, _MANAGED = "meta.json", ".managed.json"  # tantivy's: its segments, and its files for its own writers alone


class WordIndex:
    """An index of words, open for searching, as it was when it was opened."""

    def __init__(self, index: tantivy.Index) -> None:
        self._schema = index.schema
        self._searcher = index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, weights: Mapping[str, float], k: int) -> list[int]:
        """Return up to ``k`` rows likely to match terms of these weights best, the likeliest first."""
        import tantivy

        terms = [
            tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, field, term, "freq"), share)
            for term in weights
            for field, share in ((_TEXT, 1.0), (_CONTEXT, CONTEXT_WEIGHT))
        ]
        if not terms or k < 1:
            return []
        return self._rows(tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms]), k)

    def rows(self) -> list[int]:
        """Return all rows that are in it."""
        import tantivy

        return self._rows(tantivy.Query.all_query(), len(self)) if len(self) else []

    def _rows(self, query: tantivy.Query, k: int) -> list[int]:
        found = self._searcher.search(query, k, count=False).hits
        rows: list[int] = self._searcher.fast_field_values(_ROW, [address for _, address in found])  # type: ignore[assignment]
        return rows


def open_words(folder: Path) -> WordIndex | None:
    """Return the index in ``folder``; None where there is none, or it is damaged."""
    try:
        sums = json.loads((folder / _SUMS).read_bytes())
        if all(_sum(folder / name) == found for name, found in sums.items()):
            return WordIndex(_open(folder))
    except (OSError, ValueError):
        pass
    return None


def add_words(folder: Path, passages: Iterable[tuple[int, PassageTerms]], to: Path | None = None) -> None:
    """Make an index in a new ``folder``, of passages by row and of what is in the index in the folder ``to``.

    That one stays as it is: no reader meets an index that is being written.
    """
    import tantivy

    folder.mkdir()
    if to is None:
        index, known = tantivy.Index(_schema(), path=str(folder)), {}
    else:
        known = json.loads((to / _SUMS).read_bytes())
        for path in to.iterdir():
            if path.name in (*known, _MANAGED):
                _link(path, folder / path.name)
        index = _open(folder)
    _add(index, passages)
    names = sorted(path.name for path in folder.iterdir() if path.name != _MANAGED and path.suffix != ".lock")
    kept = known.keys() - {_META}
    sums = {name: known[name] if name in kept else _sum(folder / name) for name in names}
    write_whole(folder / _SUMS, [json.dumps(sums).encode()])


def _link(path: Path, beside: Path) -> None:
    """Let a file that tantivy never changes be in another folder too."""
    try:
        beside.hardlink_to(path)
    except OSError:  # a file system that has no links
        shutil.copyfile(path, beside)


def _sum(path: Path) -> int:
    return zlib.crc32(path.read_bytes())


def words_in_memory(passages: Iterable[tuple[int, PassageTerms]]) -> WordIndex:
    """Return an index of passages, by row, that is kept in memory alone."""
    import tantivy

    index = tantivy.Index(_schema())
    _add(index, passages)
    return WordIndex(index)


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(_ROW, fast=True)
    for field in (_TEXT, _CONTEXT):
        builder.add_text_field(field, tokenizer_name=_BY_SPACE, index_option="freq")
    return builder.build()


def _open(folder: Path) -> tantivy.Index:
    import tantivy

    index = tantivy.Index.open(str(folder))
    index.config_reader("manual")  # nothing looks for changes: who adds reloads
    return index


def _add(index: tantivy.Index, passages: Iterable[tuple[int, PassageTerms]]) -> None:
    import tantivy

    index.register_tokenizer(_BY_SPACE, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    writer = index.writer(_HEAP, 1)
    for row, terms in passages:
        document = tantivy.Document()
        document.add_unsigned(_ROW, row)
        document.add_text(_TEXT, terms.text)
        document.add_text(_CONTEXT, terms.context)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
