"""Numbers with the word for what is counted, in its right form. Pure."""

from __future__ import annotations

from smq_core.format import count

__all__ = ["counted"]


def counted(number: int, word: str, many: str = "") -> str:
    """Write how many there are of something: `1 lease`, `1,204 leases`."""
    return f"{count(number)} {word if number == 1 else many or word + 's'}"
