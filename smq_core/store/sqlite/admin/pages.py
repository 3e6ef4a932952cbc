"""How many pages a database file has, and how many of them are free."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import apsw

__all__ = ["Pages", "pages_of"]


class Pages(NamedTuple):
    """The pages of a database file."""

    size: int
    """Bytes of one."""
    total: int
    """All of them, free ones too."""
    free: int


def pages_of(connection: apsw.Connection) -> Pages:
    """Return the pages of a connection's database."""
    names = ("page_size", "page_count", "freelist_count")
    return Pages(*(int(connection.execute(f"PRAGMA {name}").get) for name in names))
