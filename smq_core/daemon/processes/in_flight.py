"""A leased message on its way through the daemon. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smq_core.daemon.wire.slots import mark_of
from smq_core.store.records import Hold

if TYPE_CHECKING:
    from smq_core.message import Receipt
    from smq_core.store.records import LeasedRow

__all__ = ["InFlight"]

_new = tuple.__new__


class InFlight(NamedTuple):
    """A delivery on its way: a message under one lease, and the tag that worker processes know it by."""

    row: LeasedRow
    receipt: Receipt
    tag: int
    """A number that this daemon gives to no other delivery; from 1."""
    leased_at: int
    """In milliseconds since the epoch."""
    size: int
    """Bytes of payload and headers."""
    first_receipt: Receipt | None = None
    """The receipt that was delivered, if the delivery has another lease now."""

    @property
    def hold(self) -> Hold:
        """What proves its lease."""
        # what a Hold makes of two values, without its call: it is asked for several times a message
        return _new(Hold, (self.row.id, self.receipt))

    @property
    def mark(self) -> tuple[int, int]:
        """What a slot shows while it is at work: the message, and the mark of the lease delivered."""
        return self.row.id, mark_of(self._delivered_receipt)

    def under(self, newer: InFlight) -> InFlight:
        """Return the same delivery, with the lease of a newer one of its message."""
        return InFlight(
            newer.row, newer.receipt, self.tag, newer.leased_at, newer.size, self._delivered_receipt
        )

    @property
    def _delivered_receipt(self) -> Receipt:
        return self.receipt if self.first_receipt is None else self.first_receipt
