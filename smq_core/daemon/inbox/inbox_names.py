"""Names of files that the inbox has taken: made of the dropped name, but always short enough, and text.

What is derived from them (rejects, reasons, reports) fits into what a file system allows too. Pure.
"""

from __future__ import annotations

import hashlib
import os
from typing import Final

from smq_core.safe_text import cell

__all__ = ["LONGEST", "SUFFIXES", "fitted", "shown"]

SUFFIXES: Final = (".jsonl", ".jsonl.gz")
LONGEST: Final = 200
"""Bytes of a name that was fitted: most file systems allow 255, and 22 are added by the longest suffix."""
_DIGEST_BYTES: Final = 4


def shown(name: str) -> str:
    """Return a name as text that can be shown and stored: bytes that are not visible text become `%FF`."""
    return "".join(_shown(character) for character in name)


def fitted(name: str, longest: int = LONGEST) -> str:
    """Return a name of at most `longest` bytes for a file, its suffix kept; one that fits is not changed.

    A name that had to be cut holds a digest of the whole one.
    """
    text = shown(name)
    if len(text.encode()) <= longest:
        return text
    suffix = next((suffix for suffix in reversed(SUFFIXES) if text.endswith(suffix)), "")
    digest = hashlib.blake2b(os.fsencode(name), digest_size=_DIGEST_BYTES).hexdigest()
    end = f"~{digest}{suffix}"
    return text.encode()[: longest - len(end)].decode(errors="ignore") + end


def _shown(character: str) -> str:
    if cell(character) == character:
        return character
    # halves of surrogate pairs stand for bytes that are not UTF-8
    is_byte = "\udc80" <= character <= "\udcff"
    data = character.encode("utf-8", "surrogateescape" if is_byte else "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in data)
