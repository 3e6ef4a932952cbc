"""`smq edit`: what the editor leaves is checked, shown, and written only if it may be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, InvalidMessage, Message
from smq_core.cli.editing import draft_of, read_draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core import Queue
    from tests.cli.conftest import Smq


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what sets the changes that the next editors make, one after the other."""

    def make(*changes: Callable[[str], str | None]) -> None:
        steps = iter(changes)
        monkeypatch.setattr("click.edit", lambda text, **_: next(steps)(text))

    return make


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


def test_a_change_is_shown_and_written(
    smq: Smq, messages: Queue, location: str, editor: Callable[..., None]
) -> None:
    messages.enqueue("mail", {"to": "a", "n": 1}, headers={"h": "1"}, key="k")
    editor(replaced('"to": "a"', '"to": "b"'))
    ran = smq("edit", "1", "--yes")
    assert ran.code == 0
    assert '-    "to": "a",\n+    "to": "b",\n' in ran.out
    assert ran.out.endswith("1 message edited (operation 1)\n")
    with Inspector(location) as view:
        message = view.get(1)
    assert (message.payload, message.headers, message.key) == ({"to": "b", "n": 1}, {"h": "1"}, "k")


@pytest.mark.parametrize(
    ("payload", "old", "new", "after"),
    [
        ("text", '"text"', '"other"', "other"),
        ("text", '"text"', "[1]", [1]),
        (b"\x00", "AA==", "AQ==", b"\x01"),
        ({"a": 1}, '"priority": 0', '"priority": 7', {"a": 1}),
    ],
)
def test_any_kind_of_payload_can_be_edited(
    smq: Smq,
    messages: Queue,
    location: str,
    editor: Callable[..., None],
    *,
    payload: object,
    old: str,
    new: str,
    after: object,
) -> None:
    messages.enqueue("mail", payload)  # type: ignore[arg-type]  # payloads, all of them
    editor(replaced(old, new))
    assert smq("edit", "1", "--yes").code == 0
    with Inspector(location) as view:
        assert view.get(1).payload == after


def test_nothing_changed_is_nothing_written(smq: Smq, messages: Queue, editor: Callable[..., None]) -> None:
    messages.enqueue("mail", "a")
    editor(lambda _text: None)
    assert smq("edit", "1", "--yes") == (0, "", "nothing was changed\n")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"a"', '"a', "line 2 column"),
        ('"priority"', '"prio"', "unknown field `prio`"),
        ('"priority": 0', '"priority": "high"', "priority"),
        ('"priority": 0', '"priority": 101', "between -100 and 100"),
        ('"a"', "1e400", "out of range"),
    ],
)
def test_what_cannot_be_written_is_refused(
    smq: Smq, messages: Queue, location: str, editor: Callable[..., None], *, old: str, new: str, words: str
) -> None:
    messages.enqueue("mail", "a")
    editor(replaced(old, new))
    ran = smq("edit", "1", "--yes")
    assert (ran.code, words in ran.err) == (65, True)
    with Inspector(location) as view:
        assert view.get(1).payload == "a"


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_a_mistake_may_be_mended(
    smq: Smq, messages: Queue, location: str, editor: Callable[..., None]
) -> None:
    messages.enqueue("mail", "a")
    editor(replaced('"a"', '"b'), replaced('"b', '"b"'))
    assert smq("edit", "1", stdin=b"y\ny\n").code == 0
    with Inspector(location) as view:
        assert view.get(1).payload == "b"


@pytest.mark.usefixtures("terminal")
def test_a_no_writes_nothing(smq: Smq, messages: Queue, location: str, editor: Callable[..., None]) -> None:
    messages.enqueue("mail", "a")
    editor(replaced('"a"', '"b"'))
    assert smq("edit", "1", stdin=b"n\n").code == 130
    with Inspector(location) as view:
        assert view.get(1).payload == "a"


def test_without_anybody_to_ask_yes_is_needed(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    assert smq("edit", "1").code == 2


def test_what_is_processing_is_not_opened(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    messages.dequeue("mail")
    ran = smq("edit", "1", "--yes")
    assert (ran.code, "is running" in ran.err) == (1, True)
    assert smq("edit", "99", "--yes").code == 1


def test_a_draft_reads_back_as_it_was_written() -> None:
    message = Message(id=1, topic="mail", payload={"a": [1.5, "ü"]}, headers={"h": "x"}, available_at=1.5)
    draft = read_draft(draft_of(message))
    assert json.loads(bytes(draft.payload)) == message.payload
    assert (draft.headers, draft.key, draft.available_at) == ({"h": "x"}, None, 1.5)


def test_a_draft_without_a_field_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="missing required field"):
        read_draft('{"payload": 1}')
