"""The documentation of the dashboard says what the bindings say."""

from __future__ import annotations

from smq_tui.keys.actions import ACTIONS
from smq_tui.keys.key_help import all_keys
from smq_tui.keys.reference import renewed
from smq_tui.widgets.keyed_table.table_bindings import TABLE_BINDINGS
from tests.architecture.source import ROOT


def test_the_generated_parts_are_up_to_date() -> None:
    """`python -m smq_tui.keys.reference docs/dashboard.md` draws them again."""
    document = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")

    assert renewed(document) == document


def test_every_key_has_an_id_and_a_sentence() -> None:
    assert all(key.id and key.sentence for key in all_keys())
    assert len({key.id for key in all_keys()}) == len(ACTIONS) + len(TABLE_BINDINGS) + 1


def test_no_key_means_two_things() -> None:
    """Esc ends a range in a list first, and goes back when there is none."""
    keys = [key for spec in ACTIONS for key in spec.keys.split(",")]

    assert len(keys) == len(set(keys))


def test_uppercase_changes_and_lowercase_looks_but_for_what_is_well_known() -> None:
    """`N` goes back as in vim; `e`, `a` and `z` open a form or take something back."""
    known = {"N", "e", "a", "z"}
    letters = [
        (spec, key) for spec in ACTIONS for key in spec.keys.split(",") if len(key) == 1 and key.isalpha()
    ]

    assert [
        (spec.id, key) for spec, key in letters if key not in known and spec.is_change != key.isupper()
    ] == []
