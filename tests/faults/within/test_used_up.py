"""A process that has used up its descriptors, or its threads: calls say so, and go on when there are some.

The story: a web application leaks sockets until accept() fails, and enqueues all the while. What it wants to
know is what ran out; what it may not lose is a lock, a message, or yet more descriptors.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from tests.concurrency.children import child

if TYPE_CHECKING:
    from tests.matrix import Fault

EACH_CALL = """
    import contextlib, os, resource, sys, threading
    from smq_core import Filter, Inspector, Queue, SmqError

    path = sys.argv[1]

    def in_a_transaction(queue, inspector):
        with queue.transaction() as transaction:
            transaction.enqueue("mail", 1)
            transaction.execute("SELECT 1")

    def by_a_waiter(queue, inspector):
        with queue.waiter("mail") as waiter:
            waiter.fileno(), waiter.drain(), waiter.next_due()

    CALLS = {
        "enqueue": lambda queue, inspector: queue.enqueue("mail", 1),
        "enqueue_many": lambda queue, inspector: queue.enqueue_many("mail", [1, 2], keys=["a", None]),
        "dequeue": lambda queue, inspector: queue.ack_many(queue.dequeue("mail")),
        "dequeue with a wait": lambda queue, inspector: queue.dequeue("nothing", wait=0.001),
        "size": lambda queue, inspector: queue.size("mail"),
        "transaction": in_a_transaction,
        "waiter": by_a_waiter,
        "topics": lambda queue, inspector: inspector.topics(),
        "browse": lambda queue, inspector: inspector.browse("mail", where=Filter(text="1")),
        "delete": lambda queue, inspector: inspector.delete(inspector.select("mail", "ready")),
        "pause and undo": lambda queue, inspector: inspector.undo(inspector.pause("other").operation),
        "workers": lambda queue, inspector: inspector.workers(),
        "wait": lambda queue, inspector: inspector.wait(0.001),
    }

    def everything_once():
        with Queue(path) as queue, Inspector(path) as inspector:
            for call in CALLS.values():
                call(queue, inspector)

    def open_now():
        return set(os.listdir("/proc/self/fd"))

    everything_once()
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    for name, call in CALLS.items():
        for is_warm in (False, True):
            for spare in range(9):
                with Queue(path) as queue, Inspector(path) as inspector:
                    if is_warm:
                        call(queue, inspector)
                    held = []
                    with contextlib.suppress(OSError):
                        while True:
                            held.append(os.open(os.devnull, os.O_RDONLY))
                    for _ in range(spare):
                        os.close(held.pop())
                    failure = None
                    try:
                        call(queue, inspector)
                        print("did", flush=True)
                    except SmqError as error:
                        failure = error
                        if type(error).__name__ == "StoreUnavailable" and "too many open files" in str(error):
                            print("told", flush=True)
                        else:
                            print(f"{name}:{spare}:{error!r}".replace(" ", "_"), flush=True)
                    except BaseException as error:
                        print(f"{name}:{spare}:RAW:{error!r}".replace(" ", "_"), flush=True)
                    for one in held:
                        os.close(one)
                    # with the error still in hand, as a logger or a debugger has it
                    call(queue, inspector)
                del failure
    print(f"open:{len(open_now())}")
"""
COLD = """
    import os, resource, sys
    import smq_core
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    held = []
    try:
        while True: held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError: pass
    try:
        smq_core.Queue(sys.argv[1])
    except smq_core.StoreUnavailable as error:
        print("told" if "Too many open files" in str(error) else repr(error).replace(" ", "_"))
    for one in held: os.close(one)
    print(smq_core.Queue(sys.argv[1]).enqueue("mail", 1))
"""


@pytest.mark.fault(
    row="a process that runs out of file descriptors",
    part="environment",
    promise="each call works or reports what ran out, leaks no descriptor, and works again once descriptors "
    "are free",
    how="RLIMIT_NOFILE: every public call, with zero to eight descriptors left, on a queue that is already "
    "open and on one that is not",
)
def test_a_process_without_descriptors_is_told_so(location: str, fault: Fault) -> None:
    with child(EACH_CALL, location) as other:
        *answers, left = other.rest()

    assert set(answers) == {"did", "told"}
    # the three of every process, and the one by which they are counted
    assert left == "open:4"
    fault.ran(len(answers))
    fault.struck(answers.count("told"))


def test_a_process_without_descriptors_cannot_even_load_the_store_and_is_told(location: str) -> None:
    with child(COLD, location) as other:
        assert other.rest() == ["told", "1"]


@pytest.fixture
def without_descriptors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no file be opened by a thread that waits for its turn, and note who asked."""
    asked: list[str] = []
    real = os.open

    def refuse(path: str, flags: int, *rest: int, **named: int) -> int:
        if threading.current_thread().name == "smq-write-lock":
            asked.append(path)
            raise OSError(24, "Too many open files", path)
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", refuse)
    return asked


def test_whoever_cannot_stand_in_the_queue_for_the_turn_looks_for_it(
    location: str, without_descriptors: list[str]
) -> None:
    """No traceback of the helper thread either: pytest would make an error of it."""
    with child(HOLDER, location) as holder, Queue(location) as queue:
        queue.size("mail")
        assert holder.line() == "held"
        sender = threading.Thread(target=queue.enqueue, args=("mail", "mine"))
        sender.start()
        while not without_descriptors:
            sender.join(0.001)
        assert sender.is_alive()
        holder.go()
        sender.join()

        assert queue.size("mail") == 1
    assert without_descriptors == [f"{location}-wal"]


def test_whoever_gets_no_thread_for_the_turn_looks_for_it(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = threading.Event()
    real = threading.Thread.start

    def start(self: threading.Thread) -> None:
        if self.name == "smq-write-lock":
            refused.set()
            raise RuntimeError("can't start new thread")
        real(self)

    monkeypatch.setattr(threading.Thread, "start", start)
    with child(HOLDER, location) as holder, Queue(location) as queue:
        queue.size("mail")
        assert holder.line() == "held"
        sender = threading.Thread(target=queue.enqueue, args=("mail", "mine"))
        sender.start()
        assert refused.wait(60)
        holder.go()
        sender.join()

        assert queue.size("mail") == 1


HOLDER = """
    import sys
    from smq_core import Queue
    with Queue(sys.argv[1]) as queue, queue.transaction():
        print("held", flush=True)
        input()
"""
