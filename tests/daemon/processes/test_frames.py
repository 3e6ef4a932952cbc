from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.wire.frames import LONGEST_FRAME, FrameError, FrameReader, FrameWriter, pack
from smq_core.daemon.wire.protocol import (
    Deliver,
    Delivery,
    FromSupervisor,
    ImportFailed,
    Recall,
    decode_from_supervisor,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    one.settimeout(0)
    other.settimeout(0)
    with one, other:
        yield one, other


def reader_of(sock: socket.socket) -> FrameReader[FromSupervisor]:
    return FrameReader(sock, decode_from_supervisor)


def test_what_the_other_side_has_not_read_is_known(ends: tuple[socket.socket, socket.socket]) -> None:
    writer = FrameWriter(ends[0])
    assert not writer.is_unread()
    writer.send(Recall(1))
    writer.send(Recall(2))
    assert writer.is_unread()
    ends[1].recv(len(pack(Recall(1))))
    assert writer.is_unread()
    reader_of(ends[1]).read_all()
    assert not writer.is_unread()


def test_a_frame_that_comes_in_pieces_is_one_message(ends: tuple[socket.socket, socket.socket]) -> None:
    reader, frame = reader_of(ends[1]), pack(Recall(7))

    ends[0].send(frame[:3])
    assert reader.read_all() == []
    ends[0].send(frame[3:])
    assert reader.read_all() == [Recall(7)]


def test_two_frames_that_come_at_once_are_two_messages(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].send(pack(Recall(1)) + pack(Recall(2)))

    assert reader_of(ends[1]).read_all() == [Recall(1), Recall(2)]


def test_text_and_bytes_of_a_payload_stay_what_they_are(ends: tuple[socket.socket, socket.socket]) -> None:
    def delivery(body: str | bytes) -> Delivery:
        return Delivery(1, "t", body, "text", None, 0, None, 1, 1, None, 0, 0, None, 0, 0, 1, 1)

    ends[0].send(pack(Deliver([delivery("é"), delivery(b"\xff\x00")])))
    (message,) = reader_of(ends[1]).read_all()

    assert isinstance(message, Deliver)
    assert [one.body for one in message.messages] == ["é", b"\xff\x00"]


def test_what_the_other_side_does_not_read_is_kept_until_it_does(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    writer, reader = FrameWriter(ends[0]), reader_of(ends[1])
    for number in range(60_000):
        writer.send(Recall(number))
    assert writer.is_blocked

    found: list[FromSupervisor] = []
    while len(found) < 60_000:
        found += reader.read_all()
        writer.flush()

    assert found == [Recall(number) for number in range(60_000)]
    assert not writer.is_blocked


def test_a_reader_tells_that_the_other_side_is_gone(ends: tuple[socket.socket, socket.socket]) -> None:
    reader = reader_of(ends[1])
    ends[0].send(pack(Recall(3)))
    ends[0].close()

    assert reader.read_all() == [Recall(3)]
    assert reader.is_at_end


def test_writing_to_a_side_that_is_gone_is_no_error(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].close()
    writer = FrameWriter(ends[0])

    writer.send(Recall(1))

    assert not writer.is_blocked


def test_a_frame_that_is_too_long_is_refused_by_both_sides(ends: tuple[socket.socket, socket.socket]) -> None:
    """Before it is sent, and before anything of it is kept."""
    with pytest.raises(FrameError, match=r"a frame of 67,108,8\d\d bytes \(ImportFailed\) is over the limit"):
        pack(ImportFailed("x" * LONGEST_FRAME))

    ends[0].send(pack(Recall(1))[:4] + (LONGEST_FRAME + 1).to_bytes(4, "little"))
    with pytest.raises(FrameError, match="what comes"):
        reader_of(ends[1]).read_all()


@pytest.mark.parametrize("junk", [b"j", b"junk", b"\0" * 8, b"smq", pack(Recall(1))[1:], b"smsq\1" * 99])
def test_what_somebody_else_wrote_between_frames_is_noticed_and_skipped(
    ends: tuple[socket.socket, socket.socket], junk: bytes
) -> None:
    """Taken for the length of a frame, one would wait for ever for the rest."""
    reader = reader_of(ends[1])
    ends[0].send(pack(Recall(1)) + junk + pack(Recall(2)))

    assert reader.read_all() == [Recall(1), Recall(2)]
    assert reader.junk == junk[:40]


def test_frames_in_pieces_are_no_junk(ends: tuple[socket.socket, socket.socket]) -> None:
    reader = reader_of(ends[1])
    for byte in pack(Recall(1)) + pack(Recall(2)):
        ends[0].send(bytes([byte]))
        reader.read_all()

    assert reader.junk == b""


def test_a_frame_with_something_else_inside_is_refused(ends: tuple[socket.socket, socket.socket]) -> None:
    frame = pack(Recall(7))
    ends[0].send(frame[:-1] + b"\xc1")

    with pytest.raises(FrameError, match="cannot be read"):
        reader_of(ends[1]).read_all()
