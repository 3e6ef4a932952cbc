"""`smq send` and `smq init`."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.cli.main import run
from tests.faults.recording import recording

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Smq


def test_send_prints_the_id(smq: Smq) -> None:
    assert smq("send", "mail", '{"to": "a"}') == (0, "1\n", "")
    assert smq("send", "mail", "hello", "--json") == (0, '{\n  "id": 2\n}\n', "")


@pytest.mark.parametrize(
    ("arguments", "stdin", "payload"),
    [
        (['{"b": [1, 2]}'], b"", {"b": [1, 2]}),
        (["hello"], b"", "hello"),
        (['"hello"'], b"", "hello"),
        (["7"], b"", 7),
        (["7", "--text"], b"", "7"),
        (["{", "--text"], b"", "{"),
        (["-"], b"hello\n", "hello"),
        ([], b"hello\r\n", "hello"),
        (["-"], b'{\n  "a": 1\n}\n', {"a": 1}),
        (["--bytes"], b"\xff\x00\n", b"\xff\x00\n"),
        (["-"], b"", ""),
        (['{"topic": "x", "payload": 1}'], b"", {"topic": "x", "payload": 1}),
    ],
)
def test_a_payload_is_json_or_else_text(
    smq: Smq, messages: Queue, arguments: list[str], stdin: bytes, payload: object
) -> None:
    assert smq("send", "mail", *arguments, stdin=stdin).code == 0
    assert messages.dequeue("mail")[0].message.payload == payload


def test_json_is_kept_as_it_is_written(smq: Smq, location: str) -> None:
    smq("send", "mail", ' {"b": 1.10, "a": 12345678901234567890.5} ')
    with Queue(location) as queue, queue.transaction() as transaction:
        rows = transaction.execute("SELECT payload FROM smq_messages")
    assert list(rows) == [('{"b": 1.10, "a": 12345678901234567890.5}',)]


def test_what_belongs_to_a_message_is_set(smq: Smq, location: str) -> None:
    smq(
        "send",
        "mail",
        "x",
        "--priority",
        "7",
        "--key",
        "k",
        "--header",
        "a=b=c",
        "--max-attempts",
        "3",
        "--delay",
        "1h",
    )
    with Inspector(location) as view:
        message = view.get(1)
    assert (message.priority, message.key, message.headers) == (7, "k", {"a": "b=c"})
    assert (message.max_attempts, message.state) == (3, "delayed")
    assert round(message.available_at - message.created_at) == 3600


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the flush is another call")
@pytest.mark.parametrize(("flags", "printed"), [((), "2\n"), (("--json",), '{\n  "id": 2\n}\n')])
def test_a_message_that_may_not_survive_a_crash_has_its_id_printed(
    smq: Smq, flags: tuple[str, ...], printed: str
) -> None:
    """Who sends it again would send it twice."""
    smq("send", "mail", "first")
    with recording() as recorder:
        recorder.flushes_to_fail = 2
        code, out, err = smq("send", "mail", "hello", *flags)

    assert (code, out) == (1, printed)
    assert "message 2 is stored, but may not survive a crash" in err
    assert "do not repeat the write" in err


def test_a_held_key_answers_the_first_id(smq: Smq) -> None:
    assert smq("send", "mail", "x", "--key", "k").out == smq("send", "mail", "y", "--key", "k").out == "1\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["mail", "NaN"], 65, "NaN is not a JSON value"),
        (["mail", '{"a": '], 65, "starts like JSON"),
        (["mail", '"\\ud800"'], 65, "surrogate"),
        (["mail", "[" * 10_000 + "]" * 10_000], 65, "nested too deeply"),
        (["mail", "1e400"], 65, "out of range"),
        (["a=b", "x"], 65, "a=b"),
        (["x" * 10_000, "x"], 65, "over the limit"),
        (["a\x1bb", "x"], 65, "unprintable"),
        (["mail", "x", "--priority", "101"], 65, "between -100 and 100"),
        (["mail", "x", "--delay", "-1s"], 2, "not a duration"),
        (["mail", "x", "--header", "a"], 2, "NAME=VALUE"),
        (["mail", "x", "--key", ""], 65, "key"),
        (["mail", "\udcff"], 2, "not UTF-8"),
        ([], 2, "TOPIC"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_sentence(
    smq: Smq, messages: Queue, arguments: list[str], code: int, words: str
) -> None:
    ran = smq("send", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert messages.size("mail") == 0


def test_bytes_that_are_no_text_are_refused_unless_meant(smq: Smq) -> None:
    ran = smq("send", "mail", "-", "--text", stdin=b"\xff")
    assert (ran.code, "not UTF-8 at byte 1" in ran.err) == (65, True)


def test_without_a_payload_a_person_is_not_kept_waiting(
    location: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(io.BytesIO()))
    assert run(["send", "--db", location, "mail"]) == 2
    assert "no payload is given" in capsys.readouterr().err


def test_the_file_is_said_where_it_was_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIMPLE_MQ_DB", raising=False)
    file = tmp_path / "queue.sqlite3"
    run(["send", "mail", "x"])
    run(["send", "mail", "x"])
    run(["--db", str(file), "send", "mail", "x"])
    assert capsys.readouterr().err == f"creating {file}\nusing {file}\n"


def test_init_creates_a_queue_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new.sqlite3"
    assert run(["init", "--db", str(file)]) == run(["init", "--db", str(file)]) == 0
    assert capsys.readouterr().out == f"created {file}\n{file} is ready to use\n"
    with Inspector(file) as view:
        assert view.topics() == []


def test_init_refuses_what_is_no_queue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "picture.jpg"
    file.write_bytes(b"\xff\xd8\xff\xe0" + b"x" * 2_000)
    assert run(["init", "--db", str(file)]) == 1
    assert str(file) in capsys.readouterr().err
    assert file.read_bytes().startswith(b"\xff\xd8")


def test_an_unknown_state_in_a_map_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--map", "open=lost"]) == 2
    assert "WORD=STATE" in capsys.readouterr().err
