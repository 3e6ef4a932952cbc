"""Named statements: each is used, described and found once.

The hot ones walk their index, whatever values are bound.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.states import State
from smq_core.store import open_store
from smq_core.store.records import Filter, Selection
from smq_core.store.sqlite.operators.browse import MOST_STREAMED_TOPICS
from smq_core.store.sqlite.queries import query
from smq_core.testing import EPOCH_MS, make_message, select
from tests.sqlite.statements.statements import STATEMENTS
from tests.sqlite_session import database_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CORE = Path(__file__).parents[3] / "smq_core"
OPERATOR = "operator_"
BY_ID = "SEARCH smq_messages USING INTEGER PRIMARY KEY (rowid=?)"
FINISHED = "SEARCH m USING INDEX smq_finished"
EACH_TOPIC = ("SCAN t", f"{FINISHED} (topic=? AND status=? AND finished_at<?)")

HOT: dict[str, set[str]] = {
    "look": {
        "SEARCH smq_messages USING COVERING INDEX smq_ready (topic=?)",
        "SEARCH smq_messages USING COVERING INDEX smq_due (topic=? AND available_at<?)",
        "SEARCH smq_messages USING COVERING INDEX smq_leased (locked_until<?)",
        "SEARCH smq_messages USING COVERING INDEX smq_leased (locked_until>?)",
        "SEARCH smq_pauses USING PRIMARY KEY (topic=?)",
        "SEARCH smq_policies USING PRIMARY KEY (topic=?)",
    },
    "promote": {"SEARCH smq_messages USING INDEX smq_due (topic=? AND available_at<?)", BY_ID},
    "lease_page": {
        "SEARCH smq_messages USING INDEX smq_ready (topic=?)",
        "SEARCH p USING PRIMARY KEY (topic=?)",
    },
    "oldest_of_priority": {
        "SEARCH smq_messages USING COVERING INDEX smq_ready (topic=? AND priority=?)",
        "SEARCH p USING PRIMARY KEY (topic=?)",
    },
    "next_priority": {"SEARCH smq_messages USING COVERING INDEX smq_ready (topic=? AND priority<?)"},
    "next_due": {
        "SEARCH smq_messages USING COVERING INDEX smq_due (topic=?)",
        "SEARCH smq_messages USING COVERING INDEX smq_leased (locked_until>?)",
        "SEARCH smq_pauses USING PRIMARY KEY (topic=?)",
    },
    "ready_topics": {
        "SEARCH smq_messages USING COVERING INDEX smq_ready (topic>?)",
        "SEARCH p USING PRIMARY KEY (topic=?)",
    },
    "has_ready": {
        "SEARCH smq_messages USING COVERING INDEX smq_ready (topic=?)",
        "SEARCH smq_pauses USING PRIMARY KEY (topic=?)",
    },
    "delayed_topics": {
        "SCAN smq_messages USING COVERING INDEX smq_due",
        "SEARCH smq_messages USING COVERING INDEX smq_due (topic>?)",
        "SEARCH m USING COVERING INDEX smq_due (topic=?)",
        "SEARCH p USING PRIMARY KEY (topic=?)",
    },
    "leased_topics": {
        "SEARCH smq_messages USING COVERING INDEX smq_leased (locked_until>?)",
        "USE TEMP B-TREE FOR DISTINCT",
    },
    "next_end": {
        "SEARCH smq_messages USING COVERING INDEX smq_leased (locked_until>?)",
        "SEARCH smq_pauses USING PRIMARY KEY",
    },
    "has_expired": {
        "SEARCH smq_messages USING COVERING INDEX smq_leased (locked_until<?)",
        "SEARCH smq_messages USING COVERING INDEX smq_leased (locked_until>?)",
    },
    "lease_one": {BY_ID},
    "lease_many": {BY_ID},
    "lease_rows": {BY_ID},
    "lease_payload": {BY_ID},
    "ack_one": {BY_ID, "SEARCH p USING PRIMARY KEY (topic=?)"},
    "ack_many": {BY_ID, "SEARCH p USING PRIMARY KEY (topic=?)"},
    "finish_many": {BY_ID, "SEARCH p USING PRIMARY KEY (topic=?)"},
    "held": {BY_ID},
    "requeue_one": {BY_ID},
    "release_many": {BY_ID},
    "extend_many": {BY_ID},
    "recover_one": {BY_ID},
    "held_by": {"SEARCH smq_messages USING INDEX smq_leased (locked_until>?)"},
    "find_by_key": {"SEARCH smq_messages USING INDEX smq_key (topic=? AND dedup_key=?)"},
    "size": {"SEARCH smq_topics USING PRIMARY KEY (topic=?)"},
    "unprocessed_counts": {"SEARCH smq_samples USING PRIMARY KEY (step_ms=?)"},
    "processing_counts": {"SEARCH smq_messages USING COVERING INDEX smq_leased (locked_until>?)"},
    "message_row": {BY_ID},
    "message_rows": {BY_ID},
    "seen_rows": {BY_ID},
    "sizes_of": {BY_ID},
    "touched_by": {BY_ID},
    "operator_requeue": {BY_ID},
    "operator_delete": {BY_ID},
    "operator_bury": {BY_ID},
    "operator_move": {BY_ID},
    "save_before": {BY_ID},
    "purge_some": {BY_ID},
    "prune_done": {BY_ID, *EACH_TOPIC, "SEARCH p USING PRIMARY KEY (topic=?) LEFT-JOIN"},
    "prune_trash": {BY_ID, *EACH_TOPIC},
    "date_finished": {BY_ID, "SCAN t", f"{FINISHED} (topic=? AND status=? AND finished_at=?)"},
    "error_kinds": {"SEARCH smq_messages USING COVERING INDEX smq_errors (topic>? AND topic<?)"},
    "attempts_of": {"SEARCH smq_attempts USING INDEX smq_attempts_of (message_id=?)"},
}
"""What each hot statement's plan has to say of tables; a table that is named here twice is looked into
twice."""


@pytest.fixture
def database(location: str) -> Iterator[apsw.Connection]:
    """Give a connection with the setting that keeps plans the same for all values, as the store's have it."""
    connection = apsw.Connection(location)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    yield connection
    connection.close()


def plan(database: apsw.Connection, sql: str) -> list[str]:
    """Return the lines of a statement's plan that say how tables and orders are come by."""
    names = dict.fromkeys(re.findall(r":(\w+)", sql), None)
    lines = [str(row[3]) for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", names)]
    kinds = ("SCAN smq", "SCAN t", "SEARCH", "USE TEMP")
    return [line for line in lines if line.startswith(kinds)]


def test_every_statement_is_used() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in CORE.rglob("*.py"))
    names = [name for name in STATEMENTS if not name.startswith(OPERATOR)]
    verbs = [name.removeprefix(OPERATOR) for name in STATEMENTS if name.startswith(OPERATOR)]

    assert [name for name in names if f'"{name}"' not in sources] == []
    assert f'query(f"{OPERATOR}{{verb}}")' in sources
    assert [verb for verb in verbs if f'"{verb}"' not in sources] == []


def test_every_statement_is_described_in_a_sentence() -> None:
    descriptions = {name: one.description for name, one in STATEMENTS.items()}

    assert [
        name for name, text in descriptions.items() if not (text[:1].isupper() and text.endswith("."))
    ] == []


def test_every_statement_is_one() -> None:
    """What stands behind a semicolon would be run or lost unseen."""
    assert [name for name, one in STATEMENTS.items() if ";" in one.sql] == []


def test_an_unknown_statement_is_an_error_at_import() -> None:
    with pytest.raises(KeyError):
        query("nonsense")


@pytest.mark.parametrize("name", sorted(HOT))
def test_a_hot_statement_walks_its_index(database: apsw.Connection, name: str) -> None:
    lines = plan(database, query(name))
    tables = {line for line in lines if "carray" not in line}

    assert tables - {"USE TEMP B-TREE FOR GROUP BY", "USE TEMP B-TREE FOR ORDER BY"} == HOT[name]


@pytest.mark.parametrize(
    "name", sorted(set(HOT) - {"processing_counts", "error_kinds", "held_by", "leased_topics"})
)
def test_a_hot_statement_sorts_nothing(database: apsw.Connection, name: str) -> None:
    """Leases are few, errors are grouped: those may."""
    assert [line for line in plan(database, query(name)) if line.startswith("USE TEMP")] == []


def test_one_topic_is_counted_without_a_walk_over_all(database: apsw.Connection) -> None:
    assert plan(database, query("topic_counts"))[0] == "SEARCH t USING PRIMARY KEY (topic>? AND topic<?)"


@pytest.mark.parametrize("name", ["reclaim", "record_expired"])
def test_a_reclaim_walks_the_leases_alone(database: apsw.Connection, name: str) -> None:
    tables = [line for line in plan(database, query(name)) if line.startswith("S") and "carray" not in line]

    assert all(
        "smq_leased" in line or "rowid=?" in line or line.startswith("SEARCH p ") for line in tables
    ), tables


SELECTIONS = {
    "a topic's ready ones": Selection(topic="mail", state=State.READY),
    "a topic's dead ones": Selection(topic="mail", state=State.DEAD),
    "a topic's leased ones": Selection(topic="mail", state=State.PROCESSING),
    "all of a topic": Selection(topic="mail"),
    "all ready ones": Selection(state=State.READY),
    "all leased ones": Selection(state=State.PROCESSING),
    "everything": Selection(),
    "a topic's dead ones of a kind": select("mail", "dead", where={"error_kind": "boom"}),
    "a topic's with a text": Selection(topic="mail", where=Filter(text="x"), max_id=99),
}


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("what", sorted(SELECTIONS))
def test_a_page_is_come_by_without_sorting_or_walking_messages(
    location: str, what: str, *, newest: bool
) -> None:
    """The statements that were run, as they were composed, are explained."""
    run: list[str] = []
    store = open_store(location)
    for priority in (0, 5):
        store.enqueue(make_message(priority=priority), EPOCH_MS)
    database = database_of(store)

    def trace(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
        run.append(sql)
        return True

    database.exec_trace = trace
    store.page(SELECTIONS[what], after=1, newest=newest, limit=10, preview_bytes=9, now_ms=EPOCH_MS)
    database.exec_trace = None
    composed = [sql for sql in run if sql.startswith("SELECT id FROM")]
    lines = [line for sql in composed for line in plan(database, sql)]
    store.close()

    assert composed
    of_leases = [line for line in lines if "smq_leased" in line]
    of_table = [line for line in lines if line == "SEARCH smq_messages USING INTEGER PRIMARY KEY (rowid>?)"]
    of_table += [line for line in lines if line == "SEARCH smq_messages USING INTEGER PRIMARY KEY (rowid<?)"]
    others = [line for line in lines if line not in of_leases + of_table and not line.startswith("USE TEMP")]
    assert all(
        "smq_ready (topic=? AND priority=? AND id" in line or "smq_shelf (topic=? AND status=? AND id" in line
        for line in others
    )
    assert len([line for line in lines if line.startswith("USE TEMP")]) == len(of_leases)


def test_topics_that_have_nothing_in_a_state_do_not_make_its_list_walk_the_table(location: str) -> None:
    run: list[str] = []
    store = open_store(location)
    dead = [make_message(f"topic {number}", state=State.DEAD) for number in range(2)]
    ready = [make_message(f"topic {number}") for number in range(MOST_STREAMED_TOPICS + 1)]
    store.restore_many(dead + ready, None, EPOCH_MS)
    database = database_of(store)

    def trace(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
        run.append(sql)
        return True

    database.exec_trace = trace
    page = store.page(
        Selection(state=State.DEAD), after=None, newest=False, limit=10, preview_bytes=9, now_ms=EPOCH_MS
    )
    database.exec_trace = None
    store.close()

    assert [row.topic for row in page] == ["topic 0", "topic 1"]
    assert len([sql for sql in run if "INDEXED BY smq_shelf" in sql]) == len(dead)
    assert [sql for sql in run if "NOT INDEXED" in sql] == []
