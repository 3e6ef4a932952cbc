"""What all parts of the inspector share: how it is opened and closed, who acts, what a state is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from smq_core.actor import user_name
from smq_core.clock import SystemClock
from smq_core.errors import InvalidMessage
from smq_core.handed_on import handed_on
from smq_core.safe_text import clean_text
from smq_core.states import State
from smq_core.store import open_store
from smq_core.validation import check_patience

if TYPE_CHECKING:
    from types import TracebackType

    from smq_core.clock import Clock
    from smq_core.handed_on import Reopening
    from smq_core.location import AnyPath
    from smq_core.store.location import Location

__all__ = ["OpenedQueue", "state_of"]


class OpenedQueue:
    """An inspector's store, clock and actor."""

    def __init__(
        self,
        location: AnyPath | Location | None = None,
        *,
        read_only: bool = False,
        actor: str | None = None,
        clock: Clock | None = None,
        timeout: float = 10.0,
    ) -> None:
        """Remember where the queue is; nothing is opened before the first call, and no file is ever created.

        `actor` is the name that appears in the activity log (None: the user's name).

        Raises:
            InvalidMessage: for a timeout out of range.
        """
        self._clock: Clock = clock or SystemClock()
        self._actor = clean_text(actor or user_name())
        self._store = open_store(
            location,
            read_only=read_only,
            may_create=False,
            timeout=check_patience(timeout),
            clock=self._clock,
            prunes_opportunistically=not read_only,
        )
        self.is_read_only = read_only
        self._timeout = timeout

    def __reduce__(self) -> Reopening[Self]:
        """Pickle by the absolute location and the options, so that a process that is spawned can have it.

        Raises:
            UsageError: when its clock cannot be pickled.
        """
        options: dict[str, object] = {
            "location": self._store.location,
            "read_only": self.is_read_only,
            "actor": self._actor,
            "timeout": self._timeout,
        }
        return handed_on(type(self), self._clock, options)

    @property
    def location(self) -> str:
        """The address to reopen the queue with: its absolute path, or a URL, which may contain a password."""
        return self._store.location.address

    @property
    def name(self) -> str:
        """The queue's name for people: the database's path, or its address without a password."""
        return self._store.location.name

    def __enter__(self) -> Self:
        """Return the inspector itself; it is closed at the end of the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the inspector."""
        self.close()

    def close(self) -> None:
        """Close every connection of this process; the inspector reconnects when it is next used."""
        self._store.close()


def state_of(state: State | str | None) -> State | None:
    """Return a state by its name.

    Raises:
        InvalidMessage: for a name that no state has.
    """
    if state is None:
        return None
    if state not in frozenset(State):
        raise InvalidMessage(f"{state!r} is not a state: use one of {', '.join(State)}")
    return State(state)
