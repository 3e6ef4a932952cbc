"""How deep a payload may be nested: no deeper than whoever takes it can read from within its own calls."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

import pytest

from smq_core import InvalidMessage
from smq_core.depth import DEPTH_LIMIT
from smq_core.payload import check_json_text, decode, encode, encode_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core import Payload, Queue


def nested(levels: int) -> Payload:
    """Return lists and dicts in one another."""
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
    body, kind = encode(deepest := nested(DEPTH_LIMIT))
    if sys.version_info < (3, 12):
        with pytest.raises(RecursionError):
            deeper(850, lambda: decode(body, kind))
    else:
        # calls in C are counted apart from those in Python there
        assert deeper(850, lambda: decode(body, kind)) == deepest


@pytest.mark.parametrize("levels", [DEPTH_LIMIT + 1, 1_000, 5_000, 200_000])
@pytest.mark.parametrize("kind", ["json", "auto"])
def test_a_row_of_sql_nested_too_deeply_does_not_stop_its_topic(queue: Queue, kind: str, levels: int) -> None:
    body = "[" * levels + "]" * levels
    with queue.transaction() as transaction:
        transaction.execute(
            "INSERT INTO smq_messages(topic, payload, kind) VALUES ('mail', ?, ?)", (body, kind)
        )
    queue.enqueue("mail", "healthy")
    leases = queue.dequeue("mail", limit=2)

    # what is JSON if it parses is text where it is too deep, on every Python
    assert [lease.message.payload for lease in leases] == ([body] * (kind == "auto") + ["healthy"])


@pytest.mark.parametrize("kind", ["json", "auto"])
def test_a_row_of_sql_nested_to_the_limit_comes_as_the_value(queue: Queue, kind: str) -> None:
    body = "[" * DEPTH_LIMIT + " " * DEPTH_LIMIT + "]" * DEPTH_LIMIT
    with queue.transaction() as transaction:
        transaction.execute(
            "INSERT INTO smq_messages(topic, payload, kind) VALUES ('mail', ?, ?)", (body, kind)
        )
    (lease,) = queue.dequeue("mail")

    assert not isinstance(lease.message.payload, str)
