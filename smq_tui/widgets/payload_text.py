"""A payload as text for the details: pretty, as it is stored, or in hexadecimal.

Bounded, and safe for a terminal. Pure.
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Final

from smq_core.format import size
from smq_core.safe_text import block
from smq_tui.widgets.json_colours import coloured_json

if TYPE_CHECKING:
    from smq_tui.values import Message, Payload

__all__ = ["PayloadView", "bytes_of", "json_text", "payload_pieces", "shown_as"]

_SHOWN: Final = 16_384
"""Characters of a payload that are shown; copy and export give all of it."""
_HEX_SHOWN: Final = 2_048
_HEX_LINES: Final = (16, 8, 4)
"""How many bytes a line may have."""


class PayloadView(enum.Enum):
    """How a payload is shown."""

    PRETTY = "pretty"
    RAW = "raw"
    HEX = "hex"

    @property
    def next(self) -> PayloadView:
        """The one after this."""
        views = list(PayloadView)
        return views[(views.index(self) + 1) % len(views)]


def shown_as(message: Message, view: PayloadView) -> PayloadView:
    """Return how a payload is shown when a view is asked for: bytes are always in hexadecimal."""
    return PayloadView.HEX if isinstance(message.payload, bytes) else view


def payload_pieces(
    message: Message, stored: str | bytes, view: PayloadView, width: int = 0
) -> list[tuple[str, str]]:
    """Return the payload in pieces of text with a style each; raw and in hexadecimal exactly as stored.

    `width` is how many cells a line has, 0 when that is not known.
    """
    view = shown_as(message, view)
    if view is PayloadView.HEX:
        return _hex(bytes_of(stored), width)
    is_json = message.kind == "json" and view is PayloadView.PRETTY
    text = _pretty(message) if is_json else _decoded(stored)
    shown = block(text[:_SHOWN])
    pieces = coloured_json(shown) if is_json else [(shown, "")]
    if len(text) > _SHOWN:
        pieces.append(
            (f"\n… cut here: {size(message.size or len(text))} in all; y copies it, x exports it", "italic")
        )
    return pieces


def json_text(payload: Payload, *, indent: int | None = 2, ascii_only: bool = False) -> str:
    """Write a payload as JSON; for editing with escapes.

    So that invisible characters survive and can be seen.
    """
    return json.dumps(payload, ensure_ascii=ascii_only, indent=indent)


def bytes_of(stored: str | bytes) -> bytes:
    """Return the bytes of a payload as the database holds them."""
    return stored if isinstance(stored, bytes) else stored.encode("utf-8", "surrogatepass")


def _decoded(stored: str | bytes) -> str:
    return stored if isinstance(stored, str) else stored.decode("utf-8", "replace")


def _pretty(message: Message) -> str:
    try:
        return json_text(message.payload)
    except RecursionError:
        return "nested too deep to be shown: export it (x)"


def _hex(data: bytes, width: int) -> list[tuple[str, str]]:
    # A line takes 9 cells and 4 for each byte; the shortest is not worth being shorter still.
    per_line = next((count for count in _HEX_LINES if not width or 9 + 4 * count <= width), _HEX_LINES[-1])
    pieces: list[tuple[str, str]] = []
    for start in range(0, min(len(data), _HEX_SHOWN), per_line):
        line = data[start : start + per_line]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)  # noqa: PLR2004 - printable ASCII
        pieces += [
            (f"{start:06x}  ", "$foreground 65%"),
            (f"{line.hex(' '):<{per_line * 3}} ", ""),
            (f"{text}\n", "$text-success"),
        ]
    if len(data) > _HEX_SHOWN:
        pieces.append((f"… cut here: {size(len(data))} in all", "italic"))
    return pieces or [("empty", "$foreground 65%")]
