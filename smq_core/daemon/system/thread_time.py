"""How long a thread of a process has been at work."""

from __future__ import annotations

from pathlib import Path

__all__ = ["processor_ns"]


def processor_ns(pid: int, thread: int) -> int:
    """Return the processor time of a thread in nanoseconds; 0 where the system does not reveal it."""
    try:
        return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text(encoding="ascii").split()[0])
    except (OSError, IndexError):
        return 0
