"""Runs one command for one message, without a shell.

Payload on its standard input, facts in SMQ_* variables, its exit code the outcome.

It bounds what it keeps of the output and never waits for anything but the command itself, so that a
grandchild which keeps the pipe open cannot hold a handler thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import selectors
import signal
import subprocess
from os import close as _close
from os import read as _read
from os import write as _write
from typing import TYPE_CHECKING, Final

from smq_core.daemon.execution.exit_status import StatusLost, exit_code, is_untaken
from smq_core.daemon.execution.truncation import KEPT, tail_of
from smq_core.daemon.system.process_identity import NO_COMMAND, CommandGroup, marked, started_at
from smq_core.handler import Bury, HandlerTimeout, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from smq_core.clock import Clock
    from smq_core.daemon.containment.forked_copies import ForkedCopies
    from smq_core.daemon.containment.inherited import InheritedState
    from smq_core.daemon.wire.protocol import Delivery

__all__ = ["EXIT_BURY", "EXIT_RETRY", "CommandFailed", "CommandRun", "environment"]

EXIT_RETRY: Final = 75
"""EX_TEMPFAIL of sysexits.h."""
EXIT_BURY: Final = 65
"""EX_DATAERR of sysexits.h."""
_PIPE_SIZE: Final = 64 * 1024
_LOOK_S: Final = 0.05
_LOOK_AGAIN_S: Final = 5.0
"""How long to wait for what tells a command's end: a handler may have closed that."""
_TERM_GRACE_S: Final = 2.0
_WHO_TOOK_IT: Final = (
    "a Python handler in the same worker process collected it, with os.waitpid(-1) or by ignoring SIGCHLD"
)


class CommandFailed(Exception):  # noqa: N818 - its first line is what an operator reads: how the command ended
    """The command ended with another code than 0, or by a signal; the text has the tail of its output."""


def environment(delivery: Delivery, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with the message's facts added, in forms that the system takes."""
    facts = {
        "SMQ_ID": str(delivery.id),
        "SMQ_TOPIC": delivery.topic,
        "SMQ_ATTEMPTS": str(delivery.attempts),
        "SMQ_DELIVERIES": str(delivery.deliveries),
        "SMQ_PRIORITY": str(delivery.priority),
        "SMQ_KEY": delivery.key or "",
        "SMQ_KIND": "text" if delivery.kind == "auto" else delivery.kind,
        "SMQ_HEADERS": delivery.headers or "{}",
    }
    return {**inherited, **{name: _clean(value) for name, value in facts.items()}}


class CommandRun:
    """One run of a command; `interrupt` may be called from another thread."""

    def __init__(
        self,
        arguments: Sequence[str],
        delivery: Delivery,
        clock: Clock,
        inherited: InheritedState,
        copies: ForkedCopies,
    ) -> None:
        """Prepare the run; nothing starts yet."""
        self._arguments = list(arguments)
        self._delivery = delivery
        self._inherited = inherited
        self._copies = copies
        self._clock = clock
        self._tail = b""
        self._process: subprocess.Popen[bytes] | None = None
        self._kill_at: float | None = None
        self._is_status_lost = False

    def run(self, note: Callable[[CommandGroup], None]) -> str:
        """Run it to its end; return means processed, and answers the end of what it printed.

        `note` is told which process group runs, before and after the start, and that none does.

        Raises:
            Retry, Bury, CommandFailed: by its exit code.
            HandlerTimeout: when it was interrupted.
            OSError: when this process has no descriptors for it.
        """
        mark = secrets.randbits(64) or 1
        note(CommandGroup(0, 0, mark))
        try:
            self._process = self._start(mark)
        except OSError as error:
            note(NO_COMMAND)
            if error.errno == errno.EMFILE:
                raise
            raise CommandFailed(f"cannot run {self._arguments[0]}: {error.strerror}") from error
        note(CommandGroup(self._process.pid, started_at(self._process.pid), mark))
        try:
            self._feed_and_drain(self._process)
        finally:
            # only what went wrong here leaves it running: its message goes back, so it must not go on
            self._signal(signal.SIGKILL)
            self._close_pipes(self._process)
            with contextlib.suppress(StatusLost):
                exit_code(self._process, wait=True)
            note(NO_COMMAND)
        output = tail_of(self._tail.decode(errors="replace").strip())
        self._judge(self._process.returncode, output)
        return output

    def kill(self) -> None:
        """End the command's process group at once."""
        self._signal(signal.SIGKILL)

    def interrupt(self) -> None:
        """End the command: its process group gets SIGTERM, and SIGKILL two seconds later."""
        self._kill_at = self._clock.monotonic() + _TERM_GRACE_S
        self._signal(signal.SIGTERM)

    def _start(self, mark: int) -> subprocess.Popen[bytes]:
        # what another thread forks off meanwhile would hold the command's input open
        with self._copies.kept_from() as our_ends:
            process = subprocess.Popen(  # noqa: S603 - the operator's own command, never a shell
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**environment(self._delivery, self._inherited.environment), **marked(mark)},
                cwd=self._inherited.way_back(),
                umask=self._inherited.umask,
                start_new_session=True,
            )
            if process.stdin is not None:
                our_ends.add(process.stdin.fileno())
        return process

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and is_untaken(self._process):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _feed_and_drain(self, process: subprocess.Popen[bytes]) -> None:
        body = self._delivery.stored
        unsent = memoryview(body.encode() if isinstance(body, str) else body)
        with selectors.DefaultSelector() as selector, _ending(process) as ending:
            if ending is not None:
                selector.register(ending, selectors.EVENT_READ)
            for pipe, event in (
                (process.stdin, selectors.EVENT_WRITE),
                (process.stdout, selectors.EVENT_READ),
            ):
                if pipe is not None:
                    os.set_blocking(pipe.fileno(), False)
                    selector.register(pipe, event)
            while not self._has_ended(process):
                self._kill_when_due()
                for key, _ in selector.select(_LOOK_S if ending is None or self._kill_at else _LOOK_AGAIN_S):
                    if key.fileobj is process.stdin:
                        unsent = self._feed(selector, process, unsent)
                    elif key.fileobj is process.stdout and not self._drain(process):
                        selector.unregister(key.fileobj)
        while self._drain(process):
            pass

    def _has_ended(self, process: subprocess.Popen[bytes]) -> bool:
        try:
            return exit_code(process) is not None
        except StatusLost:
            self._is_status_lost = True
            return True

    def _kill_when_due(self) -> None:
        if self._kill_at is not None and self._clock.monotonic() >= self._kill_at:
            self._signal(signal.SIGKILL)

    def _feed(
        self, selector: selectors.BaseSelector, process: subprocess.Popen[bytes], unsent: memoryview
    ) -> memoryview:
        if process.stdin is None:
            return unsent
        try:
            unsent = unsent[_write(process.stdin.fileno(), unsent[:_PIPE_SIZE]) :]
        except BlockingIOError:
            return unsent
        except BrokenPipeError:  # a command need not read its input
            unsent = unsent[len(unsent) :]
        if not unsent:
            selector.unregister(process.stdin)
            self._close_input(process)
        return unsent

    def _drain(self, process: subprocess.Popen[bytes]) -> bool:
        if process.stdout is None:
            return False
        try:
            data = _read(process.stdout.fileno(), _PIPE_SIZE)
        except BlockingIOError:
            return process.returncode is None
        self._tail = (self._tail + data)[-KEPT:]
        return bool(data)

    def _close_pipes(self, process: subprocess.Popen[bytes]) -> None:
        self._close_input(process)
        if process.stdout is not None:
            process.stdout.close()

    def _close_input(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None and not process.stdin.closed:
            with self._copies.kept_from() as our_ends, contextlib.suppress(BrokenPipeError):
                our_ends.discard(process.stdin.fileno())
                process.stdin.close()

    def _judge(self, code: int, output: str) -> None:
        name = self._arguments[0]
        if self._kill_at is not None:
            raise HandlerTimeout(_sentence(f"{name} timed out and was stopped", output))
        if self._is_status_lost:
            raise CommandFailed(_sentence(f"the exit status of {name} was lost: {_WHO_TOOK_IT}", output))
        if code == EXIT_RETRY:
            raise Retry(why=_sentence(f"{name} asked for another attempt (exit code {code})", output))
        if code == EXIT_BURY:
            raise Bury(_sentence(f"{name} refused the message (exit code {code})", output))
        if code < 0:
            raise CommandFailed(_sentence(f"{name} was killed by {_signal_name(-code)}", output))
        if code:
            raise CommandFailed(_sentence(f"{name} failed with exit code {code}", output))


@contextlib.contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """Return a descriptor that becomes readable when the process ends; None where there is none."""
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        yield None
        return
    try:
        descriptor = opener(process.pid)
    except ProcessLookupError:
        # it has ended, and somebody else took its exit status
        yield None
        return
    try:
        yield descriptor
    finally:
        _close(descriptor)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _sentence(first_line: str, output: str) -> str:
    rest = tail_of(output, KEPT - len(first_line.encode("utf-8", "backslashreplace")) - 1)
    return f"{first_line}\n{rest}" if rest else first_line


def _clean(value: str) -> str:
    return value.encode("utf-8", "replace").decode().replace("\0", "?")
