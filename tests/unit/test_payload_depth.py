"""How deep a payload may be nested: no deeper than whoever takes it can read from within its own calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from smq_core import InvalidMessage
from smq_core.depth import DEPTH_LIMIT
from smq_core.payload import check_json_text, decode, encode, encode_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core import Payload, Queue


def nested(levels: int) -> Payload:
    """Answer lists and dicts in one another."""
    value: object = ["]" * 500]
    for level in range(levels - 1):
        value = [value] if level % 2 else {"a": value}
    return cast("Payload", value)


def deeper(frames: int, work: Callable[[], object]) -> object:
    """Run a piece of work so many calls deeper in the stack."""
    return deeper(frames - 1, work) if frames else work()


def test_the_deepest_payload_is_kept() -> None:
    deepest = nested(DEPTH_LIMIT)

    assert decode(*encode(deepest)) == deepest
    assert decode(encode_many([deepest])[0][0], "json") == deepest


def test_a_deeper_payload_is_refused_naming_the_limit() -> None:
    with pytest.raises(InvalidMessage, match=f"at most {DEPTH_LIMIT} levels"):
        encode(nested(DEPTH_LIMIT + 1))
    with pytest.raises(InvalidMessage, match=f"payload 1 of the batch: .* {DEPTH_LIMIT} levels"):
        encode_many([{}, nested(DEPTH_LIMIT + 1)])
    with pytest.raises(InvalidMessage, match=f"at most {DEPTH_LIMIT} levels"):
        check_json_text("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1))


def test_a_stack_too_full_to_read_a_legal_payload_is_the_caller_s_error_and_buries_nothing() -> None:
    body, kind = encode(nested(DEPTH_LIMIT))
    with pytest.raises(RecursionError):
        deeper(850, lambda: decode(body, kind))


@pytest.mark.parametrize(("kind", "state"), [("json", "dead"), ("auto", "processing")])
def test_a_row_of_sql_nested_without_end_does_not_stop_its_topic(queue: Queue, kind: str, state: str) -> None:
    with queue.transaction() as transaction:
        transaction.execute(
            "INSERT INTO smq_messages(topic, payload, kind) VALUES ('mail', ?, ?)",
            ("[" * 5_000 + "]" * 5_000, kind),
        )
    leases = queue.dequeue("mail")

    assert [lease.message.state for lease in leases] == ([state] if state == "processing" else [])
