from __future__ import annotations

from smq_core.daemon.supervisor.circuit_breaker import CircuitBreaker


def crashes(
    circuit_breaker: CircuitBreaker, count: int, *, start: float = 0.0, handled_between: int = 0
) -> list[float | None]:
    return [
        circuit_breaker.note_crash("t", number * handled_between, start + number) for number in range(count)
    ]


def test_five_deaths_in_a_minute_pause_the_topic() -> None:
    assert crashes(CircuitBreaker(), 5) == [None, None, None, None, 60.0]


def test_five_deaths_in_a_longer_time_do_not() -> None:
    circuit_breaker = CircuitBreaker()

    assert [circuit_breaker.note_crash("t", 0, number * 20.0) for number in range(10)] == [None] * 10


def test_each_topic_has_deaths_of_its_own() -> None:
    circuit_breaker = CircuitBreaker()
    crashes(circuit_breaker, 4)

    assert circuit_breaker.note_crash("other", 0, 4.0) is None


def test_the_next_pause_is_twice_as_long_up_to_half_an_hour() -> None:
    circuit_breaker = CircuitBreaker()

    pauses = [crashes(circuit_breaker, 5, start=number * 100.0)[-1] for number in range(7)]

    assert pauses == [60.0, 120.0, 240.0, 480.0, 960.0, 1800.0, 1800.0]


def test_a_topic_that_works_between_its_deaths_is_not_paused() -> None:
    assert crashes(CircuitBreaker(), 10, handled_between=100) == [None] * 10
