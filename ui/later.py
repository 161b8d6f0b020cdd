"""What takes seconds to be made is made in a thread, while the page goes on without it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rag.errors import RagError

T = TypeVar("T")


class Later(Generic[T]):
    """A value that is made anew whenever what it is made of has changed. Safe to use from many threads."""

    def __init__(self, nothing: T) -> None:
        """Until it is made, and where it cannot be, it is ``nothing``."""
        self._nothing = nothing
        self._made: tuple[object, T] = None, nothing  # of what, and the value
        self._making = threading.Lock()

    def get(self, made_of: object, make: Callable[[], T]) -> T:
        """Return the value for ``made_of``; where it was last made of something else, begin to make it."""
        before, value = self._made
        if made_of == before:
            return value
        if self._making.acquire(blocking=False):
            threading.Thread(target=self._make, args=[made_of, make], name="later", daemon=True).start()
        return self._nothing

    def _make(self, made_of: object, make: Callable[[], T]) -> None:
        value = self._nothing
        try:
            value = make()
        except RagError:
            pass  # such as a document that went away meanwhile: then there is another change
        except RuntimeError:
            if threading.main_thread().is_alive():  # else the process ends, and nothing can be made any more
                raise
        finally:
            self._made = made_of, value
            self._making.release()
