"""`smq topics`, `peek`, `show` and `activity`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_core.cli.output import width
from smq_core.testing import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core import Lease
    from tests.cli.conftest import Smq

MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b\d\d:\d\d:\d\d\b")


def test_topics_in_columns(smq: Smq, messages: Queue) -> None:
    messages.enqueue_many("mail", ["a", "b"])
    messages.enqueue("größe", "c", delay=60)
    messages.bury(messages.dequeue("mail")[0], error="boom")
    smq("pause", "mail", "--reason", "why")
    ran = smq("topics")
    lines = re.sub(r"\d+s  paused by \S+: why", "0s  paused by somebody: why", ran.out)
    assert (ran.code, lines) == (
        0,
        (
            "topic  ready  delayed  running  dead  done  oldest\n"
            "größe      0        1        0     0     0       -\n"
            "mail       1        0        0     1     0      0s  paused by somebody: why\n"
        ),
    )


def test_topics_as_json_have_the_promised_names(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    [topic] = json.loads(smq("topics", "--json").out)
    promised = {"topic", "ready", "delayed", "processing", "dead", "done", "oldest_age_s", "paused"}
    assert promised <= topic.keys()
    assert (topic["topic"], topic["ready"], topic["paused"]) == ("mail", 1, False)


def test_an_empty_queue_is_said_on_standard_error(smq: Smq) -> None:
    assert smq("topics") == (0, "", "no topics yet\n")
    assert smq("activity") == (0, "", "no activity yet\n")
    assert json.loads(smq("topics", "--json").out) == []
    assert smq("policy", "mail", "--keep", "0").code == 0
    assert smq("peek", "mail") == (0, "", "no messages in mail\n")


def test_peek_prints_the_oldest_without_taking_them(smq: Smq, messages: Queue) -> None:
    messages.enqueue_many("mail", [{"to": "a"}, "text", b"\x00\xff"])
    ran = smq("peek", "mail", "--limit", "2")
    assert re.sub(r"\b\d+s\b", "0s", ran.out) == (
        "id  state  age  attempts  payload\n"
        ' 1  ready   0s         0  {"to":"a"}\n'
        " 2  ready   0s         0  text\n"
    )
    assert messages.size("mail") == 3


def test_a_message_that_is_processing_is_called_running_and_looked_for_by_both_words(
    smq: Smq, messages: Queue
) -> None:
    messages.enqueue_many("mail", ["a", "b"])
    messages.dequeue("mail")
    ran = smq("peek", "mail", "--state", "running")

    assert ran == smq("peek", "mail", "--state", "processing")
    assert ran.out.splitlines()[1].split()[:2] == ["1", "running"]
    assert json.loads(smq("peek", "mail", "--state", "running", "--json").out)[0]["state"] == "processing"
    assert "2  ready" in smq("peek", "mail").out


def test_peek_leaves_the_trash_out_unless_it_is_asked_for(smq: Smq, messages: Queue) -> None:
    messages.enqueue_many("mail", ["kept", "thrown away"])
    smq("delete", "2")

    assert [one["id"] for one in json.loads(smq("peek", "mail", "--json").out)] == [1]
    assert "thrown away" not in smq("peek", "mail").out
    assert "thrown away" in smq("peek", "mail", "--state", "deleted").out


def test_peek_as_json_has_whole_payloads(smq: Smq, messages: Queue) -> None:
    long = "x" * 1_000
    messages.enqueue_many("mail", [{"to": long}, long, b"\x00\xff"])
    found = json.loads(smq("peek", "mail", "--json", "--state", "ready").out)
    assert [message["payload"] for message in found] == [{"to": long}, long, {"base64": "AP8="}]
    assert {"id", "topic", "headers", "priority", "key", "state", "attempts", "available_at"} <= found[
        0
    ].keys()


def test_show_prints_a_message_with_its_history(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", {"to": ["a"]}, headers={"trace": "7"}, key="k")
    messages.requeue(messages.dequeue("mail")[0], error="ValueError: bad\nline 2", delay=60)
    out = MOMENT.sub("TIME", smq("show", "1").out)
    assert "id: 1\ntopic: mail\n" in out
    assert "headers:\n  trace: 7\n" in out
    assert 'payload:\n{\n  "to": [\n    "a"\n  ]\n}\n' in out
    assert out.endswith("\nattempt 1, failed TIME by tester:\n  ValueError: bad\n  line 2\n")


def test_show_prints_the_payload_and_then_each_traceback_once_the_newest_first(
    smq: Smq, messages: Queue
) -> None:
    """B18: the same traceback stood there three times, and its first line a fourth."""
    messages.enqueue("mail", {"to": ["a"]})
    for error in ("OSError: other", "ValueError: bad\nline 2", "ValueError: bad\nline 2"):
        messages.requeue(messages.dequeue("mail")[0], error=error, delay=0)
    out = MOMENT.sub("TIME", smq("show", "1").out)

    assert out.count("ValueError: bad") == 1
    assert out[out.index("payload:") :].splitlines()[7:] == [
        "attempt 3, failed TIME by tester:",
        "  ValueError: bad",
        "  line 2",
        "",
        "attempt 2, failed TIME by tester: the same error as attempt 3",
        "",
        "attempt 1, failed TIME by tester:",
        "  OSError: other",
    ]


def test_show_tells_a_burial_apart_from_the_attempts_before_it(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", 1)
    messages.requeue(messages.dequeue("mail")[0], error="OSError: other", delay=0)
    smq("bury", "1")
    out = MOMENT.sub("TIME", smq("show", "1").out)

    assert "\nlast error:\n  buried by " in out
    assert out.endswith("\nattempt 1, failed TIME by tester:\n  OSError: other\n")


def bury(queue: Queue, lease: Lease) -> None:
    queue.bury(lease, error="no address")


def fail(queue: Queue, lease: Lease) -> None:
    assert queue.requeue(lease, error="no address") == "dead"


@pytest.mark.parametrize(("ends", "what"), [(bury, "buried"), (fail, "failed")])
def test_show_says_by_which_attempt_a_message_became_dead(
    smq: Smq, messages: Queue, ends: Callable[[Queue, Lease], None], what: str
) -> None:
    messages.enqueue("mail", 1, max_attempts=2)
    messages.requeue(messages.dequeue("mail")[0], error="OSError: other", delay=0)
    ends(messages, messages.dequeue("mail")[0])
    out = MOMENT.sub("TIME", smq("show", "1").out)

    assert f"\nattempt 2, {what} TIME by tester; dead since then:\n  no address\n" in out
    assert out.endswith("\nattempt 1, failed TIME by tester:\n  OSError: other\n")


def test_show_says_that_a_message_became_dead_as_its_leases_expired(smq: Smq, location: str) -> None:
    with Queue(location, worker="tester", clock=ManualClock()) as queue:
        queue.enqueue("mail", 1, max_attempts=1)
        queue.dequeue("mail")
    with Queue(location) as queue:
        assert queue.dequeue("mail") == []
    out = MOMENT.sub("TIME", smq("show", "1").out)

    assert out.endswith("\nattempt 1, lease expired TIME by tester; dead since then:\n  lease expired\n")


def test_show_as_json_has_the_history(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", 7)
    messages.requeue(messages.dequeue("mail")[0], error="boom", delay=60)
    shown = json.loads(smq("show", "1", "--json").out)
    assert (shown["payload"], shown["history"][0]["error"]) == (7, "boom")


def test_a_message_that_is_not_there_ends_with_1(smq: Smq) -> None:
    ran = smq("show", "99")
    assert (ran.code, ran.out) == (1, "")
    assert "no message 99" in ran.err


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "one"])
def test_what_is_no_id_is_wrong_usage(smq: Smq, number: str) -> None:
    for command in (["show"], ["requeue"], ["edit", "--yes"], ["undo"], ["move", "--to", "x"]):
        assert smq(*command, "--", number).code == 2


def test_no_control_character_of_a_message_reaches_the_terminal(smq: Smq, messages: Queue) -> None:
    evil = "\x1b[31m\x07\x9b0m[bold]\u202e\r"
    messages.enqueue("mail", evil, headers={evil: evil}, key=evil)
    messages.requeue(messages.dequeue("mail")[0], error=evil, delay=0)
    for command in (
        ["peek", "mail"],
        ["show", "1"],
        ["topics"],
        ["peek", "mail", "--json"],
        ["show", "1", "--json"],
    ):
        out = smq(*command).out
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out), command


def test_activity_tells_who_did_what(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    smq("bury", "1")
    smq("undo")
    out = MOMENT.sub("TIME", smq("activity").out)
    assert re.fullmatch(
        r"operation +at +who +did +topic +messages +detail\n"
        r" +2 +TIME +\S+ +undo +mail +1 .*\n"
        r" +1 +TIME +\S+ +bury +mail +1 +message 1 \(undone TIME\)\n",
        out,
    )
    assert [entry["action"] for entry in json.loads(smq("activity", "--json").out)] == ["undo", "bury"]


def test_wide_characters_take_two_columns() -> None:
    assert [width("abc"), width("日本"), width("e\u0301")] == [3, 4, 1]
