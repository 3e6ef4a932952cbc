"""The `with` around a transaction: whatever strikes while it begins or ends, nothing of it stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.store.sqlite.connection.reading_connection import ClosedMeanwhileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

__all__ = ["Joined"]


class Joined:
    """Begins a transaction, again where its connection was closed meanwhile, and ends it.

    No generator and no ExitStack: it takes memory to leave those, and where there is none they would go on
    holding the write lock.
    """

    __slots__ = ("_begin", "_inner")

    def __init__(self, begin: Callable[[], AbstractContextManager[None]]) -> None:
        """Keep what answers a transaction of this thread's connection."""
        self._begin = begin
        self._inner: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        """Begin."""
        while True:
            # kept before it is entered, so that an interrupt at the end of entering finds it
            self._inner = self._begin()
            try:
                self._inner.__enter__()
            except ClosedMeanwhileError:
                continue
            except BaseException as error:
                # without its `__enter__` done, the `with` calls no `__exit__`
                self._inner.__exit__(type(error), error, error.__traceback__)
                raise
            return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Commit and flush, or roll back when an exception came."""
        if self._inner is None:
            return None
        try:
            return self._inner.__exit__(kind, error, trace)
        except BaseException as failure:
            # it may have come before the end began; one that has ended is left as it is
            self._inner.__exit__(type(failure), failure, failure.__traceback__)
            raise
