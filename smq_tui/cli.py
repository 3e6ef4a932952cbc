"""The command `smq-tui`: reads flags and configuration, decides which database is meant.

Starts the dashboard or the demonstration.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]

_NEEDED = ("click", "rich", "textual", "platformdirs")


def main() -> None:
    """Run the command."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        sentence = f"smq-tui needs {missing[0]}: install it with  pip install 'simple-local-mq[tui]'"
        print(sentence, file=sys.stderr)  # noqa: T201 - nothing that prints better is installed
        raise SystemExit(1)
    # What these import is only there when the extra is.
    from smq_core.program import run_program  # noqa: PLC0415 - it would load the engine before this is told
    from smq_tui.command import command  # noqa: PLC0415 - it may not be installed

    run_program("smq-tui", lambda: command.main(prog_name="smq-tui"))
