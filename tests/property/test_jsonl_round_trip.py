"""What is exported and imported into an empty queue is the same again."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smq_core.jsonl import ImportOptions, Source, export_lines, import_lines
from smq_core.payload import encode, encode_headers
from smq_core.states import FINISHED, State
from smq_core.store import open_store
from smq_core.store.records import NewMessage, Selection

if TYPE_CHECKING:
    import pytest

    from smq_core.message import Payload
    from smq_core.store.base import Store

NOW = 1_700_000_000_000
KEPT = (
    "topic", "status", "kind", "priority", "created_at", "available_at", "attempts", "max_attempts",
    "headers", "key", "last_error", "error_kind", "finished_at", "body",
)  # fmt: skip
"""The columns that come back; ids and deliveries are the new queue's."""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
payloads: st.SearchStrategy[Payload] = json_values | texts | st.binary(max_size=30)
times = st.integers(0, NOW)


@st.composite
def messages(draw: st.DrawFn) -> NewMessage:
    state = draw(st.sampled_from([state for state in State if state is not State.PROCESSING]))
    body, kind = encode(draw(payloads))
    return NewMessage(
        topic=draw(st.sampled_from(["mail", "größe", "a b"])),
        body=body,
        kind=kind,
        available_at=draw(times) if state is not State.DELAYED else NOW + draw(st.integers(1, 10**9)),
        priority=draw(st.integers(-100, 100)),
        headers=encode_headers(draw(st.dictionaries(texts, texts, max_size=3))),
        max_attempts=draw(st.none() | st.integers(1, 100)),
        state=state,
        attempts=draw(st.integers(0, 100)),
        created_at=draw(times),
        last_error=draw(st.none() | texts),
        finished_at=draw(times) if state in FINISHED else None,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(added=st.lists(messages(), max_size=12), are_keyed=st.booleans())
def test_an_export_imports_back_to_the_same_messages(
    tmp_path_factory: pytest.TempPathFactory, *, added: list[NewMessage], are_keyed: bool
) -> None:
    if are_keyed:
        added = [msgspec.structs.replace(message, key=f"k{index}") for index, message in enumerate(added)]
    folder = tmp_path_factory.mktemp("round_trip")
    first, second = open_store(folder / "first"), open_store(folder / "second")
    first.restore_many(added, None, NOW)
    exported = io.BytesIO()
    assert export_lines(first, exported.write) == len(added)
    with Source("-", io.BytesIO(exported.getvalue())) as source:
        report = import_lines(second, source, ImportOptions())
    assert (report.taken, report.rejected) == (len(added), 0)
    copied, original = rows(second), rows(first)
    first.close()
    second.close()
    assert copied == original


def rows(store: Store) -> list[tuple[object, ...]]:
    page = store.page(Selection(), after=None, newest=False, limit=100, preview_bytes=None, now_ms=NOW)
    return [tuple(getattr(row, name) for name in KEPT) for row in page]
