"""The pure part of the dashboard: filters, dangers, forms, pictures in characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smq_core import Message, Missed, Outcome
from smq_core.format import quoted
from smq_core.store.described import described
from smq_tui.figures.sparkline_series import from_samples
from smq_tui.keys.actions import Danger, danger_of
from smq_tui.screens.prompts import outcome_sentence
from smq_tui.settings.config import ConfigError, read_config
from smq_tui.settings.preferences import Preferences, load, save
from smq_tui.terminal.ascii import in_ascii
from smq_tui.text.filters import PARTS, FilterError, complete, parse
from smq_tui.text.payload_forms import (
    NEW_PAYLOAD,
    Form,
    diff,
    form_of,
    headers_from,
    new_payload,
    payload_from,
    payload_text,
)
from smq_tui.values import State, TopicSample
from smq_tui.widgets.json_colours import coloured_json
from smq_tui.widgets.sparkline import columns, into_slots, sparkline
from smq_tui.widgets.status_bar import StatusSegment, place_parts

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_700_000_000.0


def test_a_filter_is_read_part_by_part() -> None:
    query = parse('topic:orders state:dead age>5m attempts>3 error~"time out" worker:w1 key:k hello http://x')

    assert (query.topic, query.state, query.min_age_s, query.above_attempts) == (
        "orders",
        State.DEAD,
        300.0,
        3,
    )
    assert (query.error, query.worker, query.key, query.words) == ("time out", "w1", "k", "hello http://x")
    assert query.where.min_attempts == 4


def test_a_state_may_be_called_as_people_call_it() -> None:
    assert parse("state:running").state == parse("state:processing").state == State.PROCESSING
    assert complete("state:run", []) == ["state:running"]
    assert parse("state:running mail").without_state().text == "mail"


@pytest.mark.parametrize("text", ["state:asleep", "age>soon", "attempts>many"])
def test_a_filter_that_cannot_be_understood_says_what_was_expected(text: str) -> None:
    with pytest.raises(FilterError):
        parse(text)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30))
def test_a_quoted_value_is_read_back(value: str) -> None:
    if value.strip() == value:
        assert parse(f"topic:{quoted(value)}").topic == value


@pytest.mark.parametrize(
    "text",
    [
        "state:dead",
        'state:dead error~"550 no \\"such\\" box" attempts>3 ship_to',
        "worker:vm:1 key:k age>1m30s expired",
        'state:ready kind:"OSError: a\\\\b"',
    ],
)
def test_what_the_activity_keeps_of_a_bulk_action_is_a_filter_that_finds_the_same(text: str) -> None:
    meant = parse(text).selection(None, None)
    kept = described(meant, ())

    assert kept.startswith("all ")
    assert parse(kept.removeprefix("all ")).selection(None, None) == meant


def test_expired_between_quotes_is_plain_text() -> None:
    assert (parse("expired").is_expired, parse("expired").words) == (True, "")
    assert (parse('"expired" lease').is_expired, parse('"expired" lease').words) == (False, "expired lease")


def test_a_filter_names_its_parts_as_they_are_typed() -> None:
    text = "topic:t state:dead worker:w key:k age>5m attempts>3 error~e kind:x expired plain"

    assert parse(text).parts == PARTS
    assert parse("plain text").parts == ()
    assert parse('kind:""').parts == ("kind:",)


def test_a_part_that_a_list_cannot_be_filtered_by_is_refused_with_those_that_it_can() -> None:
    query = parse("topic:orders age>5m")

    query.check_parts(PARTS, "messages")
    with pytest.raises(FilterError, match=r"^age> cannot filter topics: use topic: or text, or screen 2$"):
        query.check_parts(("topic:",), "topics")


def test_completions_are_of_parts_that_the_list_has() -> None:
    assert complete("s", [], parts=("topic:",)) == []
    assert complete("state:de", [], parts=("topic:",)) == []
    assert complete("t", [], parts=("topic:",)) == ["topic:"]


def test_completions_are_of_the_last_part() -> None:
    assert complete("age>5m topic:o", ["orders", "foo"])[0] == "age>5m topic:orders"
    assert "state:dead" in complete("state:de", [])


@pytest.mark.parametrize(
    ("verb", "count", "is_selection", "live", "danger"),
    [
        ("requeue", 1, False, 0, Danger.NONE),
        ("requeue", 1, False, 1, Danger.ASK),
        ("requeue", 2, False, 0, Danger.ASK),
        ("delete", 1, False, 0, Danger.ASK),
        ("delete", 100, False, 0, Danger.TYPE),
        ("requeue", 3, True, 0, Danger.TYPE),
        ("requeue", 1, True, 0, Danger.NONE),
        ("delete", 1, True, 0, Danger.ASK),
    ],
)
def test_danger_grows_with_what_is_hit(
    verb: str, count: int, *, is_selection: bool, live: int, danger: Danger
) -> None:
    assert danger_of(verb, count, is_selection=is_selection, live=live) is danger


def test_an_outcome_is_told_truthfully() -> None:
    missed = tuple(Missed(number, "already taken by worker-3") for number in (4, 5))
    outcome = Outcome(operation=7, done=98, missed=missed, missed_count=2)

    assert outcome_sentence("requeued", outcome) == (
        "98 requeued; 2 left alone: 2 already taken by worker-3. z undoes it"
    )


@pytest.mark.parametrize(
    ("payload", "kind", "form"),
    [
        ({"a": [1, None]}, "json", Form.JSON),
        ("plain", "text", Form.TEXT),
        ("esc \x1b[31m", "text", Form.ESCAPED),
        (b"\x00\xff", "bytes", Form.HEX),
        ("\u202e", "json", Form.JSON),
    ],
)
def test_a_payload_survives_its_form(payload: str | bytes, kind: str, form: Form) -> None:
    message = Message(id=1, topic="t", payload=payload, kind=kind)  # type: ignore[arg-type]  # one of the three
    text = payload_text(payload, form)

    assert form_of(message) is form
    assert payload_from(text, form) == payload
    assert "\x1b" not in text


@pytest.mark.parametrize("text", ["{", '["a"]', '{"a": 1}'])
def test_headers_are_an_object_of_texts(text: str) -> None:
    with pytest.raises(ValueError, match="headers"):
        headers_from(text)


def test_a_diff_names_what_changed_only() -> None:
    pieces = "".join(text for text, _ in diff({"key": "a", "priority": "0"}, {"key": "b", "priority": "0"}))

    assert pieces == "key\n-a\n+b\n"


def test_where_nothing_was_measured_there_is_a_gap() -> None:
    assert sparkline([0.0, None, 8.0]) == "▁·█"
    assert columns([None, 2.0], 2) == [" █", "·█"]
    assert into_slots([(0.0, 1.0), (1.0, 3.0), (9.0, 5.0)], 0.0, 10.0, 5) == [2.0, None, None, None, 5.0]


def test_a_trail_has_no_rate_over_a_gap() -> None:
    samples = [
        TopicSample(at=at, topic="t", entered=int(at), processed=0, depth=1)
        for at in (0.0, 10.0, 90.0, 100.0)
    ]

    assert [at for at, _ in from_samples(samples, 10.0)["t"].arrived] == [10.0, 100.0]


@given(st.text())
def test_colours_change_nothing_of_the_text(text: str) -> None:
    assert "".join(piece for piece, _ in coloured_json(text)) == text


@given(st.lists(st.tuples(st.text(max_size=30), st.integers(0, 9)), max_size=8), st.integers(0, 120))
def test_parts_never_take_more_than_the_line(parts: list[tuple[str, int]], width: int) -> None:
    placed = place_parts([StatusSegment(text, priority=priority) for text, priority in parts], width)

    assert sum(room for _, room in placed) <= max(0, width - 1)


def test_ascii_keeps_every_width() -> None:
    assert in_ascii("▸ 日本 ✓…") == "> ???? x~"


def test_a_configuration_with_an_unknown_key_names_it(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.toml"
    path.write_text("[keys]\nrequeeu = 'r'\n")

    with pytest.raises(ConfigError, match="requeeu"):
        read_config(path, {"requeue"})


def test_preferences_come_back_and_a_broken_file_costs_only_them(tmp_path: Path) -> None:
    path = tmp_path / "state" / "dashboard.json"
    kept = Preferences(theme="smq-light", interval=2.0, filters={"dead": "topic:orders"})
    save(path, kept)
    assert load(path) == kept
    path.write_text("{")

    assert load(path) == Preferences()


@pytest.mark.parametrize(
    ("typed", "payload"),
    [
        ('{"a": 1}', {"a": 1}),
        (" [1] ", [1]),
        ("7", 7),
        ('"7"', "7"),
        ("hello", "hello"),
        ('"hello', '"hello'),
        ("tru", "tru"),
        ("", ""),
    ],
)
def test_a_new_payload_is_json_where_it_is_valid_else_text(typed: str, payload: object) -> None:
    assert new_payload(typed) == payload


@pytest.mark.parametrize("typed", ["{", '{"a": 1', " [1,", "{not json}"])
def test_a_new_payload_that_begins_as_json_does_has_to_be_valid_as_its_label_says(typed: str) -> None:
    assert "must be valid JSON if it starts with { or [" in NEW_PAYLOAD
    with pytest.raises(ValueError, match="in quotes"):
        new_payload(typed)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("topic:", "a value is missing after topic:"),
        ("orders error~", "a value is missing after error~"),
        ('"', "nothing between the quotes"),
        ('topic:a ""', "nothing between the quotes"),
        ("age<1m", "age< is not a filter: did you mean age>"),
        ("age:1m", "age: is not a filter: did you mean age>"),
        ("state=dead", "state= is not a filter: did you mean state:"),
    ],
)
def test_a_part_of_a_filter_that_would_match_everything_is_refused(typed: str, reason: str) -> None:
    with pytest.raises(FilterError, match=reason):
        parse(typed)


@pytest.mark.parametrize(
    "typed", ['"age<1m"', "https://example.org", "a=b", "message<3", "error:timeout", '"a']
)
def test_plain_text_is_found_as_it_is(typed: str) -> None:
    assert parse(typed).words == typed.strip('"')


def test_the_group_of_dead_letters_without_an_error_is_a_filter_too() -> None:
    assert parse('topic:a state:dead kind:""').error_kind == ""
