"""`smq requeue`, `delete`, `bury`, `move`, `undo` and `purge`."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import click
import pytest

from smq_core import Inspector
from smq_core.actor import user_name
from smq_core.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core import Queue
    from tests.cli.conftest import Smq


@pytest.fixture
def dead(messages: Queue) -> Queue:
    """Two dead letters of mail with different errors, and a ready message."""
    messages.enqueue_many("mail", ["a", "b", "c"])
    first, second = messages.dequeue("mail", limit=2)
    messages.bury(first, error="Timeout: slow")
    messages.bury(second, error="ValueError: bad")
    return messages


def states(location: str) -> list[str]:
    with Inspector(location) as view:
        return [message.state for message in view.browse("mail")]


def test_ids_are_requeued(smq: Smq, dead: Queue, location: str) -> None:
    assert smq("requeue", "1", "2") == (0, "2 messages requeued (operation 1)\n", "")
    assert states(location) == ["ready", "ready", "ready"]
    assert dead.size("mail") == 3


@pytest.mark.usefixtures("dead")
def test_what_is_not_there_is_told_and_ends_with_1(smq: Smq) -> None:
    ran = smq("delete", "1", "99")
    assert (ran.code, ran.out) == (1, "1 message deleted (operation 1)\n")
    assert ran.err.startswith("99: ")


@pytest.mark.usefixtures("dead")
def test_all_that_match_are_requeued_with_yes(smq: Smq, location: str) -> None:
    ran = smq("requeue", "--topic", "mail", "--state", "dead", "--error", "timeout", "--yes")
    assert ran == (0, "1 message requeued (operation 1)\n", "")
    assert states(location) == ["ready", "dead", "ready"]


@pytest.mark.usefixtures("dead")
def test_a_dry_run_counts_and_changes_nothing(smq: Smq, location: str) -> None:
    bulk = smq("requeue", "--topic", "mail", "--state", "dead", "--dry-run")
    assert bulk == (0, "would requeue 2 messages of mail in the dead state\n", "")
    assert smq("bury", "3", "99", "--dry-run") == (0, "would bury 1 message\n", "99: no such message\n")
    assert states(location) == ["dead", "dead", "ready"]


@pytest.mark.usefixtures("dead")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["requeue", "--state", "dead"], "pass --yes"),
        (["purge", "mail", "--state", "dead"], "pass --yes"),
        (["requeue"], "specify message IDs"),
        (["requeue", "--topic", "mail", "--yes"], "specify message IDs"),
        (["requeue", "1", "--state", "dead"], "either"),
        (["requeue", "--state", "ready", "--yes"], "it accepts the states delayed, running, dead, done"),
        (["requeue", "--state", "deleted", "--dry-run"], "requeue does not change deleted messages"),
        (["delete", "--state", "deleted", "--yes"], "delete does not change deleted messages"),
        (["bury", "--state", "dead", "--yes"], "bury does not change dead messages"),
        (["requeue", "--state", "lost", "--yes"], "lost"),
        (["requeue", "one"], "one"),
        (["move", "1"], "--to"),
    ],
)
def test_wrong_usage_ends_with_2_and_changes_nothing(
    smq: Smq, location: str, arguments: list[str], words: str
) -> None:
    ran = smq(*arguments)
    assert (ran.code, ran.out, words in ran.err) == (2, "", True)
    assert states(location) == ["dead", "dead", "ready"]


@pytest.mark.parametrize(
    ("command", "number", "said"),
    [
        (
            "requeue",
            2,
            ["3: it is ready; requeue does not apply to such messages", "4: its lease has not expired"],
        ),
        ("delete", 3, ["4: its lease has not expired"]),
        (
            "bury",
            1,
            [
                "1: it is dead; bury does not apply to such messages",
                "2: it is dead; bury does not apply to such messages",
                "4: its lease has not expired",
            ],
        ),
    ],
)
def test_a_dry_run_of_ids_counts_what_would_be_changed(
    smq: Smq, dead: Queue, command: str, number: int, said: list[str]
) -> None:
    dead.enqueue("mail", "d", priority=1)
    dead.dequeue("mail")
    ran = smq(command, "1", "2", "3", "4", "4", "--dry-run")
    forced = smq(command, "4", "--force", "--dry-run")

    assert ran.out == f"would {command} {number} message{'s' * (number > 1)}\n"
    assert [line[: len(begin)] for line, begin in zip(ran.err.splitlines(), said, strict=True)] == said
    assert forced == (0, f"would {command} 1 message\n", "")


@pytest.mark.usefixtures("dead", "terminal")
def test_on_a_terminal_it_asks(smq: Smq, location: str) -> None:
    no = smq("requeue", "--state", "dead", stdin=b"n\n")
    assert no.code == 130
    assert "requeue 2 messages of all topics in the dead state? [y/N]" in no.err
    assert states(location) == ["dead", "dead", "ready"]
    assert smq("requeue", "--state", "dead", stdin=b"y\n").out == "2 messages requeued (operation 1)\n"


def test_a_live_lease_needs_force(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    messages.dequeue("mail")
    assert smq("requeue", "1").code == 1
    ran = smq("requeue", "1", "--force")
    assert ran.out == "1 message requeued (operation 1)\n"
    assert "1 was running in tester: if a daemon is running it, that run is interrupted" in ran.err
    assert "1 of them was running and stays ready" in smq("undo").err


@pytest.mark.parametrize("verb", ["delete", "bury"])
@pytest.mark.parametrize("how", [["1"], ["--topic", "mail", "--state", "processing", "--yes"]])
def test_what_is_taken_from_somebody_by_force_is_told_to_run_on(
    smq: Smq, messages: Queue, verb: str, how: list[str]
) -> None:
    messages.enqueue("mail", "x")
    messages.dequeue("mail")
    ran = smq(verb, *how, "--force")

    assert (ran.code, ran.out.startswith("1 message ")) == (0, True)
    assert ran.err == "1 was running in tester: that run continues, and its outcome is dropped\n"


def test_nothing_runs_on_of_what_was_not_processed(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "x")

    assert smq("delete", "1", "--force").err == ""


@pytest.mark.usefixtures("dead")
def test_move_undo_and_purge(smq: Smq, location: str) -> None:
    assert smq("move", "3", "--to", "other").out == "1 message moved to other (operation 1)\n"
    assert smq("undo").out == (
        f"the move of operation 1 by {user_name()} was undone: 1 message restored (operation 2)\n"
    )
    assert smq("undo", "1").code == 1
    assert smq("move", "3", "--to", "a=b").code == 65
    assert (
        smq("purge", "mail", "--state", "dead", "--yes").out
        == "2 messages permanently deleted (operation 3)\n"
    )
    assert states(location) == ["ready"]


@pytest.mark.usefixtures("dead")
@pytest.mark.parametrize("named", [(), ("last",)])
def test_an_undo_without_an_operation_takes_back_what_one_did_oneself(
    smq: Smq, location: str, named: tuple[str, ...]
) -> None:
    with Inspector(location, actor="somebody else") as other:
        smq("delete", "1")
        other.delete([2])

        assert "the delete of operation 1 by" in smq("undo", *named).out
        refused = smq("undo", *named)

    assert (refused.code, refused.out) == (1, "")
    assert "has done nothing that can be undone: see `smq activity`" in refused.err
    assert states(location) == ["dead", "deleted", "ready"]


@pytest.mark.parametrize("wrong", ["first", "0", "Last", "1.5", ""])
def test_an_operation_is_a_number_or_the_last(smq: Smq, wrong: str) -> None:
    assert smq("undo", wrong).code == 2


def test_an_undo_of_a_setting_speaks_of_the_setting(smq: Smq) -> None:
    smq("send", "mail", "hello")
    smq("pause", "mail")
    assert smq("undo").out == (
        f"the pause of operation 1 by {user_name()} was undone for mail (operation 2)\n"
    )
    smq("policy", "mail", "--max-attempts", "3")
    assert "the policy of operation 3" in smq("undo").out


@pytest.mark.usefixtures("dead")
def test_an_undo_that_brings_nothing_back_says_so(smq: Smq) -> None:
    smq("move", "3", "--to", "other")
    smq("delete", "3")
    vain = smq("undo", "1")

    assert vain.code == 1
    assert vain.out == (
        f"the move of operation 1 by {user_name()} was not undone: no message could be restored\n"
    )
    assert "3: it has been changed since; it is now deleted" in vain.err
    assert smq("undo").code == 0


def test_an_empty_part_of_an_error_is_not_every_error(smq: Smq, location: str) -> None:
    refused = smq("delete", "--state", "dead", "--error", "", "--yes")

    assert (refused.code, states(location)) == (2, [])
    assert "--error is empty" in refused.err


@pytest.mark.parametrize(
    "command",
    [
        ("topics",),
        ("send", "mail", "hello"),
        ("init",),
        ("doctor",),
        ("compact",),
        ("import", __file__),
        ("backup", "copy"),
        ("export",),
    ],
)
def test_an_empty_name_of_a_database_does_not_mean_the_default_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIMPLE_MQ_DB", raising=False)
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = run([*command, "--db", ""])

    assert (code, list(tmp_path.iterdir())) == (1, [])
    assert "the database path is empty" in said.getvalue()


def meddle(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen between the question and the answer yes."""

    def confirm(text: str, **_: object) -> bool:
        click.echo(text)
        happens()
        return True

    monkeypatch.setattr("click.confirm", confirm)


BULK = {
    "requeue": (["--topic", "mail", "--state", "dead"], "2 messages requeued (operation "),
    "delete": (["--topic", "mail", "--state", "dead"], "2 messages deleted (operation "),
    "bury": (["--topic", "mail", "--state", "ready"], "2 messages buried (operation "),
    "purge": (["mail", "--state", "dead"], "2 messages permanently deleted (operation "),
}


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("command", BULK)
def test_what_comes_after_the_question_is_not_done(
    smq: Smq, messages: Queue, location: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Messages with smaller ids come into the state while the question is open."""
    arguments, said = BULK[command]
    messages.enqueue_many("mail", ["early", "a", "b"])
    early, *others = messages.dequeue("mail", limit=3)
    if command == "bury":
        messages.release(others[0])
        messages.release(others[1])
        meddle(monkeypatch, lambda: messages.release(early))
    else:
        messages.bury(others[0], error="boom")
        messages.bury(others[1], error="boom")
        meddle(monkeypatch, lambda: messages.bury(early, error="boom"))
    ran = smq(command, *arguments)

    assert " 2 messages of mail in the " in ran.out
    assert said in ran.out
    assert (ran.code, ran.err) == (0, "")
    assert states(location)[0] == ("ready" if command == "bury" else "dead")


@pytest.mark.usefixtures("dead", "terminal")
@pytest.mark.parametrize(("command", "past"), [("requeue", "requeued"), ("delete", "deleted")])
def test_what_moves_on_after_the_question_is_left_alone_and_told(
    smq: Smq, location: str, monkeypatch: pytest.MonkeyPatch, command: str, past: str
) -> None:
    with Inspector(location) as other:
        meddle(monkeypatch, lambda: other.requeue([1]))
        ran = smq(command, "--state", "dead")

    assert f"1 message {past} (operation 2)" in ran.out
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "1 left alone: changed or removed since the selection was made",
        "1: it is now ready, no longer dead",
    ]


@pytest.mark.usefixtures("dead", "terminal")
def test_a_purge_leaves_alone_what_failed_again_after_the_question(
    smq: Smq, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Inspector(location) as other:
        meddle(monkeypatch, lambda: (other.requeue([1]), other.bury([1])))
        ran = smq("purge", "mail", "--state", "dead")

    assert "1 message permanently deleted" in ran.out
    assert "1: an operator has changed it in the meantime; it is dead" in ran.err
    assert states(location) == ["dead", "ready"]
