"""Ten thousand lines of every kind: each is taken or refused with its number and a reason, none vanishes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from smq_core.errors import InvalidMessage
from smq_core.jsonl import ImportOptions, Source, preview_lines
from smq_core.jsonl.line import LineParser, is_blank
from smq_core.jsonl.reader import Block, LineReader
from smq_core.jsonl.source import UnfitSourceError
from smq_core.payload import decode
from tests.matrix import scaled
from tests.property.malformed import lines

if TYPE_CHECKING:
    from tests.matrix import Fault

NOW = 1_700_000_000_000


def reason_or_payload(line: bytes) -> object:
    """Parse a line; answer why it is refused, or what a consumer would get of it."""
    try:
        message = LineParser().parse(line, NOW).message
    except InvalidMessage as error:
        return error
    return decode(message.body, message.kind)


@pytest.mark.fault(
    row="malformed lines",
    part="bad input",
    promise="each is imported, or rejected with a reason",
    how="Hypothesis and a corpus: invalid numbers, encodings, nesting, fields and sizes",
)
def test_a_line_is_taken_or_refused_with_a_reason(fault: Fault) -> None:
    @settings(max_examples=scaled(500, 10_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(lines)
    def parse(line: bytes) -> None:
        if is_blank(line):
            return
        outcome = reason_or_payload(line)
        assert str(outcome) or b'""' in line
        fault.ran()
        fault.struck(isinstance(outcome, InvalidMessage))

    parse()


@settings(max_examples=100, deadline=None)
@given(st.lists(lines, max_size=30))
def test_the_lines_of_a_file_are_all_accounted_for(several: list[bytes]) -> None:
    data = b"\n".join(several)
    assume(not data.startswith(b"\x1f\x8b"))  # what begins as gzip is read as gzip
    with Source("-", io.BytesIO(data)) as source:
        try:
            report = preview_lines(None, source, ImportOptions())
        except UnfitSourceError:
            reject()  # what begins as another encoding or archive is refused as a whole
    assert report.taken + report.rejected + report.blank == report.last_line
    assert report.last_line == len(data.removesuffix(b"\n").split(b"\n")) if data else report.last_line == 0
    assert all(1 <= reject.line_number <= report.last_line and reject.reason for reject in report.rejects)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2_000), st.integers(1, 300))
def test_a_reader_gives_out_every_byte_once(data: bytes, limit: int) -> None:
    reader = LineReader(io.BytesIO(data), line_limit=limit)
    found: list[bytes] = []
    for block in reader.blocks():
        found += block.lines if isinstance(block, Block) else [b"".join(block.pieces)]
    assert b"\n".join(found) == data.removesuffix(b"\n") or (found == [b""] and data == b"\n")
    assert reader.position == len(data)
