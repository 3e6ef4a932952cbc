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

__all__ = ["PayloadView", "json_text", "original_bytes", "payload_pieces"]

_SHOWN: Final = 16_384
"""Characters of a payload that are shown; copy and export give all of it."""
_HEX_SHOWN: Final = 2_048
_HEX_LINE: Final = 16


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


def payload_pieces(message: Message, view: PayloadView) -> list[tuple[str, str]]:
    """Answer the payload in pieces of text with a style each."""
    if view is PayloadView.HEX or isinstance(message.payload, bytes):
        return _hex(original_bytes(message))
    text = (
        message.payload
        if message.kind == "text" and isinstance(message.payload, str)
        else _json(message, view)
    )
    shown = block(text[:_SHOWN])
    is_coloured = message.kind == "json" and view is PayloadView.PRETTY
    pieces = coloured_json(shown) if is_coloured else [(shown, "")]
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


def original_bytes(message: Message) -> bytes:
    """Answer the payload as what was sent: bytes as they are, text in UTF-8, JSON in one line."""
    payload = message.payload
    if isinstance(payload, bytes):
        return payload
    if message.kind == "text" and isinstance(payload, str):
        return payload.encode("utf-8", "surrogatepass")
    return json_text(payload, indent=None).encode("utf-8", "surrogatepass")


def _json(message: Message, view: PayloadView) -> str:
    try:
        return json_text(message.payload, indent=2 if view is PayloadView.PRETTY else None)
    except RecursionError:
        return "nested too deep to be shown: export it (x)"


def _hex(data: bytes) -> list[tuple[str, str]]:
    pieces: list[tuple[str, str]] = []
    for start in range(0, min(len(data), _HEX_SHOWN), _HEX_LINE):
        line = data[start : start + _HEX_LINE]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)  # noqa: PLR2004 - printable ASCII
        pieces += [
            (f"{start:06x}  ", "$foreground 65%"),
            (f"{line.hex(' '):<{_HEX_LINE * 3}} ", ""),
            (f"{text}\n", "$text-success"),
        ]
    if len(data) > _HEX_SHOWN:
        pieces.append((f"… cut here: {size(len(data))} in all", "italic"))
    return pieces or [("empty", "$foreground 65%")]
