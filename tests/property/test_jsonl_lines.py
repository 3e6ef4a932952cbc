"""Ten thousand lines of every kind: each is taken or refused with its number and a reason, none vanishes."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from smq_core.errors import InvalidMessage
from smq_core.jsonl import ImportOptions, Source, preview_lines
from smq_core.jsonl.line import LineParser, is_blank
from smq_core.jsonl.reader import Block, LineReader
from smq_core.payload import decode

NOW = 1_700_000_000_000

odd_numbers = st.sampled_from(
    [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e999", b"9" * 5_000, b"0x1", b"01", b"-", b"1e"]
)
odd_strings = st.sampled_from(
    [b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\x"', b'"', b'"\x01"', b'"\\u0000"', b'"\xff"', b'"\xed\xa0\x80"']
)
deep = st.sampled_from(
    [b"[" * 10_000, b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 5_000, b"[" * 300 + b"]" * 300]
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)
fields = st.sampled_from(
    [
        "topic", "payload", "message", "kind", "headers", "priority", "key", "state", "attempts",
        "max_attempts", "delay", "available_at", "created_at", "finished_at", "last_error", "id", "",
    ]
)  # fmt: skip
envelopes = st.dictionaries(fields, values, max_size=6).map(
    lambda value: json.dumps(value).encode(errors="replace")
)
plausible = st.fixed_dictionaries(
    {"topic": st.sampled_from(["mail", "a=b", " ", "x" * 300, "tab\t", "größe"]), "payload": values},
    optional={
        "kind": st.sampled_from(["json", "text", "bytes", "xml"]),
        "headers": st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
        "priority": st.integers(-200, 200),
        "key": st.text(max_size=600),
        "state": st.sampled_from(["ready", "delayed", "processing", "dead", "done", "deleted", "lost"]),
        "attempts": st.integers(-2, 20),
        "delay": st.floats(),
        "available_at": st.floats(),
        "last_error": st.text(max_size=20),
    },
).map(lambda value: json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass"))
raw = st.binary(max_size=60)
torn = st.tuples(plausible, st.integers(0, 200)).map(lambda pair: pair[0][: pair[1]])
lines = st.one_of(odd_numbers, odd_strings, deep, envelopes, plausible, torn, raw, st.text().map(str.encode))


def reason_or_payload(line: bytes) -> object:
    """Parse a line; answer why it is refused, or what a consumer would get of it."""
    try:
        message, _shape = LineParser().parse(line, NOW)
    except InvalidMessage as error:
        return error
    return decode(message.body, message.kind)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines)
def test_a_line_is_taken_or_refused_with_a_reason(line: bytes) -> None:
    if not is_blank(line):
        assert str(reason_or_payload(line)) or b'""' in line


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines)
def test_ten_thousand_lines_are_taken_or_refused_with_a_reason(line: bytes) -> None:
    if not is_blank(line):
        assert str(reason_or_payload(line)) or b'""' in line


@settings(max_examples=100, deadline=None)
@given(st.lists(lines, max_size=30))
def test_the_lines_of_a_file_are_all_accounted_for(several: list[bytes]) -> None:
    data = b"\n".join(several)
    assume(not data.startswith(b"\x1f\x8b"))  # what begins as gzip is read as gzip
    with Source("-", io.BytesIO(data)) as source:
        report = preview_lines(None, source, ImportOptions())
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
