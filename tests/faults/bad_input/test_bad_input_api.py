"""The story: a program hands the queue values of any kind. What is stored comes back equal, or is refused."""

from __future__ import annotations

import datetime
import decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smq_core import InvalidMessage, Queue
from tests.matrix import scaled

if TYPE_CHECKING:
    from tests.matrix import Fault

wide_texts = st.text(st.characters(), max_size=12) | st.text(
    st.characters(categories=["Cs", "Cc"]), max_size=4
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    wide_texts,
    st.binary(max_size=12),
    st.decimals(),
    st.datetimes(),
    st.complex_numbers(),
    st.builds(object),
    st.frozensets(st.integers(), max_size=2),
    st.just(b"x" * 17_000_000),
)
keys = st.one_of(wide_texts, st.integers(), st.none(), st.booleans())
payloads = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(keys, inner, max_size=3),
        st.sets(st.integers(), max_size=2),
    ),
    max_leaves=6,
)
topics = st.one_of(st.just("mail"), st.just("mail"), wide_texts, scalars)
NAMED = {
    "delay": scalars,
    "at": scalars,
    "priority": scalars,
    "key": scalars,
    "headers": st.dictionaries(keys, scalars, max_size=3) | scalars,
    "max_attempts": scalars,
}
named = st.dictionaries(st.sampled_from(sorted(NAMED)), st.none(), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: NAMED[name] for name in names})
)
slowly = settings(
    max_examples=scaled(250, 5_000),
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)


@pytest.mark.fault(
    row="values that no message can have, through the Python API",
    part="bad input",
    promise="InvalidMessage and nothing is stored, or dequeue returns an equal payload",
    how="Hypothesis: topics, payloads, keys, headers, numbers and times of any type",
)
def test_whatever_is_enqueued_comes_back_equal_or_is_refused(location: str, fault: Fault) -> None:
    queue = Queue(location, durability="normal")

    @slowly
    @given(topic=topics, payload=payloads, given=named)
    def enqueue(topic: Any, payload: Any, given: dict[str, Any]) -> None:  # noqa: ANN401 - any value is the point
        fault.ran()
        with queue.transaction() as transaction:
            transaction.execute("DELETE FROM smq_messages")
        try:
            queue.enqueue(topic, payload, **given)
        except InvalidMessage:
            assert stored(queue) == 0
            fault.struck()
            return
        assert stored(queue) == 1
        for lease in queue.dequeue(topic):
            assert lease.message.topic == topic
            assert repr(lease.message.payload) == repr(_as_json(payload))

    enqueue()
    queue.close()


def _as_json(payload: Any) -> Any:  # noqa: ANN401 - any value is the point
    """Return what a payload is after it was JSON: a tuple is a list."""
    if isinstance(payload, list | tuple):
        return [_as_json(one) for one in payload]
    if isinstance(payload, dict):
        return {key: _as_json(value) for key, value in payload.items()}
    assert not isinstance(payload, datetime.datetime | decimal.Decimal | set | frozenset | complex)
    return payload


def stored(queue: Queue) -> int:
    with queue.transaction() as transaction:
        ((count,),) = transaction.execute("SELECT count(*) FROM smq_messages")
    return int(str(count))


@pytest.mark.fault(
    row="values that no message can have, through the Python API",
    part="bad input",
    promise="InvalidMessage and nothing is stored, or dequeue returns an equal payload",
    how="Hypothesis: topics, payloads, keys, headers, numbers and times of any type",
)
def test_one_bad_value_in_a_batch_stores_none_of_it(location: str, fault: Fault) -> None:
    queue = Queue(location, durability="normal")

    @settings(slowly, max_examples=scaled(60, 1_000))
    @given(before=st.integers(0, 3), payload=payloads, after=st.integers(0, 3))
    def enqueue(before: int, payload: Any, after: int) -> None:  # noqa: ANN401 - any value is the point
        fault.ran()
        size = stored(queue)
        batch = ["good"] * before + [payload] + ["good"] * after
        try:
            ids = queue.enqueue_many("mail", batch)
        except InvalidMessage:
            assert stored(queue) == size
            fault.struck()
            return
        assert len(ids) == len(batch)
        assert stored(queue) == size + len(batch)

    enqueue()
    queue.close()
