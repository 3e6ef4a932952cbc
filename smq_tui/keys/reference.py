"""The generated parts of the documentation: keys and filters as Markdown, from the bindings themselves.

`python -m smq_tui.keys.reference docs/dashboard.md` writes them again between their marks.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from smq_tui.keys.key_help import all_keys
from smq_tui.text.filters import FILTER_HELP

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["filters_table", "keys_table", "renewed"]


def keys_table() -> str:
    """Draw the keys: what each does, and the id by which it is remapped."""
    lines = ["| Key | Does | Id |", "|---|---|---|"]
    group = ""
    for key in all_keys():
        if key.group != group:
            group = key.group
            lines.append(f"| **{group}** | | |")
        keys = " ".join(f"`{one}`" for one in key.keys.split(" "))
        lines.append(f"| {keys} | {key.sentence} | `{key.id}` |")
    return "\n".join(lines)


def filters_table() -> str:
    """Draw the parts of a filter."""
    lines = ["| Part | Finds messages |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{part}` | {what} |" for part, what in FILTER_HELP)])


def renewed(text: str) -> str:
    """Return a document with its generated parts written again."""
    parts: dict[str, Callable[[], str]] = {"keys": keys_table, "filters": filters_table}
    for name, draw in parts.items():
        marks = re.compile(rf"(<!-- generated: {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        text = marks.sub(lambda match, draw=draw: match[1] + draw() + match[2], text)  # type: ignore[misc]  # bound early
    return text


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(renewed(document.read_text(encoding="utf-8")), encoding="utf-8")
