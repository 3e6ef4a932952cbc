"""Makes lines that no producer should send: each is to be taken or refused, and none may disturb another."""

from __future__ import annotations

import json

from hypothesis import strategies as st

__all__ = ["CORPUS", "lines"]

CORPUS: tuple[bytes, ...] = (
    b"{",
    b"}",
    b"[1,",
    b'{"topic"}',
    b'{"topic": "mail", "payload": 1',
    b'{"topic": "mail"} {"topic": "mail"}',
    b'{"topic": "mail", "payload": 1, "payload": 2}',
    b'{"topic": "mail", "payload": 1, "message": "2"}',
    b'{"topic": "mail"}',
    b'{"topic": null, "payload": 1}',
    b'{"topic": ["mail"], "payload": 1}',
    b'{"topic": "a\\u0000b", "payload": 1}',
    b'{"topic": "a\\u001b[31m", "payload": 1}',
    b'{"topic": "a\\u202eb", "payload": 1}',
    b'{"topic": "../../etc/passwd", "payload": 1}',
    b'{"topic": "\'; DROP TABLE smq_messages; --", "payload": 1}',
    b'{"topic": "mail", "payload": "\\ud800"}',
    b'{"topic": "mail", "payload": "%", "kind": "bytes"}',
    b'{"topic": "mail", "payload": 1, "priority": 101}',
    b'{"topic": "mail", "payload": 1, "priority": 1.5}',
    b'{"topic": "mail", "payload": 1, "priority": true}',
    b'{"topic": "mail", "payload": 1, "priority": 99999999999999999999}',
    b'{"topic": "mail", "payload": 1, "delay": -1}',
    b'{"topic": "mail", "payload": 1, "delay": "5s"}',
    b'{"topic": "mail", "payload": 1, "delay": 1e300}',
    b'{"topic": "mail", "payload": 1, "available_at": "9999-99-99"}',
    b'{"topic": "mail", "payload": 1, "available_at": 253402300800000}',
    b'{"topic": "mail", "payload": 1, "headers": []}',
    b'{"topic": "mail", "payload": 1, "headers": {"a": 1}}',
    b'{"topic": "mail", "payload": 1, "key": ""}',
    b'{"topic": "mail", "payload": 1, "key": 7}',
    b'{"topic": "mail", "payload": 1, "state": "gone"}',
    b'{"topic": "mail", "payload": 1, "attempts": -1}',
    b'{"topic": "mail", "payload": 1, "max_attempts": 0}',
    b'{"topic": "mail", "payload": 1, "created_at": -1}',
    b'{"topic": "mail", "payload": ' + b"7" * 5_000 + b"}",
    b"\xef\xbb\xbf1",
    b"\xff\xfe1\x00",
    b"\xc0\x80",
    b"\xf4\x90\x80\x80",
    b'"\x00"',
    b"\x00\x01\x02",
    b"\x1b]0;title\x07",
    b"1\r\r",
    b"nan",
    b"'single'",
    b"// comment",
    b"key: value",
    b"<xml/>",
)
"""Lines that somebody has sent to some queue, or might."""

corpus = st.sampled_from(CORPUS)
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
lines: st.SearchStrategy[bytes] = st.one_of(
    corpus, odd_numbers, odd_strings, deep, envelopes, plausible, torn, raw, st.text().map(str.encode)
)
