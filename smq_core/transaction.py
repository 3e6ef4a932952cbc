"""One durable commit of the caller's own rows and smq's, in the same file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn, Self, TypedDict, Unpack

from smq_core.errors import NotDurable, OutcomeUnknown, UsageError
from smq_core.handed_on import refuse_to_pickle

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from smq_core.message import Lease, Payload
    from smq_core.queue import Queue
    from smq_core.store.base import Store

__all__ = ["EnqueueManyOptions", "EnqueueOptions", "Transaction"]


class _Options(TypedDict, total=False):
    delay: float
    at: float | datetime.datetime | None
    priority: int
    headers: Mapping[str, str] | None
    max_attempts: int | None


class EnqueueOptions(_Options, total=False):
    """What `Queue.enqueue` takes besides the topic and the payload."""

    key: str | None


class EnqueueManyOptions(_Options, total=False):
    """What `Queue.enqueue_many` takes besides the topic and the payloads."""

    keys: Sequence[str | None] | None


class Transaction:
    """The handle of `with queue.transaction() as t:`.

    It may be used by the thread that opened it, until the `with` block ends.
    """

    def __init__(self, queue: Queue, store: Store) -> None:
        """Keep what to work through; the transaction begins with the `with`."""
        self._queue = queue
        self._store = store
        self._context: AbstractContextManager[object] | None = None
        self._thread = 0
        self._ids: list[int] = []
        """Of the messages added so far, for the error that has to name them."""

    def __enter__(self) -> Self:
        """Begin the transaction: take the write lock.

        Raises:
            StoreBusy: when another process holds it for longer than the queue's timeout.
            UsageError: inside another transaction of this thread.
        """
        self._ids = []
        context = self._store.transaction()
        try:
            context.__enter__()
            self._context, self._thread = context, threading.get_ident()
        except BaseException as error:
            # without its `__enter__` done, the `with` calls no `__exit__`
            self._context = None
            context.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Commit and flush, or roll everything back after an exception.

        Raises:
            NotDurable: when everything was committed, but the flush failed; `ids` names its messages.
            OutcomeUnknown: when the commit failed and may or may not have taken effect.
            UsageError: when a COMMIT or ROLLBACK, a fork or a close ended the transaction from inside.
        """
        context, self._context = self._context, None
        if context is None:
            return None
        try:
            return context.__exit__(kind, error, trace)
        except (NotDurable, OutcomeUnknown) as failure:
            raise failure.naming(self._ids) from failure

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled.

        Raises:
            UsageError: always; the Queue can be.
        """
        refuse_to_pickle("a transaction")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run the caller's own SQL and return its rows; leave COMMIT and ROLLBACK to the `with` statement.

        Raises:
            StoreError: when the statement fails; the transaction continues without it.
            UsageError: after the `with` block, in another thread, or when the statement ended the
                transaction.
        """
        self._require_open()
        return self._store.execute(sql, parameters)

    def enqueue(self, topic: str, payload: Payload, **options: Unpack[EnqueueOptions]) -> int:
        """Add a message, as `Queue.enqueue` does; others see it when the `with` block has ended."""
        self._require_open()
        message_id = self._queue.enqueue(topic, payload, **options)
        self._ids.append(message_id)
        return message_id

    def enqueue_many(
        self, topic: str, payloads: Iterable[Payload], **options: Unpack[EnqueueManyOptions]
    ) -> list[int]:
        """Add messages, as `Queue.enqueue_many` does; others see them when the `with` block has ended."""
        self._require_open()
        ids = self._queue.enqueue_many(topic, payloads, **options)
        self._ids += ids
        return ids

    def ack(self, lease: Lease) -> None:
        """Finish a message and commit its ack together with the rows that its processing wrote.

        Raises:
            LeaseLost: when the lease is no longer valid; let it leave the `with`, so that the effect is
                rolled back.
        """
        self._require_open()
        self._queue.ack(lease)

    def _require_open(self) -> None:
        if self._context is None:
            raise UsageError("the transaction has ended: use its handle only inside its `with` block")
        if self._thread != threading.get_ident():
            # it would be done outside the transaction, after its end or a timeout
            raise UsageError(
                "a transaction belongs to the thread that opened it: "
                "use its handle there, or use the Queue in this thread after the `with` block"
            )
