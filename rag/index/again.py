"""What only reads an index is done again where the database was away for a moment: nobody need notice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from rag.errors import IndexCut

_TIMES = 3  # a cluster may be away, and then have changed what was found

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def asked_again(ask: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Let ``ask`` be done from its beginning again, with another view of the index, where it was cut off."""

    @wraps(ask)
    def asked(*given: _Given.args, **named: _Given.kwargs) -> _Found:
        for _ in range(_TIMES - 1):
            with suppress(IndexCut):
                return ask(*given, **named)
        return ask(*given, **named)

    return asked
