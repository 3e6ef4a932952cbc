"""What handlers print: text streams like any other, whose lines stay whole and stay with their message."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.containment.handler_output import HandlerOutput
from smq_core.daemon.containment.stdio import LONGEST_UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOTH_S = 10.0


class Log:
    """Both streams of a worker process, and what has arrived from them."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        self.output = HandlerOutput(self.write_end, self.write_end)

    def said(self) -> str:
        """Return what arrived since the last time."""
        try:
            return os.read(self.read_end, 1 << 20).decode(errors="replace")
        except BlockingIOError:
            return ""

    def close(self) -> None:
        """Close both ends."""
        for end in (self.read_end, self.write_end):
            os.close(end)


@pytest.fixture
def log() -> Iterator[Log]:
    """Give the streams of a worker process, not installed."""
    made = Log()
    yield made
    made.close()


def in_thread(action: Callable[[], object]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join(BOTH_S)


def test_the_streams_have_what_a_text_stream_has(log: Log) -> None:
    out = log.output.out

    assert isinstance(out, io.TextIOWrapper)
    assert (out.encoding, out.errors, out.name, out.mode) == ("utf-8", "backslashreplace", "<stdout>", "w")
    assert (out.buffer.name, log.output.error.name) == ("<stdout>", "<stderr>")
    assert (out.isatty(), out.line_buffering, out.closed) == (False, False, False)
    assert (out.writable(), out.readable(), out.seekable()) == (True, False, False)
    assert out.fileno() == out.buffer.fileno() == log.write_end
    out.reconfigure(line_buffering=True, errors="replace")
    assert (out.line_buffering, out.errors) == (True, "replace")
    out.writelines(["one\n", "two\n"])
    assert log.said() == "one\ntwo\n"


def test_bytes_and_text_arrive_in_order(log: Log) -> None:
    out = log.output.out

    out.write("text, ")
    out.buffer.write(b"bytes \xff, ")
    print("text", file=out)

    assert log.said() == "text, bytes \N{REPLACEMENT CHARACTER}, text\n"


def test_half_a_character_is_made_visible(log: Log) -> None:
    print("\ud800", file=log.output.out)

    assert log.said() == "\\ud800\n"


def test_unfinished_lines_of_threads_are_kept_apart(log: Log) -> None:
    out = log.output.out
    out.write("one ")
    in_thread(lambda: print("another", file=out))
    print("line", file=out)

    assert log.said() == "another\none line\n"


def test_a_flushed_piece_is_no_part_of_another_threads_line(log: Log) -> None:
    out = log.output.out
    print("working", end="", file=out, flush=True)
    assert log.said() == "working"
    print(".", end="", file=out, flush=True)
    assert log.said() == "."
    in_thread(lambda: print("another", file=log.output.error))
    print(".", file=out)

    assert log.said() == "\nanother\n.\n"


@pytest.mark.parametrize("flush", [False, True])
def test_a_message_ends_its_line(log: Log, *, flush: bool) -> None:
    print("said by one", end="", file=log.output.out, flush=flush)
    log.output.end_message()
    print("said by the next", file=log.output.out)
    log.output.end_message()

    assert log.said() == "said by one\nsaid by the next\n"


def test_text_that_a_handler_had_its_stream_keep_is_written_with_the_message(log: Log) -> None:
    log.output.out.reconfigure(write_through=False)
    log.output.out.write("kept in the stream")
    log.output.end_message()

    assert log.said() == "kept in the stream\n"


def test_what_a_thread_leaves_unfinished_is_written_when_it_ends(log: Log) -> None:
    in_thread(lambda: log.output.out.write("last words"))

    assert log.said() == "last words\n"


def test_a_line_without_end_is_not_kept_for_ever(log: Log) -> None:
    log.output.out.write("x" * (LONGEST_UNFINISHED - 1))
    assert log.said() == ""
    log.output.out.write("xx")

    assert len(log.said()) == LONGEST_UNFINISHED + 1


def test_a_stream_that_was_closed_can_be_printed_to(log: Log) -> None:
    log.output.out.write("before")
    log.output.out.close()
    print("after", file=log.output.out)

    assert not log.output.out.closed
    assert log.said() == "before" + "after\n"


def test_a_stream_put_in_its_place_is_flushed_with_the_message(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(log.output.out.detach(), encoding="latin-1"))
    sys.stdout.write("in another encoding: \xe4")
    log.output.end_message()

    assert log.said() == "in another encoding: \N{REPLACEMENT CHARACTER}\n"


@pytest.mark.parametrize("stream", [None, object(), io.StringIO()])
def test_any_stream_may_stand_in_its_place(log: Log, monkeypatch: pytest.MonkeyPatch, stream: object) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    log.output.out.write("whole")
    log.output.end_message()

    assert log.said() == "whole\n"


def test_asynchronous_handlers_on_one_thread_keep_their_lines_apart(log: Log) -> None:
    async def handle(name: str) -> None:
        with log.output.apart():
            for part in ("begins", "ends"):
                log.output.out.write(f"{name} {part} ")
                await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(handle("one"), handle("two"))

    asyncio.run(both())

    assert log.said() == "one begins one ends \ntwo begins two ends \n"


def test_a_copy_prints_nothing_that_its_parent_had_begun(log: Log) -> None:
    log.output.out.write("begun ")
    log.output.become_copy()
    print("by the copy", file=log.output.out)

    assert log.said() == "by the copy\n"


def test_an_object_that_prints_while_it_is_collected_does_not_hang(log: Log) -> None:
    class Loud:
        def __bytes__(self) -> bytes:
            print("within a write", file=log.output.out)
            return b"rest\n"

    with log.output.out.lines._pipe.lock:
        print(bytes(Loud()).decode(), end="", file=log.output.out)

    assert log.said() == "within a write\nrest\n"
