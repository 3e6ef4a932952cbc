"""Colours for JSON text, by its own tokenizer: names, strings, numbers, words.

Pure; the text comes safe and stays as it is.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["coloured_json"]

_TOKEN: Final = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>true|false|null)|(?P<other>[^\"\-\dtfn]+|.)",
    re.DOTALL,
)
_STYLES: Final = {
    "name": "$text-accent",
    "string": "$text-success",
    "number": "$text-warning",
    "word": "$text-secondary italic",
    "other": "",
}


def coloured_json(text: str) -> list[tuple[str, str]]:
    """Cut a text into pieces with a style each; together they are the text."""
    pieces: list[tuple[str, str]] = []
    for match in _TOKEN.finditer(text):
        style = _STYLES[match.lastgroup or "other"]
        if pieces and pieces[-1][1] == style:
            pieces[-1] = (pieces[-1][0] + match[0], style)
        else:
            pieces.append((match[0], style))
    return pieces
