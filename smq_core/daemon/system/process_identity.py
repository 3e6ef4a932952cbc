"""Which process a number names: numbers are used again, so a signal needs proof that this one was not.

It kills process groups of commands, after proof, and decides nothing else.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LARGEST_PID",
    "MARK_VARIABLE",
    "NO_COMMAND",
    "CommandGroup",
    "Remains",
    "end_group",
    "is_alive",
    "machine_id",
    "marked",
    "started_at",
]

LARGEST_PID: Final = 2**22
"""No Linux numbers processes further; other systems stop long before."""
MARK_VARIABLE: Final = "SMQ_RUN"
"""What a command's processes carry in their environment, so that they are known whoever their parent is."""
_PROC: Final = Path("/proc")
_TO_GROUP: Final = 1 << 2
"""PIDFD_SIGNAL_PROCESS_GROUP, of Linux 6.9."""
_DEAD: Final = frozenset("ZXx")
_STATE, _PARENT, _GROUP, _STARTED = 0, 1, 2, 19
"""Fields of /proc/PID/stat, counted from the one after the program's name."""
Remains = Literal["ended", "gone", "unproven"]
"""A group was sent its signal; it had ended before; something has its number, maybe it."""


class CommandGroup(NamedTuple):
    """The process group of a command, with what proves that it is still the same one."""

    leader: int
    """The process id of its first process, and the number of its group; 0: it was not known yet."""
    started: int
    """When the leader started, in ticks since the system did; 0: the system does not reveal it."""
    mark: int
    """A random number, which its processes have in their environment; 0: there is no command."""


NO_COMMAND: Final = CommandGroup(0, 0, 0)


class _Process(NamedTuple):
    state: str
    parent: int
    group: int
    started: int


def machine_id() -> str:
    """Name the running system and its process ids.

    Where two daemons differ in it, a pid of one means nothing to the other.
    """
    parts: list[str] = []
    with contextlib.suppress(OSError):
        parts.append((_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str((_PROC / "self/ns/pid").readlink()))
    return " ".join(parts) or os.uname().nodename


def started_at(pid: int) -> int:
    """Return when a process started, in ticks since the system did; 0 where that cannot be known."""
    found = _look(pid)
    return 0 if found is None else found.started


def is_alive(pid: int, started: int) -> bool:
    """Return whether the very process that started then still runs; False where that cannot be known."""
    found = _look(pid)
    return found is not None and 0 < started == found.started and found.state not in _DEAD


def marked(mark: int) -> dict[str, str]:
    """Return what a command needs in its environment to be known by a mark."""
    return {MARK_VARIABLE: f"{mark:016x}"}


def end_group(group: CommandGroup, number: signal.Signals = signal.SIGKILL) -> Remains:
    """Send a signal to a command's process group if it is proven to be that command's still.

    Neither a start time nor a number from a file is proof alone, as others can write there: the leader is a
    child of this process, or a process of the group carries the mark. The leader's start time refutes: while
    a group lives nobody else gets its number, so a leader that started at another time leads another group.
    """
    if group.mark == 0:
        return "gone"
    if group.leader == 0:
        # the daemon died between starting the command and noting its number
        return _end_by_mark(group.mark, number)
    if not 1 < group.leader <= LARGEST_PID:
        return "gone"
    with _handle(group.leader) as handle:
        leader = _look(group.leader)
        if leader is not None and (leader.group != group.leader or 0 < group.started != leader.started):
            return "gone"
        if _is_own(leader, group) or _carries(group.leader, group.mark):
            return _signal(group.leader, handle, number)
        if any(member == group.leader for member in _groups_marked(group.mark)):
            return _signal(group.leader, handle, number)
    return "unproven" if _exists(group.leader) else "gone"


def _is_own(leader: _Process | None, group: CommandGroup) -> bool:
    return leader is not None and leader.parent == os.getpid() and leader.started == group.started


def _end_by_mark(mark: int, number: signal.Signals) -> Remains:
    ends = [_signal(group, None, number) for group in set(_groups_marked(mark))]
    return "ended" if "ended" in ends else "gone"


def _signal(group: int, handle: int | None, number: signal.Signals) -> Remains:
    """Signal a group just proven: by its leader's handle, where the kernel can, nothing comes between."""
    try:
        if handle is None or not _signal_by_handle(handle, number):
            os.killpg(group, number)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        return "unproven"
    return "ended"


def _signal_by_handle(handle: int, number: signal.Signals) -> bool:
    try:
        signal.pidfd_send_signal(handle, number, None, _TO_GROUP)
    except (ProcessLookupError, PermissionError):
        raise
    except OSError:
        # a kernel that does not know the flag
        return False
    return True


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    """Open a handle of a process, to be had before one looks who it is; None where there is none."""
    opener = getattr(os, "pidfd_open", None)
    try:
        handle = None if opener is None else int(opener(pid))
    except OSError:
        handle = None
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _groups_marked(mark: int) -> Iterator[int]:
    """Return the process groups of all processes that carry a mark, as far as we may look at them."""
    try:
        pids = [int(one.name) for one in _PROC.iterdir() if one.name.isdecimal()]
    except OSError:
        return
    for pid in pids:
        if _carries(pid, mark) and (found := _look(pid)) is not None and found.group > 1:
            yield found.group


def _carries(pid: int, mark: int) -> bool:
    """Return whether a process has a mark in its environment; a zombie has none any more."""
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return "=".join(*marked(mark).items()).encode() in environment.split(b"\0")


def _look(pid: int) -> _Process | None:
    """Return what the system reports about a process; None: there is none, or it does not tell."""
    if not 0 < pid <= LARGEST_PID:
        return None
    try:
        # the name, in brackets, may hold anything
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        state, *numbers = (fields[place] for place in (_STATE, _PARENT, _GROUP, _STARTED))
        return _Process(state.decode("ascii"), *(int(number) for number in numbers))
    except (OSError, ValueError, IndexError):
        return None
