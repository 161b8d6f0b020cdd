"""What takes seconds to be made is made in a thread, while the page goes on with what there was before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rag.errors import RagError

T = TypeVar("T")


class Later(Generic[T]):
    """A value that is made anew whenever what it is made of has changed. Safe to use from many threads."""

    def __init__(self, value: T) -> None:
        self.value = value
        self.made_of: object = None
        self._making = threading.Lock()

    def get(self, made_of: object, make: Callable[[], T]) -> T:
        """Return the value that was made last; begin to make another where it was made of something else."""
        if made_of != self.made_of and self._making.acquire(blocking=False):
            threading.Thread(target=self._make, args=[made_of, make], name="later", daemon=True).start()
        return self.value

    def _make(self, made_of: object, make: Callable[[], T]) -> None:
        try:
            self.value = make()
        except RagError:
            pass  # such as a document that went away meanwhile: then there is another change
        except RuntimeError:
            if threading.main_thread().is_alive():  # else the process ends, and nothing can be made any more
                raise
        finally:
            self.made_of = made_of
            self._making.release()
