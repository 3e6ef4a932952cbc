"""Ids as one bound value of a statement, however many they are."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["id_array"]


def id_array(ids: Iterable[int]) -> apsw.CArrayBinding:
    """Bind ids as an array.

    The driver takes none that is empty, so that 0 stands there, which no message has.
    """
    return apsw.carray(array("q", ids) or array("q", (0,)))
