"""The only path from stored text to a terminal: its output has no control or invisible characters.

Text of payloads, topics, headers, errors, worker and file names passes through here before it is shown.
Limits count characters, not columns of the display: how wide a character is, only who paints it can say, and
a second opinion would break its columns.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

__all__ = ["CUT", "REPLACEMENT", "block", "cell", "clean_text", "visible"]

CUT: Final = "…"
"""Stands where text was cut."""
REPLACEMENT: Final = "\ufffd"
"""Stands for a character that is not shown because it would be invisible or move others."""


def cell(text: str, limit: int | None = None) -> str:
    """Make a text safe to show on one line: a line break becomes ␊, an escape ␛, the invisible U+FFFD.

    What is longer than the limit is cut to that many characters, the last of them `CUT`, at a cost that does
    not grow with the text.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + CUT if limit > 0 else ""
    if text.isascii():
        return text if text.isprintable() else text.translate(_CELL)
    return _shown(text, _UNSAFE_CELL, _CELL)


def block(text: str) -> str:
    """Make a text safe to show on several lines: as `cell`, but line feeds and tabs stay."""
    return _shown(text, _UNSAFE_BLOCK, _BLOCK)


def visible(data: bytes, limit: int | None = None) -> str:
    """Make bytes safe to show on one line: as text where they are UTF-8, else in hexadecimal after `hex`.

    What is longer than the limit is cut as `cell` does, and what lies beyond is not looked at.
    """
    # Any character takes at most four bytes.
    head = data if limit is None else data[: 4 * max(limit, 0) + 4]
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) == len(data))
    except UnicodeDecodeError:
        return cell("hex " + head.hex(" "), limit)
    return cell(text, limit)


def clean_text(value: object, most_bytes: int | None = None) -> str:
    """Return a value as text that can be stored: half a surrogate pair becomes its escape.

    What is longer than `most_bytes` is cut at a character.
    """
    text = value if isinstance(value, str) else str(value)
    data = (text if most_bytes is None else text[:most_bytes]).encode("utf-8", "backslashreplace")
    return data[:most_bytes].decode("utf-8", "ignore")


_NOT_SHOWN: Final = (
    (0x80, 0x9F),  # C1: a terminal may take them for CSI, OSC, DCS
    (0xAD, 0xAD),  # soft hyphen
    (0x34F, 0x34F),  # combining grapheme joiner
    (0x61C, 0x61C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors and vowel separator
    (0x200B, 0x200F),  # zero-width space and joiners, direction marks
    (0x2028, 0x202E),  # line and paragraph separators, embeddings and overrides of direction
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates of direction, deprecated format controls
    (0x3164, 0x3164),  # Hangul filler
    (0xD800, 0xDFFF),  # halves of surrogate pairs: no output encoding takes them
    (0xFDD0, 0xFDEF),  # no characters
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFF0, 0xFFFB),  # interlinear annotation
    (0xFFFE, 0xFFFF),  # no characters
    (0x13430, 0x13440),  # format controls of hieroglyphs
    (0x1BCA0, 0x1BCA3),  # format controls of shorthand
    (0x1D173, 0x1D17A),  # format controls of music
    (0x1F3FB, 0x1F3FF),  # skins of emoji
    (0xE0000, 0xE0FFF),  # tags and more variation selectors
)

_CELL: Final[dict[int, str]] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\u2421",
    **{code: REPLACEMENT for first, last in _NOT_SHOWN for code in range(first, last + 1)},
}
_BLOCK: Final = {code: shown for code, shown in _CELL.items() if chr(code) not in "\n\t"}

_RANGES: Final = "".join(f"{chr(first)}-{chr(last)}" for first, last in _NOT_SHOWN)
_UNSAFE_CELL: Final = re.compile(f"[\x00-\x1f\x7f{_RANGES}]")
_UNSAFE_BLOCK: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f{_RANGES}]")
# After a symbol these only choose its text or emoji form, or its skin. Terminals disagree about the width of
# what comes of it (tmux 3.3 gives a heart one cell of its two, a hand four), so it is shown without them.
_EMOJI_FORM: Final = re.compile(
    "(?<=[#*0-9©®\u2010-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]"
)


def _shown(text: str, unsafe: re.Pattern[str], table: dict[int, str]) -> str:
    # Looking first makes it cheap: translate asks the table about each character, the pattern does not.
    if unsafe.search(text) is None:
        return text
    return _EMOJI_FORM.sub("", text).translate(table)
