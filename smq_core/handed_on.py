"""How a Queue or an Inspector is passed to another process: as its location and options, without connections.

What belongs to one thread says so when it is pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from smq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.clock import Clock

__all__ = ["Reopening", "handed_on", "refuse_to_pickle"]

T = TypeVar("T")
Reopening = tuple["Callable[[type[T], dict[str, object]], T]", tuple[type[T], dict[str, object]]]
"""What pickle asks for: a function, and what it is called with where the copy is made."""


def handed_on(kind: type[T], clock: Clock, options: dict[str, object]) -> Reopening[T]:
    """Return how another process makes the same of options.

    Raises:
        UsageError: when the clock cannot be pickled.
    """
    import pickle  # noqa: PLC0415 - 3 ms that few programs need

    try:
        pickle.dumps(clock)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise UsageError(
            f"this {kind.__name__} cannot be passed to another process, because its clock cannot be pickled "
            f"({error}): create one there from its location"
        ) from error
    return _reopen, (kind, options | {"clock": clock})


def refuse_to_pickle(what: str) -> NoReturn:
    """Report that something belongs to the thread that opened it.

    Raises:
        UsageError: always.
    """
    raise UsageError(
        f"{what} cannot be pickled or copied, because it belongs to the thread that opened it: "
        "pass its Queue instead"
    )


def _reopen(kind: type[T], options: dict[str, object]) -> T:
    return kind(**options)
