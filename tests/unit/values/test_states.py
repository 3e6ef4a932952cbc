"""The table of transitions: complete, without contradictions, and the same as the documentation shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from smq_core.states import FINISHED, TRANSITIONS, UNFINISHED, Actor, State, diagram

PAGE = Path(__file__).parents[3] / "docs" / "states.md"
BEGIN, END = "<!-- transitions: written by `python -m tests.unit.values.test_states` -->\n", "<!-- end -->"
OPERATORS_VERBS = {"operator requeue", "operator delete", "operator bury", "move", "edit", "purge", "undo"}


def test_the_documented_table_is_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page.split(BEGIN)[1].split(END)[0] == diagram()


def test_every_state_is_entered_and_left_but_ready_which_an_enqueue_enters() -> None:
    changes = [row for row in TRANSITIONS if row.source is not row.target]

    assert {row.source for row in changes} == set(State)
    assert {row.target for row in changes} == {*State, None}
    assert set(State) == UNFINISHED | FINISHED
    assert not UNFINISHED & FINISHED


def test_no_transition_stands_twice() -> None:
    assert len(set(TRANSITIONS)) == len(TRANSITIONS)


def test_only_a_lease_begins_processing() -> None:
    begins = {
        row.verb
        for row in TRANSITIONS
        if row.target is State.PROCESSING and row.source is not State.PROCESSING
    }

    assert begins == {"lease"}


@pytest.mark.parametrize("verb", ["ack", "late ack", "requeue", "release", "bury", "extend", "recover"])
def test_a_holder_is_guarded_by_its_receipt(verb: str) -> None:
    guards = {row.guard for row in TRANSITIONS if row.verb == verb}

    assert guards
    assert all("receipt" in guard for guard in guards)


def test_a_holder_changes_nothing_but_processing_except_by_a_late_ack() -> None:
    rows = [row for row in TRANSITIONS if row.actor is Actor.HOLDER and row.verb != "late ack"]

    assert {row.source for row in rows} == {State.PROCESSING}


def test_what_is_processing_is_never_moved_edited_purged_or_pruned() -> None:
    rows = [row for row in TRANSITIONS if row.verb in {"move", "edit", "purge", "prune"}]

    assert State.PROCESSING not in {row.source for row in rows}


def test_operators_do_what_their_verbs_say() -> None:
    assert {row.verb for row in TRANSITIONS if row.actor is Actor.OPERATOR} == OPERATORS_VERBS


def test_every_verb_has_one_line_of_the_table() -> None:
    lines = diagram().splitlines()[2:]

    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == list(
        dict.fromkeys(row.verb for row in TRANSITIONS)
    )


def write_page() -> None:
    """Put the table into the documentation."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(before + BEGIN + diagram() + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    write_page()
