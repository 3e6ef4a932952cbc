"""Topics that there are not: refused, with those that may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector

if TYPE_CHECKING:
    from smq_core import Queue
    from tests.cli.conftest import Smq

REFUSED = "smq: there is no topic mial: did you mean mail?"
NAMING = [
    ["pause", "mial"],
    ["resume", "mial"],
    ["policy", "mial"],
    ["peek", "mial"],
    ["peek", "mial", "--json"],
    ["purge", "mial", "--state", "dead", "--yes"],
    ["requeue", "--topic", "mial", "--state", "dead", "--yes"],
    ["delete", "--topic", "mial", "--state", "ready", "--yes"],
    ["bury", "--topic", "mial", "--state", "ready", "--dry-run"],
    ["export", "--topic", "mial"],
]


@pytest.mark.parametrize("line", NAMING, ids=" ".join)
def test_an_unknown_topic_is_refused_with_what_may_be_meant(
    smq: Smq, messages: Queue, location: str, line: list[str]
) -> None:
    messages.enqueue("mail", "a")

    code, out, err = smq(*line)

    assert (code, out) == (1, "")
    assert err.startswith(REFUSED)
    with Inspector(location) as view:
        assert view.topic_names() == ["mail"]
        assert view.activity() == []


@pytest.mark.parametrize("make", ["message", "emptied", "policy", "pause"])
@pytest.mark.parametrize("line", NAMING, ids=" ".join)
def test_whatever_there_is_of_a_topic_makes_it_known(
    smq: Smq, messages: Queue, location: str, line: list[str], make: str
) -> None:
    with Inspector(location) as view:
        if make in {"message", "emptied"}:
            messages.enqueue("mial", "a")
        if make == "emptied":
            messages.ack_many(messages.dequeue("mial"))
        if make == "policy":
            view.set_policy("mial", max_attempts=3)
        if make == "pause":
            view.pause("mial")

    assert smq(*line).code == 0


def test_without_a_similar_name_the_list_is_named(smq: Smq) -> None:
    assert smq("resume", "zzz").err == "smq: there is no topic zzz: see `smq topics`\n"


def test_upper_and_lower_case_are_similar(smq: Smq, messages: Queue) -> None:
    messages.enqueue("Mail", "a")
    assert "did you mean Mail?" in smq("peek", "MAIL").err


def test_a_topic_can_be_paused_before_its_first_message(smq: Smq) -> None:
    assert smq("pause", "mail", "--create") == (0, "mail is paused\n", "")
    assert smq("resume", "mail").code == 0


def test_setting_a_policy_declares_a_topic(smq: Smq) -> None:
    assert smq("policy", "mail", "--max-attempts", "3").code == 0
    assert smq("policy", "mail").code == 0


def test_an_unknown_topic_is_drained(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert smq("wait", "mial") == (0, "mial is drained\n", "there is no topic mial: did you mean mail?\n")


def test_sending_and_moving_make_topics(smq: Smq) -> None:
    assert smq("send", "mail", "a").code == 0
    assert smq("move", "1", "--to", "letters").code == 0
    assert smq("peek", "letters").code == 0
