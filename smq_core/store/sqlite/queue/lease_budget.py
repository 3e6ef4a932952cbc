"""How many bytes one call leases: payloads of a page are read until they are too large together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.foreign_rows.leasable import leasable_page, require_bodies
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import apsw

    from smq_core.store.records import LeasedRow

__all__ = ["LARGE", "PAGE", "Allowance"]

LARGE: Final = 16 * 1024
"""A payload that is larger, headers included, is left out of its page, which has the size instead; it is read
by itself once it is admitted."""
PAGE: Final = 512
"""Rows that are read at once: what a page holds is never more than 8 MiB."""

_PAYLOAD = query("lease_payload")


class Allowance:
    """The bytes that are left of one call's."""

    def __init__(self, max_bytes: int) -> None:
        """Begin with all of them; the first message is admitted whatever its size."""
        self._left = max_bytes
        self._is_first = True

    def admit(
        self, db: apsw.Connection, found: Sequence[tuple[object, ...]], *, is_last: bool
    ) -> list[LeasedRow]:
        """Return the first rows of a page that there are bytes for, with their payloads.

        Nothing is summed up where even the largest rows would fit, and `is_last` says that none are asked
        for after them.

        Raises:
            MalformedRowError: when a row is not as the table has it.
        """
        page, has_large = leasable_page(found)
        if is_last and not has_large and len(page) * LARGE <= self._left:
            return page
        admitted = [
            row if _left_out(row) is None else row._replace(body=db.execute(_PAYLOAD, (row.id,)).get)
            for row in self._admitted(page)
        ]
        require_bodies(admitted)
        return admitted

    def _admitted(self, page: Sequence[LeasedRow]) -> Iterator[LeasedRow]:
        for row in page:
            left_out = _left_out(row)
            size = row.size if left_out is None else left_out
            if size > self._left and not self._is_first:
                return
            self._is_first = False
            self._left -= size
            yield row


def _left_out(row: LeasedRow) -> int | None:
    """Return the size that a page has in the place of a large payload."""
    body: object = row.body
    return body if isinstance(body, int) else None
