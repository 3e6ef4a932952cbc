"""A consumer with its own loop, without a daemon: dequeue, process, ack; requeue after an error.

    python examples/worker_sqlite.py --db queue.sqlite3 --topic mail

`smq-daemon` does the same with processes, timeouts and crash recovery. Use this if you want the loop in your
own program.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from smq_core import Lease, LeaseLost, Message, Queue, SmqError

RETRY_DELAY_S = 5.0
WAIT_S = 1.0


def process(message: Message) -> None:
    """Do the work; an exception means that it failed."""
    print(
        f"message {message.id} of {message.topic}, attempt {message.attempts}: {message.payload!r}",
        flush=True,
    )


def work(queue: Queue, topic: str, stopping: threading.Event) -> None:
    """Process one message after the other until asked to stop; waiting costs nothing."""
    while not stopping.is_set():
        for lease in queue.dequeue(topic, wait=WAIT_S):
            try:
                handle(queue, lease)
            except LeaseLost as error:
                print(error, file=sys.stderr)


def handle(queue: Queue, lease: Lease) -> None:
    """Process one message and print the result."""
    try:
        process(lease.message)
    except Exception as error:  # noqa: BLE001  # whatever it raises, the work failed
        went = queue.requeue(lease, delay=RETRY_DELAY_S, error=f"{type(error).__name__}: {error}")
        print(f"message {lease.message.id} failed ({error}), now {went}", file=sys.stderr)
    else:
        queue.ack(lease)


def main() -> int:
    """Read the command line and work until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--db", help="the database (default: SIMPLE_MQ_DB, or queue.sqlite3)")
    parser.add_argument("--topic", default="default")
    arguments = parser.parse_args()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        with Queue(arguments.db, worker="worker_sqlite") as queue:
            work(queue, arguments.topic, stopping)
    except SmqError as error:
        print(f"worker_sqlite: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
