"""The daemon's log: lines as text or JSON on standard error, each with a stable `action`.

Nothing in a line is a terminal control.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Literal, TextIO

import msgspec

from smq_core.json_fields import time_fields
from smq_core.safe_text import cell
from smq_core.states import State

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.store.failed_message import FailedMessage

__all__ = ["Journal", "Level", "Value"]

Level = Literal["debug", "info", "warning", "error"]
Value = str | int | float | bool | None


class Journal:
    """Writes log lines; any thread may."""

    def __init__(
        self,
        clock: Clock,
        *,
        form: Literal["text", "json"] = "text",
        is_verbose: bool = False,
        stream: TextIO | None = None,
    ) -> None:
        """Write to a stream, standard error unless another is given."""
        self._clock = clock
        self._form = form
        self._is_verbose = is_verbose
        self._stream = stream or sys.stderr
        self._lock = threading.Lock()
        self._conditions: set[tuple[str, str]] = set()

    def use(self, form: Literal["text", "json"], *, is_verbose: bool) -> None:
        """Write the lines that follow in another form."""
        self._form = form
        self._is_verbose = is_verbose

    def debug(self, action: str, text: str, **fields: Value) -> None:
        """Write what is only of interest when debugging."""
        if self._is_verbose:
            self._write("debug", action, text, fields)

    def info(self, action: str, text: str, **fields: Value) -> None:
        """Write what happened."""
        self._write("info", action, text, fields)

    def warning(self, action: str, text: str, **fields: Value) -> None:
        """Write what somebody should look at."""
        self._write("warning", action, text, fields)

    def error(self, action: str, text: str, **fields: Value) -> None:
        """Write what went wrong."""
        self._write("error", action, text, fields)

    def failed(self, message: FailedMessage) -> None:
        """Write what became of a message that was not processed."""
        level, action = self.info, "message_requeue"
        if message.state == State.DEAD:
            level, action = self.warning, "message_dead"
        level(action, message.sentence, id=message.id, topic=message.topic, attempts=message.attempts)

    def output(self, line: str) -> None:
        """Write a line that a handler printed."""
        self._write("info", "output", line, {})

    def begin(
        self, action: str, text: str, *, level: Level = "warning", of: str = "", **fields: Value
    ) -> bool:
        """Write that a condition (`of` something) began, once until it `end`s; return whether it was new."""
        if (action, of) in self._conditions:
            return False
        self._conditions.add((action, of))
        self._write(level, action, text, fields)
        return True

    def end(self, action: str, text: str, *, of: str = "", **fields: Value) -> bool:
        """Write that a condition is over, if it had begun; return whether it had."""
        if (action, of) not in self._conditions:
            return False
        self._conditions.discard((action, of))
        self._write("info", f"{action}_over", text, fields)
        return True

    def _write(self, level: Level, action: str, text: str, fields: dict[str, Value]) -> None:
        at = time_fields("at", self._clock.now_ms() / 1000)
        if self._form == "json":
            # JSON text escapes controls itself; `cell` makes visible what some terminals take for controls
            # all the same
            record = {**at, "level": level, "action": action, "text": cell(text), **_safe(fields)}
            line = msgspec.json.encode(record).decode()
        else:
            tail = "".join(f" {name}={value}" for name, value in _safe(fields).items())
            line = f"{at['at']} {level:7} {action}: {cell(text)}{tail}"
        # nobody reads the log any more: that is not a reason to stop working
        with self._lock, contextlib.suppress(OSError, ValueError):
            print(line, file=self._stream, flush=True)


def _safe(fields: dict[str, Value]) -> dict[str, Value]:
    return {name: cell(value) if isinstance(value, str) else value for name, value in fields.items()}
