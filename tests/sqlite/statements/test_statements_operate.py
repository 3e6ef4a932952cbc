"""Each statement of an operator, run alone, touches what was chosen, in the states that it may touch."""

# ruff: noqa: S608 - statements of our own, with numbers
from __future__ import annotations

import pytest

from tests.sqlite.statements.statements import (
    ABSURD,
    ALL,
    DEAD,
    DELETED,
    DONE,
    DUE,
    EXPIRED,
    LATER,
    LEASED,
    NOW,
    POST,
    READY,
    RECLAIMED,
    URGENT,
    Table,
)

MAIL = list(ALL)
LIVE = {LEASED, ABSURD}
OPERATIONS = f"""
    INSERT INTO smq_operations(id, at, actor, action, topic, changed, before, undone_at) VALUES
      (5, {NOW}, 'ann', 'policy', 'mail', 0, '{{}}', NULL),
      (6, {NOW}, 'ann', 'bury', 'mail', 0, NULL, NULL),
      (7, {NOW}, 'ann', 'bury', 'mail', 2, NULL, NULL),
      (8, {NOW}, 'ann', 'pause', 'mail', 1, '{{}}', NULL),
      (9, {NOW}, 'ann', 'purge', 'mail', 1, NULL, NULL);
"""
UNDO = f"""
    INSERT INTO smq_undo(
      operation, message_id, status, status_after, deliveries, topic, kind, priority, available_at, attempts
    ) VALUES
      (7, {READY}, 'dead', 'ready', 0, 'mail', 'text', 0, 1, 0),
      (7, {URGENT}, 'dead', 'ready', 0, 'mail', 'text', 0, 1, 0),
      (7, {LATER}, 'ready', 'delayed', 0, 'mail', 'text', 0, 1, 0),
      (7, {DEAD}, 'ready', 'dead', 1, 'mail', 'text', 0, 1, 0),
      (7, {DELETED}, 'ready', 'dead', 1, 'mail', 'text', 0, 1, 0),
      (7, 999, 'ready', 'dead', 1, 'mail', 'text', 0, 1, 0),
      (6, {READY}, 'done', 'ready', 0, 'mail', 'text', 0, 1, 0);
"""


@pytest.fixture
def table() -> Table:
    """Give the table, with what operators did: 7 touched some messages, of which some have moved on."""
    made = Table()
    made.db.execute(OPERATIONS + UNDO)
    return made


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("operator_requeue", {"ids": MAIL, "now": NOW, "force": 0}, {DUE, LATER, EXPIRED, DEAD, DONE}),
        ("operator_requeue", {"ids": MAIL, "now": NOW, "force": 1}, {DUE, LATER, EXPIRED, DEAD, DONE, *LIVE}),
        ("operator_requeue", {"ids": [READY], "now": NOW, "force": 1}, set()),
        ("operator_delete", {"ids": MAIL, "now": NOW, "force": 0}, {*MAIL} - LIVE - {DELETED}),
        ("operator_delete", {"ids": MAIL, "now": NOW, "force": 1}, {*MAIL} - {DELETED}),
        ("operator_bury", {"ids": MAIL, "now": NOW, "force": 0}, {*MAIL} - LIVE - {DEAD, DELETED}),
        ("operator_bury", {"ids": MAIL, "now": NOW, "force": 1}, {*MAIL} - {DEAD, DELETED}),
        ("operator_move", {"ids": MAIL, "to": "new"}, {*MAIL} - LIVE - {EXPIRED, DELETED}),
        ("operator_move", {"ids": [READY, READY + POST], "to": "post", "operation": 8}, {READY}),
        (
            "edit_message",
            {
                "id": READY,
                "status": "ready",
                "payload": "y",
                "kind": "text",
                "priority": 1,
                "available_at": 1,
            },
            {READY},
        ),
        (
            "edit_message",
            {"id": READY, "status": "dead", "payload": "y", "kind": "text", "priority": 1, "available_at": 1},
            set(),
        ),
        ("purge_some", {"ids": [DEAD, DONE, DEAD + POST], "topic": "mail", "state": "dead"}, {DEAD}),
        ("purge_some", {"ids": [DONE], "topic": "mail", "state": "dead"}, set()),
        ("undo_some", {"operation": 7, "ids": MAIL}, {READY, DEAD}),
        ("undo_some", {"operation": 7, "ids": [DEAD]}, {DEAD}),
        ("undo_some", {"operation": 6, "ids": MAIL}, set()),
    ],
)
def test_messages_are_touched_as_they_were_chosen(
    table: Table, name: str, values: dict[str, object], expected: set[int]
) -> None:
    assert table.touched(name, **values) == expected


@pytest.mark.parametrize(
    ("name", "where", "values", "expected"),
    [
        ("count_operation", "smq_operations", {"operation": 7, "changed": 1}, {7}),
        ("discard_operation", "smq_operations", {"operation": 6}, {6}),
        ("discard_operation", "smq_operations", {"operation": 7}, set()),
        ("close_operation", "smq_operations", {"operation": 8, "now": NOW}, {8}),
        ("close_operation", "smq_operations", {"operation": 7, "now": NOW}, set()),
        ("save_before", "smq_undo", {"operation": 8, "ids": [READY, DEAD]}, {(8, READY), (8, DEAD)}),
        ("drop_before", "smq_undo", {"operation": 7, "ids": [READY, DONE]}, {(7, READY)}),
        ("drop_topic", "smq_topics", {"topic": "mail"}, set()),
    ],
)
def test_what_operators_did_is_kept_apart(
    table: Table, name: str, where: str, values: dict[str, object], expected: set[object]
) -> None:
    assert table.touched(name, where, **values) == expected


def test_an_operation_is_closed_once(table: Table) -> None:
    table.answer("close_operation", operation=8, now=NOW)

    assert table.touched("close_operation", "smq_operations", operation=8, now=NOW + 1) == set()


def test_only_a_topic_that_is_empty_is_dropped(table: Table) -> None:
    table.db.execute("INSERT INTO smq_topics(topic, entered, gone) VALUES ('void', 3, 3), ('hole', 1, 1)")

    assert table.touched("drop_topic", "smq_topics", topic="void") == {"void"}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("seen_rows", {"ids": [READY, DEAD]}, [READY, DEAD]),
        ("touched_by", {"ids": [READY, URGENT], "operation": 7}, [READY]),
        ("touched_by", {"ids": [URGENT], "operation": 7}, []),
        ("read_for_edit", {"id": DEAD}, ["dead"]),
        ("read_operation", {"operation": 8}, [8]),
        ("topic_rows", {"topic": "mail"}, [len(MAIL)]),
        ("topic_rows", {"topic": "other"}, [None]),
        ("last_operation", {"actor": "ann"}, [8]),
        ("last_operation", {"actor": "bob"}, [None]),
        ("later_operation", {"operation": 4, "topic": "mail", "action": "policy"}, [5]),
        ("later_operation", {"operation": 4, "topic": "mail", "action": "resume"}, [8]),
        ("later_operation", {"operation": 4, "topic": "post", "action": "policy"}, [None]),
        ("later_operation", {"operation": 5, "topic": "mail", "action": "policy"}, [None]),
        ("undo_page", {"operation": 7, "after": URGENT, "limit": 9}, [LATER, DEAD, DELETED, 999]),
    ],
)
def test_what_is_asked_is_answered_of_that_alone(
    table: Table, name: str, values: dict[str, object], expected: list[object]
) -> None:
    assert table.ids(name, **values) == expected


@pytest.mark.parametrize(("topic", "expected"), [("mail", 1), ("post", 1), ("other", 0)])
def test_a_policy_or_a_pause_makes_a_topic_known(table: Table, topic: str, expected: int) -> None:
    table.db.execute(
        "DELETE FROM smq_pauses WHERE topic = 'mail'; DELETE FROM smq_policies WHERE topic = 'post'"
    )

    assert table.answer("topic_rows", topic=topic)[0][1] == expected


def test_the_last_operation_is_one_that_can_be_undone(table: Table) -> None:
    """By what it kept of messages or of settings, and if it was not undone before."""
    table.answer("close_operation", operation=8, now=NOW)
    assert table.ids("last_operation", actor="ann") == [7]
    table.db.execute("DELETE FROM smq_undo WHERE operation = 7")
    assert table.ids("last_operation", actor="ann") == [6]


def test_what_was_undone_is_in_nobodys_way(table: Table) -> None:
    table.answer("close_operation", operation=5, now=NOW)

    assert table.ids("later_operation", operation=4, topic="mail", action="policy") == [None]


@pytest.mark.parametrize("action", ["pause", "policy"])
def test_a_topic_that_was_dropped_since_was_changed(table: Table, action: str) -> None:
    """It has neither a pause nor a policy any more, whatever they were before."""
    table.db.execute("INSERT INTO smq_operations(at, actor, action, topic) VALUES (1, 'ann', 'drop', 'post')")
    dropped = table.db.last_insert_rowid()

    assert table.ids("later_operation", operation=4, topic="post", action=action) == [dropped]


def test_an_undo_tells_which_messages_are_as_the_operation_left_them(table: Table) -> None:
    found = table.answer("undo_page", operation=7, after=0, limit=9)

    assert [(row[0], row[2]) for row in found] == [
        (READY, 1),
        (URGENT, 0),
        (LATER, 0),
        (DEAD, 1),
        (DELETED, 0),
        (999, 0),
    ]


def test_a_reclaimed_message_is_ready_for_operators_too(table: Table) -> None:
    assert RECLAIMED in table.touched("operator_bury", ids=MAIL, now=NOW, force=0)


def test_the_activity_tells_what_can_be_undone(table: Table) -> None:
    found = table.answer("activity", before=100, limit=9)

    assert [(row[0], row[-1]) for row in found] == [(9, 0), (8, 1), (7, 1), (6, 1), (5, 1)]
    assert table.ids("activity", before=8, limit=2) == [7, 6]


def test_of_an_undo_those_are_named_that_come_from_another_topic_or_go_back_to_done(table: Table) -> None:
    table.db.execute("DELETE FROM smq_undo")
    for operation, one, topic, status in (
        (7, READY, "mail", "ready"),
        (7, DEAD, "post", "dead"),
        (7, DONE, "mail", "done"),
        (7, DELETED, "post", "dead"),
        (8, URGENT, "post", "ready"),
    ):
        table.db.execute(
            "INSERT INTO smq_undo(operation, message_id, status, status_after, deliveries, topic, kind,"
            " priority, available_at, attempts) VALUES (?, ?, ?, 'ready', 0, ?, 'text', 0, 1, 0)",
            (operation, one, status, topic),
        )

    assert table.answer("undo_topics", operation=7, ids=[READY, URGENT, DEAD, DONE]) == [
        (DEAD, b"mail", b"post", "dead"),
        (DONE, b"mail", b"mail", "done"),
    ]


def test_deaths_of_daemons_are_told_from_other_activity_and_from_earlier_ones(table: Table) -> None:
    table.db.execute("DELETE FROM smq_operations")
    table.db.execute(
        "INSERT INTO smq_operations(id, at, actor, action) VALUES"
        " (1, 9, 'w1', 'daemon died'), (2, 10, 'w2', 'daemon died'), (3, 11, 'ann', 'pause'),"
        " (4, 12, 'w3', 'daemon died')"
    )

    assert table.ids("daemon_deaths", since=10) == [4, 2]


def test_each_message_gets_back_what_was_kept_of_it(table: Table) -> None:
    table.db.execute(f"UPDATE smq_messages SET operation = 7, priority = 1 WHERE id IN ({READY}, {URGENT})")
    table.db.execute("UPDATE smq_undo SET priority = message_id")
    table.answer("undo_some", operation=7, ids=MAIL)

    found = table.db.execute("SELECT id, priority FROM smq_messages WHERE id IN (?, ?)", (READY, URGENT))
    assert found.fetchall() == [(READY, READY), (URGENT, URGENT)]


def test_the_sizes_of_messages_are_their_own(table: Table) -> None:
    table.db.execute(f"UPDATE smq_messages SET payload = 'long', headers = '{{}}' WHERE id = {READY}")

    assert sorted(table.answer("sizes_of", ids=[READY, DEAD, 900])) == [(READY, 6), (DEAD, 1)]
