from __future__ import annotations

import datetime
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.validation import check_topic
from tests.sqlite.database.ancestor_file import NOW_MS, TABLE, UNTYPED, fill, headers, take_one, take_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "old.sqlite3"


@pytest.fixture
def vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


MOMENT = datetime.datetime(2023, 7, 1, 12, 30, tzinfo=datetime.UTC)


@pytest.mark.usefixtures("vienna")
@pytest.mark.parametrize(
    "written",
    [
        MOMENT.timestamp(),
        int(MOMENT.timestamp()),
        int(MOMENT.timestamp()) * 1000,
        str(MOMENT.timestamp()),
        "2023-07-01T12:30:00Z",
        "2023-07-01T12:30:00+00:00",
        "2023-07-01T15:30:00.000000+03:00",
        "2023-07-01T14:30:00",
        "2023-07-01 14:30:00",
        " 2023-07-01 14:30 ",
    ],
)
def test_times_are_seconds_or_iso_text_and_naive_ones_are_local(path: Path, written: object) -> None:
    message = take_one(path, {"created_at": written, "available_at": written})

    assert message.created_at == message.available_at == MOMENT.timestamp() * 1000
    assert message.headers is None


@pytest.mark.parametrize("written", ["yesterday", "nan", "1e999", -5.0, float("inf"), b"\x00"])
def test_a_time_that_is_none_gives_way_to_the_other_and_is_kept_in_a_header(
    path: Path, written: object
) -> None:
    message = take_one(path, {"created_at": written, "available_at": 5})

    assert (message.created_at, message.available_at) == (5000, 5000)
    assert "original-created_at" in headers(message)


def test_a_message_without_times_is_available_now(path: Path) -> None:
    message = take_one(path, {"created_at": None, "available_at": None})

    assert (message.status, message.created_at, message.available_at) == ("ready", NOW_MS, NOW_MS)


@pytest.mark.parametrize(
    ("written", "kind", "payload"),
    [
        ('{"a": 1.50}', "json", '{"a": 1.50}'),
        ('"text"', "json", '"text"'),
        ("plain", "text", "plain"),
        ("{broken", "text", "{broken"),
        ("", "text", ""),
        ("NaN", "text", "NaN"),
        (None, "text", ""),
        (b"\x00\xff", "bytes", b"\x00\xff"),
        (b"{}", "bytes", b"{}"),
        (12, "json", "12"),
        (0.1, "json", "0.1"),
        ("ünïcode \U0001f600", "text", "ünïcode \U0001f600"),
        ("[" * 10_000 + "]" * 10_000, "text", "[" * 10_000 + "]" * 10_000),
    ],
)
def test_payloads_keep_what_they_are(path: Path, written: object, kind: str, payload: object) -> None:
    message = take_one(path, {"payload": written})

    assert (message.kind, message.payload) == (kind, payload)


def test_text_that_is_no_valid_text_is_kept_as_bytes(path: Path) -> None:
    fill(path, [{"id": 1}])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE messages SET payload = CAST(x'ff00fe' AS TEXT), topic = CAST(x'ff' AS TEXT)"
        )
        connection.commit()

    (message,) = take_over(path)

    assert (message.kind, message.payload) == ("bytes", b"\xff\x00\xfe")
    assert headers(message) == {"original-topic": "\\xff"}
    check_topic(message.topic)


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_a_database_in_another_encoding_is_read(path: Path, encoding: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute(TABLE.format(name="messages"))
        connection.execute(
            "INSERT INTO messages(topic, payload, created_at) VALUES ('ünï', ?, '2023-07-01T12:30:00Z')",
            ['{"ä": 1}'],
        )
        connection.commit()

    (message,) = take_over(path)

    assert (message.topic, message.kind, message.payload) == ("ünï", "json", '{"ä": 1}')
    assert message.created_at == MOMENT.timestamp() * 1000


@pytest.mark.parametrize("topic", ["", "a=b", " mail ", "new\nline", "x" * 300, "ü" * 150, "\x1b[31m", "***"])
def test_an_illegal_topic_is_made_legal_and_kept_in_a_header(path: Path, topic: str) -> None:
    message = take_one(path, {"topic": topic})

    assert check_topic(message.topic)
    assert headers(message) == {"original-topic": topic}


def test_a_message_without_topic_goes_to_the_topic_default(path: Path) -> None:
    assert take_one(path, {"topic": None}).topic == "default"


def test_topics_that_would_become_one_are_told_apart(path: Path) -> None:
    fill(path, [{"topic": topic} for topic in ("a=b", "a_b", "a*b", "a=b")])

    rows = take_over(path)

    assert rows[1].topic == "a_b"
    assert len({row.topic for row in rows}) == 3
    assert rows[0].topic == rows[3].topic


def test_ids_that_are_no_numbers_or_doubled_get_new_ones(path: Path) -> None:
    fill(path, [{"id": key, "payload": str(key)} for key in (5, 5, "uuid-1", None, 2)], table=UNTYPED)

    rows = take_over(path)

    assert [row.id for row in rows] == [2, 5, 6, 7, 8]
    assert {headers(row).get("original-id") for row in rows} == {None, "5", "uuid-1", "NULL"}
