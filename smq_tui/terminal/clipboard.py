"""Puts bytes onto the clipboard.

By the tool of the desktop or of tmux, else through the terminal (OSC 52), else into a file. It says which.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.format import size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["OSC_52_LIMIT", "copy"]

OSC_52_LIMIT: Final = 74_994
"""Bytes in base64 that terminals take at most."""
_TOOL_TIMEOUT_S: Final = 2.0


def copy(data: bytes, write: Callable[[str], None], environment: Mapping[str, str] = os.environ) -> str:
    """Copy, and return how in a few words; `write` sends to the terminal."""
    tool = _tool(environment)
    if tool is not None and _by_tool(tool, data):
        where = " (paste with its prefix and ])" if tool[0] == "tmux" else ""
        return f"copied {size(len(data))} with {tool[0]}{where}"
    encoded = base64.b64encode(data).decode()
    if len(encoded) <= OSC_52_LIMIT:
        write(_sequence(encoded, environment))
        return f"sent {size(len(data))} to the terminal, which does not confirm it (OSC 52): paste to check"
    with tempfile.NamedTemporaryFile(prefix="smq-copy-", delete=False) as file:
        file.write(data)
    return f"too large for the terminal's clipboard: written to {Path(file.name)}"


def _tool(environment: Mapping[str, str]) -> list[str] | None:
    candidates: list[tuple[bool, list[str]]] = [
        ("WAYLAND_DISPLAY" in environment, ["wl-copy"]),
        ("DISPLAY" in environment, ["xclip", "-selection", "clipboard"]),
        ("DISPLAY" in environment, ["xsel", "--clipboard", "--input"]),
        ("SSH_CONNECTION" not in environment, ["pbcopy"]),
        ("TMUX" in environment, ["tmux", "load-buffer", "-w", "-"]),
    ]
    return next((tool for is_fit, tool in candidates if is_fit and shutil.which(tool[0])), None)


def _by_tool(tool: list[str], data: bytes) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - one of four known programs, without a shell
            tool,
            input=data,
            timeout=_TOOL_TIMEOUT_S,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _sequence(encoded: str, environment: Mapping[str, str]) -> str:
    sequence = f"\x1b]52;c;{encoded}\x07"
    if "TMUX" in environment:
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sequence
