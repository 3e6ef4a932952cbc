"""Keeps what is pasted together: an escape sequence in it, of a payload or a log, would be typed as keys."""

from __future__ import annotations

from typing import Final

__all__ = ["PastedText"]

_START: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_ESCAPE: Final = "\x1b"
_SHOWN_ESCAPE: Final = "␛"


class PastedText:
    """Follows what a terminal sends, and writes every escape inside a paste as the sign ␛.

    Textual's parser leaves the paste at an escape that does not end it: the letters after it would be keys.
    """

    def __init__(self) -> None:
        self._is_inside = False
        self._kept = ""
        """The end of what came before: a mark may be cut in two."""

    def defuse(self, data: str) -> str:
        """Return the data, whose pastes hold no escape; the beginning of an end mark waits for its rest."""
        defused = []
        while data:
            piece, data = self._inside(data) if self._is_inside else self._outside(data)
            defused.append(piece)
        return "".join(defused)

    def _outside(self, data: str) -> tuple[str, str]:
        """Return what is typed, to the beginning of the next paste, and the rest."""
        known = len(self._kept)
        both = self._kept + data
        at = both.find(_START)
        if at < 0:
            self._kept = both[-len(_START) + 1 :]
            return data, ""
        self._is_inside, self._kept = True, ""
        ends = at + len(_START)
        return both[known:ends], both[ends:]

    def _inside(self, data: str) -> tuple[str, str]:
        """Return what is pasted, with the end of the paste where it is there, and the rest."""
        pasted, end, rest = (self._kept + data).partition(_END)
        self._kept = ""
        if end:
            self._is_inside = False
            return pasted.replace(_ESCAPE, _SHOWN_ESCAPE) + end, rest
        cut = next((size for size in range(len(_END) - 1, 0, -1) if pasted.endswith(_END[:size])), 0)
        if cut:
            pasted, self._kept = pasted[:-cut], pasted[-cut:]
        return pasted.replace(_ESCAPE, _SHOWN_ESCAPE), rest
