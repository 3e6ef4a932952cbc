"""How a stream is cut into blocks of lines."""

from __future__ import annotations

import io

import pytest

from smq_core.jsonl.reader import BLOCK_LINES, Block, LineReader, LongLine


def lines_of(reader: LineReader) -> list[bytes]:
    found: list[bytes] = []
    for block in reader.blocks():
        found += block.lines if isinstance(block, Block) else [b"".join(block.pieces)]
    return found


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\n\nb\n", [b"a", b"", b"b"]),
        (b"x" * 300_000 + b"\ny\n", [b"x" * 300_000, b"y"]),
    ],
)
def test_lines_come_without_their_ends(data: bytes, lines: list[bytes]) -> None:
    reader = LineReader(io.BytesIO(data))
    assert lines_of(reader) == lines
    assert reader.position == len(data)


def test_a_block_has_a_bounded_number_of_lines() -> None:
    blocks = list(LineReader(io.BytesIO(b"x\n" * 1_201)).blocks())
    assert [len(block.lines) for block in blocks if isinstance(block, Block)] == [
        BLOCK_LINES,
        BLOCK_LINES,
        201,
    ]


def test_position_and_digest_describe_exactly_what_was_given_out() -> None:
    data = b"".join(b"line %d\n" % number for number in range(30_000))
    reader = LineReader(io.BytesIO(data))
    for _ in reader.blocks():
        again = LineReader(io.BytesIO(data))
        assert again.skip(reader.position)
        assert again.digest() == reader.digest()
        assert data[reader.position - 1 : reader.position] == b"\n"


@pytest.mark.parametrize("rest", [b"", b"\n", b"\nnext\n", b"\nnext"])
def test_a_line_over_the_limit_comes_in_pieces(rest: bytes) -> None:
    data = b"first\n" + b"x" * 400_000 + rest
    reader = LineReader(io.BytesIO(data), line_limit=1_000)
    kinds = [type(block) for block in LineReader(io.BytesIO(data), line_limit=1_000).blocks() if _read(block)]
    assert kinds.count(LongLine) == 1
    assert lines_of(reader) == data.removesuffix(b"\n").split(b"\n")
    assert reader.position == len(data)


def test_skipping_says_whether_the_stream_is_long_enough() -> None:
    reader = LineReader(io.BytesIO(b"abc\ndef"))
    seen = [(reader.skip(length), reader.is_inside_line) for length in (4, 6, 8)]
    assert seen == [(True, False), (True, True), (False, True)]


def test_looking_for_the_end_loses_nothing() -> None:
    reader = LineReader(io.BytesIO(b"a\nb"))
    assert not reader.is_at_end()
    assert lines_of(reader) == [b"a", b"b"]
    assert reader.is_at_end()


def _read(block: Block | LongLine) -> bool:
    return isinstance(block, Block) or bool(list(block.pieces))
